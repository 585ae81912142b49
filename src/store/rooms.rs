//! Rooms of transactions, the people in them, and when to look at them next.

use rand::distr::{Alphanumeric, SampleString};
use ruma::RoomId;
use ulid::Ulid;

use super::columns::parse_id;
use super::{RoomRow, Store, StoreError, Tx};
use crate::clock::now;
use crate::names::NAMESPACE_PREFIX;
use crate::room::Step;

const INSERT: &str = "INSERT INTO rooms (transaction_id, alias_localpart, due_at, correlation) \
     VALUES ($1, $2, $3, $4)";
const ALIAS_OF: &str = "SELECT alias_localpart FROM rooms WHERE room_id = $1";
const BOT_INVITED: &str = "INSERT INTO members (transaction_id, user_id, membership) \
     SELECT transaction_id, $2, 'invite' FROM rooms WHERE room_id = $1 \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET membership = 'invite', failures = 0, \
     retry_at = NULL, problem = NULL, gave_up = 0 RETURNING transaction_id";
/// Somebody lets the bot into a room that took the place of ours.
const LET_IN: &str = "UPDATE room_problems SET retry_at = 0 WHERE step = $1 \
     RETURNING transaction_id";
const WAKE: &str = "UPDATE rooms SET due_at = $2, wakes = wakes + 1, failures = 0, \
     correlation = $3, stopped = 0 WHERE transaction_id = $1";
const DUE: &str = "SELECT transaction_id FROM rooms WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
const GET: &str = "SELECT transaction_id, alias_localpart, room_id, room_version, attempted_at, \
     published, summary_event, summary_shown, summary_pinned, head_shown, ready_at, due_at, wakes, failures, \
     summaries_gone, told_revision, telling_revision, problem, stopped, correlation, encrypted_at, tombstone_at, \
     upgrades, predecessor, led_on, blocked_at, retold, wanted_again, creator, \
     (SELECT w.why FROM record_rooms w WHERE w.room_id = rooms.room_id) AS why, \
     (SELECT w.since FROM record_rooms w WHERE w.room_id = rooms.room_id) AS since, \
     (SELECT l.room_id FROM lost_successors l WHERE l.transaction_id = rooms.transaction_id \
     ORDER BY l.since DESC, l.room_id LIMIT 1) AS lost_successor, \
     (SELECT e.seq FROM entries e WHERE e.transaction_id = rooms.transaction_id \
     AND e.event_id = rooms.summary_event) AS summary_seq \
     FROM rooms WHERE transaction_id = $1";
const ATTEMPT: &str = "UPDATE rooms SET attempted_at = COALESCE(attempted_at, $2), \
     room_version = $3 WHERE transaction_id = $1";
const FORGET_ATTEMPT: &str = "UPDATE rooms SET attempted_at = NULL WHERE transaction_id = $1";
const CLAIM: &str = "UPDATE rooms SET room_id = $2, room_version = COALESCE($3, room_version), \
     published = $4, attempted_at = NULL, failures = 0, problem = NULL, creator = NULL WHERE transaction_id = $1";
/// The first room of a transaction, or one in the place of an earlier one.
const ADD_RECORD_ROOM: &str = "INSERT INTO record_rooms (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM record_rooms WHERE transaction_id = $2) \
     THEN 'replaced' ELSE 'created' END) ON CONFLICT (room_id) DO NOTHING";
/// Unless the journal has the room from its creation on.
const READ_FROM_START: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     SELECT $1, '', '', $2 WHERE NOT EXISTS \
     (SELECT 1 FROM journal_rooms WHERE room_id = $1) \
     ON CONFLICT (room_id, to_token) DO NOTHING";
const IS_CURRENT: &str = "SELECT 1 FROM rooms WHERE transaction_id = $1 AND room_id = $2";
/// What others did since the view was taken woke the room, and made this unknown again.
const PUBLISHED: &str = "UPDATE rooms SET published = $2 WHERE transaction_id = $1 AND wakes = $3";
const SHOWN: &str =
    "UPDATE rooms SET summary_event = $2, summary_shown = $3 WHERE transaction_id = $1";
const EDITED: &str = "UPDATE rooms SET summary_shown = $3 \
     WHERE transaction_id = $1 AND summary_event = $2";
const PINNED: &str = "UPDATE rooms SET summary_pinned = $2 WHERE transaction_id = $1 \
     AND summary_event = $4 AND (wakes = $3 OR summary_pinned IS NULL)";
const REST: &str = "UPDATE rooms SET ready_at = COALESCE(ready_at, CASE WHEN room_id IS NULL OR $5 = 0 THEN NULL ELSE $3 END), \
     due_at = CASE WHEN wakes = $2 THEN $4 ELSE $3 END, failures = 0, problem = NULL, turns = 0, wanted_again = 0 \
     WHERE transaction_id = $1";
const YIELD: &str = "UPDATE rooms SET due_at = $2, turns = turns + 1 WHERE transaction_id = $1 \
     RETURNING turns";
const NUDGE: &str = "UPDATE rooms SET due_at = $2, wakes = wakes + 1 \
     WHERE transaction_id = $1 AND stopped = 0";
const TELLING: &str = "UPDATE rooms SET telling_revision = $2 WHERE transaction_id = $1";
const TOLD: &str = "UPDATE rooms SET told_revision = $2, telling_revision = NULL \
     WHERE transaction_id = $1";
const SUMMARY_GONE: &str = "UPDATE rooms SET summary_event = NULL, summary_shown = NULL, \
     summary_pinned = NULL, summaries_gone = summaries_gone + 1 \
     WHERE transaction_id = $1 AND summary_event = $2";
const POSTPONE: &str = "UPDATE rooms SET failures = failures + 1, problem = $3, turns = 0, \
     due_at = CASE WHEN wakes = $4 THEN $2 ELSE due_at END WHERE transaction_id = $1";
/// After the homeserver was away, nobody waits for the end of a back-off.
const WAKE_FAILED: &str = "UPDATE rooms SET due_at = $1 WHERE failures > 0 AND due_at > $1";
const FAIL_OUTGOING: &str = "UPDATE outgoing SET problem = 'refused' \
     WHERE transaction_id = $1 AND event_id IS NULL AND problem IS NULL";
const STOP: &str = "UPDATE rooms SET stopped = 1, due_at = NULL, problem = $3 \
     WHERE transaction_id = $1 AND wakes = $2";

/// How long to wait for a new room's first events, in milliseconds, before its history is read.
const PATIENCE_MS: i64 = 20_000;

impl Store {
    /// Transactions whose room is to be looked at now, longest due first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_rooms(&self, limit: i64) -> Result<Vec<Ulid>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar(DUE).bind(now()).bind(limit).fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// The room of a transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room(&self, id: Ulid) -> Result<Option<RoomRow>, StoreError> {
        sqlx::query_as(GET).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// The local part of the alias of a room of ours.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alias_of(&self, room_id: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(ALIAS_OF).bind(room_id).fetch_optional(&self.pool).await
    }

    /// Somebody invited the bot: if it is to a room of ours, or to one that took the place of one, it
    /// will go there. Other rooms are no business of ours.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bot_invited(
        &self,
        room_id: &str,
        bot: &str,
        correlation: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let id: Option<String> = sqlx::query_scalar(BOT_INVITED)
            .bind(room_id)
            .bind(bot)
            .fetch_optional(&mut *tx)
            .await?;
        let id = match id {
            Some(id) => Some(id),
            None => {
                let step = Step::RetryLostSuccessor(room_id.to_owned()).name();
                sqlx::query_scalar(LET_IN).bind(step).fetch_optional(&mut *tx).await?
            }
        };
        let Some(id) = id else { return Ok(()) };
        wake(&mut tx, parse_id(&id)?, correlation).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// Notes, before the call, that a createRoom begins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_attempted(&self, id: Ulid, version: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(ATTEMPT).bind(id.to_string()).bind(now()).bind(version)).await
    }

    /// Notes that nothing is left of an earlier createRoom.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_attempt_void(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(FORGET_ATTEMPT).bind(id.to_string())).await
    }

    /// Makes `room` the room of the transaction. `published` is the digest of the state that it
    /// was created with; none if that has still to be compared.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_room(
        &self,
        id: Ulid,
        room: &RoomId,
        version: Option<&str>,
        published: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(CLAIM)
            .bind(id.to_string())
            .bind(room.as_str())
            .bind(version)
            .bind(published)
            .execute(&mut *tx)
            .await?;
        sqlx::query(ADD_RECORD_ROOM)
            .bind(room.as_str())
            .bind(id.to_string())
            .bind(now())
            .execute(&mut *tx)
            .await?;
        // Its first events come with the next push, or were dropped because nobody knew then whose
        // room it is.
        sqlx::query(READ_FROM_START)
            .bind(room.as_str())
            .bind(now() + PATIENCE_MS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        // Events of the room may have come before we knew whose room it is.
        self.hints.journal.notify_one();
        Ok(())
    }

    /// Notes that the room's state has this digest, unless somebody woke the room since `wakes` was
    /// read: they may have changed the state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn state_published(
        &self,
        id: Ulid,
        wakes: i64,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(PUBLISHED).bind(id.to_string()).bind(digest).bind(wakes)).await
    }

    /// Notes that the message `event_id` reads as the summary of this digest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn summary_shown(
        &self,
        id: Ulid,
        event_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SHOWN).bind(id.to_string()).bind(event_id).bind(digest)).await
    }

    /// Notes, before the call, which revision is about to be told; none: nothing came of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn telling(&self, id: Ulid, revision: Option<i64>) -> Result<(), StoreError> {
        self.run(sqlx::query(TELLING).bind(id.to_string()).bind(revision)).await
    }

    /// Notes that all changes up to this revision are told.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn told(&self, id: Ulid, revision: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(TOLD).bind(id.to_string()).bind(revision)).await
    }

    /// Notes that the summary `event_id` now reads like this digest, unless it was removed meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn summary_edited(
        &self,
        id: Ulid,
        event_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(EDITED).bind(id.to_string()).bind(event_id).bind(digest)).await
    }

    /// Notes that the summary is pinned with the headline of this digest, unless somebody woke the
    /// room since `wakes` was read: they may have changed the pins, or removed `event_id`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn summary_pinned(
        &self,
        id: Ulid,
        event_id: &str,
        wakes: i64,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(PINNED).bind(id.to_string()).bind(digest).bind(wakes).bind(event_id))
            .await
    }

    /// Nothing is left to do before `until` (none: at all), unless somebody woke the room since
    /// `wakes` was read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_rests(
        &self,
        id: Ulid,
        wakes: i64,
        until: Option<i64>,
        is_ready: bool,
    ) -> Result<(), StoreError> {
        let rest = sqlx::query(REST).bind(id.to_string()).bind(wakes).bind(now()).bind(until);
        self.run(rest.bind(i64::from(is_ready))).await
    }

    /// Others have their turn; this room comes after those that are due already. How many turns in
    /// a row it has had now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_yields(&self, id: Ulid) -> Result<i64, StoreError> {
        let turns = sqlx::query_scalar(YIELD).bind(id.to_string()).bind(now());
        let turns: Option<i64> = turns.fetch_optional(&self.pool).await?;
        self.hints.rooms.notify_one();
        Ok(turns.unwrap_or(0))
    }

    /// A step failed; look again at `until`, unless somebody woke the room since `wakes` was read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_postponed(
        &self,
        id: Ulid,
        wakes: i64,
        until: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(POSTPONE).bind(id.to_string()).bind(until).bind(problem).bind(wakes))
            .await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Has rooms looked at now that wait because something failed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wake_failed_rooms(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(WAKE_FAILED).bind(now())).await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// Nothing can be done without an operator, unless somebody woke the room since `wakes` was
    /// read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_stopped(
        &self,
        id: Ulid,
        wakes: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(STOP).bind(id.to_string()).bind(wakes).bind(problem)).await?;
        // Whoever wrote on the page is told, and may try again.
        self.run(sqlx::query(FAIL_OUTGOING).bind(id.to_string())).await?;
        self.hints.changed(id);
        Ok(())
    }

    pub(super) async fn run(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<(), StoreError> {
        query.execute(&self.pool).await.map(drop)
    }
}

/// Gives a new transaction its still empty room, due at once.
///
/// The alias is drawn at random and committed before the first call: as fixed as one derived from
/// the id, and nobody can guess it (alias look-up is public).
pub(super) async fn insert(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(new_alias())
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Whether the transaction goes on in this room.
pub(super) async fn is_current(
    tx: &mut Tx,
    transaction_id: &str,
    room_id: &str,
) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(IS_CURRENT)
        .bind(transaction_id)
        .bind(room_id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.is_some())
}

/// The local part of an alias that nobody can guess.
pub fn new_alias() -> String {
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 24).to_lowercase();
    format!("{NAMESPACE_PREFIX}{secret}")
}

/// Has the room looked at as soon as possible.
pub(super) async fn wake(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    sqlx::query(WAKE)
        .bind(id.to_string())
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Has the room looked at, because something that it waited for has ended. That is no reason to
/// forget its failures.
pub(super) async fn nudge(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    sqlx::query(NUDGE).bind(id).bind(now()).execute(&mut **tx).await.map(drop)
}

/// Somebody removed the event `event_id`: if it is the summary of the transaction's room, another
/// one is sent and pinned.
pub(super) async fn removed(tx: &mut Tx, id: Ulid, event_id: &str) -> Result<(), StoreError> {
    let gone = sqlx::query(SUMMARY_GONE).bind(id.to_string()).bind(event_id);
    if gone.execute(&mut **tx).await?.rows_affected() > 0 {
        wake(tx, id, &format!("removed-{event_id}")).await?;
    }
    Ok(())
}
