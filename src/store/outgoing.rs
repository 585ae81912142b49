//! What was written on invoice pages, and the guests through whom it is said.

use std::collections::BTreeSet;

use ruma::{OwnedUserId, UserId};
use serde_json::Value;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::to_json;
use super::{Store, StoreError, Tx, rooms};
use crate::clock::now;
use crate::room::Guest;
use crate::transaction::{PartyRole, Terms, Visitor};

const PUT_GUEST: &str = "INSERT INTO guests \
     (transaction_id, user_id, party, contact, display_name) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET display_name = excluded.display_name, \
     made_at = CASE WHEN guests.display_name = excluded.display_name THEN guests.made_at END";
const GUESTS: &str = "SELECT user_id, party, contact, display_name, made_at FROM guests \
     WHERE transaction_id = $1 ORDER BY user_id";
const GUEST_MADE: &str = "UPDATE guests SET made_at = $4 \
     WHERE transaction_id = $1 AND user_id = $2 AND display_name = $3";
const INSERT: &str = "INSERT INTO outgoing \
     (transaction_id, id, user_id, client_id, event_type, content, sha256, written_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (transaction_id, user_id, client_id) DO UPDATE SET problem = NULL";
const ID_OF: &str =
    "SELECT id FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND client_id = $3";
const NEXT: &str = "SELECT id, user_id, event_type, content, sha256, written_at, problem \
     FROM outgoing WHERE transaction_id = $1 AND event_id IS NULL AND problem IS NULL \
     ORDER BY id LIMIT 1";
const UNSENT: &str = "SELECT id, user_id, event_type, content, sha256, written_at, problem \
     FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND event_id IS NULL ORDER BY id";
const UPLOADED: &str = "UPDATE outgoing SET content = $2, sha256 = NULL WHERE id = $1";
const SENT: &str = "UPDATE outgoing SET event_id = $2, content = NULL WHERE id = $1";
const FORGIVE: &str = "UPDATE members SET gave_up = 0, retry_at = NULL, problem = NULL \
     WHERE transaction_id = $1 AND user_id = $2 AND gave_up = 1";
const RETRY: &str = "UPDATE outgoing SET problem = NULL \
     WHERE transaction_id = $1 AND user_id = $2 AND id = $3 AND event_id IS NULL";
const FAILED: &str = "UPDATE outgoing SET problem = $2 WHERE id = $1 AND event_id IS NULL";
/// The file store's copy goes as files go that nobody names any more.
const RELEASE_FILE: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'page:' || id, 'unwanted', $4, sha256 FROM outgoing WHERE transaction_id = $1 \
     AND user_id = $2 AND id = $3 AND problem IS NOT NULL AND sha256 IS NOT NULL \
     ON CONFLICT (mxc) DO NOTHING";
const DISCARD: &str = "DELETE FROM outgoing WHERE transaction_id = $1 AND user_id = $2 AND id = $3 \
     AND problem IS NOT NULL";

/// Somebody who speaks from the page.
#[derive(Clone, Debug)]
pub struct GuestRow {
    /// The user and the name that it should have.
    pub guest: Guest,
    /// `buyer` or `seller`.
    pub party: String,
    /// Key of the contact whose guest it is.
    pub contact: Option<String>,
    /// Whether the homeserver has it with this name.
    pub made: bool,
}

/// Something to be said, as the page hands it over.
#[derive(Clone, Debug)]
pub struct NewOutgoing<'a> {
    /// The page's own id for it.
    pub client_id: &'a str,
    /// Such as `m.room.message`.
    pub event_type: &'a str,
    /// The event's content; without `url` if a file is to be uploaded first.
    pub content: &'a Value,
    /// Of that file, in the file store.
    pub sha256: Option<&'a str>,
}

/// Something on its way into the room.
#[derive(Clone, Debug, FromRow)]
pub struct Outgoing {
    /// ULID.
    pub id: String,
    /// The guest who says it.
    pub user_id: String,
    /// Such as `m.room.message`.
    pub event_type: String,
    /// JSON.
    pub content: Option<String>,
    /// Of a file to upload first.
    pub sha256: Option<String>,
    /// Milliseconds since 1970.
    pub written_at: i64,
    /// Why it will not get there.
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
    /// Who speaks through it; none if the shop no longer names them.
    pub fn visitor(&self, terms: &Terms) -> Option<Visitor> {
        terms.visitor(PartyRole::from_text(&self.party)?, self.contact.as_deref())
    }
}

impl Outgoing {
    /// What the event is to say; nothing once the room has it.
    pub fn content(&self) -> Value {
        let content = self.content.as_deref().map(serde_json::from_str);
        content.and_then(Result::ok).unwrap_or_default()
    }
}

impl Store {
    /// Takes over what a visitor wrote, in one tx with all that must follow; gives its id. The same
    /// client id again is the same message: one that failed is tried again.
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
        let transaction_id = transaction.to_string();
        let mut tx = self.begin().await?;
        sqlx::query(PUT_GUEST)
            .bind(&transaction_id)
            .bind(guest.user_id.as_str())
            .bind(visitor.role.as_str())
            .bind(visitor.key())
            .bind(&guest.display_name)
            .execute(&mut *tx)
            .await?;
        sqlx::query(INSERT)
            .bind(&transaction_id)
            .bind(Ulid::new().to_string())
            .bind(guest.user_id.as_str())
            .bind(new.client_id)
            .bind(new.event_type)
            .bind(to_json(new.content)?)
            .bind(new.sha256)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        let id: String = sqlx::query_scalar(ID_OF)
            .bind(&transaction_id)
            .bind(guest.user_id.as_str())
            .bind(new.client_id)
            .fetch_one(&mut *tx)
            .await?;
        forgive(&mut tx, transaction, &guest.user_id).await?;
        rooms::wake(&mut tx, transaction, correlation).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        super::columns::parse_id(&id)
    }

    /// Who speaks from the page of a transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guests(&self, id: Ulid) -> Result<Vec<GuestRow>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(GUESTS).bind(id.to_string()).fetch_all(&self.pool).await?;
        let guest = |row: Row| {
            Some(GuestRow {
                guest: Guest {
                    user_id: UserId::parse(&row.user_id).ok()?,
                    display_name: row.display_name,
                },
                party: row.party,
                contact: row.contact,
                made: row.made_at.is_some(),
            })
        };
        Ok(rows.into_iter().filter_map(guest).collect())
    }

    /// Notes that the homeserver has the guest, name and all.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guest_made(&self, id: Ulid, user: &UserId, name: &str) -> Result<(), StoreError> {
        let made = sqlx::query(GUEST_MADE).bind(id.to_string()).bind(user.as_str());
        self.run(made.bind(name).bind(now())).await
    }

    /// The guests that the homeserver has, by their right names.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guests_made(&self, id: Ulid) -> Result<BTreeSet<OwnedUserId>, StoreError> {
        let guests = self.guests(id).await?.into_iter();
        Ok(guests.filter(|row| row.made).map(|row| row.guest.user_id).collect())
    }

    /// What is to be said next in the room of a transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_outgoing(&self, id: Ulid) -> Result<Option<Outgoing>, StoreError> {
        sqlx::query_as(NEXT).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// What this guest wrote and the room does not have, on its way or failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unsent(&self, id: Ulid, user: &UserId) -> Result<Vec<Outgoing>, StoreError> {
        sqlx::query_as(UNSENT).bind(id.to_string()).bind(user.as_str()).fetch_all(&self.pool).await
    }

    /// Notes that its file is on the homeserver; `content` names it now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_uploaded(&self, id: &str, content: &Value) -> Result<(), StoreError> {
        self.run(sqlx::query(UPLOADED).bind(id).bind(to_json(content)?)).await
    }

    /// Notes that the room has it. Its words are in the record from now on, and only there.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_sent(
        &self,
        transaction: Ulid,
        id: &str,
        event_id: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SENT).bind(id).bind(event_id)).await?;
        self.hints.changed(transaction);
        Ok(())
    }

    /// Notes why it will not get into the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outgoing_failed(
        &self,
        transaction: Ulid,
        id: &str,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(FAILED).bind(id).bind(problem)).await?;
        self.hints.changed(transaction);
        Ok(())
    }

    /// Tries once more to say what failed.
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
        sqlx::query(RETRY)
            .bind(transaction.to_string())
            .bind(user.as_str())
            .bind(outgoing)
            .execute(&mut *tx)
            .await?;
        forgive(&mut tx, transaction, user).await?;
        rooms::wake(&mut tx, transaction, correlation).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        // So that failing again is news, even if it fails for the same reason.
        self.hints.changed(transaction);
        Ok(())
    }

    /// Throws away what could not be said.
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
        sqlx::query(DISCARD)
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

/// Whoever tries again is invited again.
async fn forgive(tx: &mut Tx, transaction: Ulid, user: &UserId) -> Result<(), StoreError> {
    let forgive = sqlx::query(FORGIVE).bind(transaction.to_string()).bind(user.as_str());
    forgive.execute(&mut **tx).await.map(drop)
}
