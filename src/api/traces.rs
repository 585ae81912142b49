//! What calls leave behind that is written a moment later: when a key was last used, and the lines of the audit
//! log about plain reads. So a call that only reads never waits for a write.
//!
//! Reads are many, so the log says once a minute that a key read a transaction in some way. What always counts
//! (changes, exports, links, invitations, erasures, keys) does not come here: it is written before it is answered.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::access::{Action, AuditLine};
use crate::clock::now;
use crate::logging::Failures;
use crate::store::{ApiKeyRow, Store};

/// The time between two writes. What a killed process has not written is lost.
const WRITE_INTERVAL: Duration = Duration::from_secs(2);
/// How old the last use of a key may be before a new one is noted, in milliseconds.
const USE_PRECISION: i64 = 60_000;
/// The greatest number of keys whose use waits to be written. Further ones are noted at their next call.
const MAX_USES: usize = 10_000;
/// Reads of one kind by one key are in the audit log once in this time, in milliseconds.
const READ_PRECISION: i64 = 60_000;
/// The greatest number of reads that are remembered, so that they are not noted again. Beyond it, some are noted
/// more than once.
const MAX_REMEMBERED: usize = 100_000;
/// The greatest number of lines that wait to be written. More than these wait only if the database cannot be
/// written for a long time. They are then lost, and the log says how many.
const MAX_LINES: usize = 50_000;
/// The greatest number of lines that are written in one tx, so that others can write in between.
const LINES_PER_TX: usize = 128;
/// The time that the last write may take.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// The traces that are not written yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Mutex<Unwritten>>);

#[derive(Debug, Default)]
struct Unwritten {
    uses: HashMap<String, i64>,
    lines: Vec<AuditLine>,
    /// The number of lines that found no place.
    lost: usize,
    /// The reads of the present period.
    remembered: HashSet<Read>,
    /// The number of that period since 1970.
    period: i64,
}

/// What cannot be written at the moment.
#[derive(Debug, Default)]
struct Failing {
    uses: Failures,
    lines: Failures,
}

/// What makes one read like another one: shop, key, action and transaction.
type Read = (String, String, Action, Option<Ulid>);

impl Traces {
    /// Notes that a key is used now, unless that was noted within the last minute.
    pub(super) fn key_used(&self, key: &ApiKeyRow) {
        let now = now();
        if key.used_at.is_some_and(|before| now - before < USE_PRECISION) {
            return;
        }
        let uses = &mut self.unwritten().uses;
        if uses.len() < MAX_USES || uses.contains_key(&key.id) {
            uses.insert(key.id.clone(), now);
        }
    }

    /// Notes a read, unless one like it was noted in this minute.
    pub(super) fn read(&self, line: AuditLine) {
        self.read_at(line, now());
    }

    fn read_at(&self, line: AuditLine, now: i64) {
        let mut unwritten = self.unwritten();
        let period = now / READ_PRECISION;
        if unwritten.period != period || unwritten.remembered.len() >= MAX_REMEMBERED {
            unwritten.period = period;
            unwritten.remembered.clear();
        }
        let actor = line.origin.actor().to_owned();
        let read = (line.shop.clone(), actor, line.action, line.transaction);
        if unwritten.remembered.insert(read) {
            unwritten.keep(vec![line]);
        }
    }

    /// Writes what was noted, again and again, until `stop` is cancelled. What is noted after that, by calls that
    /// are still answered, is for [`write_last`](Self::write_last).
    pub async fn write_forever(self, store: Store, stop: CancellationToken) {
        let mut failures = Failing::default();
        loop {
            tokio::select! {
                () = tokio::time::sleep(WRITE_INTERVAL) => self.write(&store, &mut failures).await,
                () = stop.cancelled() => return,
            }
        }
    }

    /// Writes what was noted, once no call is answered any more. It takes a bounded time.
    pub async fn write_last(&self, store: &Store) {
        let written = timeout(LAST_WRITE_TIMEOUT, self.write(store, &mut Failing::default())).await;
        if written.is_err() || !self.unwritten().lines.is_empty() {
            tracing::error!(
                "the last reads are missing in the audit log, which could not be written"
            );
        }
    }

    async fn write(&self, store: &Store, failing: &mut Failing) {
        let (uses, mut lines, lost) = {
            let mut unwritten = self.unwritten();
            let uses: Vec<(String, i64)> = unwritten.uses.drain().collect();
            (uses, std::mem::take(&mut unwritten.lines), std::mem::take(&mut unwritten.lost))
        };
        if lost > 0 {
            tracing::error!(lost, "reads are missing in the audit log, which could not be written");
        }
        if !uses.is_empty() {
            match store.api_keys_used(&uses).await {
                Ok(()) => failing.uses.reset(),
                // The next call with each key notes it again.
                Err(error) if failing.uses.should_log(error.to_string()) => {
                    tracing::warn!(%error, keys = uses.len(), "the last use of keys could not be noted");
                }
                Err(_) => {}
            }
        }
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(LINES_PER_TX));
            if let Err(error) = store.audited(&lines).await {
                if failing.lines.should_log(error.to_string()) {
                    tracing::warn!(%error, "the audit log could not be written; retrying");
                }
                lines.extend(rest);
                return self.unwritten().keep(lines);
            }
            failing.lines.reset();
            lines = rest;
        }
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unwritten {
    /// Keeps lines to be written, as many as have place.
    fn keep(&mut self, mut lines: Vec<AuditLine>) {
        let places = MAX_LINES.saturating_sub(self.lines.len());
        self.lost += lines.len().saturating_sub(places);
        lines.truncate(places);
        self.lines.extend(lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Origin;

    fn used_at(used_at: Option<i64>) -> ApiKeyRow {
        ApiKeyRow {
            id: "id".to_owned(),
            shop: "shop".to_owned(),
            name: "till".to_owned(),
            scopes: "read".to_owned(),
            created_at: 0,
            used_at,
            revoked_at: None,
        }
    }

    fn read(key: &str, action: Action) -> AuditLine {
        let (key, request_id) = (key.to_owned(), Ulid::new().to_string());
        Origin::Call { key, address: None, request_id }.does(action, "shop")
    }

    #[test]
    fn the_use_of_a_key_is_noted_once_a_minute() {
        let traces = Traces::default();
        traces.key_used(&used_at(Some(now() - 50_000)));
        assert!(traces.unwritten().uses.is_empty());
        for before in [None, Some(now() - 70_000)] {
            traces.key_used(&used_at(before));
            traces.key_used(&used_at(before));
            assert_eq!(traces.unwritten().uses.drain().count(), 1);
        }
    }

    #[test]
    fn reads_of_one_kind_by_one_key_are_noted_once_a_minute() {
        let traces = Traces::default();
        let (one, other) = (Ulid::new(), Ulid::new());
        for (minute, expected) in [(10, 5), (11, 10)] {
            for second in 0..60 {
                let at = minute * READ_PRECISION + second * 1_000;
                traces.read_at(read("till", Action::RecordRead).to(one), at);
                traces.read_at(read("till", Action::RecordRead).to(other), at);
                traces.read_at(read("till", Action::FileRead).to(one), at);
                traces.read_at(read("back-office", Action::RecordRead).to(one), at);
                traces.read_at(read("till", Action::TransactionsListed), at);
            }
            assert_eq!(traces.unwritten().lines.len(), expected);
        }
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_lost_is_counted() {
        let traces = Traces::default();
        let many = vec![read("till", Action::RecordRead); MAX_LINES - 1];
        traces.unwritten().keep(many);
        for id in [Ulid::new(), Ulid::new(), Ulid::new()] {
            traces.read(read("till", Action::RecordRead).to(id));
        }
        let unwritten = traces.unwritten();
        assert_eq!((unwritten.lines.len(), unwritten.lost), (MAX_LINES, 2));
    }

    #[tokio::test]
    async fn what_calls_note_after_the_stop_is_written_last() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/tallyroom.db", folder.path().display());
        let config = serde_json::json!({ "url": url, "max_connections": 2 });
        let store = Store::open(&serde_json::from_value(config).unwrap()).await.unwrap();
        let (traces, stop) = (Traces::default(), CancellationToken::new());
        stop.cancel();
        traces.clone().write_forever(store.clone(), stop).await;
        // A call that was being answered.
        traces.read(read("till", Action::RecordRead));
        traces.write_last(&store).await;
        let lines = store.audit_log_of("shop", 0, None, 10).await.unwrap();
        assert_eq!(lines.iter().map(|it| it.action.as_str()).collect::<Vec<_>>(), ["record.read"]);
    }
}
