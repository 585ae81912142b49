//! The steps of rooms that the homeserver refused.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::invoice::without_middle;

/// How much of each end of a long problem an event has, in characters.
const TOLD_CHARS_AT_EACH_END: usize = 250;

const SELECT_ROOM_PROBLEMS: &str = "\
     SELECT step, problem, failures, since, retry_at FROM room_problems \
     WHERE transaction_id = $1 ORDER BY since, step";
const UPSERT_REFUSED_STEP: &str = "INSERT INTO room_problems \
     (transaction_id, step, problem, failures, since, retry_at) VALUES ($1, $2, $3, 1, $4, $5) \
     ON CONFLICT (transaction_id, step) DO UPDATE SET problem = excluded.problem, \
     failures = room_problems.failures + 1, retry_at = excluded.retry_at RETURNING failures";
const DELETE_ROOM_PROBLEM: &str =
    "DELETE FROM room_problems WHERE transaction_id = $1 AND step = $2";
const DELETE_ROOM_PROBLEMS: &str =
    "DELETE FROM room_problems WHERE transaction_id = $1 RETURNING step";
const MAKE_STEPS_DUE: &str = "UPDATE room_problems SET retry_at = $2 \
     WHERE transaction_id = $1 AND retry_at > $2";
const CLEAR_REPAIRS_AND_UPGRADES: &str =
    "UPDATE rooms SET repairs = 0, upgrades = 0 WHERE transaction_id = $1";

/// A step that the homeserver refused.
#[derive(Clone, Debug, FromRow)]
pub struct RoomProblem {
    /// The name of the step, from `Step::name`.
    pub step: String,
    /// The reason, as a text for people.
    pub problem: String,
    /// The number of refusals in a row.
    pub failures: i64,
    /// When it was refused for the first time (milliseconds since 1970).
    pub since: i64,
    /// When it is retried (milliseconds since 1970).
    pub retry_at: i64,
}

impl Store {
    /// Returns the refused steps of a room, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_problems(&self, id: Ulid) -> Result<Vec<RoomProblem>, StoreError> {
        sqlx::query_as(SELECT_ROOM_PROBLEMS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Notes that a step was refused, and when to retry it.
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
        let mut tx = self.begin().await?;
        let refused =
            sqlx::query_scalar(UPSERT_REFUSED_STEP).bind(id.to_string()).bind(step).bind(problem);
        let failures: i64 = refused.bind(now()).bind(retry_at).fetch_one(&mut *tx).await?;
        if failures == 1 {
            tell_problem(&mut tx, id, Some(step), problem);
        }
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Deletes the problem of a step that is done or no longer needed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn step_solved(&self, id: Ulid, step: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let delete = sqlx::query(DELETE_ROOM_PROBLEM).bind(id.to_string()).bind(step);
        if delete.execute(&mut *tx).await?.rows_affected() > 0 {
            tell_healed(&mut tx, id, Some(step));
        }
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Deletes the problems of all steps that are not in `needed`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_problems_except(
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

/// Deletes the problems of all steps of a room.
pub(super) async fn delete_all(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    let deleted = sqlx::query_scalar(DELETE_ROOM_PROBLEMS).bind(id.to_string());
    let steps: Vec<String> = deleted.fetch_all(&mut **tx).await?;
    for step in &steps {
        tell_healed(tx, id, Some(step));
    }
    Ok(())
}

/// Tells the shop of a new problem of a room: of one step, or of the room as a whole.
pub(super) fn tell_problem(tx: &mut Tx, id: impl ToString, step: Option<&str>, problem: &str) {
    let problem = without_middle(problem.to_owned(), TOLD_CHARS_AT_EACH_END);
    let detail = json!({ "step": step, "problem": problem });
    tx.tells(NewEvent::of(EventKind::RoomProblem, id).with(&detail));
}

/// Tells the shop that a problem of a room is gone: of one step, or of the room as a whole.
pub(super) fn tell_healed(tx: &mut Tx, id: impl ToString, step: Option<&str>) {
    tx.tells(NewEvent::of(EventKind::RoomHealed, id).with(&json!({ "step": step })));
}

/// Makes all refused steps of a room due, because they may succeed now.
pub(super) async fn make_due(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(CLEAR_REPAIRS_AND_UPGRADES).bind(id.to_string()).execute(&mut **tx).await?;
    sqlx::query(MAKE_STEPS_DUE).bind(id.to_string()).bind(now()).execute(&mut **tx).await.map(drop)
}
