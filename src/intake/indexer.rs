//! Writes new entries into the full-text index. After any stop, it resumes where it was.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError, Unindexed};

/// The interval at which the records are polled, since another process may have written to them.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long new entries are gathered, so that those of many small pushes share one tx.
const GATHERING: Duration = Duration::from_millis(150);
/// The greatest number of records in one tx.
const RECORDS_PER_TX: i64 = 50;

/// Indexes entries until `stop`.
pub async fn index_forever(store: Store, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let mut round = Round::default();
        while !stop.is_cancelled() {
            match round.step(&store).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "cannot index new entries for the search; retrying");
                    pause(POLL_INTERVAL, &stop).await;
                }
            }
        }
        if round.has_indexed {
            continue;
        }
        tokio::select! {
            () = store.hints().index.notified() => pause(GATHERING, &stop).await,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One round over all records with new entries. Each record has its turn once, however many new
/// entries one of them has.
#[derive(Default)]
struct Round {
    /// The last record that had its turn.
    after: Unindexed,
    /// Whether each record gets a tx of its own, because a tx with several of them failed. Then a
    /// failure in one record does not hold up the others.
    one_by_one: bool,
    has_indexed: bool,
}

impl Round {
    /// Indexes some entries of the next records. Returns false at the end of the round.
    async fn step(&mut self, store: &Store) -> Result<bool, StoreError> {
        let limit = if self.one_by_one { 1 } else { RECORDS_PER_TX };
        let records = store.unindexed(&self.after, limit).await?;
        let Some(last) = records.last() else { return Ok(false) };
        match store.index(&records).await {
            Ok(entries) => self.has_indexed |= entries > 0,
            Err(error) if !self.one_by_one => {
                self.one_by_one = true;
                return Err(error);
            }
            Err(error) => {
                self.after = last.clone();
                return Err(error);
            }
        }
        self.after = last.clone();
        Ok(true)
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
