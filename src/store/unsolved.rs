//! What could not be done, over all transactions: for the administrator's list, and to take it up
//! again.

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::clock::now;

/// What fails for a shorter time is not listed: most of it passes. In milliseconds.
const FOR_LONG_MS: i64 = 3_600_000;

/// One row for each problem. `$1`: what began to fail after this time is left out; `$2`: only of
/// this transaction, or of all if it is empty.
const ALL: &str = "SELECT what, transaction_id, subject, since, why, next_try FROM ( \
     SELECT CAST(CASE WHEN stopped = 1 THEN 'room stopped' ELSE 'room' END AS TEXT) AS what, \
       transaction_id, COALESCE(room_id, '') AS subject, CAST(NULL AS BIGINT) AS since, \
       COALESCE(problem, '') AS why, due_at AS next_try \
       FROM rooms WHERE stopped = 1 OR (problem IS NOT NULL AND failures > 0) \
     UNION ALL SELECT CAST('step' AS TEXT), transaction_id, step, since, problem, retry_at \
       FROM room_problems \
     UNION ALL SELECT CAST(CASE WHEN m.gave_up = 1 THEN 'contact given up' ELSE 'contact' END \
       AS TEXT), m.transaction_id, m.user_id, m.failing_since, m.problem, m.retry_at \
       FROM members m WHERE m.problem IS NOT NULL \
     UNION ALL SELECT CAST(CASE WHEN g.state = 'given_up' THEN 'gap given up' ELSE 'gap' END \
       AS TEXT), COALESCE(r.transaction_id, ''), g.room_id, g.failing_since, \
       COALESCE(g.problem, ''), CASE WHEN g.state = 'open' THEN g.due_at END \
       FROM gaps g LEFT JOIN record_rooms r ON r.room_id = g.room_id \
       WHERE g.state = 'given_up' OR g.failing_since <= $1 \
     UNION ALL SELECT CAST(CASE WHEN f.state = 'wanted' THEN 'file' ELSE 'file ' || f.state END \
       AS TEXT), COALESCE((SELECT MIN(n.transaction_id) FROM entry_files n WHERE n.mxc = f.mxc \
         AND ($2 = '' OR n.transaction_id = $2)), ''), f.mxc, f.failing_since, \
       COALESCE(f.problem, ''), f.due_at \
       FROM files f WHERE f.state IN ('missing', 'refused') \
         OR (f.state = 'wanted' AND f.failing_since <= $1) \
     UNION ALL SELECT CAST('witness' AS TEXT), transaction_id, witness, since, \
       COALESCE(problem, ''), due_at FROM witnessings WHERE failures > 0 AND since <= $1 \
     ) p WHERE $2 = '' OR transaction_id = $2";

const ROOMS_AGAIN: &str = "UPDATE rooms SET due_at = $1, wakes = wakes + 1, failures = 0, \
     stopped = 0 WHERE ($2 = '' OR transaction_id = $2) \
     AND (stopped = 1 OR failures > 0 OR EXISTS (SELECT 1 FROM members m \
       WHERE m.transaction_id = rooms.transaction_id AND m.problem IS NOT NULL) \
       OR EXISTS (SELECT 1 FROM room_problems p WHERE p.transaction_id = rooms.transaction_id))";
const STEPS_AGAIN: &str = "UPDATE room_problems SET retry_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND retry_at > $1";
const CONTACTS_AGAIN: &str = "UPDATE members SET gave_up = 0, failures = 0, retry_at = NULL \
     WHERE ($1 = '' OR transaction_id = $1) AND problem IS NOT NULL";
const GAPS_AGAIN: &str = "UPDATE gaps SET state = 'open', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $1 WHERE (state = 'given_up' OR failures > 0) \
     AND ($2 = '' OR room_id IN (SELECT room_id FROM record_rooms WHERE transaction_id = $2))";
const FILES_AGAIN: &str = "UPDATE files SET state = 'wanted', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $1 \
     WHERE (state IN ('missing', 'refused') OR (state = 'wanted' AND failures > 0)) \
     AND ($2 = '' OR mxc IN (SELECT mxc FROM entry_files WHERE transaction_id = $2))";
const FAR_AGAIN: &str = "UPDATE far_invitations SET due_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND due_at > $1";
const FAR_SERVERS_AGAIN: &str = "UPDATE servers SET retry_at = $1 WHERE retry_at > $1 \
     AND ($2 = '' OR name IN (SELECT server FROM far_invitations WHERE transaction_id = $2))";
const WITNESSES_AGAIN: &str = "UPDATE witnessings SET due_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND due_at > $1";
const SERVERS_AGAIN: &str = "DELETE FROM media_servers";

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Problem {
    /// `room stopped`, `room`, `step` (of a room), `contact given up`, `contact`, `gap given up`, `gap`,
    /// `file missing`, `file refused`, `file`, `witness` (a signed head did not get there).
    pub what: String,
    /// Of which transaction; empty if of none.
    pub transaction_id: String,
    /// The room, step, person or file; empty for a room that was not made.
    pub subject: String,
    /// Since when (milliseconds since 1970); none: not known.
    pub since: Option<i64>,
    /// In words, partly those of others.
    pub why: String,
    /// When it is tried again (milliseconds since 1970); none: not by itself.
    pub next_try: Option<i64>,
}

/// How much was taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenUp {
    /// Rooms that are looked at again.
    pub rooms: u64,
    /// Contacts whom we try to reach again.
    pub contacts: u64,
    /// Gaps that are read again.
    pub gaps: u64,
    /// Files that are fetched again.
    pub files: u64,
}

impl Store {
    /// The problems of this transaction, or of all, at most `limit`, oldest first; and how many
    /// there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn problems(
        &self,
        transaction: Option<Ulid>,
        limit: i64,
    ) -> Result<(Vec<Problem>, i64), StoreError> {
        let of = transaction.map(|id| id.to_string()).unwrap_or_default();
        let long_ago = now() - FOR_LONG_MS;
        let list = format!("{ALL} ORDER BY COALESCE(since, 0), transaction_id, subject LIMIT $3");
        let count = format!("SELECT COUNT(*) FROM ({ALL}) c");
        let problems = sqlx::query_as(sqlx::AssertSqlSafe(list))
            .bind(long_ago)
            .bind(&of)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .bind(long_ago)
            .bind(&of)
            .fetch_one(&self.pool)
            .await?;
        Ok((problems, count))
    }

    /// Takes up again what failed or was given up of this transaction, or of all: the running
    /// service finds it due.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn take_up(&self, transaction: Option<Ulid>) -> Result<TakenUp, StoreError> {
        let of = transaction.map(|id| id.to_string()).unwrap_or_default();
        let mut tx = self.begin().await?;
        // The rooms first: by their contacts' problems it is seen that they have something to do.
        let rooms = again(&mut tx, ROOMS_AGAIN, &of).await?;
        again(&mut tx, STEPS_AGAIN, &of).await?;
        again(&mut tx, FAR_AGAIN, &of).await?;
        again(&mut tx, FAR_SERVERS_AGAIN, &of).await?;
        again(&mut tx, WITNESSES_AGAIN, &of).await?;
        let contacts = sqlx::query(CONTACTS_AGAIN).bind(&of).execute(&mut *tx).await?;
        let gaps = again(&mut tx, GAPS_AGAIN, &of).await?;
        let files = again(&mut tx, FILES_AGAIN, &of).await?;
        sqlx::query(SERVERS_AGAIN).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(TakenUp { rooms, contacts: contacts.rows_affected(), gaps, files })
    }
}

async fn again(tx: &mut Tx, statement: &'static str, of: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(statement).bind(now()).bind(of).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}
