//! Writes new entries into the full-text index. After any stop, it resumes where it was.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError, Unindexed};

/// The interval at which the records are polled, since another process may have written to them.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long new entries are gathered, so that those of many small pushes share one tx.
const GATHERING: Duration = Duration::from_millis(150);
/// The greatest number of records in one tx.
const RECORDS_PER_TX: i64 = 50;

/// How long a record that cannot be indexed is left alone.
const BROKEN_PAUSE: Duration = Duration::from_secs(60);
/// The greatest number of such records that are remembered. Further ones are tried in each round.
const MAX_BROKEN: usize = 1_000;

/// Indexes entries until `stop`.
pub async fn index_forever(store: Store, stop: CancellationToken) {
    let mut broken = Broken::default();
    while !stop.is_cancelled() {
        let mut round = Round::default();
        while !stop.is_cancelled() {
            match round.step(&store, &mut broken).await {
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

/// The records that cannot be indexed, and when each of them is tried again.
#[derive(Default)]
struct Broken(HashMap<String, Instant>);

impl Broken {
    fn is_due(&self, record: &Unindexed) -> bool {
        self.0.get(&record.id).is_none_or(|retry_at| *retry_at <= Instant::now())
    }

    fn add(&mut self, record: &Unindexed) {
        self.0.retain(|_, retry_at| *retry_at > Instant::now());
        if self.0.len() < MAX_BROKEN {
            self.0.insert(record.id.clone(), Instant::now() + BROKEN_PAUSE);
        }
    }
}

impl Round {
    /// Indexes some entries of the next records. Returns false at the end of the round.
    async fn step(&mut self, store: &Store, broken: &mut Broken) -> Result<bool, StoreError> {
        let limit = if self.one_by_one { 1 } else { RECORDS_PER_TX };
        let mut records = store.unindexed(&self.after, limit).await?;
        let Some(last) = records.last().cloned() else { return Ok(false) };
        records.retain(|record| broken.is_due(record));
        match store.index(&records).await {
            Ok(entries) => self.has_indexed |= entries > 0,
            Err(error) if !self.one_by_one => {
                self.one_by_one = true;
                tracing::debug!(%error, "cannot index the entries of these records together");
                return Ok(true);
            }
            Err(error) => {
                tracing::error!(
                    transaction = last.id, %error,
                    "cannot index the entries of this record for the search; retrying in a minute"
                );
                broken.add(&last);
            }
        }
        self.after = last;
        Ok(true)
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
