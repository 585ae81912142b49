//! Counts the homeserver's pings that reached us.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::notices::{Notice, Outbox};

/// How long it may take until another process has told that a ping reached it.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// The number of pings. All clones share one count.
#[derive(Clone, Debug, Default)]
pub struct Pings {
    count: Arc<watch::Sender<u64>>,
    outbox: Outbox,
}

impl Pings {
    /// Returns a count that is told to other processes by this outbox. The homeserver pings all of
    /// them at one address, and so it may reach another process than the one that asked for it.
    pub fn told_by(outbox: Outbox) -> Self {
        Self { outbox, ..Self::default() }
    }

    /// Counts a ping that reached this process with the right token.
    pub fn arrived(&self) {
        self.outbox.give(Notice::Pinged);
        self.arrived_elsewhere();
    }

    /// Counts a ping that reached another process.
    pub fn arrived_elsewhere(&self) {
        self.count.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Returns the number of pings since the start of the process.
    pub fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// Returns whether a ping has arrived since there were this many. If there are other processes, it
    /// waits for what they tell.
    pub async fn arrived_since(&self, count: u64) -> bool {
        if !self.outbox.is_shared() {
            return self.count() != count;
        }
        let mut receiver = self.count.subscribe();
        let arrived = receiver.wait_for(|now| *now != count);
        tokio::time::timeout(TOLD_WITHIN, arrived).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ping_that_another_process_tells_late_counts_and_is_not_told_on() {
        let outbox = Outbox::shared();
        let pings = Pings::told_by(outbox.clone());
        let before = pings.count();
        assert!(!pings.arrived_since(before).await);
        let (arrived, ()) =
            tokio::join!(pings.arrived_since(before), async { pings.arrived_elsewhere() });
        assert!(arrived);
        assert_eq!(outbox.take(), []);
        pings.arrived();
        assert_eq!(outbox.take(), [Notice::Pinged]);
    }
}
