//! The problems of all transactions: for the administrator's list, and to retry what failed.

use sqlx::FromRow;
use ulid::Ulid;

use super::stored_values::filter;
use super::{Store, StoreError, Tx};
use crate::clock::now;

/// Gaps, files and witnesses are listed only if they have been failing for this time, in
/// milliseconds. Most failures end earlier.
const MIN_FAILING_TIME_MS: i64 = 3_600_000;

/// Selects one row for each problem. `$1`: problems of gaps, files and witnesses that began after
/// this time are left out, and mails that were made two weeks (1,209,600,000 milliseconds) before it
/// and given up. `$2`: the transaction, or empty for all transactions.
const SELECT_PROBLEMS: &str = "SELECT what, transaction_id, subject, since, why, next_try FROM ( \
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
     UNION ALL SELECT CAST('webhook off' AS TEXT), CAST('' AS TEXT), id, off_since, \
       CAST('the receiver answered 410 (Gone)' AS TEXT), CAST(NULL AS BIGINT) \
       FROM webhooks WHERE off_because = 'gone' AND deleted_at IS NULL \
     UNION ALL SELECT CAST('mail held' AS TEXT), m.transaction_id, m.id, m.arrived_at, \
       CAST(CASE m.detail WHEN 'too_many' THEN 'the contact sent too many mails in an hour' \
         WHEN 'perhaps_program' THEN 'a list or a program may have sent it' \
         ELSE 'it came from another address than that of the contact' END AS TEXT), \
       CAST(NULL AS BIGINT) FROM arrived_mails m WHERE m.state = 'held' \
     UNION ALL SELECT CAST('mail given up' AS TEXT), c.transaction_id, m.id, m.made_at, m.problem, \
       CAST(NULL AS BIGINT) FROM mails m JOIN mail_contacts c ON c.id = m.mail_contact_id \
       WHERE m.due_at IS NULL AND m.sent_at IS NULL AND m.problem IS NOT NULL AND m.made_at > $1 - 1209600000 \
       AND NOT EXISTS (SELECT 1 FROM mails n WHERE n.mail_contact_id = c.id AND n.id > m.id \
         AND n.sent_at IS NOT NULL) \
     UNION ALL SELECT CAST('delivery dead' AS TEXT), CASE WHEN EXISTS (SELECT 1 \
         FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 2 \
         AND d.transaction_id = $2) THEN CAST($2 AS TEXT) ELSE '' END, w.id, \
       (SELECT d.since FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 2 \
         ORDER BY d.event_id LIMIT 1), \
       CAST('the receiver did not take some events for three days' AS TEXT), \
       CAST(NULL AS BIGINT) FROM webhooks w WHERE w.off_since IS NULL AND w.deleted_at IS NULL \
       AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 2) \
     ) p WHERE $2 = '' OR transaction_id = $2";

const RETRY_ROOMS: &str = "UPDATE rooms SET due_at = $1, wakes = wakes + 1, failures = 0, \
     stopped = 0 WHERE ($2 = '' OR transaction_id = $2) \
     AND (stopped = 1 OR failures > 0 OR EXISTS (SELECT 1 FROM members m \
       WHERE m.transaction_id = rooms.transaction_id AND m.problem IS NOT NULL) \
       OR EXISTS (SELECT 1 FROM room_problems p WHERE p.transaction_id = rooms.transaction_id))";
const RETRY_STEPS: &str = "UPDATE room_problems SET retry_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND retry_at > $1";
const RETRY_CONTACTS: &str = "UPDATE members SET gave_up = 0, failures = 0, retry_at = NULL \
     WHERE ($1 = '' OR transaction_id = $1) AND problem IS NOT NULL";
const RETRY_GAPS: &str = "UPDATE gaps SET state = 'open', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $1 WHERE (state = 'given_up' OR failures > 0) \
     AND ($2 = '' OR room_id IN (SELECT room_id FROM record_rooms WHERE transaction_id = $2))";
const RETRY_FILES: &str = "UPDATE files SET state = 'wanted', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $1 \
     WHERE (state IN ('missing', 'refused') OR (state = 'wanted' AND failures > 0)) \
     AND ($2 = '' OR mxc IN (SELECT mxc FROM entry_files WHERE transaction_id = $2))";
const RETRY_FAR_INVITATIONS: &str = "UPDATE far_invitations SET due_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND due_at > $1";
const RETRY_SERVERS: &str = "UPDATE servers SET retry_at = $1 WHERE retry_at > $1 \
     AND ($2 = '' OR name IN (SELECT server FROM far_invitations WHERE transaction_id = $2))";
const RETRY_WITNESSINGS: &str = "UPDATE witnessings SET due_at = $1 \
     WHERE ($2 = '' OR transaction_id = $2) AND due_at > $1";
const RETRY_MEDIA_SERVERS: &str = "DELETE FROM media_servers";

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Problem {
    /// The kind: `room stopped`, `room`, `step` (of a room), `contact given up`, `contact`, `gap
    /// given up`, `gap`, `file missing`, `file refused`, `file`, `witness` (a signed head did not
    /// reach the witness), `mail held` (an answer waits for the shop), `mail given up` (one of ours, for two weeks or until
    /// its contact gets another one), `webhook off` (its receiver is gone) or `delivery dead` (one line for all that a webhook did
    /// not take).
    pub what: String,
    /// The id of the transaction. Empty if the problem belongs to none.
    pub transaction_id: String,
    /// The room, step, person, file, witness, mail or webhook. Empty for a room that is not made yet.
    pub subject: String,
    /// Since when it has been failing (milliseconds since 1970). None: unknown.
    pub since: Option<i64>,
    /// The reason, as a text for people. Parts of it may come from other servers.
    pub why: String,
    /// When it is retried (milliseconds since 1970). None: it is not retried automatically.
    pub next_try: Option<i64>,
}

/// The numbers of things that are retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenUp {
    /// The number of rooms that are due again.
    pub rooms: u64,
    /// The number of contacts that are invited or removed again.
    pub contacts: u64,
    /// The number of gaps that are read again.
    pub gaps: u64,
    /// The number of files that are fetched again.
    pub files: u64,
}

impl Store {
    /// Returns at most `limit` problems of this transaction (none: of all), oldest first, and the
    /// total number of problems.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn problems(
        &self,
        transaction: Option<Ulid>,
        limit: i64,
    ) -> Result<(Vec<Problem>, i64), StoreError> {
        let of = filter(transaction);
        let long_ago = now() - MIN_FAILING_TIME_MS;
        let list = format!(
            "{SELECT_PROBLEMS} ORDER BY COALESCE(since, 0), transaction_id, subject LIMIT $3"
        );
        let count = format!("SELECT COUNT(*) FROM ({SELECT_PROBLEMS}) c");
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

    /// Makes everything due that failed or was given up in this transaction (none: in all). The
    /// running service then retries it.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn take_up(&self, transaction: Option<Ulid>) -> Result<TakenUp, StoreError> {
        let of = filter(transaction);
        let mut tx = self.begin().await?;
        // The rooms come first, because the problems of their contacts show that they have to be
        // due.
        let rooms = again(&mut tx, RETRY_ROOMS, &of).await?;
        again(&mut tx, RETRY_STEPS, &of).await?;
        again(&mut tx, RETRY_FAR_INVITATIONS, &of).await?;
        again(&mut tx, RETRY_SERVERS, &of).await?;
        again(&mut tx, RETRY_WITNESSINGS, &of).await?;
        let contacts = sqlx::query(RETRY_CONTACTS).bind(&of).execute(&mut *tx).await?;
        let gaps = again(&mut tx, RETRY_GAPS, &of).await?;
        let files = again(&mut tx, RETRY_FILES, &of).await?;
        sqlx::query(RETRY_MEDIA_SERVERS).execute(&mut *tx).await?;
        tx.commit().await?;
        for hint in [&self.hints.rooms, &self.hints.far, &self.hints.files] {
            hint.notify_one();
        }
        Ok(TakenUp { rooms, contacts: contacts.rows_affected(), gaps, files })
    }
}

/// Executes a statement that makes something due now. Returns the number of changed rows.
async fn again(tx: &mut Tx, statement: &'static str, of: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(statement).bind(now()).bind(of).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}
