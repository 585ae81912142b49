//! Steps of rooms that the homeserver refused.

use std::collections::BTreeSet;

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::clock::now;

const OF_ROOM: &str = "SELECT step, problem, failures, since, retry_at FROM room_problems \
     WHERE transaction_id = $1 ORDER BY since, step";
const REFUSED: &str = "INSERT INTO room_problems \
     (transaction_id, step, problem, failures, since, retry_at) VALUES ($1, $2, $3, 1, $4, $5) \
     ON CONFLICT (transaction_id, step) DO UPDATE SET problem = excluded.problem, \
     failures = room_problems.failures + 1, retry_at = excluded.retry_at";
const SOLVED: &str = "DELETE FROM room_problems WHERE transaction_id = $1 AND step = $2";
const DUE_NOW: &str = "UPDATE room_problems SET retry_at = $2 \
     WHERE transaction_id = $1 AND retry_at > $2";

/// A step that the homeserver refused.
#[derive(Clone, Debug, FromRow)]
pub struct RoomProblem {
    /// Which, as `Step::name` says.
    pub step: String,
    /// Why, in words.
    pub problem: String,
    /// How often in a row.
    pub failures: i64,
    /// When it was refused for the first time (milliseconds since 1970).
    pub since: i64,
    /// When it is tried again (milliseconds since 1970).
    pub retry_at: i64,
}

impl Store {
    /// The refused steps of a room, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_problems(&self, id: Ulid) -> Result<Vec<RoomProblem>, StoreError> {
        sqlx::query_as(OF_ROOM).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Notes that a step was refused, and when to try it again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn step_refused(
        &self,
        id: Ulid,
        step: &str,
        problem: &str,
        retry_at: i64,
    ) -> Result<(), StoreError> {
        let refused = sqlx::query(REFUSED).bind(id.to_string()).bind(step).bind(problem);
        self.run(refused.bind(now()).bind(retry_at)).await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Notes that a step was done, or that nobody needs it any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn step_solved(&self, id: Ulid, step: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SOLVED).bind(id.to_string()).bind(step)).await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Forgets the problems of steps that are not needed any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keep_problems(
        &self,
        id: Ulid,
        needed: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        for problem in self.room_problems(id).await? {
            if !needed.contains(&problem.step) {
                self.step_solved(id, &problem.step).await?;
            }
        }
        Ok(())
    }
}

const TRUSTED: &str = "UPDATE rooms SET repairs = 0, upgrades = 0 WHERE transaction_id = $1";

/// Makes all refused steps of a room due, because there is a new reason to hope.
pub(super) async fn try_again(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(TRUSTED).bind(id.to_string()).execute(&mut **tx).await?;
    sqlx::query(DUE_NOW).bind(id.to_string()).bind(now()).execute(&mut **tx).await.map(drop)
}
