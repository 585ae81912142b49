//! Reading transactions.

use sqlx::{Any, Executor};
use ulid::Ulid;

use super::columns::parse_id;
use super::transaction_row::{Outline, RevisionData, RevisionRow, Row, select_transactions};
use super::{Snapshot, Store, StoreError};
use crate::transaction::{self, Transaction};

pub(super) const SELECT_ID: &str =
    "SELECT id FROM transactions WHERE shop = $1 AND external_id = $2";
const SELECT_TRANSACTION: &str = select_transactions!("WHERE t.id = $1");
/// Selects a transaction without the content of its revision.
const SELECT_OUTLINE: &str = "SELECT id, shop, external_id, revision, paid, discount, payment_changes, statuses, \
     created_at, updated_at \
     FROM transactions WHERE id = $1";
const SELECT_REVISION_CONTENT: &str = "\
     SELECT status, invoice, buyer, seller, warnings, redactions, language FROM revisions \
     WHERE transaction_id = $1 AND revision = $2";
const SELECT_IDS: &str = "SELECT id FROM transactions WHERE id > $1 ORDER BY id LIMIT $2";

const SELECT_ORIGINAL: &str =
    "SELECT original FROM revisions WHERE transaction_id = $1 AND revision = $2";
const SELECT_ROOM_ID: &str = "SELECT room_id FROM rooms WHERE transaction_id = $1";

/// Returns the file that a revision came in, if it was kept.
pub(super) async fn original<'e>(
    database: impl Executor<'e, Database = Any>,
    id: Ulid,
    revision: i64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let original: Option<Option<Vec<u8>>> = sqlx::query_scalar(SELECT_ORIGINAL)
        .bind(id.to_string())
        .bind(revision)
        .fetch_optional(database)
        .await?;
    Ok(original.flatten())
}

impl Store {
    /// Returns a transaction of any shop. For internal use.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn transaction(&self, id: Ulid) -> Result<Option<Transaction>, StoreError> {
        let outline: Option<Outline> =
            sqlx::query_as(SELECT_OUTLINE).bind(id.to_string()).fetch_optional(&self.pool).await?;
        let Some(outline) = outline else { return Ok(None) };
        self.with_content(id, outline).await.map(Some)
    }

    /// Adds the content of its current revision to a transaction.
    pub(super) async fn with_content(
        &self,
        id: Ulid,
        outline: Outline,
    ) -> Result<Transaction, StoreError> {
        let revision = outline.revision;
        // An invoice may be large, and an open invoice page reads it again and again, so its
        // content is cached.
        let read = async || {
            let row: RevisionRow = sqlx::query_as(SELECT_REVISION_CONTENT)
                .bind(id.to_string())
                .bind(revision)
                .fetch_one(&self.pool)
                .await?;
            RevisionData::try_from(row)
        };
        let data = self.revisions.get_or_read((id, revision), read).await?;
        outline.with(RevisionData::clone(&data))
    }

    /// Returns a transaction of this shop, or none if it belongs to another shop.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn transaction_of(
        &self,
        shop: &str,
        id: Ulid,
    ) -> Result<Option<Transaction>, StoreError> {
        Ok(self.transaction(id).await?.filter(|transaction| transaction.shop == shop))
    }

    /// Returns a transaction of a shop by the shop's own id.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn transaction_called(
        &self,
        shop: &str,
        external_id: &str,
    ) -> Result<Option<Transaction>, StoreError> {
        // Earlier versions stored the id as it was typed.
        for written in [transaction::external_id(external_id), external_id.to_owned()] {
            let id: Option<String> = sqlx::query_scalar(SELECT_ID)
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

    /// Returns the ids of at most `limit` transactions after `after`, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn transaction_ids(
        &self,
        after: Option<Ulid>,
        limit: i64,
    ) -> Result<Vec<Ulid>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let ids: Vec<String> =
            sqlx::query_scalar(SELECT_IDS).bind(after).bind(limit).fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }
}

impl Snapshot {
    /// Returns a transaction of any shop.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn transaction(&mut self, id: Ulid) -> Result<Option<Transaction>, StoreError> {
        let row: Option<Row> = sqlx::query_as(SELECT_TRANSACTION)
            .bind(id.to_string())
            .fetch_optional(&mut *self.tx)
            .await?;
        row.map(Transaction::try_from).transpose()
    }

    /// Returns the file that a revision came in, if it came as a file.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn original(
        &mut self,
        id: Ulid,
        revision: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        original(&mut *self.tx, id, revision).await
    }

    /// Returns the id of the current Matrix room of a transaction, if it is made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_id(&mut self, id: Ulid) -> Result<Option<String>, StoreError> {
        let room: Option<Option<String>> = sqlx::query_scalar(SELECT_ROOM_ID)
            .bind(id.to_string())
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(room.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Change, Changed, Created, InviteAgain, NewRevision};
    use crate::transaction::Terms;

    #[tokio::test]
    async fn what_a_shop_said_is_read_once_for_each_revision() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let sample = transaction::sample();
        let new = |terms| NewRevision { terms, warnings: &[], original: None };
        let created =
            store.create_transaction("shop", "order-1", new(&sample.terms), "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        for _ in 0..10 {
            assert_eq!(store.transaction(id).await.unwrap().unwrap().terms, sample.terms);
            assert!(store.transaction_of("shop", id).await.unwrap().is_some());
            assert!(store.transaction_of("other", id).await.unwrap().is_none());
        }
        assert_eq!(store.revisions.times_read(), 1);
        let terms = Terms { status: "paid".to_owned(), ..sample.terms.clone() };
        let change = Change {
            terms: terms.clone(),
            warnings: Vec::new(),
            invite_again: InviteAgain::Nobody,
        };
        let decide = |_: &Transaction| Ok::<_, ()>(Some(change));
        let changed =
            store.change_transaction("shop", id, None, "test", &root(), decide).await.unwrap();
        assert_eq!(changed, Changed::To(2));
        for _ in 0..10 {
            assert_eq!(store.transaction(id).await.unwrap().unwrap().terms, terms);
        }
        assert_eq!(store.revisions.times_read(), 2);
    }
    #[tokio::test]
    async fn a_stored_revision_shows_no_whole_card_number_and_keeps_what_its_act_covers() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let mut terms = transaction::sample().terms;
        let card = crate::invoice::Card { number: Some("4111111111111234".into()), holder: None };
        terms.invoice.payment.get_or_insert_default().card = Some(card);
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        let number = |terms: &Terms| {
            let payment = terms.invoice.payment.as_ref().unwrap();
            payment.card.as_ref().unwrap().number.clone().unwrap()
        };
        let current = store.transaction(id).await.unwrap().unwrap().terms;
        assert_eq!(number(&current), "1234");
        assert_eq!(number(&store.past_terms(id, 1).await.unwrap()[0].terms), "1234");
        let mut snapshot = store.snapshot().await.unwrap();
        let proven = snapshot.revision_after(id, 0).await.unwrap().unwrap();
        assert_eq!(proven.invoice["payment"]["card"]["number"], "4111111111111234");
    }
}
