//! Single values of this installation, by name.

use super::{Store, StoreError, Tx};

const SELECT_FACT: &str = "SELECT value FROM facts WHERE name = $1";
const UPSERT_FACT: &str = "INSERT INTO facts (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const DELETE_FACT: &str = "DELETE FROM facts WHERE name = $1";

/// The name of the fact that holds the bot's sync token.
pub(super) const SYNC_TOKEN: &str = "sync_token";

impl Store {
    /// Returns the fact with this name, if it is set.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(SELECT_FACT).bind(name).fetch_optional(&self.pool).await
    }

    /// Sets a fact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(UPSERT_FACT).bind(name).bind(value)).await
    }

    /// Deletes a fact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_fact(&self, name: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_FACT).bind(name)).await
    }
}

/// Deletes a fact in `tx`.
pub(super) async fn forget(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    sqlx::query(DELETE_FACT).bind(name).execute(&mut **tx).await.map(drop)
}

/// Sets a fact in `tx`.
pub(super) async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query(UPSERT_FACT).bind(name).bind(value).execute(&mut **tx).await.map(drop)
}
