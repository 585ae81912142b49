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
/// How long it waits if this process does not know yet where that is. After that, it fails.
const FIRST_PATIENCE: Duration = Duration::from_secs(15);

/// The ends of the feed.
#[derive(Clone, Copy, Debug)]
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
    /// None: no end was found yet.
    ends: Option<Ends>,
}

impl Store {
    /// Returns an id up to which all events are committed or rolled back. It never goes back.
    ///
    /// Events that were committed before the call are up to it, unless some other tx has been writing for five seconds.
    ///
    /// # Errors
    /// If the database does not answer, or if some other tx has been writing since before this process found an end for
    /// the first time.
    pub async fn settled_end(&self) -> Result<i64, StoreError> {
        Ok(self.ends().await?.settled)
    }

    pub(super) async fn ends(&self) -> Result<Ends, StoreError> {
        let number = self.settled.asked.fetch_add(1, Ordering::SeqCst);
        let mut found = self.settled.found.lock().await;
        if number < found.serves {
            return found.ends.ok_or_else(not_settled);
        }
        let serves = self.settled.asked.load(Ordering::SeqCst);
        let ends = self.find_ends(found.ends).await?;
        // Those who asked meanwhile share the failure, too, and do not wait for one after the other.
        *found = Found { serves, ends };
        ends.ok_or_else(not_settled)
    }

    /// Returns the ends, or none if the events were never settled so far.
    async fn find_ends(&self, before: Option<Ends>) -> Result<Option<Ends>, StoreError> {
        let select = match self.kind {
            DatabaseKind::Sqlite => SELECT_LAST_ID_ON_SQLITE,
            DatabaseKind::Postgres => SELECT_LAST_ID_ON_POSTGRES,
        };
        let taken: i64 = sqlx::query_scalar(select).fetch_one(&self.pool).await?;
        let before = before.map(|it| it.settled);
        let patience = if before.is_some() { PATIENCE } else { FIRST_PATIENCE };
        let is_settled = self.kind == DatabaseKind::Sqlite
            || before == Some(taken)
            || self.have_ended(self.running().await?, patience).await?;
        let settled = if is_settled { Some(taken) } else { before };
        Ok(settled.map(|settled| Ends { settled, taken }))
    }

    /// Waits until none of these txs is running. Returns false if that takes too long.
    async fn have_ended(
        &self,
        mut txs: HashSet<String>,
        patience: Duration,
    ) -> Result<bool, StoreError> {
        let deadline = Instant::now() + patience;
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

/// Nobody knows what can be read, because some other tx writes for too long.
fn not_settled() -> StoreError {
    let told = "another transaction has been writing in this database since the start, so it is not known which events are committed";
    std::io::Error::new(std::io::ErrorKind::TimedOut, told).into()
}
