//! Who is signed in on the page.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::columns::parse_id;
use super::{GrantRow, Store, StoreError};
use crate::clock::now;

/// Most browsers that are signed in by one grant; the oldest goes when there is another.
const MAX_OF_GRANT: i64 = 1_000;

const INSERT: &str = "INSERT INTO sessions (id, grant_id, expires_at) VALUES ($1, $2, $3)";
const TIDY: &str = "DELETE FROM sessions WHERE expires_at <= $1";
const CROWDED_OUT: &str = "DELETE FROM sessions WHERE grant_id = $1 AND id NOT IN \
     (SELECT id FROM sessions WHERE grant_id = $1 ORDER BY id DESC LIMIT $2)";
const GRANT_OF: &str = "SELECT g.id, g.transaction_id, g.party, g.contact, g.way, g.created_at, \
     g.expires_at, g.revoked_at, g.used_at FROM sessions s JOIN grants g ON g.id = s.grant_id \
     WHERE s.id = $1 AND s.grant_id = $2";
const OF_GRANT: &str = "SELECT id FROM sessions WHERE grant_id = $1";
const END: &str = "DELETE FROM sessions WHERE id = $1";

impl Store {
    /// Signs somebody in by a grant; the id of their session.
    ///
    /// # Errors
    /// When the database does not answer; then nobody is signed in.
    pub async fn open_session(&self, grant: Ulid, expires_at: i64) -> Result<Ulid, StoreError> {
        let id = Ulid::new();
        let mut tx = self.begin().await?;
        sqlx::query(TIDY).bind(now()).execute(&mut *tx).await?;
        let insert = sqlx::query(INSERT).bind(id.to_string()).bind(grant.to_string());
        insert.bind(expires_at).execute(&mut *tx).await?;
        let crowded = sqlx::query(CROWDED_OUT).bind(grant.to_string()).bind(MAX_OF_GRANT);
        crowded.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The grant by which somebody is signed in, open or not; none if they are not, or by another.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grant_of_session(
        &self,
        session: Ulid,
        grant: Ulid,
    ) -> Result<Option<GrantRow>, StoreError> {
        let query = sqlx::query_as(GRANT_OF).bind(session.to_string()).bind(grant.to_string());
        query.fetch_optional(&self.pool).await
    }

    /// Everybody who is signed in by a grant.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn sessions_of(&self, grant: Ulid) -> Result<BTreeSet<Ulid>, StoreError> {
        let query = sqlx::query_scalar(OF_GRANT).bind(grant.to_string());
        let ids: Vec<String> = query.fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Signs somebody out, for good; pages that are open by this session close.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn end_session(&self, transaction: Ulid, session: Ulid) -> Result<(), StoreError> {
        sqlx::query(END).bind(session.to_string()).execute(&self.pool).await?;
        self.hints.changed(transaction);
        Ok(())
    }
}
