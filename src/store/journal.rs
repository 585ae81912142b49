//! The journal of raw events, its rooms, and the gaps still to be read.

use std::collections::{BTreeMap, BTreeSet};

use ruma::UserId;
use sqlx::FromRow;

use super::{Store, StoreError, Tx, audits, facts, foreign, now};
use crate::room::{Sign, sign};

/// Locks the room's row for the rest of the tx and tells its last position.
const LOCK_ROOM: &str = "INSERT INTO journal_rooms (room_id, last_position, derived_position) \
     VALUES ($1, 0, 0) \
     ON CONFLICT (room_id) DO UPDATE SET last_position = journal_rooms.last_position \
     RETURNING last_position";
const INSERT: &str = "INSERT INTO journal \
     (room_id, position, event_id, source, correlation, received_at, raw, salt) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (room_id, event_id) DO NOTHING";
const ADVANCE: &str = "UPDATE journal_rooms SET last_position = $2 WHERE room_id = $1";
const UNDERIVED: &str = "SELECT j.room_id, r.transaction_id, j.derived_position \
     FROM journal_rooms j JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE j.derived_position < j.last_position ORDER BY j.room_id LIMIT $1";
const UNDERIVED_OF: &str = "SELECT j.room_id, r.transaction_id, j.derived_position \
     FROM journal_rooms j JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE j.derived_position < j.last_position AND EXISTS (SELECT 1 FROM contacts c \
     WHERE c.user_id = $1 AND c.transaction_id = r.transaction_id) ORDER BY j.room_id";
const LOCK_FOR_DERIVING: &str = "UPDATE journal_rooms SET derived_position = derived_position \
     WHERE room_id = $1 RETURNING derived_position";
const NEXT_ROWS: &str = "SELECT position, event_id, source, correlation, received_at, \
     COALESCE(raw, '') AS raw, COALESCE(salt, '') AS salt FROM journal WHERE room_id = $1 AND position > $2 ORDER BY position LIMIT $3";
const DERIVED: &str = "UPDATE journal_rooms SET derived_position = $2 WHERE room_id = $1";
const RAW: &str = "SELECT raw FROM journal WHERE room_id = $1 AND event_id = $2";

const OPEN_GAP: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     VALUES ($1, $2, $3, $4) \
     ON CONFLICT (room_id, to_token) DO UPDATE SET due_at = excluded.due_at, state = 'open', \
     refusals = 0, given_up_at = NULL, \
     from_token = CASE WHEN gaps.audit <> 0 THEN '' ELSE excluded.from_token END";
/// A room whose creation came after all lost nothing of its beginning.
const BEGINNING_CAME: &str = "DELETE FROM gaps WHERE room_id = $1 AND from_token = '' \
     AND to_token = '' AND audit = 0";
/// What people wait for comes before audits; gaps of several rooms take turns.
const DUE_GAP: &str = "SELECT room_id, from_token, to_token, audit, upto, failures, refusals \
     FROM gaps WHERE due_at <= $1 AND state = 'open' ORDER BY CASE WHEN audit = 0 THEN 0 ELSE 1 END, due_at LIMIT 1";
/// Unless a sync has put its beginning somewhere else in the meantime.
const MOVE_GAP: &str = "UPDATE gaps SET from_token = $4, failures = 0, refusals = 0, problem = NULL, \
     failing_since = NULL, due_at = $5 \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const CLOSE_GAP: &str = "DELETE FROM gaps WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const POSTPONE_GAP: &str = "UPDATE gaps SET failures = failures + 1, refusals = refusals + $4, \
     due_at = $3, problem = $5, failing_since = COALESCE(failing_since, $6) \
     WHERE room_id = $1 AND to_token = $2";
const GIVE_UP_GAP: &str = "UPDATE gaps SET state = 'given_up', given_up_at = $4, problem = $5, \
     failing_since = COALESCE(failing_since, $4) \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const GIVEN_UP_ROOMS: &str = "SELECT DISTINCT room_id FROM gaps WHERE state = 'given_up'";
const TAKE_UP_GAPS: &str = "UPDATE gaps SET state = 'open', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $2 WHERE room_id = $1 AND state = 'given_up'";

/// Name of the fact that holds the bot's sync token.
pub(super) const SYNC_TOKEN: &str = "sync_token";

/// By which way an event reached us first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The homeserver pushed it.
    Push,
    /// The bot's own `/sync` brought it.
    Sync,
    /// It was read from the room's history.
    Backfill,
}

impl Source {
    /// As written in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Sync => "sync",
            Self::Backfill => "backfill",
        }
    }
}

/// An event that reached us.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The room it is in.
    pub room_id: String,
    /// What identifies it.
    pub event_id: String,
    /// As received, without what the homeserver bundled with it of other events.
    pub raw: String,
}

/// What became of events that reached us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many were written.
    pub new: usize,
    /// How many are of rooms that are not ours, and were dropped.
    pub foreign: usize,
}

/// A row of the journal.
#[derive(Clone, Debug, FromRow)]
pub struct JournalRow {
    /// Counts from 1 within the room, in order of receipt.
    pub position: i64,
    /// What identifies the event.
    pub event_id: String,
    /// `push`, `sync` or `backfill`.
    pub source: String,
    /// Of the intake that brought it.
    pub correlation: String,
    /// Milliseconds since 1970.
    pub received_at: i64,
    /// The event as received.
    pub raw: String,
    /// What hides it from guesses at its digest.
    pub salt: String,
}

/// A room whose journal is ahead of its record.
#[derive(Clone, Debug, FromRow)]
pub struct Underived {
    /// The room.
    pub room_id: String,
    /// Whose room it is.
    pub transaction_id: String,
}

/// A stretch of history still to be read, backwards.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Gap {
    /// The room.
    pub room_id: String,
    /// Read on from here; empty: from now.
    pub from_token: String,
    /// Down to here; empty: to the start of the room.
    pub to_token: String,
    /// Not 0: the audit that this reading is for.
    pub audit: i64,
    /// The journal's last position when that audit began.
    pub upto: i64,
    /// Failed tries in a row.
    pub failures: i64,
    /// How many of them the homeserver refused.
    pub refusals: i64,
}

impl Store {
    /// Writes events of our rooms that are not in the journal yet. When this returns, they are on
    /// disk. Of other rooms nothing is kept; who of us, `bot` among them, is in one leaves it soon.
    /// (Where the bot is only invited, [`Self::decline`] and [`Self::journal_sync`] have it leave.)
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn journal(
        &self,
        arrivals: &[Arrival],
        source: Source,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = write(&mut tx, arrivals, source, correlation, bot).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// As [`Self::journal`], for what one sync brought: its token, the gaps that it left in our
    /// rooms, and the rooms that the bot is invited to commit with its events.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn journal_sync(
        &self,
        arrivals: &[Arrival],
        gaps: &[Gap],
        invitations: &[String],
        token: &str,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = write(&mut tx, arrivals, Source::Sync, correlation, bot).await?;
        for room in invitations {
            if !foreign::is_ours(&mut tx, room).await? {
                foreign::depart(&mut tx, room, bot.as_str()).await?;
            }
        }
        for gap in gaps {
            if !foreign::is_ours(&mut tx, &gap.room_id).await? {
                continue;
            }
            sqlx::query(OPEN_GAP)
                .bind(&gap.room_id)
                .bind(&gap.from_token)
                .bind(&gap.to_token)
                .bind(now())
                .execute(&mut *tx)
                .await?;
        }
        facts::set(&mut tx, SYNC_TOKEN, token).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// As [`Self::journal`], for one page of a gap; `next` is where the gap goes on, none closes
    /// it.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn journal_gap(
        &self,
        arrivals: &[Arrival],
        gap: &Gap,
        next: Option<&str>,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = write(&mut tx, arrivals, Source::Backfill, correlation, bot).await?;
        if gap.audit != 0 {
            audits::found(&mut tx, gap, arrivals).await?;
        }
        let query = match next {
            Some(_) => sqlx::query(MOVE_GAP),
            None => sqlx::query(CLOSE_GAP),
        };
        let mut query = query.bind(&gap.room_id).bind(&gap.to_token).bind(&gap.from_token);
        if let Some(token) = next {
            query = query.bind(token).bind(now());
        }
        let done = query.execute(&mut *tx).await?.rows_affected();
        if next.is_none() && done == 1 && gap.audit != 0 {
            audits::conclude(&mut tx, gap).await?;
        }
        tx.commit().await?;
        self.hints.journal.notify_one();
        self.hints.rooms.notify_one();
        Ok(new)
    }

    /// A gap to read now, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_gap(&self) -> Result<Option<Gap>, StoreError> {
        sqlx::query_as(DUE_GAP).bind(now()).fetch_optional(&self.pool).await
    }

    /// Leaves a gap for later, because the homeserver refused or because it is in trouble.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn postpone_gap(
        &self,
        gap: &Gap,
        until: i64,
        is_refusal: bool,
        problem: &str,
    ) -> Result<(), StoreError> {
        let postponed = sqlx::query(POSTPONE_GAP).bind(&gap.room_id).bind(&gap.to_token);
        let refusals = i64::from(is_refusal);
        self.run(postponed.bind(until).bind(refusals).bind(problem).bind(now())).await
    }

    /// Gives up a gap: the homeserver has refused for days. It stays, and can be taken up again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn give_up_gap(&self, gap: &Gap, problem: &str) -> Result<(), StoreError> {
        let given_up = sqlx::query(GIVE_UP_GAP).bind(&gap.room_id).bind(&gap.to_token);
        self.run(given_up.bind(&gap.from_token).bind(now()).bind(problem)).await
    }

    /// Takes up the gaps that were given up in those of these rooms that have any: the bot is in
    /// them again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_up_gaps(&self, rooms: &BTreeSet<&str>) -> Result<(), StoreError> {
        let given_up: Vec<String> =
            sqlx::query_scalar(GIVEN_UP_ROOMS).fetch_all(&self.pool).await?;
        for room_id in given_up.iter().filter(|room_id| rooms.contains(room_id.as_str())) {
            self.run(sqlx::query(TAKE_UP_GAPS).bind(room_id).bind(now())).await?;
            tracing::info!(room = room_id, "the bot is back; its missing history is read");
        }
        Ok(())
    }

    /// Drops a gap that could never be read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close_gap(&self, gap: &Gap) -> Result<(), StoreError> {
        sqlx::query(CLOSE_GAP)
            .bind(&gap.room_id)
            .bind(&gap.to_token)
            .bind(&gap.from_token)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Where the bot's sync goes on; none: from the beginning.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sync_token(&self) -> Result<Option<String>, StoreError> {
        self.fact(SYNC_TOKEN).await
    }

    /// Starts the bot's sync over: the homeserver does not know the token any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_sync_token(&self) -> Result<(), StoreError> {
        self.forget_fact(SYNC_TOKEN).await
    }

    /// Rooms of ours whose journal is ahead of their record, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn underived(&self, limit: i64) -> Result<Vec<Underived>, StoreError> {
        sqlx::query_as(UNDERIVED).bind(limit).fetch_all(&self.pool).await
    }

    /// As [`Self::underived`], all rooms of the transactions that this user is a contact for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn underived_of(&self, user: &UserId) -> Result<Vec<Underived>, StoreError> {
        sqlx::query_as(UNDERIVED_OF).bind(user.as_str()).fetch_all(&self.pool).await
    }

    /// The raw event behind an entry; none once erased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn raw(&self, room_id: &str, event_id: &str) -> Result<Option<String>, StoreError> {
        let raw: Option<Option<String>> =
            sqlx::query_scalar(RAW).bind(room_id).bind(event_id).fetch_optional(&self.pool).await?;
        Ok(raw.flatten())
    }
}

/// Locks a room's deriving for the rest of `tx` and gives the next raw events, at most `limit`.
pub(super) async fn next_rows(
    tx: &mut Tx,
    room_id: &str,
    limit: i64,
) -> Result<Vec<JournalRow>, StoreError> {
    let position: i64 =
        sqlx::query_scalar(LOCK_FOR_DERIVING).bind(room_id).fetch_one(&mut **tx).await?;
    sqlx::query_as(NEXT_ROWS).bind(room_id).bind(position).bind(limit).fetch_all(&mut **tx).await
}

/// Notes in `tx` that everything up to `position` is derived.
pub(super) async fn derived(tx: &mut Tx, room_id: &str, position: i64) -> Result<(), StoreError> {
    sqlx::query(DERIVED).bind(room_id).bind(position).execute(&mut **tx).await.map(drop)
}

async fn write(
    tx: &mut Tx,
    arrivals: &[Arrival],
    source: Source,
    correlation: &str,
    bot: &UserId,
) -> Result<Kept, StoreError> {
    // Rooms in a fixed order, so that two intakes never wait for each other in a circle.
    let mut by_room: BTreeMap<&str, Vec<&Arrival>> = BTreeMap::new();
    for arrival in arrivals {
        by_room.entry(&arrival.room_id).or_default().push(arrival);
    }
    let received_at = now();
    let mut kept = Kept::default();
    for (room_id, arrivals) in by_room {
        let made_by_us = || arrivals.iter().any(|it| sign(&it.raw, bot) == Sign::MadeByUs);
        if !foreign::is_ours(tx, room_id).await? && !made_by_us() {
            kept.foreign += arrivals.len();
            leave_foreign(tx, room_id, &arrivals, bot).await?;
            continue;
        }
        let before: i64 = sqlx::query_scalar(LOCK_ROOM).bind(room_id).fetch_one(&mut **tx).await?;
        if before == 0 && made_by_us() {
            sqlx::query(BEGINNING_CAME).bind(room_id).execute(&mut **tx).await?;
        }
        let mut last = before;
        for arrival in arrivals {
            let inserted = sqlx::query(INSERT)
                .bind(room_id)
                .bind(last + 1)
                .bind(&arrival.event_id)
                .bind(source.as_str())
                .bind(correlation)
                .bind(received_at)
                .bind(&arrival.raw)
                .bind(salt())
                .execute(&mut **tx)
                .await?
                .rows_affected();
            if inserted == 1 {
                last += 1;
                kept.new += 1;
            }
        }
        if last > before {
            sqlx::query(ADVANCE).bind(room_id).bind(last).execute(&mut **tx).await?;
        }
    }
    let foreign = u64::try_from(kept.foreign).unwrap_or(u64::MAX);
    foreign::count(tx, foreign::FOREIGN_EVENTS, foreign).await?;
    Ok(kept)
}

/// Nothing of a room that is not ours is kept; whoever of us is in it, or invited, leaves. Only where
/// the bot was invited, this leaves alone: what is asked by that has to be heard first.
async fn leave_foreign(
    tx: &mut Tx,
    room_id: &str,
    arrivals: &[&Arrival],
    bot: &UserId,
) -> Result<(), StoreError> {
    for arrival in arrivals {
        if let Sign::Holds(user) = sign(&arrival.raw, bot)
            && !room_id.is_empty()
        {
            foreign::depart(tx, room_id, &user).await?;
        }
    }
    Ok(())
}

/// 128 random bits, as hex.
pub(super) fn salt() -> String {
    format!("{:032x}", rand::random::<u128>())
}
