//! Consistent reads: all data is from the same moment, however long the reading takes.

use sqlx::Executor;

use super::{Store, StoreError, Tx};
use crate::config::DatabaseKind;

/// A read transaction. Everything that is read through it is from the same moment, and nothing can
/// be written through it.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) tx: Tx,
}

impl Store {
    /// Begins a snapshot of the current state of the database.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begin = match self.kind {
            DatabaseKind::Sqlite => "BEGIN DEFERRED",
            DatabaseKind::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut tx = Tx::reading(self.pool.begin_with(begin).await?);
        // The first read fixes the moment.
        tx.execute("SELECT 1 FROM transactions LIMIT 1").await?;
        Ok(Snapshot { tx })
    }
}
