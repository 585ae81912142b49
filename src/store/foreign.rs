//! Foreign rooms: Tallyroom keeps only a count of their events. Its users leave these rooms and
//! decline invitations to them.

use sqlx::FromRow;

use super::{Store, StoreError, Tx, facts};
use crate::clock::now;

const SELECT_IF_OUR_ROOM: &str = "SELECT 1 FROM record_rooms WHERE room_id = $1 \
     UNION ALL SELECT 1 FROM journal_rooms WHERE room_id = $1 LIMIT 1";
const ADD_TO_COUNT: &str = "INSERT INTO facts (name, value) VALUES ($1, CAST($2 AS TEXT)) \
     ON CONFLICT (name) DO UPDATE SET \
     value = CAST(CAST(facts.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)";
const COUNT_DEPARTURES: &str = "SELECT COUNT(*) FROM departures";
const INSERT_DEPARTURE: &str = "\
     INSERT INTO departures (room_id, user_id, due_at) VALUES ($1, $2, $3) \
     ON CONFLICT (room_id, user_id) DO NOTHING";
/// Leaves out rooms that became record rooms or may be the successor of one, and the other rooms of the
/// bot.
const SELECT_DUE_DEPARTURE: &str = "\
     SELECT d.room_id, d.user_id, d.failures FROM departures d WHERE d.due_at <= $1 \
     AND NOT EXISTS (SELECT 1 FROM record_rooms r WHERE r.room_id = d.room_id) \
     AND NOT EXISTS (SELECT 1 FROM rooms r WHERE r.successor = d.room_id) \
     AND NOT EXISTS (SELECT 1 FROM bot_rooms o WHERE o.room_id = d.room_id) \
     AND NOT EXISTS (SELECT 1 FROM lost_successors l \
     WHERE l.room_id = d.room_id AND l.why = 'closed') \
     ORDER BY d.due_at LIMIT 1";
const DELETE_DEPARTURES_FROM_OUR_ROOMS: &str = "DELETE FROM departures WHERE due_at <= $1 \
     AND (room_id IN (SELECT room_id FROM record_rooms) \
     OR room_id IN (SELECT room_id FROM bot_rooms))";
const POSTPONE_DEPARTURE: &str = "UPDATE departures SET failures = failures + 1, due_at = $3 \
     WHERE room_id = $1 AND user_id = $2";
const DELETE_DEPARTURE: &str = "DELETE FROM departures WHERE room_id = $1 AND user_id = $2";
const SELECT_IF_ROOM_IS_BEING_MADE: &str = "\
     SELECT 1 FROM rooms WHERE transaction_id = $1 AND room_id IS NULL \
     AND attempted_at IS NOT NULL";
const SELECT_IF_RECORD_ROOM: &str = "SELECT 1 FROM record_rooms WHERE room_id = $1";

const SELECT_NEXT_FOREIGN_ROOM: &str = "SELECT j.room_id FROM journal_rooms j WHERE j.room_id > $1 \
     AND NOT EXISTS (SELECT 1 FROM record_rooms r WHERE r.room_id = j.room_id) \
     ORDER BY j.room_id LIMIT 1";
const SELECT_FIRST_EVENTS: &str = "SELECT raw FROM journal WHERE room_id = $1 AND raw IS NOT NULL \
     ORDER BY position LIMIT $2";
const LOCK_JOURNAL_ROOM: &str =
    "UPDATE journal_rooms SET last_position = last_position WHERE room_id = $1";
const DELETE_FIRST_EVENTS: &str = "DELETE FROM journal WHERE room_id = $1 AND position IN \
     (SELECT position FROM journal WHERE room_id = $1 ORDER BY position LIMIT $2)";
const DELETE_GAPS: &str = "DELETE FROM gaps WHERE room_id = $1";
const DELETE_JOURNAL_ROOM: &str = "DELETE FROM journal_rooms WHERE room_id = $1";

/// The name of the fact that counts events of foreign rooms.
pub const FOREIGN_EVENTS: &str = "foreign_events";
/// The name of the fact that counts the foreign rooms that users of Tallyroom left or declined.
pub const FOREIGN_ROOMS_LEFT: &str = "foreign_rooms_left";
/// The greatest number of rooms that wait to be left. Further invitations stay open.
const MAX_DEPARTURES: i64 = 10_000;
/// How long after an invitation the room is left, in milliseconds. The tombstone that makes the
/// room the successor of a record room may arrive at the same time.
const DEPARTURE_DELAY_MS: i64 = 1_500;
/// The number of first events in which the creation of a room is looked for.
const MAX_FIRST_EVENTS: i64 = 100;

/// A room to leave.
#[derive(Clone, Debug, FromRow)]
pub struct Departure {
    /// The id of the room.
    pub room_id: String,
    /// The user of Tallyroom who is in the room or invited to it.
    pub user_id: String,
    /// The number of failed attempts in a row.
    pub failures: i64,
}

impl Store {
    /// Returns a room that has to be left by this time, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_departure(&self, by: i64) -> Result<Option<Departure>, StoreError> {
        self.run(sqlx::query(DELETE_DEPARTURES_FROM_OUR_ROOMS).bind(by)).await?;
        sqlx::query_as(SELECT_DUE_DEPARTURE).bind(by).fetch_optional(&self.pool).await
    }

    /// Postpones leaving a room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_departure(
        &self,
        departure: &Departure,
        until: i64,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(POSTPONE_DEPARTURE)
                .bind(&departure.room_id)
                .bind(&departure.user_id)
                .bind(until),
        )
        .await
    }

    /// Notes that a room was left.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn departed(&self, departure: &Departure) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(DELETE_DEPARTURE)
            .bind(&departure.room_id)
            .bind(&departure.user_id)
            .execute(&mut *tx)
            .await?;
        add_to_count(&mut tx, FOREIGN_ROOMS_LEFT, 1).await?;
        tx.commit().await
    }

    /// Has `user` leave these rooms soon, except those that are our rooms by then. In the same tx,
    /// the fact `listed` is set.
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
            leave_soon(&mut tx, room, user).await?;
        }
        facts::set(&mut tx, listed, "1").await?;
        tx.commit().await
    }

    /// Has `bot` decline an invitation soon, unless the room is one of our rooms by then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn decline(&self, room: &str, bot: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        leave_soon(&mut tx, room, bot).await?;
        tx.commit().await
    }

    /// Returns true if the room of this transaction is being made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_in_the_making(&self, transaction: &str) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar(SELECT_IF_ROOM_IS_BEING_MADE)
            .bind(transaction)
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.is_some())
    }

    /// Returns true if the room belongs to a record.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_record_room(&self, room: &str) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar(SELECT_IF_RECORD_ROOM).bind(room).fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// Returns the next room after `after` that belongs to no record although the journal holds it,
    /// with its first events.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_kept_room(
        &self,
        after: &str,
    ) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let room: Option<String> = sqlx::query_scalar(SELECT_NEXT_FOREIGN_ROOM)
            .bind(after)
            .fetch_optional(&self.pool)
            .await?;
        let Some(room) = room else { return Ok(None) };
        let events = sqlx::query_scalar(SELECT_FIRST_EVENTS)
            .bind(&room)
            .bind(MAX_FIRST_EVENTS)
            .fetch_all(&self.pool)
            .await?;
        Ok(Some((room, events)))
    }

    /// Deletes at most `most` events of a foreign room from the journal. Returns the number of
    /// deleted events. With the last event, everything else about the room is deleted as well.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is deleted.
    pub async fn drop_foreign(&self, room: &str, most: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(LOCK_JOURNAL_ROOM).bind(room).execute(&mut *tx).await?;
        let claimed: Option<i64> =
            sqlx::query_scalar(SELECT_IF_RECORD_ROOM).bind(room).fetch_optional(&mut *tx).await?;
        if claimed.is_some() {
            return Ok(0);
        }
        let dropped =
            sqlx::query(DELETE_FIRST_EVENTS).bind(room).bind(most).execute(&mut *tx).await?;
        let dropped = dropped.rows_affected();
        if i64::try_from(dropped).unwrap_or(i64::MAX) < most {
            sqlx::query(DELETE_GAPS).bind(room).execute(&mut *tx).await?;
            sqlx::query(DELETE_JOURNAL_ROOM).bind(room).execute(&mut *tx).await?;
        }
        let count = usize::try_from(dropped).unwrap_or(usize::MAX);
        add_to_count(&mut tx, FOREIGN_EVENTS, count).await?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// Returns true if the room belongs to a record or is being made.
pub(super) async fn is_ours(tx: &mut Tx, room: &str) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar(SELECT_IF_OUR_ROOM).bind(room).fetch_optional(&mut **tx).await?;
    Ok(found.is_some())
}

/// Adds `more` to the count in the fact `name`.
pub(super) async fn add_to_count(tx: &mut Tx, name: &str, more: usize) -> Result<(), StoreError> {
    if more == 0 {
        return Ok(());
    }
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    sqlx::query(ADD_TO_COUNT).bind(name).bind(more).execute(&mut **tx).await.map(drop)
}

/// Has `user`, a user of Tallyroom, leave a room soon.
pub(super) async fn leave_soon(tx: &mut Tx, room: &str, user: &str) -> Result<(), StoreError> {
    let waiting: i64 = sqlx::query_scalar(COUNT_DEPARTURES).fetch_one(&mut **tx).await?;
    if waiting >= MAX_DEPARTURES {
        tracing::warn!(room, user, "too many rooms wait to be left, so this room is not left");
        return Ok(());
    }
    let due_at = now() + DEPARTURE_DELAY_MS;
    sqlx::query(INSERT_DEPARTURE)
        .bind(room)
        .bind(user)
        .bind(due_at)
        .execute(&mut **tx)
        .await
        .map(drop)
}
