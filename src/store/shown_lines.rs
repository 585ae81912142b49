//! The lines of a conversation with everything that the invoice page shows with them.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::chat::{
    EVENTS_PER_QUERY, NEWEST_FIRST, OnEach, by_events, is_about, padded, where_line,
};
use super::entry_row::{Row, select_entries};
use super::files::file_columns;
use super::{FileRow, Store, StoreError};
use crate::record::Entry;

/// Selects entries with the keys of our sends and with the raw events of polls. `$more` and `$rest`
/// as in `select_entries`.
macro_rules! select_shown {
    ($more:expr, $rest:literal) => {
        select_entries!(
            concat!(
                ", s.send_key, CASE WHEN e.kind IN ('poll_start', 'edit', 'poll_response') ",
                "THEN j.raw END AS raw",
                $more
            ),
            concat!(
                "LEFT JOIN sends s ON s.transaction_id = e.transaction_id ",
                "AND s.send_id = e.marker ",
                $rest
            )
        )
    };
}
/// Selects entries with the files that they name, a row for each file.
const SELECT_WITH_FILES: &str = select_shown!(
    concat!(", ", file_columns!()),
    "LEFT JOIN entry_files n ON n.transaction_id = e.transaction_id AND n.seq = e.seq \
     LEFT JOIN files f ON f.mxc = n.mxc"
);
static SELECT_LAST_LINES: LazyLock<String> = LazyLock::new(|| select_lines(""));
static SELECT_LINES_BEFORE: LazyLock<String> =
    LazyLock::new(|| select_lines("AND (e.sort_at, e.event_id) < ($3, $4)"));
static SELECT_LINES_OF_EVENTS: LazyLock<OnEach> = LazyLock::new(|| {
    OnEach::new(|kind| {
        let lines = by_events(kind, SELECT_WITH_FILES, "event_id", "", [2]);
        format!("{lines} {IN_READING_ORDER}")
    })
});
const IN_READING_ORDER: &str = "ORDER BY e.sort_at, e.event_id";
/// Selects what is about lines or about the messages that they quote, and these messages.
static SELECT_AROUND: LazyLock<OnEach> = LazyLock::new(|| {
    let (of_lines, of_quoted) = (2, 2 + EVENTS_PER_QUERY);
    let (about, is_about) = (select_shown!(", 1 AS is_about", ""), is_about());
    let quoted = select_shown!(", 0 AS is_about", "");
    OnEach::new(|kind| {
        let about = by_events(kind, about, "target", &is_about, [of_lines, of_quoted]);
        let quoted = by_events(kind, quoted, "event_id", "", [of_quoted]);
        format!("SELECT * FROM ({about}) a UNION ALL SELECT * FROM ({quoted}) q")
    })
});

/// An entry with what the page shows with it.
#[derive(Clone, Debug)]
pub struct ShownEntry {
    /// The entry.
    pub entry: Entry,
    /// The raw event, if the entry may belong to a poll and is not erased.
    pub raw: Option<String>,
    /// The text of the [`SendKey`](super::SendKey), if Tallyroom sent the event. The marker in the
    /// event identifies the send, so it is found even before the homeserver answers the request.
    pub send_key: Option<String>,
    /// The known files of its attachments. Only lines have them.
    pub files: Vec<FileRow>,
}

/// The entries around lines.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The edits, reactions, redactions, votes and ends of polls whose target is one of the lines.
    pub about: Vec<ShownEntry>,
    /// The quoted messages, and the entries whose target is one of them.
    pub quoted: Vec<Entry>,
}

#[derive(FromRow)]
struct ShownRow {
    #[sqlx(flatten)]
    row: Row,
    raw: Option<String>,
    send_key: Option<String>,
}

#[derive(FromRow)]
struct RowWithFile {
    #[sqlx(flatten)]
    shown: ShownRow,
    mxc: Option<String>,
    state: Option<String>,
    failures: Option<i64>,
    problem: Option<String>,
    sha256: Option<String>,
    size: Option<i64>,
    media_type: Option<String>,
    stored_at: Option<i64>,
    page_width: Option<i64>,
    page_height: Option<i64>,
}

#[derive(FromRow)]
struct RowAround {
    #[sqlx(flatten)]
    shown: ShownRow,
    is_about: i64,
}

impl Store {
    /// Returns at most `limit` of the last lines of a conversation, in reading order. If `before`
    /// (place in the reading order and event id) is given, only lines before it count.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn shown_lines(
        &self,
        id: Ulid,
        before: Option<(i64, &str)>,
        limit: i64,
    ) -> Result<Vec<ShownEntry>, StoreError> {
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
        with_their_files(query.fetch_all(&self.pool).await?)
    }

    /// Returns the entries of these events like [`Self::shown_lines`], in no particular order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn shown_events(
        &self,
        id: Ulid,
        events: &[String],
    ) -> Result<Vec<ShownEntry>, StoreError> {
        let mut rows = Vec::new();
        for events in events.chunks(EVENTS_PER_QUERY) {
            let query = sqlx::query_as(AssertSqlSafe(SELECT_LINES_OF_EVENTS.on(self.kind)));
            let query = padded(events).fold(query.bind(id.to_string()), |query, it| query.bind(it));
            rows.extend(query.fetch_all(&self.pool).await?);
        }
        with_their_files(rows)
    }

    /// Returns what is around these lines, of which some quote the messages `quoted`, in no
    /// particular order. It takes one statement for each 64 events.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn around(
        &self,
        id: Ulid,
        lines: &[String],
        quoted: &[String],
    ) -> Result<Around, StoreError> {
        let mut around = Around::default();
        let (mut lines, mut quoted) = (lines, quoted);
        while !lines.is_empty() || !quoted.is_empty() {
            let (these, quotes);
            (these, lines) = lines.split_at(lines.len().min(EVENTS_PER_QUERY));
            (quotes, quoted) = quoted.split_at(quoted.len().min(EVENTS_PER_QUERY));
            let query =
                sqlx::query_as(AssertSqlSafe(SELECT_AROUND.on(self.kind))).bind(id.to_string());
            let events = padded(these).chain(padded(quotes));
            let query = events.fold(query, |query, event| query.bind(event));
            let rows: Vec<RowAround> = query.fetch_all(&self.pool).await?;
            let (these, quotes): (HashSet<_>, HashSet<_>) =
                (these.iter().collect(), quotes.iter().collect());
            for RowAround { shown, is_about } in rows {
                let shown = ShownEntry::try_from(shown)?;
                let target = shown.entry.relates_to.as_ref().map(|relation| &relation.event_id);
                let is_about_quote = target.is_some_and(|target| quotes.contains(target));
                if is_about == 0 || is_about_quote {
                    around.quoted.push(shown.entry.clone());
                }
                if is_about == 1 && target.is_some_and(|target| these.contains(target)) {
                    around.about.push(shown);
                }
            }
        }
        Ok(around)
    }
}

/// Returns the statement for the last lines that meet a condition. The limit is one of lines, and a
/// line may have several rows.
fn select_lines(condition: &str) -> String {
    let line = where_line();
    format!(
        "{SELECT_WITH_FILES} WHERE e.transaction_id = $1 AND e.seq IN (SELECT e.seq FROM entries e {line} {condition} \
         {NEWEST_FIRST} LIMIT $2) {IN_READING_ORDER}"
    )
}

/// Puts the files of each entry together. The rows of an entry follow each other.
fn with_their_files(rows: Vec<RowWithFile>) -> Result<Vec<ShownEntry>, StoreError> {
    let mut entries: Vec<ShownEntry> = Vec::with_capacity(rows.len());
    for mut row in rows {
        let file = row.take_file();
        match entries.last_mut().filter(|it| it.entry.fixed.seq == row.shown.row.seq) {
            Some(entry) => entry.files.extend(file),
            None => {
                let mut entry = ShownEntry::try_from(row.shown)?;
                entry.files.extend(file);
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

impl RowWithFile {
    fn take_file(&mut self) -> Option<FileRow> {
        Some(FileRow {
            mxc: self.mxc.take()?,
            state: self.state.take()?,
            failures: self.failures.unwrap_or_default(),
            problem: self.problem.take(),
            sha256: self.sha256.take(),
            size: self.size,
            media_type: self.media_type.take(),
            stored_at: self.stored_at,
            page_width: self.page_width,
            page_height: self.page_height,
        })
    }
}

impl TryFrom<ShownRow> for ShownEntry {
    type Error = StoreError;

    fn try_from(row: ShownRow) -> Result<Self, StoreError> {
        let ShownRow { row, raw, send_key } = row;
        Ok(Self { entry: row.try_into()?, raw, send_key, files: Vec::new() })
    }
}
