//! The record: entries derived from the journal, each linked to the one before it.

use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use ulid::Ulid;

use super::columns::parse_id;
use super::deriving::Deriving;
use super::entry_columns::{self, DerivedPart};
use super::entry_row::{EvidenceRow, Row, select_entries};
use super::{
    Snapshot, Store, StoreError, Tx, acts, adoption, erasure, files, indexing, transaction_row,
};
use crate::record::chain::{Evidence, Head};
use crate::record::{Entry, Fixed, RedactionPolicy};

const SELECT_REDACTION_POLICY: &str = "SELECT r.redactions FROM transactions t JOIN revisions r \
     ON r.transaction_id = t.id AND r.revision = t.revision WHERE t.id = $1";

const SELECT_ENTRIES_AFTER: &str =
    select_entries!("", "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
const SELECT_EVIDENCE_AFTER: &str = select_entries!(
    ", j.raw, j.salt, e.derivation, e.marker",
    "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3"
);
const SELECT_HEAD: &str =
    "SELECT last_seq AS seq, last_hash AS hash, acts, acts_hash FROM transactions WHERE id = $1";
impl Store {
    /// Returns at most `limit` entries of a record with a `seq` above `after`, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_ENTRIES_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// Does the same as [`Self::entries`]. Each entry comes with its raw event, unless that is
    /// erased.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_with_raw(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(Entry, Option<String>)>, StoreError> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(SELECT_EVIDENCE_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(|row| Ok((row.row.try_into()?, row.raw))).collect()
    }

    /// Returns the head of a record.
    ///
    /// # Errors
    /// If the database does not answer, or there is no such transaction.
    pub async fn head(&self, id: Ulid) -> Result<Head, StoreError> {
        sqlx::query_as(SELECT_HEAD).bind(id.to_string()).fetch_one(&self.pool).await
    }

    /// Writes an entry that the current version of the derivation made again from its raw event,
    /// unless the entry is erased.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn update_derived(
        &self,
        entry: &Entry,
        marker: Option<&str>,
        deriving: &Deriving,
    ) -> Result<(), StoreError> {
        let transaction = &entry.fixed.transaction;
        let derived = DerivedPart::of_entry(entry, marker);
        let mut tx = self.begin().await?;
        adoption::lock(&mut tx, transaction, self.sign_due()).await?;
        if !entry_columns::update(&mut tx, &entry.fixed, &derived).await? {
            return Ok(());
        }
        files::rename(&mut tx, transaction, entry.fixed.seq, &entry.attachments).await?;
        indexing::index_again(&mut tx, &entry.fixed, &derived).await?;
        let policy = policy(&mut tx, transaction).await?.unwrap_or(deriving.redactions);
        apply_redactions_of(&mut tx, &entry.fixed, &derived, policy).await?;
        acts::sign_by(&mut tx, transaction, self.sign_due()).await?;
        tx.commit().await?;
        self.hints.index.notify_one();
        self.hints.files.notify_one();
        self.hints.changed(parse_id(transaction)?);
        Ok(())
    }
}

impl Snapshot {
    /// Returns at most `limit` entries of a record with a `seq` above `after` and their evidence,
    /// oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn evidence(
        &mut self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Evidence>, StoreError> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(SELECT_EVIDENCE_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *self.tx)
            .await?;
        rows.into_iter().map(Evidence::try_from).collect()
    }

    /// Returns the head that a record should have, or none if there is no such transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn head(&mut self, id: Ulid) -> Result<Option<Head>, StoreError> {
        sqlx::query_as(SELECT_HEAD).bind(id.to_string()).fetch_optional(&mut *self.tx).await
    }
}

/// Returns the redaction policy that the shop set for this transaction.
async fn policy(tx: &mut Tx, transaction_id: &str) -> Result<Option<RedactionPolicy>, StoreError> {
    let policy: Option<String> = sqlx::query_scalar(SELECT_REDACTION_POLICY)
        .bind(transaction_id)
        .fetch_one(&mut **tx)
        .await?;
    Ok(transaction_row::redactions(policy.as_deref()))
}

/// Applies the redactions that concern an entry or its target.
///
/// A redaction may come before its target, and an edit may come after its message was redacted, so
/// both are looked at whenever an entry is written.
async fn apply_redactions_of(
    tx: &mut Tx,
    fixed: &Fixed,
    derived: &DerivedPart<'_>,
    policy: RedactionPolicy,
) -> Result<(), StoreError> {
    let events = [Some(fixed.event_id.as_str()), derived.changed()];
    let concerned: Vec<_> =
        events.into_iter().flatten().map(|event| (fixed.transaction.as_str(), event)).collect();
    erasure::apply_redactions(tx, &concerned, |_| policy).await
}

impl<'r> FromRow<'r, AnyRow> for Head {
    fn from_row(row: &'r AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.try_get("seq")?,
            hash: row.try_get("hash")?,
            acts: row.try_get("acts")?,
            acts_hash: row.try_get("acts_hash")?,
        })
    }
}
