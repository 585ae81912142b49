//! Rooms that are not ours: nothing of them is kept but a count, and whoever of us is in one, or
//! invited to one, leaves.

use sqlx::FromRow;

use super::{Store, StoreError, Tx, facts};
use crate::clock::now;

const IS_OURS: &str = "SELECT 1 FROM record_rooms WHERE room_id = $1 \
     UNION ALL SELECT 1 FROM journal_rooms WHERE room_id = $1 LIMIT 1";
const COUNT: &str = "INSERT INTO facts (name, value) VALUES ($1, CAST($2 AS TEXT)) \
     ON CONFLICT (name) DO UPDATE SET \
     value = CAST(CAST(facts.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)";
const WAITING: &str = "SELECT COUNT(*) FROM departures";
const DEPART: &str = "INSERT INTO departures (room_id, user_id, due_at) VALUES ($1, $2, $3) \
     ON CONFLICT (room_id, user_id) DO NOTHING";
/// A room that became one of ours, or may be the successor of one, is left out.
const DUE: &str = "SELECT d.room_id, d.user_id, d.failures FROM departures d WHERE d.due_at <= $1 \
     AND NOT EXISTS (SELECT 1 FROM record_rooms r WHERE r.room_id = d.room_id) \
     AND NOT EXISTS (SELECT 1 FROM rooms r WHERE r.successor = d.room_id) \
     AND NOT EXISTS (SELECT 1 FROM lost_successors l \
     WHERE l.room_id = d.room_id AND l.why = 'closed') \
     ORDER BY d.due_at LIMIT 1";
const TIDY: &str = "DELETE FROM departures WHERE due_at <= $1 \
     AND room_id IN (SELECT room_id FROM record_rooms)";
const POSTPONE: &str = "UPDATE departures SET failures = failures + 1, due_at = $3 \
     WHERE room_id = $1 AND user_id = $2";
const DEPARTED: &str = "DELETE FROM departures WHERE room_id = $1 AND user_id = $2";
const IN_THE_MAKING: &str = "SELECT 1 FROM rooms WHERE transaction_id = $1 AND room_id IS NULL \
     AND attempted_at IS NOT NULL";
const IS_RECORD_ROOM: &str = "SELECT 1 FROM record_rooms WHERE room_id = $1";

const NEXT_ROOM: &str = "SELECT j.room_id FROM journal_rooms j WHERE j.room_id > $1 \
     AND NOT EXISTS (SELECT 1 FROM record_rooms r WHERE r.room_id = j.room_id) \
     ORDER BY j.room_id LIMIT 1";
const FIRST_EVENTS: &str = "SELECT raw FROM journal WHERE room_id = $1 AND raw IS NOT NULL \
     ORDER BY position LIMIT $2";
const LOCK: &str = "UPDATE journal_rooms SET last_position = last_position WHERE room_id = $1";
const DROP_EVENTS: &str = "DELETE FROM journal WHERE room_id = $1 AND position IN \
     (SELECT position FROM journal WHERE room_id = $1 ORDER BY position LIMIT $2)";
const DROP_GAPS: &str = "DELETE FROM gaps WHERE room_id = $1";
const DROP_ROOM: &str = "DELETE FROM journal_rooms WHERE room_id = $1";

/// Name of the fact that counts events of rooms that are not ours.
pub const FOREIGN_EVENTS: &str = "foreign_events";
/// Name of the fact that counts rooms that users of ours left, or whose invitation they declined.
pub const FOREIGN_ROOMS_LEFT: &str = "foreign_rooms_left";
/// Most rooms that wait to be left. Further invitations stay open.
const MAX_WAITING: i64 = 10_000;
/// How long after an invitation it is declined, in milliseconds: the tombstone that makes the room
/// one of ours may come at the same time.
const PATIENCE_MS: i64 = 1_500;
/// Among how many of its first events a room's creation is looked for.
const FIRST: i64 = 100;

/// A room to leave.
#[derive(Clone, Debug, FromRow)]
pub struct Departure {
    /// Which.
    pub room_id: String,
    /// Who of us is in it, or invited to it.
    pub user_id: String,
    /// Failed tries in a row.
    pub failures: i64,
}

impl Store {
    /// A room that has to be left by this time, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_departure(&self, by: i64) -> Result<Option<Departure>, StoreError> {
        sqlx::query(TIDY).bind(by).execute(&self.pool).await?;
        sqlx::query_as(DUE).bind(by).fetch_optional(&self.pool).await
    }

    /// Leaves a room for later.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_departure(&self, it: &Departure, until: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(POSTPONE).bind(&it.room_id).bind(&it.user_id).bind(until)).await
    }

    /// Notes that a room was left.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn departed(&self, it: &Departure) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(DEPARTED).bind(&it.room_id).bind(&it.user_id).execute(&mut *tx).await?;
        count(&mut tx, FOREIGN_ROOMS_LEFT, 1).await?;
        tx.commit().await
    }

    /// Has `user` leave these rooms soon, as far as they are not ours by then. `listed` is a fact
    /// to remember with that.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn depart_all(
        &self,
        rooms: &[String],
        user: &str,
        listed: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for room in rooms {
            depart(&mut tx, room, user).await?;
        }
        facts::set(&mut tx, listed, "1").await?;
        tx.commit().await
    }

    /// Has `bot` decline an invitation soon, unless the room is one of ours by then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn decline(&self, room: &str, bot: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        depart(&mut tx, room, bot).await?;
        tx.commit().await
    }

    /// Whether the room of this transaction is being made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_in_the_making(&self, transaction: &str) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar(IN_THE_MAKING).bind(transaction).fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// Whether the room belongs to a record.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_record_room(&self, room: &str) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar(IS_RECORD_ROOM).bind(room).fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// The next room after `after` of which the journal holds something although it belongs to no
    /// record, with its first events.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_kept_room(
        &self,
        after: &str,
    ) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let room: Option<String> =
            sqlx::query_scalar(NEXT_ROOM).bind(after).fetch_optional(&self.pool).await?;
        let Some(room) = room else { return Ok(None) };
        let events =
            sqlx::query_scalar(FIRST_EVENTS).bind(&room).bind(FIRST).fetch_all(&self.pool).await?;
        Ok(Some((room, events)))
    }

    /// Removes at most `most` events of a room that is not ours; how many. With the last one goes
    /// whatever else is kept of the room.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was removed.
    pub async fn drop_foreign(&self, room: &str, most: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(LOCK).bind(room).execute(&mut *tx).await?;
        let claimed: Option<i64> =
            sqlx::query_scalar(IS_RECORD_ROOM).bind(room).fetch_optional(&mut *tx).await?;
        if claimed.is_some() {
            return Ok(0);
        }
        let dropped = sqlx::query(DROP_EVENTS).bind(room).bind(most).execute(&mut *tx).await?;
        let dropped = dropped.rows_affected();
        if i64::try_from(dropped).unwrap_or(i64::MAX) < most {
            sqlx::query(DROP_GAPS).bind(room).execute(&mut *tx).await?;
            sqlx::query(DROP_ROOM).bind(room).execute(&mut *tx).await?;
        }
        count(&mut tx, FOREIGN_EVENTS, dropped).await?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// Whether the room belongs to a record, or is being made.
pub(super) async fn is_ours(tx: &mut Tx, room: &str) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar(IS_OURS).bind(room).fetch_optional(&mut **tx).await?;
    Ok(found.is_some())
}

/// Adds to a count.
pub(super) async fn count(tx: &mut Tx, name: &str, more: u64) -> Result<(), StoreError> {
    if more == 0 {
        return Ok(());
    }
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    sqlx::query(COUNT).bind(name).bind(more).execute(&mut **tx).await.map(drop)
}

/// Has `user`, one of us, leave a room soon.
pub(super) async fn depart(tx: &mut Tx, room: &str, user: &str) -> Result<(), StoreError> {
    let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut **tx).await?;
    if waiting >= MAX_WAITING {
        tracing::warn!(room, user, "too many rooms wait to be left; this one is not");
        return Ok(());
    }
    let due_at = now() + PATIENCE_MS;
    sqlx::query(DEPART).bind(room).bind(user).bind(due_at).execute(&mut **tx).await.map(drop)
}
