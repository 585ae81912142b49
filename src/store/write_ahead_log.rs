//! Keeps SQLite's write-ahead log short, outside the path of those who write.
//!
//! By default, SQLite copies the log into the database file in the commit that makes the log longer
//! than 1,000 pages. That commit may be a push, and the homeserver would wait for it.

use std::time::Duration;

use sqlx::AnyConnection;
use tokio_util::sync::CancellationToken;

use super::writers::{Rank, Writers};
use super::{ACQUIRE_TIMEOUT, Store, StoreError, Writing};

/// The interval at which the log is copied into the database file, if anything was written.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// The length of the log, in pages of 4 KiB, from which the writers wait for the last part of the
/// copy. Only if the whole log is copied while nobody writes, it begins anew and does not grow.
const LONG_LOG_PAGES: i64 = 4_096;
/// The greatest number of pages for whose copy the writers wait, if they do not write too fast for that.
const SHORT_COPY_PAGES: i64 = 64;
/// How often what was written during the last copy is copied, before the writers wait for the rest.
const COPIES_BESIDE_WRITERS: usize = 4;

impl Store {
    /// Copies the write-ahead log into the database file again and again, until `stop`. Returns at
    /// once on PostgreSQL, which does this by itself.
    pub async fn shorten_log_forever(self, stop: CancellationToken) {
        let Writing::Queue(writers) = &self.writing else { return stop.cancelled().await };
        let mut turns = 0;
        loop {
            tokio::select! {
                () = tokio::time::sleep(CHECKPOINT_INTERVAL) => {}
                () = stop.cancelled() => return,
            }
            if writers.turns() == turns {
                continue;
            }
            turns = writers.turns();
            if let Err(error) = self.shorten_log(writers).await {
                tracing::warn!(%error, "cannot copy the write-ahead log into the database file");
            }
        }
    }

    /// Copies the log. Returns how many of its pages were not copied.
    async fn shorten_log(&self, writers: &Writers) -> Result<i64, StoreError> {
        // The connection comes first, so that nobody waits for it while the others cannot write.
        let mut connection = self.pool.acquire().await?;
        let mut before = 0;
        for _ in 0..COPIES_BESIDE_WRITERS {
            let (length, copied) = checkpoint(&mut connection).await?;
            if length < LONG_LOG_PAGES {
                return Ok(length - copied);
            }
            // Only so much was written while the last copy was made, and the writers wait for that much now.
            if length - before <= SHORT_COPY_PAGES {
                break;
            }
            before = length;
        }
        let turn = writers.turn(Rank::Other, ACQUIRE_TIMEOUT).await?;
        let (length, copied) = checkpoint(&mut connection).await?;
        drop(turn);
        Ok(length - copied)
    }
}

/// Copies what nobody is reading any more. Returns the length of the log and how much of it was
/// copied so far, in pages.
async fn checkpoint(connection: &mut AnyConnection) -> Result<(i64, i64), StoreError> {
    let (_is_busy, length, copied): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok((length, copied))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn no_commit_copies_what_is_written_in_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let length = |file: &str| std::fs::metadata(folder.path().join(file)).unwrap().len();
        let before = length("tallyroom.db");
        let large = "x".repeat(4_000_000);
        for part in 0..30 {
            store.set_fact(&format!("{part}"), &large).await.unwrap();
        }
        assert_eq!(length("tallyroom.db"), before);
        assert!(length("tallyroom.db-wal") > 120_000_000);
    }

    #[tokio::test]
    async fn the_log_begins_anew_although_somebody_writes_all_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let Writing::Queue(writers) = &store.writing else { unreachable!() };
        let large = "x".repeat(4_000_000);
        let log = || std::fs::metadata(folder.path().join("tallyroom.db-wal")).unwrap().len();
        for round in 0..12 {
            for part in 0..8 {
                store.set_fact(&format!("{part}"), &format!("{round}{large}")).await.unwrap();
            }
            assert_eq!(store.shorten_log(writers).await.unwrap(), 0);
        }
        // 384 MB were written.
        assert!(log() < 100_000_000, "{}", log());
    }
}
