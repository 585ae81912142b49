//! The database as it is at one moment, however long the reading takes.

use sqlx::Executor;

use super::{Store, StoreError, Tx};
use crate::config::DatabaseKind;

/// Everything read through it is from the same moment. Nothing can be written through it.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) tx: Tx,
}

impl Store {
    /// The database as it is now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begin = match self.kind {
            DatabaseKind::Sqlite => "BEGIN DEFERRED",
            DatabaseKind::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut tx = self.pool.begin_with(begin).await?;
        // The moment is that of the first reading.
        tx.execute("SELECT 1 FROM transactions LIMIT 1").await?;
        Ok(Snapshot { tx })
    }
}
