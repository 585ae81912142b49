//! The rooms of transactions: what is known of them, and what was done in them.

use std::collections::HashSet;

use ruma::RoomId;
use ulid::Ulid;

use super::alias::new_alias;
use super::columns::parse_id;
use super::packed_rows::{PackedRows, packed_rows};
use super::stored_values::{FROM_NEWEST_EVENT, TO_START_OF_ROOM};
use super::{RoomRow, Store, StoreError, Tx, adoption, due_rooms};
use crate::clock::now;
use crate::notices::Work;
use crate::room::Step;

const INSERT_ROOM: &str = "\
     INSERT INTO rooms (transaction_id, alias_localpart, due_at, correlation) \
     VALUES ($1, $2, $3, $4)";
const SELECT_ALIAS: &str = "SELECT alias_localpart FROM rooms WHERE room_id = $1";
const UPSERT_INVITATION_OF_BOT: &str = "INSERT INTO members (transaction_id, user_id, membership) \
     SELECT transaction_id, $2, 'invite' FROM rooms WHERE room_id = $1 \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET membership = 'invite', failures = 0, \
     retry_at = NULL, problem = NULL, gave_up = 0 RETURNING transaction_id";
/// Makes the step due that joins a room which took the place of a record room, because the bot is
/// invited to it now.
const MAKE_LOST_SUCCESSOR_DUE: &str = "UPDATE room_problems SET retry_at = 0 WHERE step = $1 \
     RETURNING transaction_id";
/// Whether a table has a row of the room's transaction: 1 or 0.
macro_rules! any_in {
    ($table:literal) => {
        concat!(
            "CAST(CASE WHEN EXISTS (SELECT 1 FROM ",
            $table,
            " o WHERE o.transaction_id = rooms.transaction_id) THEN 1 ELSE 0 END AS BIGINT)"
        )
    };
}
pub(super) use any_in;

/// A statement that selects rooms as [`RoomRow`].
macro_rules! select_rooms {
    ($rest:expr) => {
        concat!(
            "SELECT transaction_id, alias_localpart, room_id, room_version, attempted_at, ",
            "published, summary_event, summary_shown, summary_pinned, head_shown, ready_at, ",
            "due_at, wakes, failures, summaries_gone, told_revision, telling_revision, problem, ",
            "stopped, correlation, encrypted_at, tombstone_at, upgrades, predecessor, led_on, ",
            "blocked_at, retold, wanted_again, creator, told_overdue, ",
            "(SELECT w.why FROM record_rooms w WHERE w.room_id = rooms.room_id) AS why, ",
            "(SELECT w.since FROM record_rooms w WHERE w.room_id = rooms.room_id) AS since, ",
            "(SELECT l.room_id FROM lost_successors l ",
            "WHERE l.transaction_id = rooms.transaction_id ",
            "ORDER BY l.since DESC, l.room_id LIMIT 1) AS lost_successor, ",
            "(SELECT e.seq FROM entries e WHERE e.transaction_id = rooms.transaction_id ",
            "AND e.event_id = rooms.summary_event) AS summary_seq, ",
            $crate::store::rooms::any_in!("guests"),
            " AS has_guests, ",
            $crate::store::rooms::any_in!("room_problems"),
            " AS has_problems, ",
            $crate::store::rooms::any_in!("far_invitations"),
            " AS has_far_invitations, ",
            $crate::store::rooms::any_in!("heads"),
            " AS has_heads, ",
            $crate::store::rooms::any_in!("room_commands"),
            " AS has_commands, ",
            $crate::store::rooms::any_in!("link_requests"),
            " AS has_link_requests FROM rooms ",
            $rest
        )
    };
}
pub(super) use select_rooms;

pub(super) const SELECT_ROOM: &str = select_rooms!("WHERE transaction_id = $1");
const SET_ATTEMPT: &str = "UPDATE rooms SET attempted_at = COALESCE(attempted_at, $2), \
     room_version = $3 WHERE transaction_id = $1";
const CLEAR_ATTEMPT: &str = "UPDATE rooms SET attempted_at = NULL WHERE transaction_id = $1";
const SET_ROOM_ID: &str = "\
     UPDATE rooms SET room_id = $2, room_version = COALESCE($3, room_version), \
     published = $4, attempted_at = NULL, failures = 0, problem = NULL, creator = NULL \
     WHERE transaction_id = $1";
/// `created` is the first room of a transaction. `replaced` is a room in the place of an earlier
/// one.
const INSERT_RECORD_ROOM: &str = "INSERT INTO record_rooms (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM record_rooms WHERE transaction_id = $2) \
     THEN 'replaced' ELSE 'created' END) ON CONFLICT (room_id) DO NOTHING";
/// Has the whole history of a room read, unless the journal has events of the room already.
const OPEN_GAP_OF_WHOLE_ROOM: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     SELECT $1, $2, $3, $4 WHERE NOT EXISTS \
     (SELECT 1 FROM journal_rooms WHERE room_id = $1) \
     ON CONFLICT (room_id, to_token) DO NOTHING";
/// If somebody changed the room since the view was taken, `wakes` is higher and the statement does
/// nothing.
const SET_PUBLISHED_STATE: &str =
    "UPDATE rooms SET published = $2 WHERE transaction_id = $1 AND wakes = $3";
const SET_SUMMARY: &str =
    "UPDATE rooms SET summary_event = $2, summary_shown = $3 WHERE transaction_id = $1";
const SET_SUMMARY_TEXT: &str = "UPDATE rooms SET summary_shown = $3 \
     WHERE transaction_id = $1 AND summary_event = $2";
const SET_PINNED_HEADLINE: &str = "UPDATE rooms SET summary_pinned = $2 WHERE transaction_id = $1 \
     AND summary_event = $4 AND (wakes = $3 OR summary_pinned IS NULL)";
const SET_TELLING_REVISION: &str =
    "UPDATE rooms SET telling_revision = $2 WHERE transaction_id = $1";
const SET_TOLD_REVISION: &str = "UPDATE rooms SET told_revision = $2, telling_revision = NULL \
     WHERE transaction_id = $1";
static SELECT_SUMMARIES: PackedRows = packed_rows!(
    ["r.transaction_id", "r.summary_event"],
    " FROM (VALUES ",
    2,
    ") AS v CROSS JOIN rooms r WHERE r.transaction_id = v.column1 AND r.summary_event = v.column2"
);
const FORGET_SUMMARY: &str = "UPDATE rooms SET summary_event = NULL, summary_shown = NULL, \
     summary_pinned = NULL, summaries_gone = summaries_gone + 1 \
     WHERE transaction_id = $1 AND summary_event = $2";

/// How long Tallyroom waits for the first events of a new room before it reads the room's history,
/// in milliseconds.
const FIRST_EVENTS_TIMEOUT_MS: i64 = 20_000;

impl Store {
    /// Returns the room of a transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room(&self, id: Ulid) -> Result<Option<RoomRow>, StoreError> {
        sqlx::query_as(SELECT_ROOM).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Returns the local part of the alias of a current room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alias_of(&self, room_id: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(SELECT_ALIAS).bind(room_id).fetch_optional(&self.pool).await
    }

    /// Notes that somebody invited the bot to a room, and wakes the room.
    ///
    /// This counts for the current room of a transaction and for a room that took the place of a
    /// record room. Other rooms are ignored.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn bot_invited(
        &self,
        room_id: &str,
        bot: &str,
        correlation: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let id: Option<String> = sqlx::query_scalar(UPSERT_INVITATION_OF_BOT)
            .bind(room_id)
            .bind(bot)
            .fetch_optional(&mut *tx)
            .await?;
        let id = match id {
            Some(id) => Some(id),
            None => {
                let step = Step::RetryLostSuccessor(room_id.to_owned()).name();
                sqlx::query_scalar(MAKE_LOST_SUCCESSOR_DUE)
                    .bind(step)
                    .fetch_optional(&mut *tx)
                    .await?
            }
        };
        let Some(id) = id else { return Ok(()) };
        due_rooms::wake(&mut tx, parse_id(&id)?, correlation).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that a `createRoom` begins, before the request to the homeserver.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_attempted(&self, id: Ulid, version: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ATTEMPT).bind(id.to_string()).bind(now()).bind(version)).await
    }

    /// Notes that an earlier `createRoom` made no room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_attempt_void(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(CLEAR_ATTEMPT).bind(id.to_string())).await
    }

    /// Makes `room` the room of the transaction. `published` is the digest of the state with which
    /// the room was created. It is none if the state has still to be compared.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn claim_room(
        &self,
        id: Ulid,
        room: &RoomId,
        version: Option<&str>,
        published: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(SET_ROOM_ID)
            .bind(id.to_string())
            .bind(room.as_str())
            .bind(version)
            .bind(published)
            .execute(&mut *tx)
            .await?;
        sqlx::query(INSERT_RECORD_ROOM)
            .bind(room.as_str())
            .bind(id.to_string())
            .bind(now())
            .execute(&mut *tx)
            .await?;
        // The first events of the room come with the next push, or they were dropped because the
        // room did not belong to a transaction yet.
        sqlx::query(OPEN_GAP_OF_WHOLE_ROOM)
            .bind(room.as_str())
            .bind(FROM_NEWEST_EVENT)
            .bind(TO_START_OF_ROOM)
            .bind(now() + FIRST_EVENTS_TIMEOUT_MS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        // The journal may already hold events of the room.
        self.hints.journal.notify_one();
        Ok(())
    }

    /// Notes that the room's state has this digest, unless the room was woken since `wakes` was
    /// read: the state may have changed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn state_published(
        &self,
        id: Ulid,
        wakes: i64,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_PUBLISHED_STATE).bind(id.to_string()).bind(digest).bind(wakes))
            .await
    }

    /// Notes that the message `event_id` shows the summary with this digest.
    ///
    /// It waits until entries that are just being written are there. Whoever writes the summary's
    /// entry without knowing that it is the summary would not wake the room, which waits for it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn summary_shown(
        &self,
        id: Ulid,
        event_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let mut tx = self.begin().await?;
        adoption::lock(&mut tx, &id, self.sign_due()).await?;
        let set = sqlx::query(SET_SUMMARY).bind(&id).bind(event_id).bind(digest);
        set.execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Notes which revision is about to be told, before the request to the homeserver. None means
    /// that nothing was sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_telling_revision(
        &self,
        id: Ulid,
        revision: Option<i64>,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_TELLING_REVISION).bind(id.to_string()).bind(revision)).await
    }

    /// Notes that all changes up to this revision are told in the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_told_revision(&self, id: Ulid, revision: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_TOLD_REVISION).bind(id.to_string()).bind(revision)).await
    }

    /// Notes that the summary `event_id` now shows the text with this digest, unless it was removed
    /// in the meantime.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn summary_edited(
        &self,
        id: Ulid,
        event_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_SUMMARY_TEXT).bind(id.to_string()).bind(event_id).bind(digest))
            .await
    }

    /// Notes that the summary is pinned with the headline of this digest, unless the room was woken
    /// since `wakes` was read: the pins may have changed, or `event_id` may be removed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn summary_pinned(
        &self,
        id: Ulid,
        event_id: &str,
        wakes: i64,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(SET_PINNED_HEADLINE)
                .bind(id.to_string())
                .bind(digest)
                .bind(wakes)
                .bind(event_id),
        )
        .await
    }
}

/// Inserts the row of the room of a new transaction. The row is due at once.
///
/// The alias is random, because everybody can look up an alias. It is committed before the first
/// request, so it stays the same.
pub(super) async fn insert(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    tx.makes(Work::Rooms);
    sqlx::query(INSERT_ROOM)
        .bind(id.to_string())
        .bind(new_alias())
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Returns those of the events (transaction and event id) that are the summary of the transaction's room.
pub(super) async fn summaries_among(
    tx: &mut Tx,
    events: &[(&str, &str)],
) -> Result<HashSet<(String, String)>, StoreError> {
    Ok(SELECT_SUMMARIES.select(tx, events).await?.into_iter().collect())
}

/// Notes that the event `event_id` was redacted. If it is the summary of the transaction's room,
/// another summary is sent and pinned. Returns whether it is.
pub(super) async fn event_redacted(
    tx: &mut Tx,
    id: Ulid,
    event_id: &str,
) -> Result<bool, StoreError> {
    let gone = sqlx::query(FORGET_SUMMARY).bind(id.to_string()).bind(event_id);
    let was_summary = gone.execute(&mut **tx).await?.rows_affected() > 0;
    if was_summary {
        due_rooms::wake(tx, id, &format!("removed-{event_id}")).await?;
    }
    Ok(was_summary)
}
