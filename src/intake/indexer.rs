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
const RECORDS_PER_TX: usize = 128;
/// The greatest number of entries in one tx. On SQLite, pushes wait meanwhile. The more there are of each record, the fewer
/// pages of the database change.
const ENTRIES_PER_TX: usize = 512;
/// The number of entries that a tx may always have. See [`next_most`].
const FEW_ENTRIES: usize = 32;

/// The greatest number of records that cannot be indexed and are remembered. Further ones are tried in each round.
const MAX_BROKEN: usize = 1_000;

/// Indexes entries until `stop`.
pub async fn index_forever(store: Store, stop: CancellationToken) {
    let mut broken = Broken::default();
    let mut yielding = store.rush().yielding_patiently();
    let mut round = Round::new(FEW_ENTRIES);
    while !stop.is_cancelled() {
        round = Round::new(round.most);
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
    /// The greatest number of entries in the next tx.
    most: usize,
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
    fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Indexes some entries of the next records. Returns false at the end of the round.
    async fn step(&mut self, store: &Store, broken: &mut Broken) -> Result<bool, StoreError> {
        let limit = if self.one_by_one { 1 } else { self.most.min(RECORDS_PER_TX) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut records = store.unindexed(&self.after, limit).await?;
        let Some(last) = records.last().cloned() else { return Ok(false) };
        self.has_left = true;
        records.retain(|record| broken.is_due(record));
        match store.index(&records, self.most).await {
            Ok(Progress { entries, left_out }) => {
                broken.forget(&records);
                self.most = next_most(entries);
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

/// Returns how many entries the next tx may have, after one with so many. If the texts are long, a tx takes fewer than it
/// has read, and the next ones shall not read them all again.
fn next_most(entries: usize) -> usize {
    entries.saturating_mul(2).clamp(FEW_ENTRIES, ENTRIES_PER_TX)
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_not_read_again_and_again() {
        assert_eq!(next_most(0), FEW_ENTRIES);
        assert_eq!(next_most(2), FEW_ENTRIES);
        assert_eq!(next_most(100), 200);
        assert_eq!(next_most(usize::MAX), ENTRIES_PER_TX);
    }
}
