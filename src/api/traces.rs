//! What calls leave behind that may be written a moment later: when a key was last used. So a call that only
//! reads never waits for a write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::store::{ApiKeyRow, Store};

/// The time between two writes. What a killed process has not written is lost.
const WRITE_INTERVAL: Duration = Duration::from_secs(2);
/// How old the last use of a key may be before a new one is noted, in milliseconds.
const USE_PRECISION: i64 = 60_000;
/// The greatest number of keys whose use waits to be written. Further ones are noted at their next call.
const MAX_USES: usize = 10_000;

/// The traces that are not written yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Mutex<HashMap<String, i64>>>);

impl Traces {
    /// Notes that a key is used now, unless that was noted within the last minute.
    pub(super) fn key_used(&self, key: &ApiKeyRow) {
        let now = now();
        if key.used_at.is_some_and(|before| now - before < USE_PRECISION) {
            return;
        }
        let mut uses = self.uses();
        if uses.len() < MAX_USES || uses.contains_key(&key.id) {
            uses.insert(key.id.clone(), now);
        }
    }

    /// Writes what was noted, again and again, and a last time when `stop` is cancelled.
    pub async fn write_forever(self, store: Store, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(WRITE_INTERVAL) => self.write(&store).await,
                () = stop.cancelled() => return self.write(&store).await,
            }
        }
    }

    async fn write(&self, store: &Store) {
        let uses: Vec<(String, i64)> = self.uses().drain().collect();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = store.api_keys_used(&uses).await {
            // The next call with each key notes it again.
            tracing::warn!(%error, keys = uses.len(), "the last use of keys could not be noted");
        }
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_use_of_a_key_is_noted_once_a_minute() {
        let traces = Traces::default();
        traces.key_used(&used_at(Some(now() - 50_000)));
        assert!(traces.uses().is_empty());
        for before in [None, Some(now() - 70_000)] {
            traces.key_used(&used_at(before));
            traces.key_used(&used_at(before));
            assert_eq!(traces.uses().drain().count(), 1);
        }
    }
}
