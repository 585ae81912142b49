//! Counts the homeserver's pings that reached us.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::notices::{Notice, Outbox};

/// How long it may take until another process has told that a ping reached it.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// The numbers of pings since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingCount {
    here: u64,
    elsewhere: u64,
}

/// Counts the pings. All clones share one count.
#[derive(Clone, Debug, Default)]
pub struct Pings {
    count: Arc<watch::Sender<PingCount>>,
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
        self.count.send_modify(|count| count.here = count.here.wrapping_add(1));
    }

    /// Counts a ping that reached another process.
    pub fn arrived_elsewhere(&self) {
        self.count.send_modify(|count| count.elsewhere = count.elsewhere.wrapping_add(1));
    }

    /// Returns how many there were so far.
    pub fn count(&self) -> PingCount {
        *self.count.borrow()
    }

    /// Returns whether a ping has reached this process since there were this many.
    pub fn arrived_here_since(&self, before: PingCount) -> bool {
        self.count().here != before.here
    }

    /// Returns whether a ping has reached any process since there were this many. If there are other
    /// processes, it waits for what they tell.
    pub async fn arrived_since(&self, before: PingCount) -> bool {
        if !self.outbox.is_shared() {
            return self.arrived_here_since(before);
        }
        let mut receiver = self.count.subscribe();
        let arrived = receiver.wait_for(|now| *now != before);
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
        assert!(arrived && !pings.arrived_here_since(before));
        assert_eq!(outbox.take(), []);
        pings.arrived();
        assert_eq!(outbox.take(), [Notice::Pinged]);
        assert!(pings.arrived_here_since(before));
    }
}
