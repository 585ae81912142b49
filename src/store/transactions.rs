//! Transactions, their revisions and contacts.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id, to_json};
use super::{
    Snapshot, Store, StoreError, Tx, Weight, acts, adoption, erasure, far, members, problems, rooms,
};
use crate::clock::now;
use crate::invoice::Problem;
use crate::record::RedactionPolicy;
use crate::transaction::{self, PartyRole, Terms, Transaction};

const INSERT: &str = "INSERT INTO transactions \
     (id, shop, external_id, revision, created_at, updated_at) VALUES ($1, $2, $3, 1, $4, $4) \
     ON CONFLICT (shop, external_id) DO NOTHING";
const INSERT_REVISION: &str = "INSERT INTO revisions \
     (transaction_id, revision, content_hash, status, invoice, buyer, seller, warnings, \
      redactions, original_type, original, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
/// Whoever changes the same transaction waits here, so that each change is applied to the last one.
const LOCK: &str = "UPDATE transactions SET revision = revision WHERE id = $1 AND shop = $2";
const ADVANCE: &str = "UPDATE transactions SET revision = $2, updated_at = $3 WHERE id = $1";
const ID_OF: &str = "SELECT id FROM transactions WHERE shop = $1 AND external_id = $2";
const HAS_REVISION: &str = "SELECT COUNT(*) FROM revisions r \
     JOIN transactions t ON t.id = r.transaction_id \
     WHERE t.id = $1 AND r.content_hash = $2 AND (r.revision = 1 OR r.revision = t.revision)";
const RETIRE_CONTACTS: &str = "UPDATE contacts SET active = 0 WHERE transaction_id = $1";
const PUT_CONTACT: &str = "INSERT INTO contacts (transaction_id, user_id, party, active) \
     VALUES ($1, $2, $3, 1) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET party = excluded.party, active = 1";
const FORMER_CONTACTS: &str =
    "SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 0 ORDER BY user_id";
const PARTY_OF: &str = "SELECT party FROM contacts WHERE transaction_id = $1 AND user_id = $2 \
     UNION ALL SELECT party FROM guests WHERE transaction_id = $1 AND user_id = $2 LIMIT 1";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.shop, t.external_id, t.revision, r.status, r.invoice, r.buyer, ",
            "r.seller, r.warnings, r.redactions, t.created_at, t.updated_at FROM transactions t ",
            "JOIN revisions r ON r.transaction_id = t.id AND r.revision = t.revision ",
            $rest
        )
    };
}
const BY_ID: &str = select!("WHERE t.id = $1");
const BY_ID_AND_SHOP: &str = select!("WHERE t.id = $1 AND t.shop = $2");
/// A transaction, but for what the shop said in this revision.
const OUTLINE: &str = "SELECT id, shop, external_id, revision, created_at, updated_at \
     FROM transactions WHERE id = $1";
const SAID: &str = "SELECT status, invoice, buyer, seller, warnings, redactions FROM revisions \
     WHERE transaction_id = $1 AND revision = $2";
const IDS: &str = "SELECT id FROM transactions WHERE id > $1 ORDER BY id LIMIT $2";
const NEWEST: &str = select!("WHERE t.shop = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3");

const ORIGINAL: &str = "SELECT original FROM revisions WHERE transaction_id = $1 AND revision = $2";
const ROOM_OF: &str = "SELECT room_id FROM rooms WHERE transaction_id = $1";

/// Sorts after every ULID.
const AFTER_ALL: &str = "~";

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// A new transaction.
    New(Ulid),
    /// It was there already, with this very content.
    Same(Ulid),
    /// Its external id is taken by a transaction with other content.
    Different(Ulid),
}

/// Some transactions, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most as many as asked for.
    pub transactions: Vec<Transaction>,
    /// Where the next page starts, if there is one.
    pub next: Option<Ulid>,
}

/// The file that an invoice came in.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Media type.
    pub media_type: &'a str,
    /// Exactly as received.
    pub bytes: &'a [u8],
}

/// What a new revision says.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// The terms.
    pub terms: &'a Terms,
    /// What is odd about them.
    pub warnings: &'a [Problem],
    /// The file that the invoice came in, if it was one.
    pub original: Option<Original<'a>>,
}

/// What a transaction becomes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The terms from now on.
    pub terms: Terms,
    /// What is odd about them.
    pub warnings: Vec<Problem>,
    /// Ask contacts again who declined, left or could not be reached.
    pub invite_again: bool,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<E> {
    /// The transaction is at this revision now.
    To(i64),
    /// It says so already.
    Same,
    /// The one who decides refused it.
    Refused(E),
    /// There is no such transaction of this shop.
    Missing,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    outline: Outline,
    #[sqlx(flatten)]
    said: SaidRow,
}

#[derive(FromRow)]
struct Outline {
    id: String,
    shop: String,
    external_id: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

#[derive(FromRow)]
struct SaidRow {
    status: String,
    invoice: String,
    buyer: String,
    seller: String,
    warnings: String,
    redactions: Option<String>,
}

/// What a shop said in one revision.
#[derive(Clone, Debug)]
pub(super) struct Said {
    terms: Terms,
    warnings: Vec<Problem>,
    /// How long it was as text.
    bytes: usize,
}

/// As many bytes of text count as one value.
const BYTES_OF_VALUE: usize = 256;

impl Weight for Said {
    fn weight(&self) -> usize {
        1 + self.bytes / BYTES_OF_VALUE
    }
}

impl Store {
    /// Creates the transaction, its contacts and its (still empty) room in one tx, unless its
    /// external id is taken.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn create_transaction(
        &self,
        shop: &str,
        external_id: &str,
        new: NewRevision<'_>,
        correlation: &str,
    ) -> Result<Created, StoreError> {
        let hash = new.terms.content_hash();
        let id = Ulid::new();
        let mut tx = self.begin().await?;
        let inserted = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(shop)
            .bind(external_id)
            .bind(now())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if inserted == 0 {
            let taken: String =
                sqlx::query_scalar(ID_OF).bind(shop).bind(external_id).fetch_one(&mut *tx).await?;
            let same: i64 = sqlx::query_scalar(HAS_REVISION)
                .bind(&taken)
                .bind(&hash)
                .fetch_one(&mut *tx)
                .await?;
            let taken = parse_id(&taken)?;
            return Ok(if same > 0 { Created::Same(taken) } else { Created::Different(taken) });
        }
        insert_revision(&mut tx, id, 1, new).await?;
        acts::note_revision(&mut tx, id, 1, self.sign_due()).await?;
        put_contacts(&mut tx, id, new.terms).await?;
        rooms::insert(&mut tx, id, correlation).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(Created::New(id))
    }

    /// Changes a transaction of this shop as `decide` says of what it is now, and wakes its room.
    /// Changes of one transaction happen one after the other, so that none is lost.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn change_transaction<E>(
        &self,
        shop: &str,
        id: Ulid,
        original: Option<Original<'_>>,
        correlation: &str,
        decide: impl FnOnce(&Transaction) -> Result<Option<Change>, E>,
    ) -> Result<Changed<E>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(LOCK).bind(id.to_string()).bind(shop).execute(&mut *tx).await?;
        let row: Option<Row> = sqlx::query_as(BY_ID_AND_SHOP)
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
        adoption::lock(&mut tx, &id.to_string(), self.sign_due()).await?;
        let revision = transaction.revision + 1;
        let advance = sqlx::query(ADVANCE).bind(id.to_string()).bind(revision).bind(now());
        advance.execute(&mut *tx).await?;
        let new = NewRevision { terms: &terms, warnings: &warnings, original };
        insert_revision(&mut tx, id, revision, new).await?;
        acts::note_revision(&mut tx, id, revision, self.sign_due()).await?;
        put_contacts(&mut tx, id, &terms).await?;
        if invite_again {
            members::forgive(&mut tx, id, None).await?;
        }
        if terms.redactions == Some(RedactionPolicy::Honour) {
            erasure::honour_all(&mut tx, id).await?;
        }
        problems::try_again(&mut tx, id).await?;
        far::try_again(&mut tx, id).await?;
        rooms::wake(&mut tx, id, correlation).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        self.hints.far.notify_one();
        self.hints.files.notify_one();
        self.hints.changed(id);
        Ok(Changed::To(revision))
    }

    /// A transaction, whoever it belongs to: for our own work.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transaction(&self, id: Ulid) -> Result<Option<Transaction>, StoreError> {
        let outline: Option<Outline> =
            sqlx::query_as(OUTLINE).bind(id.to_string()).fetch_optional(&self.pool).await?;
        let Some(outline) = outline else { return Ok(None) };
        let revision = outline.revision;
        // An invoice may be long, and is read again and again while somebody looks at it.
        let read = async || {
            let row: SaidRow = sqlx::query_as(SAID)
                .bind(id.to_string())
                .bind(revision)
                .fetch_one(&self.pool)
                .await?;
            Said::try_from(row)
        };
        let said = self.said.get_or_read((id, revision), read).await?;
        outline.with(Said::clone(&said)).map(Some)
    }

    /// A transaction of this shop; another shop's does not exist for it.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transaction_of(
        &self,
        shop: &str,
        id: Ulid,
    ) -> Result<Option<Transaction>, StoreError> {
        Ok(self.transaction(id).await?.filter(|transaction| transaction.shop == shop))
    }

    /// This shop's transactions, newest first, those older than `before`.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transactions_of(
        &self,
        shop: &str,
        before: Option<Ulid>,
        limit: i64,
    ) -> Result<Page, StoreError> {
        let before = before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string());
        let mut rows: Vec<Row> = sqlx::query_as(NEWEST)
            .bind(shop)
            .bind(before)
            .bind(limit + 1)
            .fetch_all(&self.pool)
            .await?;
        let more = i64::try_from(rows.len()).is_ok_and(|count| count > limit);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let transactions =
            rows.into_iter().map(Transaction::try_from).collect::<Result<Vec<_>, _>>()?;
        let next = transactions.last().map(|last| last.id).filter(|_| more);
        Ok(Page { transactions, next })
    }

    /// A shop's transaction by the shop's own id.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transaction_called(
        &self,
        shop: &str,
        external_id: &str,
    ) -> Result<Option<Transaction>, StoreError> {
        // Earlier versions kept it as it was typed.
        for written in [transaction::external_id(external_id), external_id.to_owned()] {
            let id: Option<String> = sqlx::query_scalar(ID_OF)
                .bind(shop)
                .bind(written)
                .fetch_optional(&self.pool)
                .await?;
            if let Some(id) = id {
                return self.transaction_of(shop, parse_id(&id)?).await;
            }
        }
        Ok(None)
    }

    /// Ids of all transactions after `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transaction_ids(
        &self,
        after: Option<Ulid>,
        limit: i64,
    ) -> Result<Vec<Ulid>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let ids: Vec<String> =
            sqlx::query_scalar(IDS).bind(after).bind(limit).fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Matrix users who were contacts once and are none now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn former_contacts(&self, id: Ulid) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(FORMER_CONTACTS).bind(id.to_string()).fetch_all(&self.pool).await
    }
}

impl Snapshot {
    /// A transaction, whoever it belongs to.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn transaction(&mut self, id: Ulid) -> Result<Option<Transaction>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(&mut *self.tx).await?;
        row.map(Transaction::try_from).transpose()
    }

    /// The file that a revision came in, if it was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn original(
        &mut self,
        id: Ulid,
        revision: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let original: Option<Option<Vec<u8>>> = sqlx::query_scalar(ORIGINAL)
            .bind(id.to_string())
            .bind(revision)
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(original.flatten())
    }

    /// The Matrix room of a transaction, if it has one by now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_id(&mut self, id: Ulid) -> Result<Option<String>, StoreError> {
        let room: Option<Option<String>> =
            sqlx::query_scalar(ROOM_OF).bind(id.to_string()).fetch_optional(&mut *self.tx).await?;
        Ok(room.flatten())
    }
}

/// What the shop said about redactions, from its column.
pub(super) fn redactions(column: Option<&str>) -> Option<RedactionPolicy> {
    match column {
        Some("honour") => Some(RedactionPolicy::Honour),
        Some("retain") => Some(RedactionPolicy::Retain),
        _ => None,
    }
}

/// Which party `user` speaks or spoke for.
pub(super) async fn party_of(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(PARTY_OF).bind(transaction_id).bind(user).fetch_optional(&mut **tx).await
}

async fn insert_revision(
    tx: &mut Tx,
    id: Ulid,
    revision: i64,
    new: NewRevision<'_>,
) -> Result<(), StoreError> {
    let NewRevision { terms, warnings, original } = new;
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
        .execute(&mut **tx)
        .await
        .map(drop)
}

async fn put_contacts(tx: &mut Tx, id: Ulid, terms: &Terms) -> Result<(), StoreError> {
    sqlx::query(RETIRE_CONTACTS).bind(id.to_string()).execute(&mut **tx).await?;
    for (role, user) in terms.matrix_contacts() {
        sqlx::query(PUT_CONTACT)
            .bind(id.to_string())
            .bind(user.as_str())
            .bind(PartyRole::as_str(role))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

impl Outline {
    fn with(self, Said { terms, warnings, .. }: Said) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            id: parse_id(&self.id)?,
            shop: self.shop,
            external_id: self.external_id,
            revision: self.revision,
            terms,
            warnings,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl TryFrom<SaidRow> for Said {
    type Error = StoreError;

    fn try_from(row: SaidRow) -> Result<Self, StoreError> {
        let terms = Terms {
            invoice: from_json("invoice", &row.invoice)?,
            buyer: from_json("buyer", &row.buyer)?,
            seller: from_json("seller", &row.seller)?,
            redactions: redactions(row.redactions.as_deref()),
            status: row.status,
        };
        Ok(Self {
            terms,
            warnings: from_json("warnings", &row.warnings)?,
            bytes: row.invoice.len() + row.buyer.len() + row.seller.len() + row.warnings.len(),
        })
    }
}

impl TryFrom<Row> for Transaction {
    type Error = StoreError;

    fn try_from(Row { outline, said }: Row) -> Result<Self, StoreError> {
        outline.with(said.try_into()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn what_a_shop_said_is_read_once_for_each_revision() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let sample = transaction::sample();
        let new = |terms| NewRevision { terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new(&sample.terms), "test").await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        for _ in 0..10 {
            assert_eq!(store.transaction(id).await.unwrap().unwrap().terms, sample.terms);
            assert!(store.transaction_of("shop", id).await.unwrap().is_some());
            assert!(store.transaction_of("other", id).await.unwrap().is_none());
        }
        assert_eq!(store.said.times_read(), 1);
        let terms = Terms { status: "paid".to_owned(), ..sample.terms.clone() };
        let change = Change { terms: terms.clone(), warnings: Vec::new(), invite_again: false };
        let decide = |_: &Transaction| Ok::<_, ()>(Some(change));
        let changed = store.change_transaction("shop", id, None, "test", decide).await.unwrap();
        assert_eq!(changed, Changed::To(2));
        for _ in 0..10 {
            assert_eq!(store.transaction(id).await.unwrap().unwrap().terms, terms);
        }
        assert_eq!(store.said.times_read(), 2);
    }
}
