//! The room of the admins: what they asked the bot for there, and the problems that they were told of.

use std::collections::HashMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use ulid::Ulid;

use super::{Problem, Store, StoreError, Tx};
use crate::clock::now;
use crate::notices::Work;
use crate::room::{News, SeenProblem, is_request, news};

const INSERT_COMMAND: &str = "INSERT INTO admin_commands (event_id, sender, words, sent_at) \
     SELECT $1, $2, $3, $4 WHERE (SELECT COUNT(*) FROM admin_commands WHERE answered_at IS NULL) < $5 \
     ON CONFLICT (event_id) DO NOTHING";
const SELECT_NEXT_COMMAND: &str = "SELECT event_id, sender, words, sent_at FROM admin_commands \
     WHERE answered_at IS NULL ORDER BY sent_at, event_id LIMIT 1";
const SET_ANSWERED: &str =
    "UPDATE admin_commands SET answered_at = $2, words = '' WHERE event_id = $1";
pub(super) const DELETE_OLD_COMMANDS: &str = "DELETE FROM admin_commands WHERE event_id IN \
     (SELECT event_id FROM admin_commands WHERE sent_at < $1 ORDER BY sent_at LIMIT $2)";
const SELECT_NEWEST: &str = "SELECT t.id, t.shop, t.external_id, v.status, \
     CASE WHEN r.stopped = 1 THEN 'failed' WHEN r.problem IS NOT NULL THEN 'degraded' \
     WHEN r.ready_at IS NOT NULL THEN 'ready' ELSE 'creating' END AS room \
     FROM transactions t JOIN revisions v ON v.transaction_id = t.id AND v.revision = t.revision \
     JOIN rooms r ON r.transaction_id = t.id ORDER BY t.id DESC LIMIT $1";
const SELECT_CALLED: &str =
    "SELECT id FROM transactions WHERE id = $1 OR external_id = $2 ORDER BY id LIMIT 2";
const SELECT_SEEN: &str = "SELECT id, what, transaction_id, subject, why, seen_at, told_at, gone_at, message \
     FROM seen_problems ORDER BY seen_at, id";
const SET_WORSE: &str =
    "UPDATE seen_problems SET what = $2, why = $3, seen_at = $4, told_at = NULL WHERE id = $1";
const INSERT_SEEN: &str = "INSERT INTO seen_problems (id, what, transaction_id, subject, why, seen_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
const SET_GONE: &str = "UPDATE seen_problems SET gone_at = $2 WHERE id = $1";
const DELETE_SEEN: &str = "DELETE FROM seen_problems WHERE id = $1";
const SET_MESSAGE: &str = "UPDATE seen_problems SET message = $2 WHERE id = $1";
const SET_TOLD: &str = "UPDATE seen_problems SET told_at = $2, message = NULL \
     WHERE message = $1 AND told_at IS NULL";
const DELETE_HEALED: &str = "DELETE FROM seen_problems WHERE message = $1";

/// The greatest number of messages that wait for an answer. More of them are not answered.
const MAX_WAITING: i64 = 20;
/// The greatest number of problems that are compared. Further ones are told when some of these have healed.
const MAX_PROBLEMS: i64 = 500;
/// The greatest number of problems that one message tells.
const PROBLEMS_PER_MESSAGE: usize = 20;

/// A message of an admin that waits for an answer.
#[derive(Clone, Debug, FromRow)]
pub struct AdminRequest {
    /// The id of its event.
    pub event_id: String,
    /// The Matrix user who wrote it.
    pub sender: String,
    /// What was written.
    pub words: String,
    /// When it was sent, as the homeserver states it, and at the latest when it was received, in milliseconds since 1970.
    pub sent_at: i64,
}

/// A line of the list of transactions.
#[derive(Clone, Debug, FromRow)]
pub struct ListedTransaction {
    /// The id.
    pub id: String,
    /// The shop.
    pub shop: String,
    /// The id that the shop gave it.
    pub external_id: String,
    /// The shop's status.
    pub status: String,
    /// `failed`, `degraded`, `ready` or `creating`.
    pub room: String,
}

/// A message about problems that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProblemMessage {
    /// The id of the message, which is the same in each try.
    pub id: String,
    /// Whether these problems have healed.
    pub healed: bool,
    /// The problems. Only what, transaction, subject and why are set.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, FromRow)]
struct SeenRow {
    id: String,
    what: String,
    transaction_id: String,
    subject: String,
    why: String,
    seen_at: i64,
    told_at: Option<i64>,
    gone_at: Option<i64>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    event_type: String,
    sender: String,
    origin_server_ts: Option<i64>,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    msgtype: String,
    body: String,
}

impl Store {
    /// Returns the oldest message of an admin that waits for an answer.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_admin_request(&self) -> Result<Option<AdminRequest>, StoreError> {
        sqlx::query_as(SELECT_NEXT_COMMAND).fetch_optional(&self.pool).await
    }

    /// Notes that a message was answered. Its words are not kept.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn admin_request_done(&self, event_id: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ANSWERED).bind(event_id).bind(now())).await
    }

    /// Returns the newest transactions of all shops, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn newest_transactions(
        &self,
        limit: i64,
    ) -> Result<Vec<ListedTransaction>, StoreError> {
        sqlx::query_as(SELECT_NEWEST).bind(limit).fetch_all(&self.pool).await
    }

    /// Returns the only transaction with this id or this `external_id`. The error is the number of those that were
    /// found, at most 2.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn transaction_of_any_shop(
        &self,
        text: &str,
    ) -> Result<Result<Ulid, usize>, StoreError> {
        let id = text.to_uppercase();
        let found: Vec<String> =
            sqlx::query_scalar(SELECT_CALLED).bind(id).bind(text).fetch_all(&self.pool).await?;
        Ok(match found.as_slice() {
            [only] => Ulid::from_string(only).map_err(|_| 0),
            several => Err(several.len()),
        })
    }

    /// Compares the problems with those that were seen before, and returns the next message about them. A message that
    /// is begun stays the same until [`Self::problems_told`].
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn problem_message(
        &self,
        is_quiet: bool,
    ) -> Result<Option<ProblemMessage>, StoreError> {
        let (problems, all) = self.problems(None, MAX_PROBLEMS).await?;
        // If these are not all, those that are missing may still be there.
        let is_cut = all > MAX_PROBLEMS;
        let mut there: HashMap<String, Problem> =
            problems.into_iter().map(|it| (id_of(&it), it)).collect();
        let rows: Vec<SeenRow> = sqlx::query_as(SELECT_SEEN).fetch_all(&self.pool).await?;
        if let Some(begun) = rows.iter().find_map(|row| row.message.clone()) {
            let of_message = rows.into_iter().filter(|row| row.message.as_ref() == Some(&begun));
            let of_message = of_message.collect();
            return Ok(Some(message(begun, of_message)));
        }
        let (mut tell, mut healed) = (Vec::new(), Vec::new());
        let mut tx = self.begin().await?;
        for row in rows {
            let problem = there.remove(&row.id);
            if let Some(problem) =
                problem.as_ref().filter(|it| is_final(&it.what) && !is_final(&row.what))
            {
                let worse = sqlx::query(SET_WORSE).bind(&row.id).bind(&problem.what);
                worse.bind(&problem.why).bind(now()).execute(&mut *tx).await?;
                continue;
            }
            let is_there = problem.is_some() || is_cut;
            match news(&row.as_seen(), is_there, is_quiet, now()) {
                News::None => {}
                News::IsBack => set_gone(&mut tx, &row.id, None).await?,
                News::IsGone => set_gone(&mut tx, &row.id, Some(now())).await?,
                News::Forget => {
                    sqlx::query(DELETE_SEEN).bind(&row.id).execute(&mut *tx).await?;
                }
                News::Tell => tell.push(row),
                News::TellHealed => healed.push(row),
            }
        }
        for (id, problem) in &there {
            let insert = sqlx::query(INSERT_SEEN).bind(id).bind(&problem.what);
            let insert = insert.bind(&problem.transaction_id).bind(&problem.subject);
            insert.bind(&problem.why).bind(now()).execute(&mut *tx).await?;
        }
        let mut next = if tell.is_empty() { healed } else { tell };
        next.truncate(PROBLEMS_PER_MESSAGE);
        let id = Ulid::new().to_string();
        for row in &next {
            sqlx::query(SET_MESSAGE).bind(&row.id).bind(&id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok((!next.is_empty()).then(|| message(id, next)))
    }

    /// Notes that this message was sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn problems_told(&self, message: &ProblemMessage) -> Result<(), StoreError> {
        let told = match message.healed {
            true => sqlx::query(DELETE_HEALED).bind(&message.id),
            false => sqlx::query(SET_TOLD).bind(&message.id).bind(now()),
        };
        self.run(told).await
    }
}

impl SeenRow {
    fn as_seen(&self) -> SeenProblem {
        let Self { seen_at, told_at, gone_at, .. } = *self;
        SeenProblem { id: self.id.clone(), seen_at, told_at, gone_at }
    }
}

fn message(id: String, rows: Vec<SeenRow>) -> ProblemMessage {
    let healed = rows.iter().any(|row| row.told_at.is_some());
    let problem = |row: SeenRow| Problem {
        what: row.what,
        transaction_id: row.transaction_id,
        subject: row.subject,
        since: None,
        why: row.why,
        next_try: None,
    };
    ProblemMessage { id, healed, problems: rows.into_iter().map(problem).collect() }
}

async fn set_gone(tx: &mut Tx, id: &str, at: Option<i64>) -> Result<(), StoreError> {
    sqlx::query(SET_GONE).bind(id).bind(at).execute(&mut **tx).await.map(drop)
}

/// Identifies a problem for as long as it lasts, although it may get worse: a room stops, a file is given up.
fn id_of(problem: &Problem) -> String {
    let Problem { what, transaction_id, subject, .. } = problem;
    let what = what.split(' ').next().unwrap_or_default();
    // A room that is not made yet has no id.
    let subject = if what == "room" { "" } else { subject };
    format!("{:x}", Sha256::digest(format!("{what}\0{transaction_id}\0{subject}")))
}

/// Whether a problem does not end by itself, such as `room stopped` or `file missing`.
fn is_final(what: &str) -> bool {
    what.contains(' ')
}

/// Notes in `tx` what the events of the admins' room, each with its id, ask the bot for.
pub(super) async fn note<'a>(
    tx: &mut Tx,
    events: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), StoreError> {
    let requests: Vec<_> = events.filter_map(|(id, raw)| Some((id, said(raw)?))).collect();
    for (id, Said { sender, content, origin_server_ts, .. }) in requests {
        let sent_at = origin_server_ts.unwrap_or_else(now).min(now());
        let insert = sqlx::query(INSERT_COMMAND).bind(id).bind(sender);
        let insert = insert.bind(content.body).bind(sent_at).bind(MAX_WAITING);
        insert.execute(&mut **tx).await?;
        tx.makes(Work::Admins);
    }
    Ok(())
}

/// A message to the bot. Nearly all events are none, and are not parsed.
fn said(raw: &str) -> Option<Said> {
    if !raw.contains("!") {
        return None;
    }
    let said: Said = serde_json::from_str(raw).ok()?;
    let is_text = said.event_type == "m.room.message" && said.content.msgtype == "m.text";
    (is_text && is_request(&said.content.body)).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    async fn change(store: &Store, statement: &'static str) {
        store.run(sqlx::query(statement)).await.unwrap();
    }

    /// Has all that was seen be a minute old, and returns what is told then.
    async fn told(store: &Store) -> Option<(bool, Vec<String>)> {
        store.problem_message(false).await.unwrap();
        change(store, "UPDATE seen_problems SET seen_at = 0, gone_at = 0 * gone_at").await;
        let message = store.problem_message(false).await.unwrap()?;
        // A try of unknown outcome is repeated with the same message.
        assert_eq!(store.problem_message(true).await.unwrap().as_ref(), Some(&message));
        store.problems_told(&message).await.unwrap();
        Some((message.healed, message.problems.into_iter().map(|it| it.what).collect()))
    }

    #[tokio::test]
    async fn a_problem_that_gets_worse_is_told_again_and_has_not_healed() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        assert_eq!(told(&store).await, None);
        change(
            &store,
            "INSERT INTO transactions (id, shop, external_id, revision, created_at, updated_at) \
             VALUES ('t', 's', 'e', 1, 0, 0)",
        )
        .await;
        change(
            &store,
            "INSERT INTO rooms (transaction_id, alias_localpart, due_at, failures, problem) \
             VALUES ('t', 'a', 0, 1, 'no answer')",
        )
        .await;
        assert_eq!(told(&store).await, Some((false, vec!["room".to_owned()])));
        assert_eq!(told(&store).await, None);
        change(&store, "UPDATE rooms SET stopped = 1, room_id = '!r:x'").await;
        assert_eq!(told(&store).await, Some((false, vec!["room stopped".to_owned()])));
        change(&store, "UPDATE rooms SET stopped = 0, problem = NULL").await;
        assert_eq!(told(&store).await, Some((true, vec!["room stopped".to_owned()])));
        assert_eq!(told(&store).await, None);
    }
}
