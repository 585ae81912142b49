//! Counts the homeserver's pings that reached us.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of pings. All clones share one count.
#[derive(Clone, Debug, Default)]
pub struct Pings(Arc<AtomicU64>);

impl Pings {
    /// Counts a ping that reached us with the right token.
    pub fn arrived(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of pings since the start of the process.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
