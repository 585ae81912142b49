//! The sessions of visitors on the invoice page.

use serde_json::json;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::transaction_row::Outline;
use super::{GrantRow, Store, StoreError};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::transaction::Transaction;

/// The greatest number of sessions of one grant. If there are more, the oldest one is deleted.
const MAX_SESSIONS_PER_GRANT: i64 = 1_000;

const INSERT_SESSION: &str = "INSERT INTO sessions (id, grant_id, expires_at) VALUES ($1, $2, $3)";
const DELETE_EXPIRED_SESSIONS: &str = "DELETE FROM sessions WHERE expires_at <= $1";
const DELETE_EXCESS_SESSIONS: &str = "DELETE FROM sessions WHERE grant_id = $1 AND id NOT IN \
     (SELECT id FROM sessions WHERE grant_id = $1 ORDER BY id DESC LIMIT $2)";
const SELECT_GRANT_OF_SESSION: &str = "\
     SELECT g.id, g.transaction_id, g.party, g.contact, g.way, g.created_at, \
     g.expires_at, g.revoked_at, g.used_at, t.shop, t.external_id, t.revision, \
     t.paid, t.discount, t.payment_changes, t.statuses, t.created_at AS made_at, t.updated_at FROM sessions s JOIN grants g ON g.id = s.grant_id \
     JOIN transactions t ON t.id = g.transaction_id WHERE s.id = $1 AND s.grant_id = $2";
const DELETE_SESSION: &str = "DELETE FROM sessions WHERE id = $1";

/// A grant, and the columns of its transaction.
#[derive(FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    shop: String,
    external_id: String,
    revision: i64,
    paid: String,
    discount: String,
    payment_changes: i64,
    statuses: String,
    made_at: i64,
    updated_at: i64,
}

impl Store {
    /// Begins a session with a grant of this transaction. Returns the id of the session.
    ///
    /// # Errors
    /// If the database does not answer. In this case no session begins.
    pub async fn open_session(
        &self,
        transaction: Ulid,
        grant: Ulid,
        expires_at: i64,
    ) -> Result<Ulid, StoreError> {
        let id = Ulid::new();
        let mut tx = self.begin().await?;
        sqlx::query(DELETE_EXPIRED_SESSIONS).bind(now()).execute(&mut *tx).await?;
        let insert = sqlx::query(INSERT_SESSION).bind(id.to_string()).bind(grant.to_string());
        insert.bind(expires_at).execute(&mut *tx).await?;
        let crowded = sqlx::query(DELETE_EXCESS_SESSIONS)
            .bind(grant.to_string())
            .bind(MAX_SESSIONS_PER_GRANT);
        crowded.execute(&mut *tx).await?;
        let opened = NewEvent::of(EventKind::PartyOpenedPage, transaction);
        tx.tells(opened.with(&json!({ "grant": grant.to_string() })));
        tx.commit().await?;
        Ok(id)
    }

    /// Returns the grant of a session, open or not, and the transaction that it opens. None if there
    /// is no such session of this grant.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn grant_of_session(
        &self,
        session: Ulid,
        grant: Ulid,
    ) -> Result<Option<(GrantRow, Transaction)>, StoreError> {
        let query = sqlx::query_as(SELECT_GRANT_OF_SESSION)
            .bind(session.to_string())
            .bind(grant.to_string());
        let row: Option<SessionRow> = query.fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let SessionRow {
            grant,
            shop,
            external_id,
            revision,
            paid,
            discount,
            payment_changes,
            statuses,
            ..
        } = row;
        let id = grant.transaction_id.clone();
        let transaction = parse_id(&id)?;
        let outline = Outline {
            id,
            shop,
            external_id,
            revision,
            paid,
            discount,
            payment_changes,
            statuses,
            created_at: row.made_at,
            updated_at: row.updated_at,
        };
        Ok(Some((grant, self.with_content(transaction, outline).await?)))
    }

    /// Ends a session for ever. Pages that are open in this session close.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn end_session(&self, transaction: Ulid, session: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_SESSION).bind(session.to_string())).await?;
        self.hints.changed(transaction);
        Ok(())
    }
}
