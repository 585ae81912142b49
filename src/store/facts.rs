//! Single facts of this installation.

use super::{Store, StoreError, Tx};

const GET: &str = "SELECT value FROM facts WHERE name = $1";
const SET: &str = "INSERT INTO facts (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const FORGET: &str = "DELETE FROM facts WHERE name = $1";

/// Name of the fact that holds the bot's sync token.
pub(super) const SYNC_TOKEN: &str = "sync_token";

impl Store {
    /// The fact of this name, if known.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(GET).bind(name).fetch_optional(&self.pool).await
    }

    /// Remembers a fact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(SET).bind(name).bind(value).execute(&self.pool).await.map(drop)
    }

    /// Forgets a fact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_fact(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query(FORGET).bind(name).execute(&self.pool).await.map(drop)
    }
}

/// Forgets a fact together with everything else in `tx`.
pub(super) async fn forget(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    sqlx::query(FORGET).bind(name).execute(&mut **tx).await.map(drop)
}

/// Remembers a fact together with everything else in `tx`.
pub(super) async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query(SET).bind(name).bind(value).execute(&mut **tx).await.map(drop)
}
