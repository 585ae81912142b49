//! Ways into the page of a transaction.

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError};
use crate::clock::now;
use crate::transaction::PartyRole;

const INSERT: &str = "INSERT INTO grants \
     (id, transaction_id, party, contact, way, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, transaction_id, party, contact, way, created_at, expires_at, revoked_at, ",
            "used_at FROM grants ",
            $rest
        )
    };
}
const BY_ID: &str = select!("WHERE id = $1");
const OF_TRANSACTION: &str = select!("WHERE transaction_id = $1 AND way = 'link' ORDER BY id DESC");
const REVOKE: &str = "UPDATE grants SET revoked_at = COALESCE(revoked_at, $3) \
     WHERE transaction_id = $1 AND id = $2";
const USED: &str = "UPDATE grants SET used_at = $2 WHERE id = $1";

/// By what somebody got to see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A signed link.
    Link,
    /// Their Matrix account.
    Matrix,
    /// The shop's own sign-in.
    Shop,
}

impl Way {
    /// As written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Matrix => "matrix",
            Self::Shop => "shop",
        }
    }
}

/// A way into a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant<'a> {
    /// Names it.
    pub id: Ulid,
    /// Of which transaction.
    pub transaction: Ulid,
    /// For whom the visitor speaks.
    pub role: PartyRole,
    /// Key of the contact; none: the party as such.
    pub contact: Option<&'a str>,
    /// How it was proven.
    pub way: Way,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

/// A way into a page, as the database has it.
#[derive(Clone, Debug, FromRow)]
pub struct GrantRow {
    /// ULID.
    pub id: String,
    /// ULID.
    pub transaction_id: String,
    /// `buyer` or `seller`.
    pub party: String,
    /// Key of the contact.
    pub contact: Option<String>,
    /// See [`Way`].
    pub way: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub expires_at: i64,
    /// When it was taken back.
    pub revoked_at: Option<i64>,
    /// When it was last used, to the minute.
    pub used_at: Option<i64>,
}

impl GrantRow {
    /// Whether it is of use now.
    pub fn is_open(&self) -> bool {
        self.revoked_at.is_none() && self.expires_at > now()
    }

    /// For whom its visitor speaks.
    pub fn role(&self) -> Option<PartyRole> {
        PartyRole::from_text(&self.party)
    }
}

impl Store {
    /// Opens a way. False if one of this id was opened before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn open_grant(&self, grant: &NewGrant<'_>) -> Result<bool, StoreError> {
        let done = sqlx::query(INSERT)
            .bind(grant.id.to_string())
            .bind(grant.transaction.to_string())
            .bind(grant.role.as_str())
            .bind(grant.contact)
            .bind(grant.way.as_str())
            .bind(now())
            .bind(grant.expires_at)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The way of this id, open or not.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grant(&self, id: Ulid) -> Result<Option<GrantRow>, StoreError> {
        sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// The links of a transaction, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn links_of(&self, transaction: Ulid) -> Result<Vec<GrantRow>, StoreError> {
        sqlx::query_as(OF_TRANSACTION).bind(transaction.to_string()).fetch_all(&self.pool).await
    }

    /// Closes a way for good. False if the transaction has none of this id.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn revoke_grant(&self, transaction: Ulid, id: Ulid) -> Result<bool, StoreError> {
        let done = sqlx::query(REVOKE)
            .bind(transaction.to_string())
            .bind(id.to_string())
            .bind(now())
            .execute(&self.pool)
            .await?;
        // Pages that are open by it close.
        self.hints.changed(transaction);
        Ok(done.rows_affected() == 1)
    }

    /// Notes that a way was used.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grant_used(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query(USED).bind(id).bind(now()).execute(&self.pool).await.map(drop)
    }
}
