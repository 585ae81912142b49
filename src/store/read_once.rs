//! A cache of values that are read from revisions.
//!
//! A revision never changes, so a cached value never becomes outdated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use ulid::Ulid;

/// The greatest number of revisions in the cache.
const MAX_REVISIONS: usize = 2_000;
/// The greatest total [`Weight`] of the cache, in values. A value is a text of a few hundred bytes
/// at most.
const MAX_VALUES: usize = 200_000;

/// A transaction and one of its revisions.
type Key = (Ulid, i64);

/// The share of the cache's capacity that something takes.
pub trait Weight {
    /// Returns the weight, in values.
    fn weight(&self) -> usize;
}

/// The cache. If it is full, the entry that was used longest ago is removed.
#[derive(Debug)]
pub struct ReadOnce<V> {
    entries: Mutex<HashMap<Key, Entry<V>>>,
    clock: AtomicU64,
    read: AtomicU64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<OnceCell<Arc<V>>>,
    looked_at: u64,
}

impl<V> Default for ReadOnce<V> {
    fn default() -> Self {
        Self { entries: Mutex::default(), clock: AtomicU64::new(0), read: AtomicU64::new(0) }
    }
}

impl<V: Weight> ReadOnce<V> {
    /// Returns the cached value of a revision, or reads it. Callers that ask while it is being read
    /// wait for the same value.
    ///
    /// # Errors
    /// If reading fails. The next call reads again.
    pub async fn get_or_read<E>(
        &self,
        key: Key,
        read: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        let cell = self.cell(key);
        let value = cell
            .get_or_try_init(async || {
                self.read.fetch_add(1, Ordering::Relaxed);
                read().await.map(Arc::new)
            })
            .await?;
        Ok(Arc::clone(value))
    }

    /// Returns the cell of a revision. Makes room for it if it is new.
    fn cell(&self, key: Key) -> Arc<OnceCell<Arc<V>>> {
        let looked_at = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&key) {
            entry.looked_at = looked_at;
            return Arc::clone(&entry.value);
        }
        let weight = |entry: &Entry<V>| entry.value.get().map_or(0, |it| it.weight());
        let mut values: usize = entries.values().map(weight).sum();
        while entries.len() >= MAX_REVISIONS || values > MAX_VALUES {
            let oldest = entries.iter().min_by_key(|(_, it)| it.looked_at).map(|(key, _)| *key);
            let Some(gone) = oldest.and_then(|oldest| entries.remove(&oldest)) else { break };
            values -= weight(&gone).min(values);
        }
        let value = Arc::new(OnceCell::new());
        entries.insert(key, Entry { value: Arc::clone(&value), looked_at });
        value
    }

    /// Returns how often a value was read.
    #[cfg(test)]
    pub(super) fn times_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// A text with this weight.
    struct Text(usize);

    impl Weight for Text {
        fn weight(&self) -> usize {
            self.0
        }
    }

    async fn look(kept: &ReadOnce<Text>, key: Key, values: usize) {
        let read = kept.get_or_read(key, async || {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Text(values))
        });
        let Ok(_) = read.await;
    }

    #[tokio::test]
    async fn a_revision_is_read_once_for_all_who_look_at_it() {
        let (kept, id) = (ReadOnce::default(), Ulid::new());
        for _ in 0..10 {
            tokio::join!(look(&kept, (id, 1), 3), look(&kept, (id, 1), 3));
        }
        assert_eq!(kept.times_read(), 1);
        look(&kept, (id, 2), 3).await;
        assert_eq!(kept.times_read(), 2, "another revision");
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_and_who_was_looked_at_last_stays() {
        let (kept, id) = (ReadOnce::default(), Ulid::new());
        for revision in 0..3 * i64::try_from(MAX_REVISIONS).unwrap() {
            look(&kept, (id, revision), 1).await;
            look(&kept, (id, 0), 1).await;
        }
        assert_eq!(kept.entries.lock().unwrap().len(), MAX_REVISIONS);
        assert_eq!(kept.times_read(), 3 * MAX_REVISIONS as u64);
        let heavy = ReadOnce::default();
        for revision in 0..10 {
            look(&heavy, (id, revision), MAX_VALUES / 2).await;
        }
        assert!(heavy.entries.lock().unwrap().len() <= 4);
    }
}
