//! Signed heads of records.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::{Snapshot, Store, StoreError, now, rooms};
use crate::record::chain::Head;

const DUE: &str =
    "SELECT id FROM transactions WHERE sign_due_at <= $1 ORDER BY sign_due_at LIMIT $2";
const INSERT: &str = "INSERT INTO heads (transaction_id, seq, signed_at, public_key, signed) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (transaction_id, seq) DO NOTHING";
const SIGNED: &str = "UPDATE transactions SET sign_due_at = NULL WHERE id = $1 AND last_seq = $2";
const ALL: &str = "SELECT seq, signed_at, public_key, signed FROM heads \
     WHERE transaction_id = $1 ORDER BY seq";
const LAST: &str = "SELECT seq, signed_at, public_key, signed FROM heads \
     WHERE transaction_id = $1 ORDER BY seq DESC LIMIT 1";
const SHOWN: &str = "UPDATE rooms SET head_shown = $2 WHERE transaction_id = $1 AND wakes = $3";

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HeadRow {
    /// Of the last entry that it covers.
    pub seq: i64,
    /// Milliseconds since 1970.
    pub signed_at: i64,
    /// Ed25519, unpadded base64.
    pub public_key: String,
    /// JSON with its signature.
    pub signed: String,
}

impl Store {
    /// Transactions whose head is to be signed now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn heads_due(&self, limit: i64) -> Result<Vec<Ulid>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar(DUE).bind(now()).bind(limit).fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Keeps a signed head and has it shown in the room.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn head_signed(
        &self,
        id: Ulid,
        head: &Head,
        row: &HeadRow,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let new = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(head.seq)
            .bind(row.signed_at)
            .bind(&row.public_key)
            .bind(&row.signed)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        // If entries came since the head was read, the next signing is due already.
        sqlx::query(SIGNED).bind(id.to_string()).bind(head.seq).execute(&mut *tx).await?;
        if new == 1 {
            rooms::wake(&mut tx, id, &format!("head-{}", Ulid::new())).await?;
        }
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// The newest signed head of a record.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_signed_head(&self, id: Ulid) -> Result<Option<HeadRow>, StoreError> {
        sqlx::query_as(LAST).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Notes that the room shows the head at `seq`, unless somebody woke the room since `wakes` was
    /// read: they may have changed it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn head_shown(&self, id: Ulid, wakes: i64, seq: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(SHOWN).bind(id.to_string()).bind(seq).bind(wakes)).await
    }
}

impl Snapshot {
    /// All signed heads of a record, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn signed_heads(&mut self, id: Ulid) -> Result<Vec<HeadRow>, StoreError> {
        sqlx::query_as(ALL).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}
