//! The journal of raw events, and its rooms.

use std::collections::BTreeMap;

use ruma::UserId;
use sqlx::FromRow;

use super::{Store, StoreError, Tx, foreign};
use crate::clock::now;
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

/// A room whose creation came after all lost nothing of its beginning.
const BEGINNING_CAME: &str = "DELETE FROM gaps WHERE room_id = $1 AND from_token = '' \
     AND to_token = '' AND audit = 0";

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

/// Writes what is not in the journal yet.
pub(super) async fn write(
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
