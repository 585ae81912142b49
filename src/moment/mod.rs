//! Knows what happens at this moment: who types, who is online, and who has a page open. This is kept
//! in memory only. After a restart, people and their homeservers send it again.
//!
//! Processes that serve the same database tell each other who types and who has a page open. Who is
//! online is told to none: each process asks the homeserver about those whom its visitors see.

mod elsewhere;
mod ephemeral;
mod presence;

pub use ephemeral::{Ephemeral, Reading, ephemeral_of_push};
pub use presence::{Online, Query};

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use ulid::Ulid;

use self::elsewhere::Elsewhere;
use self::presence::Presences;
use crate::clock::now;
use crate::notices::{Notice, Outbox};

/// The time after which a user no longer counts as typing without news, in milliseconds.
const TYPING_TIMEOUT_MS: i64 = 30_000;

/// What happens at this moment. All clones share the same data.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    inner: Arc<Mutex<Inner>>,
    outbox: Outbox,
}

#[derive(Debug, Default)]
struct Inner {
    /// The users who type in each room, and until when they count as typing, in milliseconds since
    /// 1970.
    typing: HashMap<String, (BTreeSet<String>, i64)>,
    watched: HashMap<String, watch::Sender<()>>,
    presence: Presences,
    /// The number of open pages of each visitor at this process.
    looking: HashMap<Place, usize>,
    /// Who has a page open at another process.
    elsewhere: Elsewhere,
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
    /// Returns a moment that is told to other processes by this outbox.
    pub fn told_by(outbox: Outbox) -> Self {
        Self { outbox, ..Self::default() }
    }

    /// Sets the users who type in a room now, as the homeserver told this process.
    pub fn set_typing(&self, room_id: &str, users: BTreeSet<String>) {
        if self.outbox.is_shared() {
            self.outbox.give(Notice::typing(room_id, &users));
        }
        self.hear_typing(room_id, users);
    }

    /// Sets the users who type in a room now, as another process told.
    pub fn hear_typing(&self, room_id: &str, users: BTreeSet<String>) {
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
        let mut inner = self.inner();
        let count = inner.looking.entry(place.clone()).or_default();
        *count += 1;
        if *count == 1 {
            self.tell_looking(&place, true);
        }
        drop(inner);
        Looking { moment: self.clone(), place }
    }

    /// Returns whether the visitor with this guest has the page open.
    pub fn is_looking(&self, transaction: Ulid, guest: &str) -> bool {
        let (inner, place) = (self.inner(), (transaction, guest.to_owned()));
        inner.looking.contains_key(&place) || inner.elsewhere.is_looking(&place, Instant::now())
    }

    /// Tells the other processes whether a visitor has a page open at this one. The caller holds the
    /// lock, so that of two changes the newer one is told last.
    fn tell_looking(&self, (transaction, guest): &Place, is_open: bool) {
        if self.outbox.is_shared() {
            let (transaction, guest) = (*transaction, guest.clone());
            self.outbox.give(Notice::Looking { transaction, guest, is_open });
        }
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
                self.moment.tell_looking(&self.place, false);
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
