//! How much may run at the same time, for each of many and for all together.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::TooMany;

/// When somebody who found no place is told to come again: nobody knows when one is free.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// Places for each key inside a total.
#[derive(Clone, Debug)]
pub struct Places<K: Hash + Eq + Clone>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    each: usize,
    total: usize,
    /// How many places each key has now; those that have none are not in it.
    taken: Mutex<HashMap<K, usize>>,
    freed: Notify,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place<K: Hash + Eq + Clone> {
    places: Places<K>,
    key: K,
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// `each` for one key, `total` for all of them.
    pub fn new(each: usize, total: usize) -> Self {
        let (taken, freed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { each, total, taken, freed }))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// When there is none now.
    pub fn take(&self, key: &K) -> Result<Place<K>, TooMany> {
        let mut taken = self.taken();
        let of_key = taken.get(key).copied().unwrap_or_default();
        if of_key >= self.0.each || taken.values().sum::<usize>() >= self.0.total {
            return Err(TooMany { retry_after: COME_AGAIN });
        }
        taken.insert(key.clone(), of_key + 1);
        Ok(Place { places: self.clone(), key: key.clone() })
    }

    /// Takes a place as soon as there is one, for what is done in a moment.
    ///
    /// # Errors
    /// When there is none for so long.
    pub async fn take_within(&self, key: &K, patience: Duration) -> Result<Place<K>, TooMany> {
        let waiting = async {
            loop {
                let freed = self.0.freed.notified();
                tokio::pin!(freed);
                // From here on nothing that is freed is missed.
                freed.as_mut().enable();
                if let Ok(place) = self.take(key) {
                    return place;
                }
                freed.await;
            }
        };
        let waited = tokio::time::timeout(patience, waiting).await;
        waited.map_err(|_| TooMany { retry_after: COME_AGAIN })
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
    fn nobody_takes_the_places_of_others() {
        let places = Places::new(2, 3);
        let first = places.take(&"a").unwrap();
        let second = places.take(&"a").unwrap();
        assert_eq!(places.take(&"a").unwrap_err().retry_after, COME_AGAIN);
        let other = places.take(&"b").unwrap();
        assert!(places.take(&"c").is_err(), "all are taken");
        drop(first);
        let _third = places.take(&"c").unwrap();
        drop((second, other));
        assert_eq!(places.taken().len(), 1, "whoever has no place is forgotten");
    }

    #[tokio::test]
    async fn whoever_can_wait_gets_the_next_place() {
        let places = Places::new(1, 1);
        let place = places.take(&1).unwrap();
        let short = places.take_within(&1, Duration::from_millis(10)).await;
        assert!(short.is_err());
        let (waiting, ()) =
            tokio::join!(places.take_within(&1, Duration::from_secs(30)), async { drop(place) });
        waiting.unwrap();
    }
}
