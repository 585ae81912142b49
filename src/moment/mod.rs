//! Knows what happens at this moment: who types, who is online, and who has a page open. This is kept
//! in memory only. After a restart, people and their homeservers send it again.

mod ephemeral;
mod presence;

pub use ephemeral::{Ephemeral, Reading, events_of_push};
pub use presence::{Online, Query};

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use ulid::Ulid;

use self::presence::Presences;
use crate::clock::now;

/// The time after which a user no longer counts as typing without news, in milliseconds.
const TYPING_TIMEOUT_MS: i64 = 30_000;

/// What happens at this moment. All clones share the same data.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The users who type in each room, and until when they count as typing, in milliseconds since
    /// 1970.
    typing: HashMap<String, (BTreeSet<String>, i64)>,
    watched: HashMap<String, watch::Sender<()>>,
    presence: Presences,
    /// The number of open pages of each visitor.
    looking: HashMap<Place, usize>,
}

/// The page of a transaction for one visitor, who is identified by their guest's user id.
type Place = (Ulid, String);

/// An open page. It counts until this is dropped.
#[derive(Debug)]
pub struct Looking {
    moment: Moment,
    place: Place,
}

impl Moment {
    /// Sets the users who type in a room now.
    pub fn set_typing(&self, room_id: &str, users: BTreeSet<String>) {
        let mut inner = self.inner();
        // Most rooms get no more news, so their old entries have to be removed.
        if inner.typing.len() > 64 && inner.typing.len().is_power_of_two() {
            let now = now();
            inner.typing.retain(|_, (_, until)| *until > now);
        }
        if users.is_empty() {
            inner.typing.remove(room_id);
        } else {
            inner
                .typing
                .insert(room_id.to_owned(), (users, now().saturating_add(TYPING_TIMEOUT_MS)));
        }
        if let Some(sender) = inner.watched.get(room_id) {
            sender.send_replace(());
        }
    }

    /// Returns the users who type in a room.
    pub fn typing(&self, room_id: &str) -> BTreeSet<String> {
        let inner = self.inner();
        let typing = inner.typing.get(room_id).filter(|(_, until)| *until > now());
        typing.map(|(users, _)| users.clone()).unwrap_or_default()
    }

    /// Returns a receiver that is notified when somebody begins or stops typing in a room.
    pub fn watch(&self, room_id: &str) -> watch::Receiver<()> {
        let mut inner = self.inner();
        if inner.watched.len() > 64 && inner.watched.len().is_power_of_two() {
            inner.watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = inner.watched.entry(room_id.to_owned());
        sender.or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Counts an open page of a transaction until the returned value is dropped.
    pub fn look(&self, transaction: Ulid, guest: &str) -> Looking {
        let place = (transaction, guest.to_owned());
        *self.inner().looking.entry(place.clone()).or_default() += 1;
        Looking { moment: self.clone(), place }
    }

    /// Returns whether the visitor with this guest has the page open.
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
    fn a_visitor_counts_until_their_last_page_is_closed() {
        let (moment, id) = (Moment::default(), Ulid::new());
        let first = moment.look(id, "@g:x");
        let second = moment.look(id, "@g:x");
        drop(first);
        assert!(moment.is_looking(id, "@g:x"));
        drop(second);
        assert!(!moment.is_looking(id, "@g:x"));
    }

    #[test]
    fn watchers_of_a_room_are_notified_of_typing() {
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
