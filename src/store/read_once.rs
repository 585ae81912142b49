//! What is read out of revisions, once for all who look at them.
//!
//! A revision never changes, so what follows from it never does, either.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use ulid::Ulid;

/// Most revisions of which something is kept.
const MAX_KEPT: usize = 2_000;
/// Most values in all that are kept of them: a value is a text of a few hundred bytes, mostly less.
const MAX_VALUES: usize = 200_000;

/// A transaction and one of its revisions.
type Key = (Ulid, i64);

/// How much of the bounds something takes.
pub trait Weight {
    /// In values.
    fn weight(&self) -> usize;
}

/// What was read of each revision, for those who were looked at last.
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
    /// What was read of a revision, or is read now; whoever asks meanwhile waits for the same.
    ///
    /// # Errors
    /// When reading fails; whoever asks next tries again.
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

    fn cell(&self, key: Key) -> Arc<OnceCell<Arc<V>>> {
        let looked_at = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&key) {
            entry.looked_at = looked_at;
            return Arc::clone(&entry.value);
        }
        let weight = |entry: &Entry<V>| entry.value.get().map_or(0, |it| it.weight());
        let mut values: usize = entries.values().map(weight).sum();
        while entries.len() >= MAX_KEPT || values > MAX_VALUES {
            let oldest = entries.iter().min_by_key(|(_, it)| it.looked_at).map(|(key, _)| *key);
            let Some(gone) = oldest.and_then(|oldest| entries.remove(&oldest)) else { break };
            values -= weight(&gone).min(values);
        }
        let value = Arc::new(OnceCell::new());
        entries.insert(key, Entry { value: Arc::clone(&value), looked_at });
        value
    }

    /// How often something was read.
    #[cfg(test)]
    pub(super) fn times_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Of so many values.
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
        for revision in 0..3 * i64::try_from(MAX_KEPT).unwrap() {
            look(&kept, (id, revision), 1).await;
            look(&kept, (id, 0), 1).await;
        }
        assert_eq!(kept.entries.lock().unwrap().len(), MAX_KEPT);
        assert_eq!(kept.times_read(), 3 * MAX_KEPT as u64);
        let heavy = ReadOnce::default();
        for revision in 0..10 {
            look(&heavy, (id, revision), MAX_VALUES / 2).await;
        }
        assert!(heavy.entries.lock().unwrap().len() <= 4);
    }
}
