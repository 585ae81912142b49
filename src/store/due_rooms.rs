//! When the reconciler looks at a room next.

use std::time::Duration;

use serde_json::json;
use ulid::Ulid;

use super::columns::parse_id;
use super::{Store, StoreError, Tx, refused_steps};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::notices::Work;

const WAKE_ROOM: &str = "UPDATE rooms SET due_at = $2, wakes = wakes + 1, failures = 0, \
     correlation = $3, stopped = 0 WHERE transaction_id = $1";
const SELECT_NEXT_DUE: &str = "SELECT MIN(due_at) FROM rooms WHERE due_at IS NOT NULL";
const SELECT_DUE_ROOMS: &str =
    "SELECT transaction_id FROM rooms WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
const SET_AT_REST: &str = "UPDATE rooms SET \
     ready_at = COALESCE(ready_at, CASE WHEN room_id IS NULL OR $5 = 0 THEN NULL ELSE $3 END), \
     due_at = CASE WHEN wakes = $2 THEN $4 ELSE $3 END, failures = 0, problem = NULL, \
     turns = 0, wanted_again = 0, stopped = 0 \
     WHERE transaction_id = $1 RETURNING room_id, ready_at, told_problem";
const POSTPONE_FOR_OTHERS: &str =
    "UPDATE rooms SET due_at = $2, turns = turns + 1 WHERE transaction_id = $1 RETURNING turns";
const MAKE_DUE: &str = "UPDATE rooms SET due_at = $2, wakes = wakes + 1 \
     WHERE transaction_id = $1 AND stopped = 0";
/// The last of the rooms that [`MAKE_PIECE_DUE`] makes due.
const SELECT_END_OF_PIECE: &str = "SELECT MAX(transaction_id) FROM (SELECT transaction_id \
     FROM rooms WHERE transaction_id > $1 ORDER BY transaction_id LIMIT $2) piece";
/// A room that is due already, that waits after a failure, or that is stopped until somebody wakes it is looked at without
/// this.
const MAKE_PIECE_DUE: &str = "UPDATE rooms SET due_at = $3, wakes = wakes + 1 \
     WHERE transaction_id > $1 AND transaction_id <= $2 AND failures = 0 AND stopped = 0 \
     AND (due_at IS NULL OR due_at > $3)";
const POSTPONE_AFTER_FAILURE: &str = "\
     UPDATE rooms SET failures = failures + 1, problem = $3, turns = 0, \
     due_at = CASE WHEN wakes = $4 THEN $2 ELSE due_at END WHERE transaction_id = $1 \
     RETURNING told_problem";
/// Ends the backoff of all failed rooms, because the homeserver is reachable again.
const WAKE_FAILED_ROOMS: &str =
    "UPDATE rooms SET due_at = $1 WHERE failures > 0 AND due_at > $1 AND stopped = 0";
const FAIL_OUTGOING: &str = "UPDATE outgoing SET problem = 'refused' \
     WHERE transaction_id = $1 AND event_id IS NULL AND problem IS NULL";
const STOP_ROOM: &str = "UPDATE rooms SET stopped = 1, due_at = $4, problem = $3 \
     WHERE transaction_id = $1 AND wakes = $2 RETURNING told_problem";
const SET_TOLD_PROBLEM: &str = "UPDATE rooms SET told_problem = $2 WHERE transaction_id = $1";

impl Store {
    /// Returns at most `limit` transactions whose room is due now. The one that has been due for
    /// the longest time comes first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_rooms(&self, limit: i64) -> Result<Vec<Ulid>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(SELECT_DUE_ROOMS)
            .bind(now())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Returns how long nothing is done for rooms unless there is a hint: until the next room is due,
    /// but not longer than somebody may wait without a hint.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pause_of_rooms(&self, shortest: Duration) -> Result<Duration, StoreError> {
        let longest = self.hints.patience();
        if longest <= shortest {
            return Ok(shortest);
        }
        let due_at: Option<i64> = sqlx::query_scalar(SELECT_NEXT_DUE).fetch_one(&self.pool).await?;
        Ok(pause_until(due_at, shortest, longest))
    }

    /// Notes that nothing is left to do before `until` (none: nothing at all), unless the room was
    /// woken since `wakes` was read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_rests(
        &self,
        id: Ulid,
        wakes: i64,
        until: Option<i64>,
        is_ready: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = now();
        let rest = sqlx::query_as(SET_AT_REST).bind(id.to_string()).bind(wakes).bind(now);
        let rest = rest.bind(until).bind(i64::from(is_ready)).fetch_optional(&mut *tx).await?;
        let Some((room, ready_at, told_problem)): Option<(Option<String>, Option<i64>, i64)> = rest
        else {
            return Ok(());
        };
        // The time is new, so it was ready never before.
        if ready_at == Some(now) {
            let room = json!({ "room_id": room });
            tx.tells(NewEvent::of(EventKind::RoomReady, id).with(&room));
        }
        if told_problem == 1 {
            set_told_problem(&mut tx, id, false).await?;
            refused_steps::tell_healed(&mut tx, id, None);
        }
        tx.commit().await
    }

    /// Puts this room behind the rooms that are due already. Returns how many turns in a row the
    /// room has had.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_yields(&self, id: Ulid) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let turns = sqlx::query_scalar(POSTPONE_FOR_OTHERS).bind(id.to_string()).bind(now());
        let turns: Option<i64> = turns.fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(turns.unwrap_or(0))
    }

    /// Notes that a step failed. The room is due again at `until`, or at once if it was woken since
    /// `wakes` was read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_postponed(
        &self,
        id: Ulid,
        wakes: i64,
        until: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let told: Option<i64> = sqlx::query_scalar(POSTPONE_AFTER_FAILURE)
            .bind(id.to_string())
            .bind(until)
            .bind(problem)
            .bind(wakes)
            .fetch_optional(&mut *tx)
            .await?;
        tell_problem_once(&mut tx, id, told, problem).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Makes all rooms due that wait because something failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn wake_failed_rooms(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(WAKE_FAILED_ROOMS).bind(now())).await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// Makes rooms due, among the `limit` rooms that follow the transaction `after` in the order of their ids, except for
    /// failing and stopped ones. Returns the last of the `limit` rooms, or `None` if there was none left.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn make_rooms_due(
        &self,
        after: &str,
        limit: i64,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.begin().await?;
        let last = sqlx::query_scalar(SELECT_END_OF_PIECE).bind(after).bind(limit);
        let last: Option<String> = last.fetch_one(&mut *tx).await?;
        if let Some(last) = &last {
            tx.makes(Work::Rooms);
            let make = sqlx::query(MAKE_PIECE_DUE).bind(after).bind(last).bind(now());
            make.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(last)
    }

    /// Stops the room because only an operator can help, unless the room was woken since `wakes`
    /// was read. It is looked at again at `until` (none: not until it is woken), because what the shop is told of at that
    /// time does not depend on the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_stopped(
        &self,
        id: Ulid,
        wakes: i64,
        until: Option<i64>,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let stop = sqlx::query_scalar(STOP_ROOM).bind(id.to_string()).bind(wakes).bind(problem);
        let told: Option<i64> = stop.bind(until).fetch_optional(&mut *tx).await?;
        tell_problem_once(&mut tx, id, told, problem).await?;
        // People who wrote on the invoice page see that the message failed, and can try again.
        sqlx::query(FAIL_OUTGOING).bind(id.to_string()).execute(&mut *tx).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }
}

/// Tells the shop that the room as a whole has a problem, unless that was told since it had none. `told` is
/// `rooms.told_problem`, or none if nothing was noted.
async fn tell_problem_once(
    tx: &mut Tx,
    id: Ulid,
    told: Option<i64>,
    problem: &str,
) -> Result<(), StoreError> {
    if told == Some(0) {
        set_told_problem(tx, id, true).await?;
        refused_steps::tell_problem(tx, id, None, problem);
    }
    Ok(())
}

async fn set_told_problem(tx: &mut Tx, id: Ulid, is_told: bool) -> Result<(), StoreError> {
    let set = sqlx::query(SET_TOLD_PROBLEM).bind(id.to_string()).bind(i64::from(is_told));
    set.execute(&mut **tx).await.map(drop)
}

/// Returns the time until `due_at` (none: never), within bounds.
pub(super) fn pause_until(due_at: Option<i64>, shortest: Duration, longest: Duration) -> Duration {
    let Some(due_at) = due_at else { return longest };
    let left = u64::try_from(due_at.saturating_sub(now())).unwrap_or(0);
    Duration::from_millis(left).clamp(shortest, longest)
}

/// Makes the room due at once.
pub(super) async fn wake(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    tx.makes(Work::Rooms);
    sqlx::query(WAKE_ROOM)
        .bind(id.to_string())
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Makes the room due because something that it waited for has ended. Its number of failures stays.
pub(super) async fn nudge(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.makes(Work::Rooms);
    sqlx::query(MAKE_DUE).bind(id).bind(now()).execute(&mut **tx).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};

    #[test]
    fn the_pause_ends_when_a_room_is_due_but_within_bounds() {
        let (shortest, longest) = (Duration::from_secs(1), Duration::from_secs(10));
        let pause = |due_at| pause_until(due_at, shortest, longest);
        assert_eq!(pause(None), longest);
        assert_eq!(pause(Some(now() + 3_600_000)), longest);
        // A room that is still due waits for a worker.
        assert_eq!(pause(Some(0)), shortest);
        let soon = pause(Some(now() + 5_000));
        assert!(soon > shortest && soon <= Duration::from_secs(5));
    }

    /// On SQLite, the connections for reading can write nothing.
    #[tokio::test]
    async fn a_room_yields_on_a_connection_that_may_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        assert_eq!(store.room_yields(Ulid::new()).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn all_rooms_are_made_due_but_those_that_wait_for_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        let set = async |columns: &str| {
            let set = sqlx::AssertSqlSafe(format!("UPDATE rooms SET {columns}"));
            store.run(sqlx::query(set)).await.unwrap();
        };
        let wakes = async || store.room(id).await.unwrap().unwrap().wakes;
        let mut before = wakes().await;
        for (columns, made_due) in [
            ("due_at = NULL", 1),
            ("due_at = 9000000000000", 1),
            ("due_at = 1", 0),
            ("due_at = 9000000000000, failures = 1", 0),
            ("due_at = NULL, failures = 0, stopped = 1", 0),
        ] {
            set(columns).await;
            let last = store.make_rooms_due("", 9).await.unwrap();
            assert_eq!(last, Some(id.to_string()));
            let after = wakes().await;
            assert_eq!(after - before, made_due, "{columns}");
            before = after;
        }
        assert_eq!(store.make_rooms_due(&id.to_string(), 9).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_room_that_is_well_again_is_not_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        let wakes = store.room(id).await.unwrap().unwrap().wakes;
        let stopped = async || -> i64 {
            sqlx::query_scalar("SELECT stopped FROM rooms").fetch_one(&store.pool).await.unwrap()
        };
        store.room_stopped(id, wakes, Some(0), "refused").await.unwrap();
        assert_eq!(stopped().await, 1);
        store.room_rests(id, wakes, None, true).await.unwrap();
        assert_eq!(stopped().await, 0);
    }
}
