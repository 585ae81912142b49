//! Writes new entries into the full-text index. After any stop, it resumes where it was.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{LOCKED_PAUSE, backoff};
use crate::store::{Progress, Store, StoreError, Unindexed};

/// The interval at which records are looked at again that could not be indexed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long new entries are gathered, so that those of many small pushes share one tx.
const GATHERING: Duration = Duration::from_millis(150);
/// The greatest number of records in one tx. Lists of this length need no filling up (`store/many_rows.rs`).
const RECORDS_PER_TX: i64 = 128;

/// The greatest number of records that cannot be indexed and are remembered. Further ones are tried in each round.
const MAX_BROKEN: usize = 1_000;

/// Indexes entries until `stop`.
pub async fn index_forever(store: Store, stop: CancellationToken) {
    let mut broken = Broken::default();
    let mut yielding = store.rush().yielding_patiently();
    while !stop.is_cancelled() {
        let mut round = Round::default();
        while !stop.is_cancelled() {
            yielding.begin();
            match round.step(&store, &mut broken).await {
                Ok(true) => yielding.give_way().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "cannot index new entries for the search; retrying");
                    pause(RETRY_INTERVAL, &stop).await;
                }
            }
        }
        if round.has_indexed {
            continue;
        }
        if round.left_out {
            pause(LOCKED_PAUSE, &stop).await;
            continue;
        }
        let pause_at_most = match round.has_left {
            true => RETRY_INTERVAL,
            false => store.hints().patience(),
        };
        tokio::select! {
            () = store.hints().index.notified() => pause(GATHERING, &stop).await,
            () = tokio::time::sleep(pause_at_most) => {}
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
    /// Whether somebody else was writing some of the records.
    left_out: bool,
    /// Whether there was anything that is not indexed.
    has_left: bool,
}

/// The records that cannot be indexed: how often each failed, and when it is tried again.
#[derive(Default)]
struct Broken(HashMap<String, (u32, Instant)>);

impl Broken {
    fn is_due(&self, record: &Unindexed) -> bool {
        self.0.get(&record.id).is_none_or(|(_, retry_at)| *retry_at <= Instant::now())
    }

    /// Returns how long the record is left alone.
    fn add(&mut self, record: &Unindexed) -> Duration {
        let failures = self.0.get(&record.id).map_or(0, |(failures, _)| *failures);
        let pause = backoff(failures);
        if failures > 0 || self.0.len() < MAX_BROKEN {
            self.0.insert(record.id.clone(), (failures + 1, Instant::now() + pause));
        }
        pause
    }

    fn forget(&mut self, records: &[Unindexed]) {
        for record in records {
            self.0.remove(&record.id);
        }
    }
}

impl Round {
    /// Indexes some entries of the next records. Returns false at the end of the round.
    async fn step(&mut self, store: &Store, broken: &mut Broken) -> Result<bool, StoreError> {
        let limit = if self.one_by_one { 1 } else { RECORDS_PER_TX };
        let mut records = store.unindexed(&self.after, limit).await?;
        let Some(last) = records.last().cloned() else { return Ok(false) };
        self.has_left = true;
        records.retain(|record| broken.is_due(record));
        match store.index(&records).await {
            Ok(Progress { entries, left_out }) => {
                broken.forget(&records);
                self.has_indexed |= entries > 0;
                self.left_out |= left_out;
            }
            Err(error) if !self.one_by_one => {
                self.one_by_one = true;
                tracing::debug!(%error, "cannot index the entries of these records together");
                return Ok(true);
            }
            Err(error) => {
                let pause = broken.add(&last);
                tracing::error!(
                    transaction = last.id, %error, ?pause,
                    "cannot index the entries of this record for the search; retrying after a pause"
                );
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
