//! The messages that visitors write on invoice pages and that shops write by the API, on their way into the room, and
//! the guests that send them.

use std::collections::{BTreeSet, HashMap};

use ruma::{OwnedUserId, UserId};
use serde_json::Value;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{parse_id, to_json};
use super::{Snapshot, Store, StoreError, Tx, due_rooms};
use crate::clock::now;
use crate::room::Guest;
use crate::transaction::{PartyRole, Terms, Visitor};

const UPSERT_GUEST: &str = "INSERT INTO guests \
     (transaction_id, user_id, party, contact, display_name) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET display_name = excluded.display_name, \
     made_at = CASE WHEN guests.display_name = excluded.display_name THEN guests.made_at END";
const SELECT_GUESTS: &str = "SELECT user_id, party, contact, display_name, made_at FROM guests \
     WHERE transaction_id = $1 ORDER BY user_id";
/// A contact with a Matrix account is known by its ID.
const SELECT_ACCOUNTS_OF_GUESTS: &str =
    "SELECT user_id, contact FROM guests WHERE transaction_id = $1 AND contact LIKE '@%'";
const SET_GUEST_MADE: &str = "UPDATE guests SET made_at = $4 \
     WHERE transaction_id = $1 AND user_id = $2 AND display_name = $3";
const INSERT_OUTGOING: &str = "INSERT INTO outgoing \
     (transaction_id, id, user_id, client_id, event_type, content, sha256, written_at, message) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (transaction_id, user_id, client_id) DO UPDATE SET problem = NULL \
     WHERE outgoing.content IS NOT NULL";
const SELECT_ID: &str =
    "SELECT id FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND client_id = $3";
const SELECT_NEXT: &str = "SELECT id, user_id, event_type, content, sha256, written_at, problem \
     FROM outgoing WHERE transaction_id = $1 AND event_id IS NULL AND problem IS NULL \
     ORDER BY id LIMIT 1";
const SELECT_UNSENT: &str = "SELECT id, user_id, event_type, content, sha256, written_at, problem \
     FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND event_id IS NULL \
     AND (problem IS NULL OR content IS NOT NULL) ORDER BY id";
/// The shop may have discarded it meanwhile.
const SET_UPLOADED: &str =
    "UPDATE outgoing SET content = $2, sha256 = NULL WHERE id = $1 AND problem IS NULL";
const SET_SENT: &str =
    "UPDATE outgoing SET event_id = $2, content = NULL, problem = NULL WHERE id = $1";
const FORGET_REFUSAL_OF_GUEST: &str = "\
     UPDATE members SET gave_up = 0, retry_at = NULL, problem = NULL \
     WHERE transaction_id = $1 AND user_id = $2 AND gave_up = 1";
const CLEAR_PROBLEM: &str = "UPDATE outgoing SET problem = NULL \
     WHERE transaction_id = $1 AND user_id = $2 AND id = $3 AND event_id IS NULL \
     AND content IS NOT NULL";
const SET_PROBLEM: &str = "UPDATE outgoing SET problem = $2 \
     WHERE id = $1 AND event_id IS NULL AND problem IS NULL";
/// The copy in the file store is deleted like the files that no entry names.
const RELEASE_FILE: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'page:' || id, 'unwanted', $4, sha256 FROM outgoing WHERE transaction_id = $1 \
     AND user_id = $2 AND id = $3 AND problem IS NOT NULL AND sha256 IS NOT NULL \
     ON CONFLICT (mxc) DO NOTHING";
const DELETE_FAILED: &str = "\
     DELETE FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND id = $3 \
     AND problem IS NOT NULL";

/// A guest: the Matrix user that sends the messages of one visitor.
#[derive(Clone, Debug)]
pub struct GuestRow {
    /// The user, and the display name that it should have.
    pub guest: Guest,
    /// `buyer` or `seller`.
    pub party: String,
    /// The key of the contact whose guest it is. None: the party itself.
    pub contact: Option<String>,
    /// Whether the homeserver has the user with this display name.
    pub made: bool,
}

/// A new message from the page, or a part of one by the shop.
#[derive(Clone, Debug)]
pub struct NewOutgoing<'a> {
    /// The id under which it is stored if it is new. What waits is sent in the order of the ids.
    pub id: Ulid,
    /// The id that the sender gave to the message.
    pub client_id: &'a str,
    /// The type of the event, such as `m.room.message`.
    pub event_type: &'a str,
    /// The content of the event. It has no `url` yet if a file is to be uploaded first.
    pub content: &'a Value,
    /// The SHA-256 of that file in the file store.
    pub sha256: Option<&'a str>,
    /// The id of the shop's message of which it is a part. None: it is from the page.
    pub message: Option<Ulid>,
}

/// A message on its way into the room.
#[derive(Clone, Debug, FromRow)]
pub struct Outgoing {
    /// The id, a ULID.
    pub id: String,
    /// The guest that sends it.
    pub user_id: String,
    /// The type of the event, such as `m.room.message`.
    pub event_type: String,
    /// The content as JSON. None once the message is in the room.
    pub content: Option<String>,
    /// The SHA-256 of a file to upload first.
    pub sha256: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub written_at: i64,
    /// Why it could not be sent.
    pub problem: Option<String>,
}

#[derive(FromRow)]
struct Row {
    user_id: String,
    party: String,
    contact: Option<String>,
    display_name: String,
    made_at: Option<i64>,
}

impl GuestRow {
    /// Returns the visitor whose guest it is, or none if the shop no longer names the visitor.
    pub fn visitor(&self, terms: &Terms) -> Option<Visitor> {
        terms.visitor(PartyRole::from_text(&self.party)?, self.contact.as_deref())
    }
}

impl Outgoing {
    /// Returns the content of the event. It is `null` once the message is in the room.
    pub fn content(&self) -> Value {
        let content = self.content.as_deref().map(serde_json::from_str);
        content.and_then(Result::ok).unwrap_or_default()
    }
}

impl Snapshot {
    /// Returns, by each guest of a contact with a Matrix account, that account.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn accounts_of_guests(
        &mut self,
        id: Ulid,
    ) -> Result<HashMap<String, String>, StoreError> {
        let select = sqlx::query_as(SELECT_ACCOUNTS_OF_GUESTS).bind(id.to_string());
        let accounts: Vec<(String, String)> = select.fetch_all(&mut *self.tx).await?;
        Ok(accounts.into_iter().collect())
    }
}

impl Store {
    /// Stores a message of a visitor and its guest, and wakes the room, in one tx. Returns the id
    /// of the message.
    ///
    /// The same client id is the same message. If the message failed, it is sent again.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn write_outgoing(
        &self,
        transaction: Ulid,
        visitor: &Visitor,
        guest: &Guest,
        new: NewOutgoing<'_>,
        correlation: &str,
    ) -> Result<Ulid, StoreError> {
        let mut tx = self.begin().await?;
        due_rooms::wake(&mut tx, transaction, correlation).await?;
        let id = write(&mut tx, transaction, visitor, guest, new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Returns the guests of a transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guests(&self, id: Ulid) -> Result<Vec<GuestRow>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(SELECT_GUESTS).bind(id.to_string()).fetch_all(&self.pool).await?;
        let guest = |row: Row| {
            guest_row(&row.user_id, row.party, row.contact, row.display_name, row.made_at)
        };
        Ok(rows.into_iter().filter_map(guest).collect())
    }

    /// Notes that the homeserver has the guest with this display name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guest_made(&self, id: Ulid, user: &UserId, name: &str) -> Result<(), StoreError> {
        let made = sqlx::query(SET_GUEST_MADE).bind(id.to_string()).bind(user.as_str());
        self.run(made.bind(name).bind(now())).await
    }

    /// Returns the guests that the homeserver has with the right display name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guests_made(&self, id: Ulid) -> Result<BTreeSet<OwnedUserId>, StoreError> {
        let guests = self.guests(id).await?.into_iter();
        Ok(guests.filter(|row| row.made).map(|row| row.guest.user_id).collect())
    }

    /// Returns the next message to send in the room of a transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_outgoing(&self, id: Ulid) -> Result<Option<Outgoing>, StoreError> {
        sqlx::query_as(SELECT_NEXT).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Returns the messages of this guest that are not in the room: those on their way and those
    /// that failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unsent(&self, id: Ulid, user: &UserId) -> Result<Vec<Outgoing>, StoreError> {
        sqlx::query_as(SELECT_UNSENT)
            .bind(id.to_string())
            .bind(user.as_str())
            .fetch_all(&self.pool)
            .await
    }

    /// Notes that the file of a message is on the homeserver. `content` names the file.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_uploaded(&self, id: &str, content: &Value) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_UPLOADED).bind(id).bind(to_json(content)?)).await
    }

    /// Notes that a message is in the room. Its content is deleted here, because the record has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_sent(
        &self,
        transaction: Ulid,
        id: &str,
        event_id: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_SENT).bind(id).bind(event_id)).await?;
        self.hints.changed(transaction);
        Ok(())
    }

    /// Notes why a message could not be sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_failed(
        &self,
        transaction: Ulid,
        id: &str,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_PROBLEM).bind(id).bind(problem)).await?;
        self.hints.changed(transaction);
        Ok(())
    }

    /// Has a failed message sent again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn retry(
        &self,
        transaction: Ulid,
        user: &UserId,
        outgoing: &str,
        correlation: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The room first, as everywhere: two that lock rows in different orders would wait for each other.
        due_rooms::wake(&mut tx, transaction, correlation).await?;
        sqlx::query(CLEAR_PROBLEM)
            .bind(transaction.to_string())
            .bind(user.as_str())
            .bind(outgoing)
            .execute(&mut *tx)
            .await?;
        forget_refusals(&mut tx, transaction, user).await?;
        tx.commit().await?;
        // Otherwise the page would not notice that the message fails again for the same reason.
        self.hints.changed(transaction);
        Ok(())
    }

    /// Deletes a message that could not be sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn discard(&self, id: Ulid, user: &UserId, outgoing: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(RELEASE_FILE)
            .bind(id.to_string())
            .bind(user.as_str())
            .bind(outgoing)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        sqlx::query(DELETE_FAILED)
            .bind(id.to_string())
            .bind(user.as_str())
            .bind(outgoing)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        self.hints.changed(id);
        Ok(())
    }
}

/// Stores a message of a visitor and its guest. Returns the id of the message.
pub(super) async fn write(
    tx: &mut Tx,
    transaction: Ulid,
    visitor: &Visitor,
    guest: &Guest,
    new: NewOutgoing<'_>,
) -> Result<Ulid, StoreError> {
    let transaction_id = transaction.to_string();
    sqlx::query(UPSERT_GUEST)
        .bind(&transaction_id)
        .bind(guest.user_id.as_str())
        .bind(visitor.role.as_str())
        .bind(visitor.key())
        .bind(&guest.display_name)
        .execute(&mut **tx)
        .await?;
    sqlx::query(INSERT_OUTGOING)
        .bind(&transaction_id)
        .bind(new.id.to_string())
        .bind(guest.user_id.as_str())
        .bind(new.client_id)
        .bind(new.event_type)
        .bind(to_json(new.content)?)
        .bind(new.sha256)
        .bind(now())
        .bind(new.message.map(|it| it.to_string()))
        .execute(&mut **tx)
        .await?;
    let id: String = sqlx::query_scalar(SELECT_ID)
        .bind(&transaction_id)
        .bind(guest.user_id.as_str())
        .bind(new.client_id)
        .fetch_one(&mut **tx)
        .await?;
    forget_refusals(tx, transaction, &guest.user_id).await?;
    parse_id(&id)
}

/// Returns a guest with these columns, or none if its user id is invalid.
pub(super) fn guest_row(
    user_id: &str,
    party: String,
    contact: Option<String>,
    display_name: String,
    made_at: Option<i64>,
) -> Option<GuestRow> {
    let guest = Guest { user_id: UserId::parse(user_id).ok()?, display_name };
    Some(GuestRow { guest, party, contact, made: made_at.is_some() })
}

/// Has the guest invited again if inviting it was given up.
async fn forget_refusals(tx: &mut Tx, transaction: Ulid, user: &UserId) -> Result<(), StoreError> {
    let forgive =
        sqlx::query(FORGET_REFUSAL_OF_GUEST).bind(transaction.to_string()).bind(user.as_str());
    forgive.execute(&mut **tx).await.map(drop)
}
