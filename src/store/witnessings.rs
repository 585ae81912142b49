//! The signed heads that are still to be sent to witnesses.

use sqlx::FromRow;

use super::{Store, StoreError, Tx};
use crate::clock::now;

/// A later head replaces an earlier one, because it covers everything that the earlier one covers.
const UPSERT_WITNESSING: &str = "\
     INSERT INTO witnessings (witness, transaction_id, signed, since, due_at) \
     VALUES ($1, $2, $3, $4, $4) ON CONFLICT (witness, transaction_id) \
     DO UPDATE SET signed = excluded.signed";
const SELECT_DUE_WITNESSINGS: &str = "SELECT transaction_id, signed, failures FROM witnessings \
     WHERE witness = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
const DELETE_WITNESSING: &str = "DELETE FROM witnessings \
     WHERE witness = $1 AND transaction_id = $2 AND signed = $3";
const COUNT_FAILURE: &str = "UPDATE witnessings SET failures = failures + 1, problem = $3 \
     WHERE witness = $1 AND transaction_id = $2";
const POSTPONE_WITNESS: &str =
    "UPDATE witnessings SET due_at = $2 WHERE witness = $1 AND due_at < $2";
const SELECT_WITNESSES: &str = "SELECT DISTINCT witness FROM witnessings";
const DELETE_WITNESSINGS: &str = "DELETE FROM witnessings WHERE witness = $1";

/// A head that is due to be sent to a witness.
#[derive(Clone, Debug, FromRow)]
pub struct Witnessing {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The signed JSON with its signature.
    pub signed: String,
    /// The number of failed attempts in a row.
    pub failures: i64,
}

impl Store {
    /// Returns at most `limit` heads that are due to be sent to this witness.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_witnessings(
        &self,
        witness: &str,
        limit: i64,
    ) -> Result<Vec<Witnessing>, StoreError> {
        sqlx::query_as(SELECT_DUE_WITNESSINGS)
            .bind(witness)
            .bind(now())
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Notes that a witness has this head. A newer head is still to be sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn witnessed(
        &self,
        witness: &str,
        witnessing: &Witnessing,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(DELETE_WITNESSING)
                .bind(witness)
                .bind(&witnessing.transaction_id)
                .bind(&witnessing.signed),
        )
        .await
    }

    /// Notes why a witness did not accept a head. Nothing is sent to this witness before `until`.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn not_witnessed(
        &self,
        witness: &str,
        witnessing: &Witnessing,
        until: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let failed =
            sqlx::query(COUNT_FAILURE).bind(witness).bind(&witnessing.transaction_id).bind(problem);
        failed.execute(&mut *tx).await?;
        sqlx::query(POSTPONE_WITNESS).bind(witness).bind(until).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Deletes the heads for witnesses that are no longer configured.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_witnessings_except(&self, witnesses: &[String]) -> Result<(), StoreError> {
        let known: Vec<String> = sqlx::query_scalar(SELECT_WITNESSES).fetch_all(&self.pool).await?;
        for gone in known.iter().filter(|known| !witnesses.contains(known)) {
            self.run(sqlx::query(DELETE_WITNESSINGS).bind(gone)).await?;
        }
        Ok(())
    }
}

/// Has a signed head sent to all witnesses.
pub(super) async fn put(
    tx: &mut Tx,
    witnesses: &[String],
    transaction_id: &str,
    signed: &str,
) -> Result<(), StoreError> {
    for witness in witnesses {
        sqlx::query(UPSERT_WITNESSING)
            .bind(witness)
            .bind(transaction_id)
            .bind(signed)
            .bind(now())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
