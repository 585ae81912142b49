//! Signed heads on their way to witnesses.

use sqlx::FromRow;

use super::{Store, StoreError, Tx};
use crate::clock::now;

/// A later head covers all that an earlier one does.
const PUT: &str = "INSERT INTO witnessings (witness, transaction_id, signed, since, due_at) \
     VALUES ($1, $2, $3, $4, $4) ON CONFLICT (witness, transaction_id) \
     DO UPDATE SET signed = excluded.signed";
const DUE: &str = "SELECT transaction_id, signed, failures FROM witnessings \
     WHERE witness = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
const ARRIVED: &str = "DELETE FROM witnessings \
     WHERE witness = $1 AND transaction_id = $2 AND signed = $3";
const FAILED: &str = "UPDATE witnessings SET failures = failures + 1, problem = $3 \
     WHERE witness = $1 AND transaction_id = $2";
const POSTPONE: &str = "UPDATE witnessings SET due_at = $2 WHERE witness = $1 AND due_at < $2";
const WITNESSES: &str = "SELECT DISTINCT witness FROM witnessings";
const DISMISS: &str = "DELETE FROM witnessings WHERE witness = $1";

/// A head that is due.
#[derive(Clone, Debug, FromRow)]
pub struct Witnessing {
    /// Of which transaction.
    pub transaction_id: String,
    /// JSON with its signature.
    pub signed: String,
    /// Failed tries in a row.
    pub failures: i64,
}

impl Store {
    /// Heads that this witness should get now, at most `limit`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_witnessings(
        &self,
        witness: &str,
        limit: i64,
    ) -> Result<Vec<Witnessing>, StoreError> {
        sqlx::query_as(DUE).bind(witness).bind(now()).bind(limit).fetch_all(&self.pool).await
    }

    /// Notes that a witness has this head; a newer one stays on its way.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn witnessed(&self, witness: &str, it: &Witnessing) -> Result<(), StoreError> {
        self.run(sqlx::query(ARRIVED).bind(witness).bind(&it.transaction_id).bind(&it.signed)).await
    }

    /// Notes why a witness did not take a head; nothing is sent to it before `until`.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn not_witnessed(
        &self,
        witness: &str,
        it: &Witnessing,
        until: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let failed = sqlx::query(FAILED).bind(witness).bind(&it.transaction_id).bind(problem);
        failed.execute(&mut *tx).await?;
        sqlx::query(POSTPONE).bind(witness).bind(until).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Forgets what was on its way to witnesses that are none any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keep_witnesses(&self, witnesses: &[String]) -> Result<(), StoreError> {
        let known: Vec<String> = sqlx::query_scalar(WITNESSES).fetch_all(&self.pool).await?;
        for gone in known.iter().filter(|known| !witnesses.contains(known)) {
            self.run(sqlx::query(DISMISS).bind(gone)).await?;
        }
        Ok(())
    }
}

/// A head was signed.
pub(super) async fn put(
    tx: &mut Tx,
    witnesses: &[String],
    transaction_id: &str,
    signed: &str,
) -> Result<(), StoreError> {
    for witness in witnesses {
        sqlx::query(PUT)
            .bind(witness)
            .bind(transaction_id)
            .bind(signed)
            .bind(now())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
