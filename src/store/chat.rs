//! The record as the invoice page reads it: some lines at a time, with what belongs to them.

use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::entry_row::{Row, select_entries};
use super::{Store, StoreError};
use crate::clock::now;
use crate::record::Entry;

/// What stands as a line of its own in a conversation. Word for word as in the index
/// `entries_lines`, or SQLite would not use it.
macro_rules! lines_where {
    ($rest:literal) => {
        concat!(
            "WHERE e.transaction_id = $1 AND e.party <> 'bot' AND e.kind IN ('text', 'notice', ",
            "'emote', 'image', 'file', 'audio', 'voice', 'video', 'location', 'sticker', ",
            "'poll_start', 'encrypted', 'unknown', 'malformed') ",
            $rest
        )
    };
}
const LAST_LINES: &str = concat!(
    select_entries!("", ""),
    lines_where!("ORDER BY e.sort_at DESC, e.event_id DESC LIMIT $2")
);
const LINES_BEFORE: &str = concat!(
    select_entries!("", ""),
    lines_where!(
        "AND (e.sort_at, e.event_id) < ($3, $4) \
         ORDER BY e.sort_at DESC, e.event_id DESC LIMIT $2"
    )
);
const TURNS: &str = concat!(
    "SELECT e.party, e.sort_at FROM entries e ",
    lines_where!("ORDER BY e.sort_at DESC, e.event_id DESC LIMIT $2")
);
/// How many events are asked for at once.
const AT_ONCE: usize = 64;
static OF_EVENTS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    format!("{} WHERE e.transaction_id = $1 AND e.event_id IN ({events})", select_entries!("", ""))
});
static ABOUT_EVENTS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    format!(
        "{} WHERE e.transaction_id = $1 AND e.target IN ({events}) \
         AND e.kind IN ('edit', 'reaction', 'redaction', 'poll_response', 'poll_end')",
        select_entries!("", "")
    )
});
static SEND_KEYS: LazyLock<String> = LazyLock::new(|| {
    let events = placeholders();
    format!(
        "SELECT e.event_id, s.send_key FROM entries e JOIN sends s \
         ON s.transaction_id = e.transaction_id AND s.send_id = e.marker \
         WHERE e.transaction_id = $1 AND e.event_id IN ({events})"
    )
});
/// Reading only ever goes on. Two events of the record are compared by their place in the reading
/// order: when they were read is told by different clocks (the page's, the homeserver's). Of an
/// event that is not in the record yet, only that time is known.
const SEE: &str = "INSERT INTO receipts (transaction_id, user_id, event_id, at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     event_id = excluded.event_id, at = excluded.at \
     WHERE COALESCE((SELECT sort_at FROM entries WHERE transaction_id = $1 \
     AND event_id = excluded.event_id) - (SELECT sort_at FROM entries WHERE transaction_id = $1 \
     AND event_id = receipts.event_id), excluded.at - receipts.at) >= 0";
const RECEIPTS: &str = "SELECT r.user_id, r.event_id, e.sort_at FROM receipts r \
     JOIN entries e ON e.transaction_id = r.transaction_id AND e.event_id = r.event_id \
     WHERE r.transaction_id = $1";
const TRANSACTION_OF: &str = "SELECT transaction_id FROM record_rooms WHERE room_id = $1";

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Receipt {
    /// Who.
    pub user_id: String,
    /// Up to and with this event.
    pub event_id: String,
    /// Its place in the reading order, milliseconds since 1970.
    pub sort_at: i64,
}

impl Store {
    /// The last lines of a conversation, or the last before `before` (place in the reading order
    /// and event id); in reading order, at most `limit`.
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
            None => sqlx::query_as(LAST_LINES).bind(id.to_string()).bind(limit),
            Some((at, event)) => {
                sqlx::query_as(LINES_BEFORE).bind(id.to_string()).bind(limit).bind(at).bind(event)
            }
        };
        let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
        rows.into_iter().rev().map(Entry::try_from).collect()
    }

    /// The entries of these events, in no order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_of_events(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        self.of_events(&OF_EVENTS, id, events).await
    }

    /// Edits, reactions, redactions and votes that are about these events, in no order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_about(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        self.of_events(&ABOUT_EVENTS, id, events).await
    }

    /// These events with all that is about them, in no order.
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

    async fn of_events(
        &self,
        query: &str,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for events in events.chunks(AT_ONCE) {
            let mut query = sqlx::query_as(AssertSqlSafe(query.to_owned())).bind(id.to_string());
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

    /// Those of these events that are sends of ours, each with the key of its send, by the marker
    /// in it: known even before the homeserver's answer to that send.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn send_keys(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut keys = Vec::new();
        for events in events.chunks(AT_ONCE) {
            let mut query = sqlx::query_as(AssertSqlSafe(SEND_KEYS.clone())).bind(id.to_string());
            for event in padded(events) {
                query = query.bind(event);
            }
            keys.extend(query.fetch_all(&self.pool).await?);
        }
        Ok(keys)
    }

    /// Whose turns the last lines were, and when (milliseconds since 1970), newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn turns(&self, id: Ulid, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as(TURNS).bind(id.to_string()).bind(limit).fetch_all(&self.pool).await
    }

    /// Notes how far somebody has read, unless it is known that they have read further. `at` is
    /// when they read it, milliseconds since 1970.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn see(&self, id: Ulid, user: &str, event: &str, at: i64) -> Result<(), StoreError> {
        let see = sqlx::query(SEE).bind(id.to_string()).bind(user).bind(event);
        self.run(see.bind(at.min(now()))).await?;
        self.hints.changed(id);
        Ok(())
    }

    /// How far people have read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn receipts(&self, id: Ulid) -> Result<Vec<Receipt>, StoreError> {
        sqlx::query_as(RECEIPTS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// The transaction whose room this is.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn transaction_of_room(&self, room_id: &str) -> Result<Option<Ulid>, StoreError> {
        let id: Option<String> =
            sqlx::query_scalar(TRANSACTION_OF).bind(room_id).fetch_optional(&self.pool).await?;
        id.as_deref().map(super::columns::parse_id).transpose()
    }
}

fn placeholders() -> String {
    let numbers: Vec<_> = (0..AT_ONCE).map(|number| format!("${}", number + 2)).collect();
    numbers.join(", ")
}

/// As many as there are placeholders; no event has an empty id.
fn padded(events: &[String]) -> impl Iterator<Item = &str> {
    events.iter().map(String::as_str).chain(std::iter::repeat("")).take(AT_ONCE)
}
