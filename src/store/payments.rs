//! The payments that shops handed in.

use rust_decimal::Decimal;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{decimal, readable};
use super::many_rows::ManyRows;
use super::transaction_row::{self, select_transactions};
use super::{SendKey, Snapshot, Store, StoreError, Tx, acts, adoption, audit_log, due_rooms};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::invoice::{Currency, Invoice, early_discount};
use crate::record::acts::{ActKind, PaymentContent, PaymentEvidence};
use crate::record::digest::canonical;
use crate::room::PaymentNews;
use crate::transaction::Transaction;

/// Locks the row of the transaction, so that payments of one transaction are added one after the other.
const LOCK_TRANSACTION: &str =
    "UPDATE transactions SET revision = revision WHERE id = $1 AND shop = $2";
/// As long as there is no room, nothing is said: the summary of a new room says what was paid.
const INSERT_PAYMENT: &str = "INSERT INTO payments \
     (id, transaction_id, amount, currency, paid_on, reference, created_at, told) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN EXISTS (SELECT 1 FROM rooms \
     WHERE transaction_id = $2 AND room_id IS NOT NULL) THEN 0 ELSE 1 END) ON CONFLICT (id) DO NOTHING";
/// Nothing is said of it if nobody was told that it was handed in ($4 and its id are the key of the send), or if there is no
/// room yet.
const TAKE_BACK: &str = "UPDATE payments SET taken_back_at = $3, told = CASE WHEN (told = 0 \
     AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.transaction_id = $1 \
     AND s.send_key = $4 || payments.id)) OR NOT EXISTS (SELECT 1 FROM rooms \
     WHERE transaction_id = $1 AND room_id IS NOT NULL) THEN 2 ELSE told END \
     WHERE transaction_id = $1 AND id = $2 AND taken_back_at IS NULL";
const SELECT_PAYMENTS: &str = "SELECT id, amount, currency, paid_on, reference, created_at, \
     taken_back_at FROM payments WHERE transaction_id = $1 ORDER BY id";
const SELECT_TO_TELL: &str = "SELECT id, amount, currency, paid_on, told FROM payments \
     WHERE transaction_id = $1 AND (told = 0 OR (told = 1 AND taken_back_at IS NOT NULL)) \
     ORDER BY id LIMIT 1";
const SET_TOLD: &str = "UPDATE payments SET told = $3 WHERE transaction_id = $1 AND id = $2";
const COUNT_PAYMENTS: &str = "SELECT COUNT(*) FROM payments WHERE transaction_id = $1";
/// The transaction, whose row is locked, with its current revision.
const SELECT_TRANSACTION: &str = select_transactions!("WHERE t.id = $1 AND t.shop = $2");
const SELECT_AMOUNTS: &str = "SELECT amount, paid_on FROM payments \
     WHERE transaction_id = $1 AND currency = $2 AND taken_back_at IS NULL";
const SET_PAID: &str = "UPDATE transactions SET paid = $2, payment_changes = payment_changes + 1, \
     updated_at = $3, discount = $4 WHERE id = $1";

/// The payments that acts are about.
static SELECT_PAYMENTS_OF_ACTS: ManyRows = ManyRows::new(
    "SELECT a.transaction_id, a.number, p.id, p.amount, p.currency, p.paid_on, p.reference, \
     p.created_at, p.taken_back_at FROM (VALUES ",
    2,
    ") AS v CROSS JOIN acts a JOIN payments p ON p.id = a.subject \
     WHERE a.transaction_id = v.column1 AND a.number = v.column2",
);

/// The greatest number of payments of one transaction, with those that were taken back.
pub const MAX_PAYMENTS: i64 = 1_000;

/// The result of handing in a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentAdded<E> {
    /// It counts now, or did so already.
    Done,
    /// The caller's `decide` refused it.
    Refused(E),
    /// The shop has no such transaction.
    Missing,
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

#[derive(FromRow)]
struct RowOfAct {
    transaction_id: String,
    number: i64,
    #[sqlx(flatten)]
    payment: Row,
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
    /// Adds a payment to a transaction of this shop, and wakes its room. `decide` gets the current transaction and
    /// returns the payment, so that the currency is that of the invoice at the moment at which it counts. A payment
    /// whose id is there is not added again. The audit log says that `origin` did so.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn add_payment<E>(
        &self,
        shop: &str,
        id: Ulid,
        correlation: &str,
        origin: &Origin,
        decide: impl FnOnce(&Transaction) -> Result<PaymentContent, E>,
    ) -> Result<PaymentAdded<E>, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let Some(transaction) = locked(&mut tx, shop, id).await? else {
            return Ok(PaymentAdded::Missing);
        };
        let payment = match decide(&transaction) {
            Ok(payment) => payment,
            Err(refusal) => return Ok(PaymentAdded::Refused(refusal)),
        };
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
            content: Some(canonical(&payment)),
        };
        let number = acts::append(&mut tx, &id.to_string(), act, Some(self.sign_due())).await?;
        tx.tells(NewEvent::of(EventKind::PaymentAdded, id).about(number));
        recount(&mut tx, id, &transaction.terms.invoice).await?;
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
        payment: &str,
        correlation: &str,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let Some(transaction) = locked(&mut tx, shop, id).await? else { return Ok(false) };
        let taken = sqlx::query(TAKE_BACK)
            .bind(id.to_string())
            .bind(payment)
            .bind(now())
            .bind(SendKey::Payment { id: "", is_taken_back: false }.to_string())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        let act = acts::NewAct {
            kind: ActKind::PaymentTakenBack,
            subject: payment,
            actor: shop,
            reason: "",
            adopted: false,
            content: None,
        };
        let number = acts::append(&mut tx, &id.to_string(), act, Some(self.sign_due())).await?;
        tx.tells(NewEvent::of(EventKind::PaymentTakenBack, id).about(number));
        recount(&mut tx, id, &transaction.terms.invoice).await?;
        due_rooms::wake(&mut tx, id, correlation).await?;
        let line = origin.does(Action::PaymentTakenBack, shop).to(id).with(payment);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(true)
    }

    /// Returns what is to be said next in the room about a payment: first that it was handed in, and then that it was taken
    /// back, if it was.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn payment_to_tell(&self, id: Ulid) -> Result<Option<PaymentNews>, StoreError> {
        let row: Option<(String, String, String, String, i64)> =
            sqlx::query_as(SELECT_TO_TELL).bind(id.to_string()).fetch_optional(&self.pool).await?;
        let Some((payment, amount, currency, paid_on, told)) = row else { return Ok(None) };
        Ok(Some(PaymentNews {
            id: payment,
            amount: decimal("amount", &amount)?,
            currency: readable("currency", Currency::parse(&currency))?,
            date: readable("paid_on", paid_on.parse())?,
            is_taken_back: told == 1,
        }))
    }

    /// Notes that this was said in the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn payment_told(&self, id: Ulid, news: &PaymentNews) -> Result<(), StoreError> {
        let told = if news.is_taken_back { 2_i64 } else { 1 };
        self.run(sqlx::query(SET_TOLD).bind(id.to_string()).bind(&news.id).bind(told)).await
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

    /// Returns the payments that these acts (transaction and number) are about, with both, in any order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn payments_of_acts(
        &self,
        wanted: &[(&str, i64)],
    ) -> Result<Vec<((String, i64), PaymentEvidence)>, StoreError> {
        let rows: Vec<RowOfAct> =
            SELECT_PAYMENTS_OF_ACTS.select_outside((&self.pool, self.kind), wanted).await?;
        let of_act = |it: RowOfAct| ((it.transaction_id, it.number), it.payment.into());
        Ok(rows.into_iter().map(of_act).collect())
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

/// Locks a transaction and returns it as it is then. None: the shop has no such transaction.
async fn locked(tx: &mut Tx, shop: &str, id: Ulid) -> Result<Option<Transaction>, StoreError> {
    sqlx::query(LOCK_TRANSACTION).bind(id.to_string()).bind(shop).execute(&mut **tx).await?;
    let select = sqlx::query_as(SELECT_TRANSACTION).bind(id.to_string()).bind(shop);
    let row: Option<transaction_row::Row> = select.fetch_optional(&mut **tx).await?;
    row.map(Transaction::try_from).transpose()
}

/// Notes the sum of the payments in the currency of the invoice, which is the current one, and the discount for
/// them. The row of the transaction is
/// locked.
pub(super) async fn recount(tx: &mut Tx, id: Ulid, invoice: &Invoice) -> Result<(), StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(SELECT_AMOUNTS)
        .bind(id.to_string())
        .bind(invoice.currency.to_string())
        .fetch_all(&mut **tx)
        .await?;
    let mut sum = Decimal::ZERO;
    let mut payments = Vec::with_capacity(rows.len());
    for (amount, paid_on) in rows {
        // At most a thousand amounts of at most 15 digits before the point fit into a `Decimal`.
        let amount = decimal("amount", &amount)?;
        sum = sum.saturating_add(amount);
        let date = paid_on.parse().map_err(|error| StoreError::Decode(Box::new(error)))?;
        payments.push((date, amount));
    }
    let discount = early_discount(invoice, &payments);
    let set = sqlx::query(SET_PAID)
        .bind(id.to_string())
        .bind(sum.to_string())
        .bind(now())
        .bind(discount.to_string());
    set.execute(&mut **tx).await.map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::invoice::Currency;
    use crate::store::tests::{opened, root};
    use crate::store::{BotMessage, Change, Changed, Created, InviteAgain, NewRevision, SetBy};
    use crate::transaction::{NewPayment, Owed, Status, StatusRules, Terms, sample_submission};

    async fn created(store: &Store) -> Ulid {
        let terms = sample_submission().accept().unwrap().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        match store.create_transaction("shop", "order-1", new, "test", &root()).await.unwrap() {
            Created::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    async fn pay(store: &Store, id: Ulid, payment: &str, amount: &str) {
        let new = serde_json::from_value::<NewPayment>(json!({ "amount": amount })).unwrap();
        let decide = |current: &Transaction| {
            new.accept(payment.to_owned(), current, "2026-06-01".parse().unwrap(), 7)
        };
        let added = store.add_payment("shop", id, "test", &root(), decide).await.unwrap();
        assert_eq!(added, PaymentAdded::Done);
    }

    async fn change(store: &Store, id: Ulid, change: impl FnOnce(&mut Terms)) {
        let decide = |current: &Transaction| {
            let mut terms = current.terms.clone();
            change(&mut terms);
            let invite_again = InviteAgain::Nobody;
            Ok::<_, ()>(Some(Change { terms, warnings: Vec::new(), invite_again }))
        };
        store.change_transaction("shop", id, None, "test", &root(), decide).await.unwrap();
    }

    fn currency(code: &str) -> Currency {
        serde_json::from_value(json!(code)).unwrap()
    }

    async fn current(store: &Store, id: Ulid) -> Transaction {
        store.transaction(id).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn only_payments_in_the_current_currency_count() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = created(&store).await;
        pay(&store, id, "1", "10").await;
        assert_eq!(current(&store, id).await.paid, 10.into());

        change(&store, id, |terms| terms.invoice.currency = currency("CHF")).await;
        assert_eq!(current(&store, id).await.paid, Decimal::ZERO);
        pay(&store, id, "2", "7").await;
        assert_eq!(current(&store, id).await.paid, 7.into());
        // What is taken back does not count in either currency.
        store.take_back_payment("shop", id, "1", "test", &root()).await.unwrap();
        assert_eq!(current(&store, id).await.paid, 7.into());
        change(&store, id, |terms| terms.invoice.currency = currency("EUR")).await;
        assert_eq!(current(&store, id).await.paid, Decimal::ZERO);
        let payments = store.payments(id).await.unwrap();
        let shown: Vec<_> = payments
            .iter()
            .map(|it| (it.content.currency.as_str(), it.taken_back_at.is_some()))
            .collect();
        assert_eq!(shown, [("EUR", true), ("CHF", false)]);
    }

    #[tokio::test]
    async fn what_was_paid_stays_so_when_it_is_shipped() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = created(&store).await;
        let user = ruma::user_id!("@bea:example.org");
        let statuses = [
            ("open", Some(54)),
            ("paid", None),
            ("shipped", None),
            ("disputed", None),
            ("shipped", None),
            ("issued", Some(54)),
            ("shipped", Some(54)),
        ];
        for (seq, (status, to_pay)) in (1..).zip(statuses) {
            let decide = |_: &Transaction| Ok::<_, ()>(Some(status.to_owned()));
            let asked = "INSERT INTO room_commands (transaction_id, seq) VALUES ($1, $2)";
            store.run(sqlx::query(asked).bind(id.to_string()).bind(seq)).await.unwrap();
            let by = || SetBy::Message(BotMessage::InRoom(seq));
            store.set_status(id, user, by(), "test", decide).await.unwrap();
            // A message has its effect once.
            let again = |_: &Transaction| Ok::<_, ()>(Some("draft".to_owned()));
            let changed = store.set_status(id, user, by(), "test", again).await.unwrap();
            assert_eq!(changed, Changed::Same);
            let transaction = current(&store, id).await;
            let standing =
                StatusRules::default().standing(&transaction, "2026-06-01".parse().unwrap());
            assert_eq!(standing.owed.payable(), to_pay.map(Decimal::from), "{status}");
        }
        let statuses = current(&store, id).await.statuses;
        assert_eq!(statuses, ["shipped", "issued", "disputed", "paid", "open"]);
    }

    #[tokio::test]
    async fn what_comes_within_the_time_of_a_discount_is_everything() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = created(&store).await;
        // 54.00 are due, issued on 1 June; 2% less within 14 days: 52.92.
        let discounts = json!([{ "days": "14", "percent": "2" }]);
        change(&store, id, |terms| {
            let payment = terms.invoice.payment.get_or_insert_default();
            payment.discounts = serde_json::from_value(discounts).unwrap();
        })
        .await;
        pay(&store, id, "1", "50").await;
        assert_eq!(current(&store, id).await.discount, Decimal::ZERO);
        pay(&store, id, "2", "2.92").await;
        assert_eq!(current(&store, id).await.discount, Decimal::new(108, 2));
        let (paid, day) = (current(&store, id).await, "2026-09-01".parse().unwrap());
        let standing = StatusRules::default().standing(&paid, day);
        assert_eq!((standing.status, standing.owed), (Status::Paid, Owed::Nothing));
        store.take_back_payment("shop", id, "2", "test", &root()).await.unwrap();
        assert_eq!(current(&store, id).await.discount, Decimal::ZERO);
    }

    #[tokio::test]
    async fn the_room_is_not_told_of_what_it_need_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = created(&store).await;
        let to_tell = async || {
            let news = store.payment_to_tell(id).await.unwrap();
            news.map(|it| (it.id, it.is_taken_back))
        };
        let take_back = async |payment: &str| {
            store.take_back_payment("shop", id, payment, "test", &root()).await.unwrap();
        };
        // The summary of a new room says what was paid.
        pay(&store, id, "1", "10").await;
        pay(&store, id, "2", "10").await;
        take_back("1").await;
        assert_eq!(to_tell().await, None);
        store.run(sqlx::query("UPDATE rooms SET room_id = '!room:example.org'")).await.unwrap();
        assert_eq!(to_tell().await, None);
        take_back("2").await;
        assert_eq!(to_tell().await, Some(("2".to_owned(), true)));
        store.run(sqlx::query("UPDATE payments SET told = 2")).await.unwrap();
        // Handed in and taken back before anybody was told.
        pay(&store, id, "3", "10").await;
        assert_eq!(to_tell().await, Some(("3".to_owned(), false)));
        take_back("3").await;
        assert_eq!(to_tell().await, None);
        // The room may have the first message, so it gets the second one, too.
        pay(&store, id, "4", "10").await;
        let key = SendKey::Payment { id: "4", is_taken_back: false }.to_string();
        let bot = ruma::user_id!("@bot:example.org");
        store.begin_send(id, &key, "send", bot).await.unwrap();
        take_back("4").await;
        assert_eq!(to_tell().await, Some(("4".to_owned(), false)));
    }
}
