//! The parts of the record that the invoice page shows: some lines of the conversation at a time.

use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::entry_row::{Row, select_entries};
use super::{Store, StoreError};
use crate::config::DatabaseKind;
use crate::record::{Entry, Kind, Role};

pub(super) const NEWEST_FIRST: &str = "ORDER BY e.sort_at DESC, e.event_id DESC";
/// The number of event ids in one list of a query.
pub(super) const EVENTS_PER_QUERY: usize = 64;
static SELECT_ENTRIES_OF_EVENTS: LazyLock<OnEach> = LazyLock::new(|| {
    OnEach::new(|kind| by_events(kind, select_entries!("", ""), "event_id", "", [2]))
});
static SELECT_ENTRIES_ABOUT_EVENTS: LazyLock<OnEach> = LazyLock::new(|| {
    let about = is_about();
    OnEach::new(|kind| by_events(kind, select_entries!("", ""), "target", &about, [2]))
});
/// Selects how far people have read. An event that they have read may be no line.
pub(super) static SELECT_LAST_READS: LazyLock<String> = LazyLock::new(|| {
    let line = where_line();
    format!(
        "SELECT r.user_id, m.sort_at, (SELECT e.event_id FROM entries e {line} \
         AND e.sort_at <= m.sort_at {NEWEST_FIRST} LIMIT 1) AS line \
         FROM receipts r JOIN entries m ON m.transaction_id = r.transaction_id \
         AND m.event_id = r.event_id WHERE r.transaction_id = $1"
    )
});

/// How far a person has read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LastRead {
    /// The Matrix user.
    pub user_id: String,
    /// The event id of the last line up to the event that they have read. None: it comes before all
    /// lines.
    pub line: Option<String>,
    /// The place of the read event in the reading order, in milliseconds since 1970.
    pub sort_at: i64,
}

impl Store {
    /// Returns the entries of these events, in no particular order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_of_events(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        self.of_events(SELECT_ENTRIES_OF_EVENTS.on(self.kind), id, events).await
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
        self.of_events(SELECT_ENTRIES_ABOUT_EVENTS.on(self.kind), id, events).await
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

    /// Returns how far people have read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn last_reads(&self, id: Ulid) -> Result<Vec<LastRead>, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(SELECT_LAST_READS.as_str()));
        query.bind(id.to_string()).fetch_all(&self.pool).await
    }
}

/// Returns the condition that selects the lines of one transaction's conversation. It has to be the
/// condition of the index `entries_lines`, or SQLite would not use that index.
pub(super) fn where_line() -> String {
    let kinds = quoted_kinds(|role| role == Role::Line);
    format!("WHERE e.transaction_id = $1 AND e.party <> 'bot' AND e.kind IN ({kinds})")
}

/// Returns the names of all kinds with such a role, as a list in SQL.
pub(super) fn quoted_kinds(has_role: impl Fn(Role) -> bool) -> String {
    let kinds = Kind::ALL.iter().filter(|kind| has_role(kind.role()));
    let quoted: Vec<_> = kinds.map(|kind| format!("'{}'", kind.as_str())).collect();
    quoted.join(", ")
}

/// Returns the condition that an entry is about another one, to which it refers.
pub(super) fn is_about() -> String {
    format!("AND e.kind IN ({})", quoted_kinds(|role| matches!(role, Role::About(_))))
}

/// A statement that has other words on each database.
pub(super) struct OnEach {
    sqlite: String,
    postgres: String,
}

impl OnEach {
    pub(super) fn new(statement: impl Fn(DatabaseKind) -> String) -> Self {
        Self {
            sqlite: statement(DatabaseKind::Sqlite),
            postgres: statement(DatabaseKind::Postgres),
        }
    }

    pub(super) fn on(&self, kind: DatabaseKind) -> &str {
        match kind {
            DatabaseKind::Sqlite => &self.sqlite,
            DatabaseKind::Postgres => &self.postgres,
        }
    }
}

/// Returns the statement for the entries of a transaction (`$1`) that have one of some event ids in a column. `select`
/// are its columns and tables. Each of `lists` is the number of the first placeholder of a list of event ids.
///
/// PostgreSQL plans for a record of the usual length, and would read the whole of a long one to find the events. So
/// it has to look up each event by itself.
pub(super) fn by_events<const LISTS: usize>(
    kind: DatabaseKind,
    select: &str,
    column: &str,
    condition: &str,
    lists: [usize; LISTS],
) -> String {
    let numbers = lists.into_iter().flat_map(|first| first..first + EVENTS_PER_QUERY);
    match kind {
        DatabaseKind::Sqlite => {
            let events: Vec<_> = numbers.map(|number| format!("${number}")).collect();
            let events = events.join(", ");
            format!("{select} WHERE e.transaction_id = $1 AND e.{column} IN ({events}) {condition}")
        }
        DatabaseKind::Postgres => {
            let events: Vec<_> = numbers.map(|number| format!("(${number})")).collect();
            let events = events.join(", ");
            format!(
                "SELECT e.* FROM (SELECT DISTINCT column1 FROM (VALUES {events}) AS l) AS v \
                 CROSS JOIN LATERAL ({select} WHERE e.transaction_id = $1 \
                 AND e.{column} = v.column1 {condition} OFFSET 0) e"
            )
        }
    }
}

/// Fills the list of event ids up to the number of placeholders. No event has an empty id.
pub(super) fn padded(events: &[String]) -> impl Iterator<Item = &str> {
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
