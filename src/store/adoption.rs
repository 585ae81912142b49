//! Adoption: records from versions without acts get the acts that they would have.

use super::acts::{NewAct, append, revision_after};
use super::{Store, StoreError, Tx, restores};
use crate::record::Erased;

const LOCK_TRANSACTION: &str = "UPDATE transactions SET acts = acts WHERE id = $1 RETURNING acts";
const SELECT_UNADOPTED: &str = "SELECT id FROM transactions WHERE acts = 0 ORDER BY id LIMIT $1";
const SELECT_ERASED_ENTRIES: &str = "SELECT seq, erased FROM entries \
     WHERE transaction_id = $1 AND erased IS NOT NULL ORDER BY seq";

impl Store {
    /// Adopts at most `limit` transactions that have no acts. Returns how many were adopted.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn adopt_records(&self, limit: i64) -> Result<usize, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar(SELECT_UNADOPTED).bind(limit).fetch_all(&self.pool).await?;
        for id in &ids {
            let mut tx = self.begin().await?;
            lock(&mut tx, id, self.sign_due()).await?;
            tx.commit().await?;
        }
        Ok(ids.len())
    }
}

/// Locks the row of a transaction, and adopts the transaction if it has no acts yet. This has to
/// come before every change.
pub(super) async fn lock(
    tx: &mut Tx,
    transaction_id: &str,
    sign_due: i64,
) -> Result<(), StoreError> {
    let acts: Option<i64> =
        sqlx::query_scalar(LOCK_TRANSACTION).bind(transaction_id).fetch_optional(&mut **tx).await?;
    if acts == Some(0) { adopt(tx, transaction_id, sign_due).await } else { Ok(()) }
}

/// Adds the acts that a transaction would have. The acts of its files are added like those of new
/// files.
pub(super) async fn adopt(
    tx: &mut Tx,
    transaction_id: &str,
    sign_due: i64,
) -> Result<(), StoreError> {
    let mut number = 0;
    while let Some(content) = revision_after(tx, transaction_id, number).await? {
        number = content.revision;
        let (adopted, subject) = (true, number.to_string());
        let act = NewAct { adopted, ..NewAct::revision(&content, &subject) };
        append(tx, transaction_id, act, Some(sign_due)).await?;
    }
    let erased: Vec<(i64, String)> =
        sqlx::query_as(SELECT_ERASED_ENTRIES).bind(transaction_id).fetch_all(&mut **tx).await?;
    for (seq, erased) in erased {
        let (erased, subject) = (Erased::from_text(&erased), seq.to_string());
        let act = NewAct { adopted: true, ..NewAct::erasure(&subject, &erased, None) };
        append(tx, transaction_id, act, None).await?;
    }
    restores::check_all_shown_heads(tx, transaction_id).await
}
