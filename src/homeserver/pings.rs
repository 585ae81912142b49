//! Pings of the homeserver that reached us.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many there were. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Pings(Arc<AtomicU64>);

impl Pings {
    /// One reached us, with the right token.
    pub fn arrived(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So many did, since the start.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
