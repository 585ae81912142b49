//! What events are about, as the record has it now.

use std::sync::LazyLock;

use sqlx::FromRow;

use super::entry_row::{Row, select_entries};
use super::many_rows::ManyRows;
use super::{GrantRow, HeadRow, Store, StoreError};
use crate::record::Entry;

static SELECT_STATUSES: ManyRows = ManyRows::new(
    "SELECT r.transaction_id, r.revision, r.status, \
     (SELECT b.status FROM revisions b WHERE b.transaction_id = r.transaction_id \
     AND b.revision = r.revision - 1) AS before FROM (VALUES ",
    2,
    ") AS v CROSS JOIN revisions r WHERE r.transaction_id = v.column1 AND r.revision = v.column2",
);
static SELECT_ENTRIES: LazyLock<ManyRows> = LazyLock::new(|| {
    let before = select_entries!("", "JOIN (VALUES ");
    let after = ") AS v ON e.transaction_id = v.column1 AND e.seq = v.column2";
    ManyRows::built(before.to_owned(), 2, after.to_owned())
});
/// An act says where the file came from (its subject). What is known of the file is in `files`, unless no entry of the
/// record names it any more.
static SELECT_FILES: ManyRows = ManyRows::new(
    "SELECT a.transaction_id, a.number, MIN(n.seq) AS seq, MIN(f.state) AS state, \
     MIN(f.sha256) AS sha256, MIN(f.size) AS size, MIN(f.media_type) AS media_type FROM (VALUES ",
    2,
    ") AS v CROSS JOIN acts a \
     LEFT JOIN entry_files n ON n.transaction_id = a.transaction_id AND n.mxc = a.subject \
     LEFT JOIN files f ON f.mxc = n.mxc \
     WHERE a.transaction_id = v.column1 AND a.number = v.column2 \
     GROUP BY a.transaction_id, a.number",
);
static SELECT_HEADS: ManyRows = ManyRows::new(
    "SELECT h.transaction_id, h.seq, h.acts, h.signed_at, h.public_key, h.signed FROM (VALUES ",
    3,
    ") AS v CROSS JOIN heads h \
     WHERE h.transaction_id = v.column1 AND h.seq = v.column2 AND h.acts = v.column3",
);
static SELECT_SEQS: ManyRows = ManyRows::new(
    "SELECT e.transaction_id, e.event_id, e.seq FROM (VALUES ",
    2,
    ") AS v CROSS JOIN entries e WHERE e.transaction_id = v.column1 AND e.event_id = v.column2",
);
static SELECT_GRANTS: ManyRows = ManyRows::new(
    "SELECT g.id, g.transaction_id, g.party, g.contact, g.way, g.created_at, g.expires_at, \
     g.revoked_at, g.used_at FROM (VALUES ",
    1,
    ") AS v CROSS JOIN grants g WHERE g.id = v.column1",
);

/// The status that a revision gave a transaction.
#[derive(Clone, Debug, FromRow)]
pub struct StatusRow {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The number of the revision.
    pub revision: i64,
    /// The status in it.
    pub status: String,
    /// The status in the revision before. None: it is the first one.
    pub before: Option<String>,
}

/// A file that a record keeps, by the act that says so.
#[derive(Clone, Debug, FromRow)]
pub struct KeptFileRow {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The number of the act.
    pub number: i64,
    /// The first entry that names the file. None: no entry names it any more, and the rest is none as well.
    pub seq: Option<i64>,
    /// As in [`FileRow`](super::FileRow).
    pub state: Option<String>,
    /// As in [`FileRow`](super::FileRow).
    pub sha256: Option<String>,
    /// In bytes.
    pub size: Option<i64>,
    /// As its first bytes say.
    pub media_type: Option<String>,
}

/// A signed head and the record that it is of.
#[derive(Clone, Debug, FromRow)]
pub struct HeadOfRecord {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The head.
    #[sqlx(flatten)]
    pub head: HeadRow,
}

impl Store {
    /// Returns the statuses of these revisions (transaction and number), in any order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn statuses_of(&self, wanted: &[(&str, i64)]) -> Result<Vec<StatusRow>, StoreError> {
        SELECT_STATUSES.select_outside((&self.pool, self.kind), wanted).await
    }

    /// Returns these entries (transaction and seq), in any order.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_listed(&self, wanted: &[(&str, i64)]) -> Result<Vec<Entry>, StoreError> {
        let select = LazyLock::force(&SELECT_ENTRIES);
        let rows: Vec<Row> = select.select_outside((&self.pool, self.kind), wanted).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// Returns the files that these acts (transaction and number) are about, in any order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn files_of_acts(
        &self,
        wanted: &[(&str, i64)],
    ) -> Result<Vec<KeptFileRow>, StoreError> {
        SELECT_FILES.select_outside((&self.pool, self.kind), wanted).await
    }

    /// Returns these signed heads (transaction, and the last entry and the last act that it covers), in any order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn heads_listed(
        &self,
        wanted: &[(&str, i64, i64)],
    ) -> Result<Vec<HeadOfRecord>, StoreError> {
        SELECT_HEADS.select_outside((&self.pool, self.kind), wanted).await
    }

    /// Returns the seqs of these events (transaction and Matrix event id) with both, as far as the record has them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn seqs_of_events(
        &self,
        wanted: &[(&str, &str)],
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        SELECT_SEQS.select_outside((&self.pool, self.kind), wanted).await
    }

    /// Returns these grants, in any order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grants_listed(&self, ids: &[&str]) -> Result<Vec<GrantRow>, StoreError> {
        SELECT_GRANTS.select_outside((&self.pool, self.kind), ids).await
    }
}
