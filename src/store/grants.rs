//! Grants: the permissions to open the invoice page of a transaction.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};
use ulid::Ulid;

use super::{Store, StoreError, audit_log};
use crate::access::AuditLine;
use crate::clock::now;
use crate::transaction::PartyRole;

const INSERT_GRANT: &str = "INSERT INTO grants \
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
const SELECT_GRANT: &str = select!("WHERE id = $1");
const SELECT_LINKS: &str = select!("WHERE transaction_id = $1 AND way = 'link' ORDER BY id DESC");
const REVOKE_GRANT: &str = "UPDATE grants SET revoked_at = $3 \
     WHERE transaction_id = $1 AND id = $2 AND revoked_at IS NULL";
const SET_USED: &str = "UPDATE grants SET used_at = $2 WHERE id = $1";

/// How a visitor proved that they may open the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a signed link.
    Link,
    /// With their Matrix account.
    Matrix,
    /// With the shop's own sign-in.
    Shop,
}

impl Way {
    /// Returns the text for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Matrix => "matrix",
            Self::Shop => "shop",
        }
    }
}

/// A new grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant<'a> {
    /// The id of the grant.
    pub id: Ulid,
    /// The transaction whose page it opens.
    pub transaction: Ulid,
    /// The party for which the visitor speaks.
    pub role: PartyRole,
    /// The key of the contact. None: the party itself.
    pub contact: Option<&'a str>,
    /// How the visitor proved that they may open the page.
    pub way: Way,
    /// When the grant expires, in milliseconds since 1970.
    pub expires_at: i64,
}

/// A grant in the database. Times are milliseconds since 1970.
#[derive(Clone, Debug, FromRow)]
pub struct GrantRow {
    /// The id, a ULID.
    pub id: String,
    /// The id of the transaction, a ULID.
    pub transaction_id: String,
    /// `buyer` or `seller`.
    pub party: String,
    /// The key of the contact. None: the party itself.
    pub contact: Option<String>,
    /// See [`Way`].
    pub way: String,
    /// When it was created.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used, to the minute.
    pub used_at: Option<i64>,
}

impl GrantRow {
    /// Returns true if the grant is neither revoked nor expired.
    pub fn is_open(&self) -> bool {
        self.revoked_at.is_none() && self.expires_at > now()
    }

    /// Returns the party for which the visitor speaks.
    pub fn role(&self) -> Option<PartyRole> {
        PartyRole::from_text(&self.party)
    }
}

impl Store {
    /// Inserts a grant. Returns false if a grant with this id exists already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn open_grant(&self, grant: &NewGrant<'_>) -> Result<bool, StoreError> {
        Ok(self.write_one(insert(grant)).await? == 1)
    }

    /// Inserts the grant of a new link, together with its line in the audit log. Returns false if a grant with this id
    /// exists already, which has its line.
    ///
    /// # Errors
    /// If the database does not answer. In this case there is no link.
    pub async fn open_link(
        &self,
        grant: &NewGrant<'_>,
        line: AuditLine,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(&line.shop).await?;
        if insert(grant).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns the grant with this id, open or not.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grant(&self, id: Ulid) -> Result<Option<GrantRow>, StoreError> {
        sqlx::query_as(SELECT_GRANT).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Returns the links of a transaction, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn links_of(&self, transaction: Ulid) -> Result<Vec<GrantRow>, StoreError> {
        sqlx::query_as(SELECT_LINKS).bind(transaction.to_string()).fetch_all(&self.pool).await
    }

    /// Revokes a link for ever, together with its line in the audit log, unless it is revoked already. Returns false if the transaction has no
    /// grant with this id.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn revoke_grant(
        &self,
        transaction: Ulid,
        id: Ulid,
        line: AuditLine,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(&line.shop).await?;
        let revoke = sqlx::query(REVOKE_GRANT)
            .bind(transaction.to_string())
            .bind(id.to_string())
            .bind(now());
        if revoke.execute(&mut *tx).await?.rows_affected() == 0 {
            // Either it is revoked already, which has its line, or there is none.
            drop(tx);
            let grant = self.grant(id).await?;
            return Ok(grant.is_some_and(|it| it.transaction_id == transaction.to_string()));
        }
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        // Pages that were opened with this grant close now.
        self.hints.changed(transaction);
        Ok(true)
    }

    /// Notes that a grant was used.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grant_used(&self, id: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_USED).bind(id).bind(now())).await
    }
}

fn insert<'q>(grant: &NewGrant<'q>) -> Query<'q, Any, AnyArguments> {
    sqlx::query(INSERT_GRANT)
        .bind(grant.id.to_string())
        .bind(grant.transaction.to_string())
        .bind(grant.role.as_str())
        .bind(grant.contact)
        .bind(grant.way.as_str())
        .bind(now())
        .bind(grant.expires_at)
}
