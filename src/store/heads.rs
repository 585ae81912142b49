//! The signed heads of records.

use serde_json::json;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::{Snapshot, Store, StoreError, due_rooms, witnessings};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::record::chain::Head;

const SELECT_DUE_TRANSACTIONS: &str =
    "SELECT id FROM transactions WHERE sign_due_at <= $1 ORDER BY sign_due_at LIMIT $2";
const INSERT_HEAD: &str = "\
     INSERT INTO heads (transaction_id, seq, acts, signed_at, public_key, signed) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (transaction_id, seq, acts) DO NOTHING";
const CLEAR_SIGN_DUE: &str = "UPDATE transactions SET sign_due_at = NULL \
     WHERE id = $1 AND last_seq = $2 AND acts = $3";
const SELECT_HEADS: &str = "SELECT seq, acts, signed_at, public_key, signed FROM heads \
     WHERE transaction_id = $1 ORDER BY seq, acts";
const SELECT_NEWEST_HEAD: &str = "SELECT seq, acts, signed_at, public_key, signed FROM heads \
     WHERE transaction_id = $1 ORDER BY seq DESC, acts DESC LIMIT 1";
const SET_SHOWN_HEAD: &str =
    "UPDATE rooms SET head_shown = $2 WHERE transaction_id = $1 AND wakes = $3";

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HeadRow {
    /// The `seq` of the last entry that it covers.
    pub seq: i64,
    /// The number of the last act that it covers. 0 if it was signed by a version without acts.
    pub acts: i64,
    /// When it was signed, in milliseconds since 1970.
    pub signed_at: i64,
    /// The public key (Ed25519, unpadded base64).
    pub public_key: String,
    /// The signed JSON with its signature.
    pub signed: String,
}

impl HeadRow {
    /// Returns the number of links (entries and acts) that it covers.
    pub fn links(&self) -> i64 {
        self.seq + self.acts
    }
}

impl Store {
    /// Returns at most `limit` transactions whose head is to be signed now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn heads_due(&self, limit: i64) -> Result<Vec<Ulid>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(SELECT_DUE_TRANSACTIONS)
            .bind(now())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Stores a signed head. It is then shown in the room and sent to `witnesses`.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn head_signed(
        &self,
        id: Ulid,
        head: &Head,
        row: &HeadRow,
        witnesses: &[String],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let new = sqlx::query(INSERT_HEAD)
            .bind(id.to_string())
            .bind(head.seq)
            .bind(head.acts)
            .bind(row.signed_at)
            .bind(&row.public_key)
            .bind(&row.signed)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        // If the record grew since the head was read, the next signature stays due.
        let signed =
            sqlx::query(CLEAR_SIGN_DUE).bind(id.to_string()).bind(head.seq).bind(head.acts);
        signed.execute(&mut *tx).await?;
        if new == 1 {
            witnessings::put(&mut tx, witnesses, &id.to_string(), &row.signed).await?;
            due_rooms::wake(&mut tx, id, &format!("head-{}", Ulid::new())).await?;
            let signed = NewEvent::of(EventKind::HeadSigned, id).about(head.seq);
            tx.tells(signed.with(&json!({ "acts": head.acts })));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns the newest signed head of a record.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn last_signed_head(&self, id: Ulid) -> Result<Option<HeadRow>, StoreError> {
        sqlx::query_as(SELECT_NEWEST_HEAD).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Notes that the room shows the head that covers this number of links, unless the room was
    /// woken since `wakes` was read: the head in the room may have changed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn head_shown(&self, id: Ulid, wakes: i64, links: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_SHOWN_HEAD).bind(id.to_string()).bind(links).bind(wakes)).await
    }
}

impl Snapshot {
    /// Returns all signed heads of a record, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn signed_heads(&mut self, id: Ulid) -> Result<Vec<HeadRow>, StoreError> {
        sqlx::query_as(SELECT_HEADS).bind(id.to_string()).fetch_all(&mut *self.tx).await
    }
}
