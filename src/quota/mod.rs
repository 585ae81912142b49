//! How much one shop, one transaction or one grant may take, so that it touches nobody else: rates
//! of what is done, places for what runs at the same time, and patience with those who read slowly.

mod aside;
mod paced;
mod places;
mod rate;

pub use aside::aside;
pub use paced::paced;
pub use places::{Place, Places};
pub use rate::Rate;

use std::time::Duration;

/// Why something is not done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// When it is worth trying again.
    pub retry_after: Duration,
}

impl TooMany {
    /// As `Retry-After` has it: whole seconds, at least one.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.retry_after.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
    }
}
