//! New transactions, and changes of transactions.

use ruma::OwnedUserId;
use ruma::UserId;
use ulid::Ulid;

use super::columns::{parse_id, to_json};
use super::transaction_row::{Row, select_transactions};
use super::transactions::SELECT_ID;
use super::{
    BotMessage, NewOutgoing, Store, StoreError, Tx, acts, adoption, audit_log, contacts, due_rooms,
    erasure, members, outgoing, payments, room_commands, rooms,
};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::invoice::Problem;
use crate::quota::run_blocking;
use crate::record::RedactionPolicy;
use crate::room::Guest;
use crate::transaction::{Terms, Transaction, Visitor};

const INSERT_TRANSACTION: &str = "INSERT INTO transactions \
     (id, shop, external_id, revision, created_at, updated_at, statuses) \
     VALUES ($1, $2, $3, 1, $4, $4, $5) \
     ON CONFLICT (shop, external_id) DO NOTHING";
const INSERT_REVISION: &str = "INSERT INTO revisions \
     (transaction_id, revision, content_hash, status, invoice, buyer, seller, warnings, \
      redactions, original_type, original, created_at, issue_date, due_date, language) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
/// Locks the row of a transaction, so that changes of the same transaction are applied one after
/// the other.
const LOCK_TRANSACTION: &str =
    "UPDATE transactions SET revision = revision WHERE id = $1 AND shop = $2";
const SET_REVISION: &str =
    "UPDATE transactions SET revision = $2, updated_at = $3, statuses = $4 WHERE id = $1";
const COUNT_SAME_REVISIONS: &str = "SELECT COUNT(*) FROM revisions r \
     JOIN transactions t ON t.id = r.transaction_id \
     WHERE t.id = $1 AND r.content_hash = $2 AND (r.revision = 1 OR r.revision = t.revision)";
const SELECT_TRANSACTION: &str = select_transactions!("WHERE t.id = $1");
const SELECT_TRANSACTION_OF_SHOP: &str = select_transactions!("WHERE t.id = $1 AND t.shop = $2");

/// The greatest number of words that are kept of those that were the status of a transaction.
const MAX_STATUSES: usize = 64;

/// The result of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// A new transaction was created.
    New(Ulid),
    /// The transaction exists already, with the same content.
    Same(Ulid),
    /// The external id belongs to a transaction with other content.
    Different(Ulid),
}

/// The file that an invoice came in.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The media type.
    pub media_type: &'a str,
    /// The bytes, exactly as received.
    pub bytes: &'a [u8],
}

/// The content of a new revision.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// The terms of the transaction.
    pub terms: &'a Terms,
    /// What is odd about them.
    pub warnings: &'a [Problem],
    /// The file that the invoice came in, if it came as a file.
    pub original: Option<Original<'a>>,
}

/// A change of a transaction.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new terms.
    pub terms: Terms,
    /// What is odd about them.
    pub warnings: Vec<Problem>,
    /// Who is invited again.
    pub invite_again: InviteAgain,
}

/// The contacts who are invited again with a change, if they declined, left or could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteAgain {
    /// None.
    Nobody,
    /// All.
    Everybody,
    /// The one with this account.
    Only(OwnedUserId),
}

/// The result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<E> {
    /// The transaction has this revision now.
    To(i64),
    /// The transaction already has this content.
    Same,
    /// The caller's `decide` refused the change.
    Refused(E),
    /// The shop has no such transaction.
    Missing,
}

/// How a person of a party sets a status.
#[derive(Clone, Debug)]
pub enum SetBy<'a> {
    /// On the page. This is said in the room.
    Page(&'a Visitor, &'a Guest, NewOutgoing<'a>),
    /// By a message to the bot.
    Message(BotMessage<'a>),
}

impl Store {
    /// Creates a transaction, its contacts and the row of its room in one tx, unless the external
    /// id is taken. The audit log says that `origin` did so.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn create_transaction(
        &self,
        shop: &str,
        external_id: &str,
        new: NewRevision<'_>,
        correlation: &str,
        origin: &Origin,
    ) -> Result<Created, StoreError> {
        let id = Ulid::new();
        self.create_transaction_as(id, shop, external_id, new, correlation, origin).await
    }

    /// Creates a transaction with this id, which belongs to no other one. Otherwise as
    /// [`create_transaction`](Self::create_transaction).
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn create_transaction_as(
        &self,
        id: Ulid,
        shop: &str,
        external_id: &str,
        new: NewRevision<'_>,
        correlation: &str,
        origin: &Origin,
    ) -> Result<Created, StoreError> {
        let hash = new.terms.content_hash();
        let mut tx = self.begin_audited(shop).await?;
        let inserted = sqlx::query(INSERT_TRANSACTION)
            .bind(id.to_string())
            .bind(shop)
            .bind(external_id)
            .bind(now())
            .bind(&new.terms.status)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if inserted == 0 {
            let taken: String = sqlx::query_scalar(SELECT_ID)
                .bind(shop)
                .bind(external_id)
                .fetch_one(&mut *tx)
                .await?;
            let same: i64 = sqlx::query_scalar(COUNT_SAME_REVISIONS)
                .bind(&taken)
                .bind(&hash)
                .fetch_one(&mut *tx)
                .await?;
            let taken = parse_id(&taken)?;
            drop(tx);
            let is_same = same > 0 || self.is_same_today(taken, new.terms).await?;
            return Ok(if is_same { Created::Same(taken) } else { Created::Different(taken) });
        }
        insert_revision(&mut tx, id, 1, new).await?;
        acts::note_revision(&mut tx, id, 1, None, self.sign_due()).await?;
        contacts::put(&mut tx, id, new.terms).await?;
        rooms::insert(&mut tx, id, correlation).await?;
        tx.tells(NewEvent::of(EventKind::TransactionCreated, id).about(1));
        let line = origin.does(Action::TransactionCreated, shop).to(id);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(Created::New(id))
    }

    /// Whether the first or the current revision of a transaction says the same as these terms, if it is read as
    /// submissions are read today. Hashes that an earlier version stored do not show that.
    async fn is_same_today(&self, id: Ulid, terms: &Terms) -> Result<bool, StoreError> {
        for stored in self.first_and_current(id).await? {
            if !terms.are_alike_without_invoice(&stored.terms) {
                continue;
            }
            let original = self.original_behind(id, stored.revision).await?;
            let terms = terms.clone();
            let compare = move || terms.say_the_same_as(&stored.terms, original.as_deref());
            let compared = run_blocking(compare).await;
            if compared.map_err(|error| StoreError::Io(std::io::Error::other(error)))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Changes a transaction of this shop and wakes its room. `decide` gets the current transaction
    /// and returns the change. The audit log says that `origin` did so.
    ///
    /// Changes of one transaction are applied one after the other, so that none is lost.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn change_transaction<E>(
        &self,
        shop: &str,
        id: Ulid,
        original: Option<Original<'_>>,
        correlation: &str,
        origin: &Origin,
        decide: impl FnOnce(&Transaction) -> Result<Option<Change>, E>,
    ) -> Result<Changed<E>, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        sqlx::query(LOCK_TRANSACTION).bind(id.to_string()).bind(shop).execute(&mut *tx).await?;
        let row: Option<Row> = sqlx::query_as(SELECT_TRANSACTION_OF_SHOP)
            .bind(id.to_string())
            .bind(shop)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(Changed::Missing) };
        let transaction = Transaction::try_from(row)?;
        let Change { terms, warnings, invite_again } = match decide(&transaction) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(Changed::Same),
            Err(refusal) => return Ok(Changed::Refused(refusal)),
        };
        let new = NewRevision { terms: &terms, warnings: &warnings, original };
        let revision = self.add_revision(&mut tx, &transaction, new, None).await?;
        if terms.invoice != transaction.terms.invoice && transaction.payment_changes > 0 {
            payments::recount(&mut tx, id, &terms.invoice).await?;
        }
        contacts::put(&mut tx, id, &terms).await?;
        let is_new = |user| !transaction.terms.matrix_contacts().any(|(_, known)| known == user);
        if terms.matrix_contacts().any(|(_, user)| is_new(user)) {
            members::tell_new_contacts(&mut tx, id).await?;
        }
        match &invite_again {
            InviteAgain::Nobody => {}
            InviteAgain::Everybody => members::forget_refusals(&mut tx, id, None).await?,
            InviteAgain::Only(user) => members::forget_refusals(&mut tx, id, Some(user)).await?,
        }
        let mut lines = vec![origin.does(Action::TransactionChanged, shop).to(id)];
        if terms.redactions == Some(RedactionPolicy::Honour)
            && Box::pin(erasure::erase_redacted(&mut tx, id)).await?
        {
            lines.push(origin.does(Action::EntriesErased, shop).to(id));
        }
        members::retry_at_once(&mut tx, id, correlation).await?;
        audit_log::add(&mut tx, &lines).await?;
        tx.commit().await?;
        self.hints.far.notify_one();
        self.hints.files.notify_one();
        self.hints.changed(id);
        Ok(Changed::To(revision))
    }

    /// Sets the status of a transaction for a person of a party, and wakes its room. `decide` gets the current
    /// transaction and returns the new status. The act of the revision names the person: `actor`, a Matrix user ID.
    /// What a visitor of the page says with it is sent to the room. A message to the bot has this effect once,
    /// whatever was decided: if it is tried again, nothing is changed.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn set_status<E>(
        &self,
        id: Ulid,
        actor: &UserId,
        way: SetBy<'_>,
        correlation: &str,
        decide: impl FnOnce(&Transaction) -> Result<Option<String>, E>,
    ) -> Result<Changed<E>, StoreError> {
        let mut tx = self.begin().await?;
        adoption::lock(&mut tx, &id.to_string(), self.sign_due()).await?;
        if let SetBy::Message(message) = &way
            && !room_commands::has_effect(&mut tx, id, *message).await?
        {
            return Ok(Changed::Same);
        }
        let row: Option<Row> = sqlx::query_as(SELECT_TRANSACTION)
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(Changed::Missing) };
        let transaction = Transaction::try_from(row)?;
        let status = match decide(&transaction) {
            Ok(Some(status)) => status,
            Ok(None) => {
                tx.commit().await?;
                return Ok(Changed::Same);
            }
            Err(refusal) => {
                tx.commit().await?;
                return Ok(Changed::Refused(refusal));
            }
        };
        let terms = Terms { status, ..transaction.terms.clone() };
        let warnings = &transaction.warnings;
        let new = NewRevision { terms: &terms, warnings, original: None };
        let revision = self.add_revision(&mut tx, &transaction, new, Some(actor.as_str())).await?;
        if let SetBy::Page(visitor, guest, message) = way {
            outgoing::write(&mut tx, id, visitor, guest, message).await?;
        }
        due_rooms::wake(&mut tx, id, correlation).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(Changed::To(revision))
    }

    /// Adds a revision after the current one, with its act, and returns its number. The row of the transaction is
    /// locked. `actor` is who did it, if it was not the shop. Every later change of a status passes here.
    async fn add_revision(
        &self,
        tx: &mut Tx,
        transaction: &Transaction,
        new: NewRevision<'_>,
        actor: Option<&str>,
    ) -> Result<i64, StoreError> {
        let (id, revision) = (transaction.id, transaction.revision + 1);
        adoption::lock(tx, &id.to_string(), self.sign_due()).await?;
        let statuses = statuses_with(&new.terms.status, &transaction.statuses);
        let advance = sqlx::query(SET_REVISION).bind(id.to_string()).bind(revision).bind(now());
        advance.bind(statuses).execute(&mut **tx).await?;
        insert_revision(tx, id, revision, new).await?;
        acts::note_revision(tx, id, revision, actor, self.sign_due()).await?;
        tx.tells(NewEvent::of(EventKind::TransactionUpdated, id).about(revision));
        if new.terms.status != transaction.terms.status {
            tx.tells(NewEvent::of(EventKind::TransactionStatusChanged, id).about(revision));
        }
        Ok(revision)
    }
}

/// Returns the column of the words that were a status so far, with the newest one first.
fn statuses_with(newest: &str, before: &[String]) -> String {
    let others = before.iter().map(String::as_str).filter(|it| *it != newest);
    let words: Vec<_> = std::iter::once(newest).chain(others).take(MAX_STATUSES).collect();
    words.join("\n")
}

/// Inserts a revision.
async fn insert_revision(
    tx: &mut Tx,
    id: Ulid,
    revision: i64,
    new: NewRevision<'_>,
) -> Result<(), StoreError> {
    let NewRevision { terms, warnings, original } = new;
    let due_date = terms.invoice.due_date.map(|date| date.to_string());
    sqlx::query(INSERT_REVISION)
        .bind(id.to_string())
        .bind(revision)
        .bind(terms.content_hash())
        .bind(&terms.status)
        .bind(to_json(&terms.invoice)?)
        .bind(to_json(&terms.buyer)?)
        .bind(to_json(&terms.seller)?)
        .bind(to_json(&warnings)?)
        .bind(terms.redactions.map(RedactionPolicy::as_str))
        .bind(original.map(|file| file.media_type.to_owned()))
        .bind(original.map(|file| file.bytes.to_vec()))
        .bind(now())
        .bind(terms.invoice.issue_date.to_string())
        .bind(due_date.unwrap_or_default())
        .bind(terms.language.as_ref().map(|it| it.as_str().to_owned()))
        .execute(&mut **tx)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::transaction::sample_submission;

    #[tokio::test]
    async fn what_an_earlier_version_stored_of_the_same_submission_is_the_same_content() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let text = "30 days net\n#SKONTO#TAGE=7#PROZENT=2.00#\n";
        let submitted = |text: &str| {
            let mut submission = sample_submission();
            submission.invoice.payment.get_or_insert_default().terms = Some(text.to_owned());
            submission.accept().unwrap().terms
        };
        let new = submitted(text);
        let mut old = new.clone();
        let payment = old.invoice.payment.get_or_insert_default();
        payment.terms = Some(text.to_owned());
        payment.discounts.clear();

        let create = async |terms: &Terms| {
            let new = NewRevision { terms, warnings: &[], original: None };
            store.create_transaction("shop", "order-1", new, "test", &root()).await.unwrap()
        };
        let Created::New(id) = create(&old).await else { panic!("it is there already") };
        assert_eq!(create(&new).await, Created::Same(id));
        let other = submitted(&text.replace("TAGE=7", "TAGE=8"));
        assert_eq!(create(&other).await, Created::Different(id));
        // A change of the status leaves the old form, in another revision.
        let paid = |terms: &Terms| Terms { status: "paid".to_owned(), ..terms.clone() };
        let change =
            Change { terms: paid(&old), warnings: Vec::new(), invite_again: InviteAgain::Nobody };
        let decide = |_: &Transaction| Ok::<_, ()>(Some(change));
        store.change_transaction("shop", id, None, "test", &root(), decide).await.unwrap();
        assert_eq!(create(&paid(&new)).await, Created::Same(id), "the current revision");
        assert_eq!(create(&new).await, Created::Same(id), "the first revision");
        assert_eq!(create(&paid(&other)).await, Created::Different(id));
    }
}
