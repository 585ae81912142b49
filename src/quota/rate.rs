//! Limits how often something may be done, for each key.

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::TooMany;

/// The number of calls after which keys with a full quota are forgotten. So memory is bounded by the
/// number of keys that used their quota lately.
const CLEAN_UP_INTERVAL: u32 = 1_024;

/// A rate limit for each key, with a burst.
pub struct Rate<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// Returns a limit of `number` in each `period`, of which `burst` may come at once. Both are at
    /// least 1.
    pub fn new(burst: u32, number: u32, period: Duration) -> Self {
        let one = period / number.max(1);
        let quota = Quota::with_period(one.max(Duration::from_nanos(1)));
        let quota = quota.unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        Self {
            limiter: RateLimiter::keyed(quota.allow_burst(burst)).with_middleware(),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// Takes one from the quota of a key.
    ///
    /// # Errors
    /// If the quota is used up. Then nothing is taken.
    pub fn take(&self, key: &K) -> Result<(), TooMany> {
        self.take_many(key, 1)
    }

    /// Like [`Self::take`], and returns how many are left to be taken at once.
    ///
    /// # Errors
    /// If the quota is used up. Then nothing is taken.
    pub fn take_one(&self, key: &K) -> Result<u32, TooMany> {
        let state = self.check(key, NonZeroU32::MIN)?;
        Ok(state.remaining_burst_capacity())
    }

    /// Takes several from the quota of a key.
    ///
    /// # Errors
    /// If less than that is left, or `number` is greater than the burst. Then nothing is taken.
    pub fn take_many(&self, key: &K, number: u32) -> Result<(), TooMany> {
        match NonZeroU32::new(number) {
            Some(number) => self.check(key, number).map(drop),
            None => Ok(()),
        }
    }

    fn check(&self, key: &K, number: NonZeroU32) -> Result<StateSnapshot, TooMany> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_INTERVAL == CLEAN_UP_INTERVAL - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let asked = match self.limiter.check_key_n(key, number) {
            Ok(asked) => asked,
            // It is more than the burst, so waiting does not help.
            Err(_) => return Err(TooMany { retry_after: Duration::from_secs(60) }),
        };
        asked.map_err(|not_until| TooMany {
            retry_after: not_until.wait_time_from(self.clock.now()),
        })
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.limiter.len()
    }
}

impl<K: Hash + Eq + Clone> Debug for Rate<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rate(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_quota() {
        let rate = Rate::new(3, 1, Duration::from_secs(3_600));
        for key in ["a", "b"] {
            for _ in 0..3 {
                rate.take(&key).unwrap();
            }
            let wait = rate.take(&key).unwrap_err().retry_after;
            assert!(wait > Duration::from_secs(3_500), "{wait:?}");
        }
        assert_eq!(rate.take_one(&"d"), Ok(2));
        assert!(rate.take_many(&"c", 4).is_err(), "more than the burst");
        rate.take_many(&"c", 3).unwrap();
        assert!(rate.take_many(&"c", 0).is_ok());
    }

    #[test]
    fn the_quota_grows_again_with_time() {
        let rate = Rate::new(1, 100, Duration::from_secs(1));
        rate.take(&1).unwrap();
        assert!(rate.take(&1).is_err());
        std::thread::sleep(Duration::from_millis(30));
        rate.take(&1).unwrap();
    }

    #[test]
    fn keys_with_a_full_quota_are_forgotten() {
        let rate = Rate::new(1, 1_000_000, Duration::from_secs(1));
        for key in 0..50_000 {
            rate.take(&key).unwrap();
        }
        assert!(rate.remembered() <= 2 * CLEAN_UP_INTERVAL as usize, "{}", rate.remembered());
    }

    #[test]
    fn retry_after_is_in_whole_seconds() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            let too_many = TooMany { retry_after: Duration::from_millis(milliseconds) };
            assert_eq!(too_many.seconds(), seconds);
        }
    }
}
