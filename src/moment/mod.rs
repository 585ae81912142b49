//! What is going on at this moment: who types, who is online, who looks at a page. It is kept in
//! memory only: after a restart people and their homeservers tell it again.

mod ephemeral;
mod presence;

pub use ephemeral::{Ephemeral, Reading, events_of_push};
pub use presence::{Online, Question};

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use ulid::Ulid;

use self::presence::Presences;
use crate::clock::now;

/// How long somebody counts as typing if nobody says that they stopped, in milliseconds.
const TYPING_MS: i64 = 30_000;

/// Shared by everything that learns or shows it.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    typing: HashMap<String, (BTreeSet<String>, i64)>,
    watched: HashMap<String, watch::Sender<()>>,
    presence: Presences,
    looking: HashMap<Place, usize>,
}

/// A transaction's page as one visitor sees it: the guest through whom they speak names them.
type Place = (Ulid, String);

/// Counts as long as it lives.
#[derive(Debug)]
pub struct Looking {
    moment: Moment,
    place: Place,
}

impl Moment {
    /// These, and nobody else, type in a room now.
    pub fn set_typing(&self, room_id: &str, users: BTreeSet<String>) {
        let mut inner = self.inner();
        // Most rooms are told of once and then no more.
        if inner.typing.len() > 64 && inner.typing.len().is_power_of_two() {
            let now = now();
            inner.typing.retain(|_, (_, until)| *until > now);
        }
        if users.is_empty() {
            inner.typing.remove(room_id);
        } else {
            inner.typing.insert(room_id.to_owned(), (users, now().saturating_add(TYPING_MS)));
        }
        if let Some(sender) = inner.watched.get(room_id) {
            sender.send_replace(());
        }
    }

    /// Who types in a room.
    pub fn typing(&self, room_id: &str) -> BTreeSet<String> {
        let inner = self.inner();
        let typing = inner.typing.get(room_id).filter(|(_, until)| *until > now());
        typing.map(|(users, _)| users.clone()).unwrap_or_default()
    }

    /// To wait for somebody to begin or stop typing in a room.
    pub fn watch(&self, room_id: &str) -> watch::Receiver<()> {
        let mut inner = self.inner();
        if inner.watched.len() > 64 && inner.watched.len().is_power_of_two() {
            inner.watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = inner.watched.entry(room_id.to_owned());
        sender.or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Somebody looks at the page of a transaction, until the answer is dropped.
    pub fn look(&self, transaction: Ulid, guest: &str) -> Looking {
        let place = (transaction, guest.to_owned());
        *self.inner().looking.entry(place.clone()).or_default() += 1;
        Looking { moment: self.clone(), place }
    }

    /// Whether whoever speaks through this guest looks at the page.
    pub fn is_looking(&self, transaction: Ulid, guest: &str) -> bool {
        self.inner().looking.contains_key(&(transaction, guest.to_owned()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut inner = self.moment.inner();
        if let Some(count) = inner.looking.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                inner.looking.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_looks_as_long_as_one_of_their_pages_is_open() {
        let (moment, id) = (Moment::default(), Ulid::new());
        let first = moment.look(id, "@g:x");
        let second = moment.look(id, "@g:x");
        drop(first);
        assert!(moment.is_looking(id, "@g:x"));
        drop(second);
        assert!(!moment.is_looking(id, "@g:x"));
    }

    #[test]
    fn typing_is_told_to_those_who_watch_the_room() {
        let moment = Moment::default();
        let mut watching = moment.watch("!r:x");
        watching.mark_unchanged();
        moment.set_typing("!other:x", BTreeSet::from(["@a:x".to_owned()]));
        assert!(!watching.has_changed().unwrap());
        moment.set_typing("!r:x", BTreeSet::from(["@a:x".to_owned()]));
        assert!(watching.has_changed().unwrap());
        assert_eq!(moment.typing("!r:x").len(), 1);
        moment.set_typing("!r:x", BTreeSet::new());
        assert!(moment.typing("!r:x").is_empty());
    }
}
