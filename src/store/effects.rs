//! What edits, redactions, votes and ends of polls do, and what entries name, for the API.

use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::entry_row::{Row, select_entries};
use super::files::file_columns;
use super::many_rows::ManyRows;
use super::{FileRow, Store, StoreError};
use crate::record::{Ballots, Choice, Entry, Kind, VOTE_TOO_LATE, objection};

/// The statement for the entries of a record between two seqs.
static SELECT_EFFECTS_IN_RECORD: LazyLock<String> = LazyLock::new(|| {
    let effects = of_chosen_entries();
    format!(
        "WITH chosen (transaction_id, seq) AS (SELECT transaction_id, seq FROM entries \
         WHERE transaction_id = $1 AND seq >= $2 AND seq <= $3{effects}"
    )
});
/// The statement for a list of entries of any records.
static SELECT_EFFECTS_LISTED: LazyLock<ManyRows> = LazyLock::new(|| {
    let listed = "WITH chosen (transaction_id, seq) AS (VALUES ";
    ManyRows::built(listed.to_owned(), 2, of_chosen_entries())
});
static SELECT_FILES_LISTED: ManyRows = ManyRows::new(
    "WITH chosen (transaction_id, seq) AS (VALUES ",
    2,
    concat!(
        ") SELECT DISTINCT ",
        file_columns!(),
        " FROM chosen c \
         JOIN entry_files n ON n.transaction_id = c.transaction_id AND n.seq = c.seq \
         JOIN files f ON f.mxc = n.mxc"
    ),
);

/// Returns the part of a statement that follows the chosen entries. It selects their targets, and
/// what else is about these targets. What a reaction does is never in doubt.
fn of_chosen_entries() -> String {
    let targets = select_entries!(
        ", 1 AS is_target, CASE WHEN e.kind = 'poll_start' THEN j.raw END AS raw",
        "JOIN named m ON m.transaction_id = e.transaction_id AND m.target = e.event_id"
    );
    let about = select_entries!(
        ", 0 AS is_target, j.raw",
        "JOIN named m ON m.transaction_id = e.transaction_id AND m.target = e.target \
         WHERE e.kind IN ('edit', 'poll_response', 'poll_end')"
    );
    format!(
        "), named AS (SELECT DISTINCT n.transaction_id, n.target FROM chosen c JOIN entries n \
         ON n.transaction_id = c.transaction_id AND n.seq = c.seq \
         WHERE n.target IS NOT NULL AND n.kind <> 'reaction') \
         SELECT * FROM ({targets}) t UNION ALL SELECT * FROM ({about}) a"
    )
}

/// The targets of some entries, and the polls among them.
#[derive(Debug, Default)]
pub struct Effects {
    /// By transaction.
    records: HashMap<String, InRecord>,
}

/// The targets in one record.
#[derive(Debug, Default)]
struct InRecord {
    /// The targets, by event.
    targets: HashMap<String, Entry>,
    /// The ends of polls, by the event of the poll.
    ends: HashMap<String, Vec<Entry>>,
    ballots: Ballots,
}

#[derive(FromRow)]
struct EffectRow {
    #[sqlx(flatten)]
    row: Row,
    is_target: i64,
    raw: Option<String>,
}

impl Store {
    /// Reads what these entries of one record do. It takes one statement, or none if nothing in the
    /// entries depends on another one.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn effects_in(&self, id: Ulid, entries: &[Entry]) -> Result<Effects, StoreError> {
        let seqs = entries.iter().filter(|it| depends_on_target(it)).map(|it| it.fixed.seq);
        let (Some(first), Some(last)) = (seqs.clone().min(), seqs.max()) else {
            return Ok(Effects::default());
        };
        let query = sqlx::query_as(AssertSqlSafe(SELECT_EFFECTS_IN_RECORD.as_str()));
        let query = query.bind(id.to_string()).bind(first).bind(last);
        Effects::of(query.fetch_all(&self.pool).await?)
    }

    /// Reads what these entries of any records do. It takes one statement for each 100 entries.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn effects_of(&self, entries: &[Entry]) -> Result<Effects, StoreError> {
        let concerned = entries.iter().filter(|it| depends_on_target(it));
        let listed: Vec<_> = concerned.map(key).collect();
        let select = LazyLock::force(&SELECT_EFFECTS_LISTED);
        Effects::of(select.select_outside((&self.pool, self.kind), &listed).await?)
    }

    /// Returns the files that these entries of any records name. It takes one statement for each
    /// 100 entries with attachments.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files_named_by(&self, entries: &[Entry]) -> Result<Vec<FileRow>, StoreError> {
        let naming = entries.iter().filter(|it| !it.attachments.is_empty());
        let listed: Vec<_> = naming.map(key).collect();
        SELECT_FILES_LISTED.select_outside((&self.pool, self.kind), &listed).await
    }
}

/// Returns what identifies an entry. No entry has the seq 0.
fn key(entry: &Entry) -> (&str, i64) {
    (&entry.fixed.transaction, entry.fixed.seq)
}

impl Effects {
    fn of(rows: Vec<EffectRow>) -> Result<Self, StoreError> {
        let mut effects = Self::default();
        for EffectRow { row, is_target, raw } in rows {
            let entry = Entry::try_from(row)?;
            let record = effects.records.entry(entry.fixed.transaction.clone()).or_default();
            record.add(entry, is_target == 1, raw.as_deref());
        }
        Ok(effects)
    }

    /// Returns why an edit, a redaction, a vote or the end of a poll has no effect. Returns none if
    /// it has an effect, or if the record does not hold its target.
    pub fn objection(&self, entry: &Entry) -> Option<&'static str> {
        let record = self.records.get(&entry.fixed.transaction)?;
        record.objection(entry).filter(|_| depends_on_target(entry))
    }

    /// Returns what a vote chose. Returns none if the entry is not a vote or is erased.
    pub fn choices(&self, entry: &Entry) -> Option<Vec<Choice>> {
        let record = self.records.get(&entry.fixed.transaction)?;
        let is_vote = entry.kind == Kind::PollResponse && entry.relates_to.is_some();
        is_vote.then(|| record.ballots.choices(&entry.fixed.event_id)).flatten()
    }
}

impl InRecord {
    fn add(&mut self, entry: Entry, is_target: bool, raw: Option<&str>) {
        if let Some(raw) = raw {
            self.ballots.add(&entry, raw);
        }
        match &entry.relates_to {
            _ if is_target => drop(self.targets.insert(entry.fixed.event_id.clone(), entry)),
            Some(relation) if entry.kind == Kind::PollEnd => {
                self.ends.entry(relation.event_id.clone()).or_default().push(entry);
            }
            _ => {}
        }
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        let named = &entry.relates_to.as_ref()?.event_id;
        let target = self.targets.get(named)?;
        if let Some(why) = objection(entry, target) {
            return Some(why);
        }
        let ends = self.ends.get(named).map(Vec::as_slice).unwrap_or_default();
        let place = |it: &Entry| (it.sort_at, it.fixed.event_id.clone());
        let ended_before = ends.iter().any(|end| {
            let is_valid = end.fixed.sender == target.fixed.sender || end.fixed.party == "bot";
            is_valid && place(end) < place(entry)
        });
        (entry.kind == Kind::PollResponse && ended_before).then_some(VOTE_TOO_LATE)
    }
}

/// Whether what the entry does depends on the entry that it names.
fn depends_on_target(entry: &Entry) -> bool {
    let in_poll = matches!(entry.kind, Kind::PollResponse | Kind::PollEnd);
    entry.relates_to.as_ref().is_some_and(|it| it.changes_its_target() || in_poll)
}
