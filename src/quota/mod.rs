//! Limits how much one shop, one transaction or one grant may use, so that it cannot slow down
//! others: rates, places for what runs at the same time, a budget of memory, and timeouts for slow readers.

mod memory;
mod paced;
mod places;
mod rate;
mod run_blocking;

pub use memory::{Memory, Reserved};
pub use paced::paced;
pub use places::{Place, Places};
pub use rate::Rate;
pub use run_blocking::run_blocking;

use std::time::Duration;

/// The refusal of something that exceeds a limit now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// The time after which a retry makes sense.
    pub retry_after: Duration,
}

impl TooMany {
    /// Returns the value for the header `Retry-After`: whole seconds, at least one.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.retry_after.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
    }
}
