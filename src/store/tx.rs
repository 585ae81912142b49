//! Database transactions that write.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Any, AnyConnection};

use super::hints::Hints;
use super::writers::Turn;
use super::{ACQUIRE_TIMEOUT, Store, StoreError, Writing};
use crate::config::DatabaseKind;
use crate::event::NewEvent;
use crate::notices::Work;
use crate::quota::Place;

/// If the process hangs or loses its network in a tx, PostgreSQL ends the tx after this time, so that
/// others get its locks. Settling a large invoice within its tx takes less.
const BEGIN_ON_POSTGRES: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// A tx that adds to the audit log of a shop waits for others that do so, at all processes. If one of them hangs,
/// PostgreSQL refuses the tx after this time, instead of letting it hold its connection.
const BEGIN_AUDITED_ON_POSTGRES: &str = "BEGIN; \
     SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL lock_timeout = '10s'";

/// A database transaction. If it is dropped without a commit, it is rolled back.
#[derive(Debug)]
pub struct Tx {
    // The order of the fields matters: the transaction ends before the place is free.
    inner: Inner,
    place: Option<Place<String>>,
    /// Who is told of the work that the tx makes. None if it only reads.
    hints: Option<Arc<Hints>>,
    work: Vec<Work>,
    /// The events that are written at the end.
    pub(super) told: Vec<NewEvent>,
}

/// The connection, with what ends the transaction.
#[derive(Debug)]
enum Inner {
    /// A connection of a pool.
    Pooled(sqlx::Transaction<'static, Any>),
    /// The connection that writes to SQLite.
    Turn(Turn),
}

impl Tx {
    /// A transaction that must only read on SQLite.
    pub(super) fn reading(inner: sqlx::Transaction<'static, Any>) -> Self {
        let inner = Inner::Pooled(inner);
        Self { inner, place: None, hints: None, work: Vec::new(), told: Vec::new() }
    }

    /// Notes that the tx makes work of this kind. Whoever does such work is told when it is
    /// committed.
    pub(super) fn makes(&mut self, work: Work) {
        if !self.work.contains(&work) {
            self.work.push(work);
        }
    }

    /// Notes that the tx tells the shop of an event. It is written when the tx is committed.
    pub(super) fn tells(&mut self, event: NewEvent) {
        self.told.push(event);
    }

    /// Returns the kind of the database.
    pub(super) fn kind(&self) -> DatabaseKind {
        match self.backend_name() {
            <sqlx::Postgres as sqlx::Database>::NAME => DatabaseKind::Postgres,
            _ => DatabaseKind::Sqlite,
        }
    }

    /// Ends the tx with a commit, and tells of the work that it makes.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        let Self { inner, place, hints, work, told: _ } = self;
        match inner {
            Inner::Pooled(transaction) => transaction.commit().await?,
            Inner::Turn(mut turn) => turn.commit().await?,
        }
        drop(place);
        if let Some(hints) = hints {
            work.into_iter().for_each(|work| hints.of(work).notify_one());
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.inner {
            Inner::Pooled(transaction) => transaction,
            Inner::Turn(turn) => turn,
        }
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.inner {
            Inner::Pooled(transaction) => transaction,
            Inner::Turn(turn) => turn,
        }
    }
}

impl Store {
    /// Begins a tx that will write.
    ///
    /// # Errors
    /// If the database does not answer, or if too many others want to write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match &self.writing {
            Writing::Queue(writers) => {
                let mut turn = writers.turn(self.rank, ACQUIRE_TIMEOUT).await?;
                turn.begin().await?;
                Inner::Turn(turn)
            }
            Writing::Pool(pool) => Inner::Pooled(pool.begin_with(BEGIN_ON_POSTGRES).await?),
        };
        Ok(self.writing_tx(inner, None))
    }

    /// Begins a tx that will add to the audit log of this shop. Such txs wait for each other when they add their
    /// lines, and on PostgreSQL each has a connection meanwhile. So those of one shop get at most half of the
    /// connections, and the others wait here for their place, without a connection.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(super) async fn begin_audited(&self, shop: &str) -> Result<Tx, StoreError> {
        match &self.writing {
            // There is one connection that writes, and a queue for it.
            Writing::Queue(_) => self.begin().await,
            Writing::Pool(pool) => {
                let shop = shop.to_owned();
                let place = self.audited.take_within(&shop, ACQUIRE_TIMEOUT).await;
                let place = place.map_err(|_| StoreError::PoolTimedOut)?;
                let inner = Inner::Pooled(pool.begin_with(BEGIN_AUDITED_ON_POSTGRES).await?);
                Ok(self.writing_tx(inner, Some(place)))
            }
        }
    }

    fn writing_tx(&self, inner: Inner, place: Option<Place<String>>) -> Tx {
        let hints = Some(Arc::clone(&self.hints));
        Tx { inner, place, hints, work: Vec::new(), told: Vec::new() }
    }

    /// Executes one statement that writes. Returns the number of rows that it changed.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(super) async fn write_one(
        &self,
        query: sqlx::query::Query<'_, Any, sqlx::any::AnyArguments>,
    ) -> Result<u64, StoreError> {
        let written = match &self.writing {
            Writing::Queue(writers) => {
                let mut turn = writers.turn(self.rank, ACQUIRE_TIMEOUT).await?;
                let written = query.execute(&mut *turn).await;
                turn.note(&written);
                written
            }
            Writing::Pool(pool) => query.execute(pool).await,
        };
        Ok(written?.rows_affected())
    }

    /// Executes one statement that writes.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(super) async fn run(
        &self,
        query: sqlx::query::Query<'_, Any, sqlx::any::AnyArguments>,
    ) -> Result<(), StoreError> {
        self.write_one(query).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn work_is_told_of_once_it_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let is_told = || store.hints().files.notified().now_or_never().is_some();
        let mut tx = store.begin().await.unwrap();
        tx.makes(Work::Files);
        drop(tx);
        assert!(!is_told(), "nothing was committed");
        let mut tx = store.begin().await.unwrap();
        tx.makes(Work::Files);
        assert!(!is_told(), "it cannot be seen yet");
        tx.commit().await.unwrap();
        assert!(is_told());
        store.begin().await.unwrap().commit().await.unwrap();
        assert!(!is_told(), "there is no new work");
    }
}
