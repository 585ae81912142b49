//! Hints within this process that there is work. The truth is in the database: who misses a hint
//! finds the work a second later.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use ulid::Ulid;

/// Who may be waiting for what.
#[derive(Debug, Default)]
pub struct Hints {
    /// The journal has new events.
    pub journal: Notify,
    /// A file is wanted, or not any more.
    pub files: Notify,
    /// A room is due.
    pub rooms: Notify,
    /// A user of another homeserver is to be invited.
    pub far: Notify,
    /// Transactions that somebody looks at.
    watched: Mutex<HashMap<Ulid, watch::Sender<()>>>,
}

impl Hints {
    /// Tells whoever looks at a transaction that something about it is new.
    pub fn changed(&self, transaction: Ulid) {
        if let Some(sender) = self.watched().get(&transaction) {
            sender.send_replace(());
        }
    }

    /// To wait for news of a transaction.
    pub fn watch(&self, transaction: Ulid) -> watch::Receiver<()> {
        let mut watched = self.watched();
        // Nobody looks at most of them any more; going through all is cheap against opening a page.
        if watched.len() > 64 && watched.len().is_power_of_two() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        watched.entry(transaction).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Ulid, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
