//! What open pages need to know about their records beside what they show: who may still see them, and
//! whether anything has changed.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::columns::parse_id;
use super::{Outgoing, Store, StoreError};
use crate::clock::now;

/// How long a grant is listed after its end, in milliseconds, so that its pages are told why they are
/// closed.
const LISTED_AFTER_END: i64 = 24 * 60 * 60 * 1000;
/// The number of records in one query.
const RECORDS_PER_QUERY: usize = 500;

const SELECT_GRANTS: &str = "SELECT g.id, g.revoked_at, g.expires_at, s.id AS session \
     FROM grants g LEFT JOIN sessions s ON s.grant_id = g.id \
     WHERE g.transaction_id = $1 AND g.expires_at > $2";
const SELECT_UNSENT: &str = "SELECT id, user_id, event_type, content, sha256, written_at, problem \
     FROM outgoing WHERE transaction_id = $1 AND event_id IS NULL ORDER BY id";
/// What is written about a transaction changes one of these numbers. They are sums of times, because
/// the numbers of rows would not show that one row took the place of another. Texts are counted by
/// their lengths.
static SELECT_MARKS: LazyLock<String> = LazyLock::new(|| {
    let ids: Vec<_> = (1..=RECORDS_PER_QUERY).map(|number| format!("${number}")).collect();
    format!(
        "SELECT t.id, t.last_seq, t.revision, t.acts, \
         (SELECT CAST(COALESCE(SUM(1 + COALESCE(g.revoked_at, 0)), 0) AS BIGINT) FROM grants g \
           WHERE g.transaction_id = t.id) AS grants, \
         (SELECT CAST(COALESCE(SUM(1 + s.expires_at), 0) AS BIGINT) FROM grants g \
           JOIN sessions s ON s.grant_id = g.id WHERE g.transaction_id = t.id) AS sessions, \
         (SELECT CAST(COALESCE(SUM(r.at), 0) AS BIGINT) FROM receipts r \
           WHERE r.transaction_id = t.id) AS receipts, \
         (SELECT CAST(COALESCE(SUM(o.written_at + COALESCE(LENGTH(o.problem), 0)), 0) AS BIGINT) \
           FROM outgoing o WHERE o.transaction_id = t.id AND o.event_id IS NULL) AS unsent \
         FROM transactions t WHERE t.id IN ({})",
        ids.join(", ")
    )
});

/// A grant, with one of its sessions. A grant without sessions is listed once.
#[derive(Clone, Debug)]
pub struct GrantSession {
    /// The id of the grant.
    pub grant: Ulid,
    /// Whether the grant is revoked.
    pub is_revoked: bool,
    /// When the grant expires, in milliseconds since 1970.
    pub expires_at: i64,
    /// The id of the session.
    pub session: Option<Ulid>,
}

/// Numbers of which at least one changes when something changes that an open page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Marks {
    last_seq: i64,
    revision: i64,
    acts: i64,
    grants: i64,
    sessions: i64,
    receipts: i64,
    unsent: i64,
}

#[derive(FromRow)]
struct GrantSessionRow {
    id: String,
    revoked_at: Option<i64>,
    expires_at: i64,
    session: Option<String>,
}

#[derive(FromRow)]
struct MarksRow {
    id: String,
    #[sqlx(flatten)]
    marks: Marks,
}

impl Store {
    /// Returns the grants of a transaction with their sessions, except those that expired more than
    /// a day ago.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn grants_with_sessions(&self, id: Ulid) -> Result<Vec<GrantSession>, StoreError> {
        let query = sqlx::query_as(SELECT_GRANTS).bind(id.to_string());
        let query = query.bind(now().saturating_sub(LISTED_AFTER_END));
        let rows: Vec<GrantSessionRow> = query.fetch_all(&self.pool).await?;
        let grant = |row: GrantSessionRow| {
            Ok(GrantSession {
                grant: parse_id(&row.id)?,
                is_revoked: row.revoked_at.is_some(),
                expires_at: row.expires_at,
                session: row.session.as_deref().map(parse_id).transpose()?,
            })
        };
        rows.into_iter().map(grant).collect()
    }

    /// Returns the messages of all visitors of a transaction that are not in the room, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unsent_of_all(&self, id: Ulid) -> Result<Vec<Outgoing>, StoreError> {
        sqlx::query_as(SELECT_UNSENT).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Returns the marks of these transactions, with one statement for each 500.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn marks(&self, ids: &[Ulid]) -> Result<Vec<(Ulid, Marks)>, StoreError> {
        let mut marks = Vec::with_capacity(ids.len());
        for ids in ids.chunks(RECORDS_PER_QUERY) {
            let ids = ids.iter().map(Ulid::to_string).chain(std::iter::repeat(String::new()));
            let query = sqlx::query_as(AssertSqlSafe(SELECT_MARKS.as_str()));
            let query = ids.take(RECORDS_PER_QUERY).fold(query, |query, id| query.bind(id));
            for MarksRow { id, marks: its } in query.fetch_all(&self.pool).await? {
                marks.push((parse_id(&id)?, its));
            }
        }
        Ok(marks)
    }
}
