//! The parts of the record that the invoice page shows: some lines of the conversation at a time.

use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::entry_row::{Row, select_entries};
use super::{Store, StoreError};
use crate::record::{Entry, Kind, Role};

static SELECT_LAST_LINES: LazyLock<String> =
    LazyLock::new(|| format!("{} {} {NEWEST_FIRST}", select_entries!("", ""), where_line()));
static SELECT_LINES_BEFORE: LazyLock<String> = LazyLock::new(|| {
    let (entries, line) = (select_entries!("", ""), where_line());
    format!("{entries} {line} AND (e.sort_at, e.event_id) < ($3, $4) {NEWEST_FIRST}")
});
static SELECT_PARTIES_OF_LAST_LINES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT e.party, e.sort_at FROM entries e {} {NEWEST_FIRST}", where_line())
});
const NEWEST_FIRST: &str = "ORDER BY e.sort_at DESC, e.event_id DESC LIMIT $2";
/// The number of event ids in one query.
const EVENTS_PER_QUERY: usize = 64;
static SELECT_ENTRIES_OF_EVENTS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    format!("{} WHERE e.transaction_id = $1 AND e.event_id IN ({events})", select_entries!("", ""))
});
static SELECT_ENTRIES_ABOUT_EVENTS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    let kinds = quoted_kinds(|role| matches!(role, Role::About(_)));
    format!(
        "{} WHERE e.transaction_id = $1 AND e.target IN ({events}) AND e.kind IN ({kinds})",
        select_entries!("", "")
    )
});
static SELECT_SEND_KEYS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    format!(
        "SELECT e.event_id, s.send_key FROM entries e JOIN sends s \
         ON s.transaction_id = e.transaction_id AND s.send_id = e.marker \
         WHERE e.transaction_id = $1 AND e.event_id IN ({events})"
    )
});
const SELECT_RECEIPTS: &str = "SELECT r.user_id, r.event_id, e.sort_at FROM receipts r \
     JOIN entries e ON e.transaction_id = r.transaction_id AND e.event_id = r.event_id \
     WHERE r.transaction_id = $1";

/// A receipt: how far a person has read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Receipt {
    /// The Matrix user.
    pub user_id: String,
    /// The last event that they have read.
    pub event_id: String,
    /// The place of that event in the reading order, in milliseconds since 1970.
    pub sort_at: i64,
}

impl Store {
    /// Returns at most `limit` of the last lines of a conversation, in reading order. If `before`
    /// (place in the reading order and event id) is given, only lines before it count.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn lines(
        &self,
        id: Ulid,
        before: Option<(i64, &str)>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let query = match before {
            None => {
                let query = sqlx::query_as(AssertSqlSafe(SELECT_LAST_LINES.as_str()));
                query.bind(id.to_string()).bind(limit)
            }
            Some((at, event)) => {
                let query = sqlx::query_as(AssertSqlSafe(SELECT_LINES_BEFORE.as_str()));
                query.bind(id.to_string()).bind(limit).bind(at).bind(event)
            }
        };
        let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
        rows.into_iter().rev().map(Entry::try_from).collect()
    }

    /// Returns the entries of these events, in no particular order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_of_events(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        self.of_events(SELECT_ENTRIES_OF_EVENTS.as_str(), id, events).await
    }

    /// Returns the edits, reactions, redactions and votes whose target is one of these events, in
    /// no particular order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_about(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        self.of_events(SELECT_ENTRIES_ABOUT_EVENTS.as_str(), id, events).await
    }

    /// Returns the entries of these events and the entries whose target is one of them, in no
    /// particular order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_with_changes(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.entries_of_events(id, events).await?;
        entries.extend(self.entries_about(id, events).await?);
        Ok(entries)
    }

    /// Returns the entries that a query with a list of event ids selects.
    async fn of_events(
        &self,
        query: &'static str,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for events in events.chunks(EVENTS_PER_QUERY) {
            let mut query = sqlx::query_as(AssertSqlSafe(query)).bind(id.to_string());
            for event in padded(events) {
                query = query.bind(event);
            }
            let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
            for row in rows {
                entries.push(row.try_into()?);
            }
        }
        Ok(entries)
    }

    /// Returns those of these events that Tallyroom sent, each with the text of its
    /// [`SendKey`](super::SendKey).
    ///
    /// The marker in the event identifies the send, so it is found even before the homeserver
    /// answers the request.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn send_keys(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut keys = Vec::new();
        for events in events.chunks(EVENTS_PER_QUERY) {
            let mut query =
                sqlx::query_as(AssertSqlSafe(SELECT_SEND_KEYS.as_str())).bind(id.to_string());
            for event in padded(events) {
                query = query.bind(event);
            }
            keys.extend(query.fetch_all(&self.pool).await?);
        }
        Ok(keys)
    }

    /// Returns the parties that wrote the last lines, and the times (milliseconds since 1970),
    /// newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn parties_of_last_lines(
        &self,
        id: Ulid,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(SELECT_PARTIES_OF_LAST_LINES.as_str()));
        query.bind(id.to_string()).bind(limit).fetch_all(&self.pool).await
    }

    /// Returns how far people have read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn receipts(&self, id: Ulid) -> Result<Vec<Receipt>, StoreError> {
        sqlx::query_as(SELECT_RECEIPTS).bind(id.to_string()).fetch_all(&self.pool).await
    }
}

/// Returns the condition that selects the lines of one transaction's conversation. It has to be the
/// condition of the index `entries_lines`, or SQLite would not use that index.
fn where_line() -> String {
    let kinds = quoted_kinds(|role| role == Role::Line);
    format!("WHERE e.transaction_id = $1 AND e.party <> 'bot' AND e.kind IN ({kinds})")
}

/// Returns the names of all kinds with such a role, as a list in SQL.
fn quoted_kinds(has_role: impl Fn(Role) -> bool) -> String {
    let kinds = Kind::ALL.iter().filter(|kind| has_role(kind.role()));
    let quoted: Vec<_> = kinds.map(|kind| format!("'{}'", kind.as_str())).collect();
    quoted.join(", ")
}

/// Returns the placeholders of the event ids. They follow `$1`, the transaction.
fn placeholders() -> String {
    let numbers: Vec<_> = (0..EVENTS_PER_QUERY).map(|number| format!("${}", number + 2)).collect();
    numbers.join(", ")
}

/// Fills the list of event ids up to the number of placeholders. No event has an empty id.
fn padded(events: &[String]) -> impl Iterator<Item = &str> {
    events.iter().map(String::as_str).chain(std::iter::repeat("")).take(EVENTS_PER_QUERY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MIGRATIONS;

    #[test]
    fn the_index_of_the_lines_has_the_condition_of_the_queries() {
        let created = MIGRATIONS.iter().rev().find_map(|migration| {
            migration.sql.as_str().split_once("CREATE INDEX entries_lines").map(|(_, index)| index)
        });
        let index = created.unwrap().split(';').next().unwrap();
        let (_, condition) = index.split_once("WHERE ").unwrap();
        let condition = condition.split_whitespace().collect::<Vec<_>>().join(" ");
        let query = where_line().replace("e.", "");
        let query = query.strip_prefix("WHERE transaction_id = $1 AND ").unwrap();
        assert_eq!(
            condition, query,
            "add a migration that drops the index `entries_lines` and creates it with this condition"
        );
    }
}
