//! Limits how many things run at the same time, for each key and in total.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::TooMany;

/// The time after which a caller without a place may retry. When a place becomes free is not known.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A number of places for each key, and a total number for all keys.
#[derive(Clone, Debug)]
pub struct Places<K: Hash + Eq + Clone>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    each: usize,
    total: usize,
    /// The number of places that each key has taken. Keys without places are absent.
    taken: Mutex<HashMap<K, usize>>,
    freed: Notify,
}

/// A taken place. It becomes free when this is dropped.
#[derive(Debug)]
pub struct Place<K: Hash + Eq + Clone> {
    places: Places<K>,
    key: K,
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// Returns `each` places for each key, and `total` places for all of them.
    pub fn new(each: usize, total: usize) -> Self {
        let (taken, freed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { each, total, taken, freed }))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// If no place is free.
    pub fn take(&self, key: &K) -> Result<Place<K>, TooMany> {
        let mut taken = self.taken();
        let of_key = taken.get(key).copied().unwrap_or_default();
        if of_key >= self.0.each || taken.values().sum::<usize>() >= self.0.total {
            return Err(TooMany { retry_after: RETRY_AFTER });
        }
        taken.insert(key.clone(), of_key + 1);
        Ok(Place { places: self.clone(), key: key.clone() })
    }

    /// Takes a place, and waits for one if none is free. Use this for places that are free again
    /// soon.
    ///
    /// # Errors
    /// If no place becomes free within `timeout`.
    pub async fn take_within(&self, key: &K, timeout: Duration) -> Result<Place<K>, TooMany> {
        let waiting = async {
            loop {
                let freed = self.0.freed.notified();
                tokio::pin!(freed);
                // From here on, no place that becomes free is missed.
                freed.as_mut().enable();
                if let Ok(place) = self.take(key) {
                    return place;
                }
                freed.await;
            }
        };
        let waited = tokio::time::timeout(timeout, waiting).await;
        waited.map_err(|_| TooMany { retry_after: RETRY_AFTER })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        match taken.get_mut(&self.key) {
            Some(number) if *number > 1 => *number -= 1,
            _ => {
                taken.remove(&self.key);
            }
        }
        drop(taken);
        self.places.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_takes_the_places_of_others() {
        let places = Places::new(2, 3);
        let first = places.take(&"a").unwrap();
        let second = places.take(&"a").unwrap();
        assert_eq!(places.take(&"a").unwrap_err().retry_after, RETRY_AFTER);
        let other = places.take(&"b").unwrap();
        assert!(places.take(&"c").is_err(), "all are taken");
        drop(first);
        let _third = places.take(&"c").unwrap();
        drop((second, other));
        assert_eq!(places.taken().len(), 1, "a key without a place is forgotten");
    }

    #[tokio::test]
    async fn a_waiting_caller_gets_the_next_place() {
        let places = Places::new(1, 1);
        let place = places.take(&1).unwrap();
        let short = places.take_within(&1, Duration::from_millis(10)).await;
        assert!(short.is_err());
        let (waiting, ()) =
            tokio::join!(places.take_within(&1, Duration::from_secs(30)), async { drop(place) });
        waiting.unwrap();
    }
}
