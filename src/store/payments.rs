//! The payments that shops handed in.

use rust_decimal::Decimal;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::decimal;
use super::{Snapshot, Store, StoreError, Tx, acts, adoption, audit_log, due_rooms};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::record::acts::{ActKind, PaymentContent, PaymentEvidence};
use crate::record::digest::canonical;

/// Locks the row of the transaction, so that payments of one transaction are added one after the other.
const LOCK_TRANSACTION: &str =
    "UPDATE transactions SET revision = revision WHERE id = $1 AND shop = $2";
const INSERT_PAYMENT: &str = "INSERT INTO payments \
     (id, transaction_id, amount, currency, paid_on, reference, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
const TAKE_BACK: &str = "UPDATE payments SET taken_back_at = $3 \
     WHERE transaction_id = $1 AND id = $2 AND taken_back_at IS NULL";
const SELECT_PAYMENTS: &str = "SELECT id, amount, currency, paid_on, reference, created_at, \
     taken_back_at FROM payments WHERE transaction_id = $1 ORDER BY id";
const COUNT_PAYMENTS: &str = "SELECT COUNT(*) FROM payments WHERE transaction_id = $1";
const SELECT_AMOUNTS: &str = "SELECT amount FROM payments \
     WHERE transaction_id = $1 AND currency = $2 AND taken_back_at IS NULL";
const SET_PAID: &str = "UPDATE transactions SET paid = $2, payment_changes = payment_changes + 1, \
     updated_at = $3 WHERE id = $1";

/// The greatest number of payments of one transaction, with those that were taken back.
pub const MAX_PAYMENTS: i64 = 1_000;

/// The result of handing in a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentAdded {
    /// It counts now, or did so already.
    Done,
    /// The transaction has [`MAX_PAYMENTS`].
    TooMany,
}

#[derive(FromRow)]
struct Row {
    id: String,
    amount: String,
    currency: String,
    paid_on: String,
    reference: Option<String>,
    created_at: i64,
    taken_back_at: Option<i64>,
}

impl From<Row> for PaymentEvidence {
    fn from(row: Row) -> Self {
        let content = PaymentContent {
            payment: row.id,
            amount: row.amount,
            currency: row.currency,
            date: row.paid_on,
            reference: row.reference,
            created_at: row.created_at,
        };
        Self { content, taken_back_at: row.taken_back_at }
    }
}

impl Store {
    /// Adds a payment to a transaction of this shop, and wakes its room. A payment whose id is there is not added
    /// again. The audit log says that `origin` did so.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn add_payment(
        &self,
        shop: &str,
        id: Ulid,
        payment: &PaymentContent,
        correlation: &str,
        origin: &Origin,
    ) -> Result<PaymentAdded, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        sqlx::query(LOCK_TRANSACTION).bind(id.to_string()).bind(shop).execute(&mut *tx).await?;
        adoption::lock(&mut tx, &id.to_string(), self.sign_due()).await?;
        let count: i64 =
            sqlx::query_scalar(COUNT_PAYMENTS).bind(id.to_string()).fetch_one(&mut *tx).await?;
        let inserted = sqlx::query(INSERT_PAYMENT)
            .bind(&payment.payment)
            .bind(id.to_string())
            .bind(&payment.amount)
            .bind(&payment.currency)
            .bind(&payment.date)
            .bind(&payment.reference)
            .bind(payment.created_at)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if inserted == 0 {
            return Ok(PaymentAdded::Done);
        }
        if count >= MAX_PAYMENTS {
            return Ok(PaymentAdded::TooMany);
        }
        let act = acts::NewAct {
            kind: ActKind::Payment,
            subject: &payment.payment,
            actor: shop,
            reason: "",
            adopted: false,
            content: Some(canonical(payment)),
        };
        acts::append(&mut tx, &id.to_string(), act, Some(self.sign_due())).await?;
        recount(&mut tx, id, &payment.currency).await?;
        due_rooms::wake(&mut tx, id, correlation).await?;
        let line = origin.does(Action::PaymentAdded, shop).to(id).with(&payment.payment);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(PaymentAdded::Done)
    }

    /// Takes back a payment that was handed in by mistake. It stays in the list and in the record. Returns false if it
    /// was taken back before, or if the transaction has no such payment.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn take_back_payment(
        &self,
        shop: &str,
        id: Ulid,
        payment: &PaymentContent,
        correlation: &str,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        sqlx::query(LOCK_TRANSACTION).bind(id.to_string()).bind(shop).execute(&mut *tx).await?;
        let taken = sqlx::query(TAKE_BACK)
            .bind(id.to_string())
            .bind(&payment.payment)
            .bind(now())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        let act = acts::NewAct {
            kind: ActKind::PaymentTakenBack,
            subject: &payment.payment,
            actor: shop,
            reason: "",
            adopted: false,
            content: None,
        };
        acts::append(&mut tx, &id.to_string(), act, Some(self.sign_due())).await?;
        recount(&mut tx, id, &payment.currency).await?;
        due_rooms::wake(&mut tx, id, correlation).await?;
        let line = origin.does(Action::PaymentTakenBack, shop).to(id).with(&payment.payment);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(true)
    }

    /// Returns the payments of a transaction, oldest first, with those that were taken back.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn payments(&self, id: Ulid) -> Result<Vec<PaymentEvidence>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(SELECT_PAYMENTS).bind(id.to_string()).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(PaymentEvidence::from).collect())
    }
}

impl Snapshot {
    /// Returns the payments of a transaction, oldest first, with those that were taken back.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn payments(&mut self, id: Ulid) -> Result<Vec<PaymentEvidence>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(SELECT_PAYMENTS).bind(id.to_string()).fetch_all(&mut *self.tx).await?;
        Ok(rows.into_iter().map(PaymentEvidence::from).collect())
    }
}

/// Notes the sum of the payments in this currency, which is that of the invoice. The row of the transaction is locked.
pub(super) async fn recount(tx: &mut Tx, id: Ulid, currency: &str) -> Result<(), StoreError> {
    let amounts: Vec<String> = sqlx::query_scalar(SELECT_AMOUNTS)
        .bind(id.to_string())
        .bind(currency)
        .fetch_all(&mut **tx)
        .await?;
    let mut sum = Decimal::ZERO;
    for amount in amounts {
        // At most a thousand amounts of at most 15 digits before the point fit into a `Decimal`.
        sum = sum.saturating_add(decimal("amount", &amount)?);
    }
    let set = sqlx::query(SET_PAID).bind(id.to_string()).bind(sum.to_string()).bind(now());
    set.execute(&mut **tx).await.map(drop)
}
