//! Hints within this process that there is work. They only save waiting: a worker that misses a
//! hint finds the work in the database a second later.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use ulid::Ulid;

/// The hints, one for each kind of work.
#[derive(Debug, Default)]
pub struct Hints {
    /// The journal has new events.
    pub journal: Notify,
    /// A record has new entries for the full-text index.
    pub index: Notify,
    /// A file is wanted or no longer wanted.
    pub files: Notify,
    /// A room is due.
    pub rooms: Notify,
    /// A user of another homeserver is to be invited.
    pub far: Notify,
    /// Somebody invited the bot, which the next sync handles.
    pub invitations: Notify,
    /// The transactions whose pages are open.
    watched: Mutex<HashMap<Ulid, watch::Sender<()>>>,
}

impl Hints {
    /// Tells the open pages of a transaction that something has changed.
    pub fn changed(&self, transaction: Ulid) {
        if let Some(sender) = self.watched().get(&transaction) {
            sender.send_replace(());
        }
    }

    /// Returns a receiver that is notified of changes of a transaction.
    pub fn watch(&self, transaction: Ulid) -> watch::Receiver<()> {
        let mut watched = self.watched();
        // Most of these pages are closed by now. Checking all of them costs less than opening a
        // page.
        if watched.len() > 64 && watched.len().is_power_of_two() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        watched.entry(transaction).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Ulid, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
