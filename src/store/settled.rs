//! Up to where the events can be read, so that no reader passes an event that is committed later.
//!
//! On SQLite, one tx writes at a time, so ids are committed in their order. On PostgreSQL, a tx may take a lower id and
//! be committed later than another one. So nobody reads above the *settled end*: an id up to which everything is
//! committed or rolled back. It is found without any write and without a lock.
//!
//! 1. One statement reads the last id that was taken.
//! 2. A later one reads which txs are running. Whoever took an id up to that one, and is not done, is among them: a tx
//!    has its number (xid) before it takes the id of an event, because it has written something by then.
//! 3. Once none of these is running any more, the id is settled. If there are none, that is at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Store, StoreError};
use crate::config::DatabaseKind;

/// Before the first event, SQLite has no row.
const SELECT_LAST_ID_ON_SQLITE: &str =
    "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'events'";
const SELECT_LAST_ID_ON_POSTGRES: &str =
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_id_seq";
/// Every user of PostgreSQL may read these columns. The xid is that of the tx itself, not of a part of it.
const SELECT_RUNNING: &str = "SELECT backend_xid::text FROM pg_stat_activity \
     WHERE datname = current_database() AND backend_xid IS NOT NULL";

/// The pause before the first look whether the txs are still running. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long a reader waits for running txs. After that, it reads up to where the events were settled before.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ends of the feed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// Up to here, all events can be read.
    pub(super) settled: i64,
    /// The last id that some tx had taken.
    pub(super) taken: i64,
}

/// What this process knows of the ends. One reader looks at a time, and those who wait for it meanwhile share what
/// it finds.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The number of those who asked so far.
    asked: AtomicU64,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// Those with a lower number had asked before the look began.
    serves: u64,
    ends: Ends,
}

impl Store {
    /// Returns an id up to which all events are committed or rolled back. It never goes back.
    ///
    /// Events that were committed before the call are up to it, unless some other tx has been writing for five seconds.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn settled_end(&self) -> Result<i64, StoreError> {
        Ok(self.ends().await?.settled)
    }

    pub(super) async fn ends(&self) -> Result<Ends, StoreError> {
        let number = self.settled.asked.fetch_add(1, Ordering::SeqCst);
        let mut found = self.settled.found.lock().await;
        if number < found.serves {
            return Ok(found.ends);
        }
        let serves = self.settled.asked.load(Ordering::SeqCst);
        let ends = self.find_ends(found.ends).await?;
        *found = Found { serves, ends };
        Ok(ends)
    }

    async fn find_ends(&self, before: Ends) -> Result<Ends, StoreError> {
        let select = match self.kind {
            DatabaseKind::Sqlite => SELECT_LAST_ID_ON_SQLITE,
            DatabaseKind::Postgres => SELECT_LAST_ID_ON_POSTGRES,
        };
        let taken: i64 = sqlx::query_scalar(select).fetch_one(&self.pool).await?;
        let is_settled = self.kind == DatabaseKind::Sqlite
            || taken == before.settled
            || self.have_ended(self.running().await?).await?;
        Ok(Ends { settled: if is_settled { taken } else { before.settled }, taken })
    }

    /// Waits until none of these txs is running. Returns false if that takes too long.
    async fn have_ended(&self, mut txs: HashSet<String>) -> Result<bool, StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        while !txs.is_empty() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let running = self.running().await?;
            txs.retain(|it| running.contains(it));
        }
        Ok(true)
    }

    async fn running(&self) -> Result<HashSet<String>, StoreError> {
        let running: Vec<String> = sqlx::query_scalar(SELECT_RUNNING).fetch_all(&self.pool).await?;
        Ok(running.into_iter().collect())
    }
}
