//! The notes of one side of a transaction, which the other side never sees. They are no part of the record, which both
//! sides share: no entry, no act and no search index has them.

use ruma::UserId;
use sqlx::FromRow;
use ulid::Ulid;

use super::{Snapshot, Store, StoreError, Tx, audit_log};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::transaction::PartyRole;

/// The greatest number of notes of each side of one transaction, with those that were removed.
pub const MAX_NOTES: i64 = 1_000;

/// The notes that the shop may see: those of the seller's side, for which it speaks, and those that it wrote itself. What
/// a person of the buyer noted on the page is seen by the buyer's side only.
macro_rules! of_shop {
    () => {
        "(party = 'seller' OR user_id IS NULL)"
    };
}

/// Locks the row of the transaction, so that notes of one transaction are added one after the other.
const LOCK_TRANSACTION: &str = "UPDATE transactions SET revision = revision WHERE id = $1";
const COUNT_OF_SIDE: &str = "SELECT COUNT(*) FROM notes WHERE transaction_id = $1 AND party = $2";
const INSERT: &str = "INSERT INTO notes \
     (id, transaction_id, position, party, author, user_id, contact, text, created_at) \
     SELECT $1, $2, COALESCE(MAX(position), 0) + 1, $3, $4, $5, $6, $7, $8 FROM notes \
     WHERE transaction_id = $2 ON CONFLICT (id) DO NOTHING";
const SELECT_OF_SHOP: &str = concat!(
    "SELECT id, position, party, author, text, created_at, removed_at FROM notes \
     WHERE transaction_id = $1 AND position > $2 AND ",
    of_shop!(),
    " ORDER BY position LIMIT $3",
);
const SELECT_ONE_OF_SHOP: &str = concat!(
    "SELECT id, position, party, author, text, created_at, removed_at FROM notes \
     WHERE transaction_id = $1 AND id = $2 AND ",
    of_shop!(),
);
/// The notes of one side, newest first: `$3` is the side, `$4` the id of a note before which they were written (empty:
/// the newest ones), `$5` their greatest number. It is a part of a larger statement.
pub(super) const SELECT_OF_SIDE: &str = "SELECT transaction_id, id, author, text, user_id, \
     created_at, removed_at, position FROM notes WHERE transaction_id = $1 AND party = $3 \
     AND ($4 = '' OR position < (SELECT b.position FROM notes b \
     WHERE b.transaction_id = $1 AND b.party = $3 AND b.id = $4)) ORDER BY position DESC LIMIT $5";
const REMOVE_AS_SHOP: &str = concat!(
    "UPDATE notes SET text = NULL, removed_at = $3 \
     WHERE transaction_id = $1 AND id = $2 AND removed_at IS NULL AND ",
    of_shop!(),
);
const REMOVE_OWN: &str = "UPDATE notes SET text = NULL, removed_at = $3 \
     WHERE transaction_id = $1 AND id = $2 AND removed_at IS NULL AND user_id = $4";
const SELECT_OF_PERSON: &str = concat!(
    "SELECT id, transaction_id, party, CASE WHEN text IS NOT NULL AND ",
    of_shop!(),
    " THEN 1 ELSE 0 END FROM notes \
     WHERE (user_id = $1 OR contact = $1) AND author IS NOT NULL ORDER BY id LIMIT $2",
);
const FORGET_NOTE: &str = "UPDATE notes SET text = NULL, author = NULL, contact = NULL, \
     removed_at = COALESCE(removed_at, $2) WHERE id = $1";

/// A note that is to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewNote<'a> {
    /// Its id. A note whose id is there is not added again.
    pub id: Ulid,
    /// The side whose note it is.
    pub party: PartyRole,
    /// The name of its author, as it is shown.
    pub author: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Who adds or removes a note.
#[derive(Clone, Copy, Debug)]
pub enum NoteBy<'a> {
    /// The shop with this name, by the API. The audit log says so.
    Shop(&'a str, &'a Origin),
    /// A visitor of the page, who speaks through this guest, with their key among the contacts.
    Visitor(&'a UserId, Option<&'a str>),
}

/// What became of a note that is to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteAdded {
    /// It is there, or was before.
    Done,
    /// Nothing was written: the side has [`MAX_NOTES`].
    TooMany,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Note {
    /// Its id, a ULID.
    pub id: String,
    /// Its place in the order of the notes of the transaction.
    pub position: i64,
    /// The side whose note it is: `buyer` or `seller`.
    pub party: String,
    /// The name of its author. None: they were forgotten.
    pub author: Option<String>,
    /// What it says. None: it was removed.
    pub text: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was removed, in milliseconds since 1970.
    pub removed_at: Option<i64>,
}

/// Which notes a page shows.
#[derive(Clone, Copy, Debug)]
pub struct NotesOfSide {
    /// The side whose notes they are.
    pub party: PartyRole,
    /// The id of a note of this side: those before it. None: the newest ones.
    pub before: Option<Ulid>,
    /// At most so many.
    pub most: i64,
}

/// A note on the page of its side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideNote {
    /// The note.
    pub note: Note,
    /// The guest who wrote it. None: it came by the API.
    pub user_id: Option<String>,
}

impl NoteBy<'_> {
    /// Whether the shop may see a note of this side that is written so. The rule is that of `of_shop!`.
    fn is_seen_by_shop(&self, party: &str) -> bool {
        matches!(self, Self::Shop(..)) || party == PartyRole::Seller.as_str()
    }

    async fn begin(&self, store: &Store) -> Result<Tx, StoreError> {
        match self {
            Self::Shop(shop, _) => store.begin_audited(shop).await,
            Self::Visitor(..) => store.begin().await,
        }
    }

    async fn add_line(
        &self,
        tx: &mut Tx,
        action: Action,
        id: Ulid,
        note: Ulid,
    ) -> Result<(), StoreError> {
        match self {
            Self::Shop(shop, origin) => {
                audit_log::add(tx, &[origin.does(action, shop).to(id).with(note)]).await
            }
            Self::Visitor(..) => Ok(()),
        }
    }
}

impl Store {
    /// Adds a note to a transaction.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn add_note(
        &self,
        id: Ulid,
        new: NewNote<'_>,
        by: NoteBy<'_>,
    ) -> Result<NoteAdded, StoreError> {
        let mut tx = by.begin(self).await?;
        sqlx::query(LOCK_TRANSACTION).bind(id.to_string()).execute(&mut *tx).await?;
        let party = new.party.as_str();
        let count: i64 = sqlx::query_scalar(COUNT_OF_SIDE)
            .bind(id.to_string())
            .bind(party)
            .fetch_one(&mut *tx)
            .await?;
        let (user, contact) = match by {
            NoteBy::Visitor(user, contact) => (Some(user.as_str()), contact),
            NoteBy::Shop(..) => (None, None),
        };
        let inserted = sqlx::query(INSERT)
            .bind(new.id.to_string())
            .bind(id.to_string())
            .bind(party)
            .bind(new.author)
            .bind(user)
            .bind(contact)
            .bind(new.text)
            .bind(now())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if inserted == 0 {
            return Ok(NoteAdded::Done);
        }
        if count >= MAX_NOTES {
            return Ok(NoteAdded::TooMany);
        }
        if by.is_seen_by_shop(party) {
            tx.tells(event(EventKind::NoteCreated, id, new.id, party));
        }
        by.add_line(&mut tx, Action::NoteWritten, id, new.id).await?;
        tx.commit().await?;
        Ok(NoteAdded::Done)
    }

    /// Erases the words of a note of this side that `by` may remove: the shop one that it may see, a visitor one of their
    /// own. That it existed stays. Returns false if there is none, or if it was removed before.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn remove_note(
        &self,
        id: Ulid,
        note: Ulid,
        party: &str,
        by: NoteBy<'_>,
    ) -> Result<bool, StoreError> {
        let mut tx = by.begin(self).await?;
        let remove = match by {
            NoteBy::Shop(..) => sqlx::query(REMOVE_AS_SHOP),
            NoteBy::Visitor(..) => sqlx::query(REMOVE_OWN),
        };
        let mut remove = remove.bind(id.to_string()).bind(note.to_string()).bind(now());
        if let NoteBy::Visitor(user, _) = by {
            remove = remove.bind(user.as_str());
        }
        if remove.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        if by.is_seen_by_shop(party) {
            tx.tells(event(EventKind::NoteRemoved, id, note, party));
        }
        by.add_line(&mut tx, Action::NoteRemoved, id, note).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns at most `limit` of the notes that the shop may see, from those after a position, in their order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notes(&self, id: Ulid, after: i64, limit: i64) -> Result<Vec<Note>, StoreError> {
        let select = sqlx::query_as(SELECT_OF_SHOP).bind(id.to_string()).bind(after).bind(limit);
        select.fetch_all(&self.pool).await
    }

    /// Returns a note that the shop may see.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn note(&self, id: Ulid, note: Ulid) -> Result<Option<Note>, StoreError> {
        let select = sqlx::query_as(SELECT_ONE_OF_SHOP).bind(id.to_string()).bind(note.to_string());
        select.fetch_optional(&self.pool).await
    }
}

impl Snapshot {
    /// Returns all notes that the shop may see, in their order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notes(&mut self, id: Ulid) -> Result<Vec<Note>, StoreError> {
        let select = sqlx::query_as(SELECT_OF_SHOP).bind(id.to_string()).bind(0_i64).bind(i64::MAX);
        select.fetch_all(&mut *self.tx).await
    }
}

/// Erases the words, the author and the contact of at most `most` notes of a person. Returns the transactions of these notes, one
/// for each note.
pub(super) async fn forget(tx: &mut Tx, user: &str, most: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String, String, String, i64)> =
        sqlx::query_as(SELECT_OF_PERSON).bind(user).bind(most).fetch_all(&mut **tx).await?;
    let mut transactions = Vec::with_capacity(rows.len());
    for (note, transaction, party, is_news_to_shop) in rows {
        sqlx::query(FORGET_NOTE).bind(&note).bind(now()).execute(&mut **tx).await?;
        if is_news_to_shop == 1 {
            tx.tells(event(EventKind::NoteRemoved, &transaction, &note, &party));
        }
        transactions.push(transaction);
    }
    Ok(transactions)
}

fn event(
    kind: EventKind,
    transaction: impl ToString,
    note: impl ToString,
    party: &str,
) -> NewEvent {
    let detail = serde_json::json!({ "note": note.to_string(), "party": party });
    NewEvent::of(kind, transaction).with(&detail)
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision, NotesOfSide};
    use crate::transaction::sample_submission;

    #[tokio::test]
    async fn each_reader_gets_the_notes_that_are_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let accepted = sample_submission().accept().unwrap();
        let new = NewRevision { terms: &accepted.terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Created::New(id) = created.unwrap() else { panic!("it is there already") };
        let (guest, origin) = (user_id!("@guest:x"), root());
        let by_shop = NoteBy::Shop("shop", &origin);
        let by_visitor = NoteBy::Visitor(guest, Some("@anna:x"));
        let written = [
            (PartyRole::Seller, by_shop, "1"),
            (PartyRole::Buyer, by_shop, "2"),
            (PartyRole::Seller, by_visitor, "3"),
            (PartyRole::Buyer, by_visitor, "4"),
        ];
        for (party, by, text) in written {
            let new = NewNote { id: Ulid::new(), party, author: "Anna", text };
            assert_eq!(store.add_note(id, new, by).await.unwrap(), NoteAdded::Done);
            assert_eq!(by.is_seen_by_shop(party.as_str()), text != "4", "{text}");
        }
        let texts =
            |notes: Vec<Note>| -> String { notes.into_iter().filter_map(|it| it.text).collect() };
        let of_shop = async || texts(store.notes(id, 0, 10).await.unwrap());
        assert_eq!(of_shop().await, "123");
        assert_eq!(texts(store.snapshot().await.unwrap().notes(id).await.unwrap()), "123");
        let of_side = async |party| {
            let wanted = NotesOfSide { party, before: None, most: 10 };
            let found = store.surroundings(id, guest, Some(wanted)).await.unwrap();
            texts(found.notes.into_iter().map(|it| it.note).collect())
        };
        assert_eq!(of_side(PartyRole::Seller).await, "31");
        assert_eq!(of_side(PartyRole::Buyer).await, "42");
        assert!(store.surroundings(id, guest, None).await.unwrap().notes.is_empty());

        // Whoever is forgotten leaves no words, by whichever id, and what somebody else wrote stays.
        let mut tx = store.begin().await.unwrap();
        assert_eq!(forget(&mut tx, "@anna:x", 10).await.unwrap().len(), 2);
        assert!(forget(&mut tx, "@guest:x", 10).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        assert_eq!(of_shop().await, "12");
        assert_eq!(of_side(PartyRole::Buyer).await, "2");
    }
}
