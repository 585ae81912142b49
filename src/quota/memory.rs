//! A budget of memory for what many callers send at the same time.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::TooMany;

/// The budget is counted in pieces of this size, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// The time after which a caller who got no memory may retry.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A number of bytes for all callers, of which one of them gets at most half.
#[derive(Clone, Debug)]
pub struct Memory<K: Hash + Eq + Clone> {
    all: Arc<Semaphore>,
    /// How many pieces one caller gets.
    each: usize,
    callers: Arc<Mutex<HashMap<K, Arc<Semaphore>>>>,
}

/// Reserved memory. It is free again when this is dropped.
#[derive(Debug)]
pub struct Reserved {
    _of_caller: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl<K: Hash + Eq + Clone> Memory<K> {
    /// Returns a budget of `total` bytes. One caller gets half of it, but at least `greatest`, so that whatever is
    /// allowed can be sent. Callers are remembered for ever, so there must be a bounded number of them.
    pub fn new(total: usize, greatest: usize) -> Self {
        let most = total.max(greatest).div_ceil(PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        let each = (total / 2).max(greatest).div_ceil(PIECE_BYTES).min(most);
        Self { all: Arc::new(Semaphore::new(most)), each, callers: Arc::default() }
    }

    /// Reserves memory, and waits for it if others have it. Callers get it in the order in which they came. If
    /// `bytes` is more than one caller may have, that maximum is reserved.
    ///
    /// # Errors
    /// If there is none within `timeout`.
    pub async fn reserve(
        &self,
        caller: &K,
        bytes: usize,
        timeout: Duration,
    ) -> Result<Reserved, TooMany> {
        let pieces = bytes.div_ceil(PIECE_BYTES).clamp(1, self.each);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let of_caller = Arc::clone(
            self.callers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(caller.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(self.each))),
        );
        let all = Arc::clone(&self.all);
        // Nobody who holds memory asks for more, so there is no deadlock.
        let waiting = async {
            let of_caller = of_caller.acquire_many_owned(pieces).await.ok()?;
            let of_all = all.acquire_many_owned(pieces).await.ok()?;
            Some(Reserved { _of_caller: of_caller, _of_all: of_all })
        };
        let reserved = tokio::time::timeout(timeout, waiting).await.ok().flatten();
        reserved.ok_or(TooMany { retry_after: RETRY_AFTER })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: usize = 1_000_000;
    const AT_ONCE: Duration = Duration::ZERO;

    #[tokio::test]
    async fn one_caller_gets_half_and_leaves_the_rest_to_others() {
        let memory = Memory::new(10 * MEGABYTE, MEGABYTE);
        let first = memory.reserve(&"a", 4 * MEGABYTE, AT_ONCE).await.unwrap();
        assert!(memory.reserve(&"a", 2 * MEGABYTE, AT_ONCE).await.is_err());
        let other = memory.reserve(&"b", 4 * MEGABYTE, AT_ONCE).await.unwrap();
        assert!(memory.reserve(&"c", 4 * MEGABYTE, AT_ONCE).await.is_err());
        drop(first);
        let third = memory.reserve(&"c", 4 * MEGABYTE, AT_ONCE).await.unwrap();
        drop((other, third));
        assert!(memory.reserve(&"a", 5 * MEGABYTE, AT_ONCE).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_allowed_at_all_can_be_sent_even_if_the_budget_is_small() {
        let memory = Memory::new(1, 3 * MEGABYTE);
        let all = memory.reserve(&"a", 3 * MEGABYTE, AT_ONCE).await.unwrap();
        assert!(memory.reserve(&"b", 1, AT_ONCE).await.is_err());
        drop(all);
        memory.reserve(&"b", usize::MAX, AT_ONCE).await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_gets_memory_as_soon_as_it_is_free() {
        let memory = Memory::new(2 * MEGABYTE, 2 * MEGABYTE);
        let first = memory.reserve(&"a", 2 * MEGABYTE, AT_ONCE).await.unwrap();
        let waiting = memory.reserve(&"b", 2 * MEGABYTE, Duration::from_secs(60));
        let (waited, ()) = tokio::join!(waiting, async { drop(first) });
        waited.unwrap();
    }
}
