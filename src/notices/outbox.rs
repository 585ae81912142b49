//! The notices that wait to be sent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use ulid::Ulid;

use super::{Notice, Work};

/// The greatest number of notices that wait. Above it, those about work and changes become a single
/// [`Notice::Lost`], and the others are left out.
const MAX_WAITING: usize = 2_048;

/// Where notices wait until they are sent. What is said twice is sent once. All clones share the
/// same notices. The default takes no notices, because there is nobody else to tell.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    is_lost: bool,
    is_beating: bool,
    is_pinged: bool,
    work: HashSet<Work>,
    changed: HashSet<Ulid>,
    typing: HashMap<String, Notice>,
    looking: HashMap<(Ulid, String), bool>,
}

impl Outbox {
    /// Returns an outbox for a database that others may serve as well.
    pub fn shared() -> Self {
        Self(Some(Arc::new(Inner { waiting: Mutex::default(), filled: Notify::new() })))
    }

    /// Says whether there may be others to tell.
    pub fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a notice. It never waits.
    pub fn give(&self, notice: Notice) {
        let Some(inner) = &self.0 else { return };
        let mut waiting = inner.waiting();
        let was_empty = waiting.is_empty();
        waiting.add(notice);
        drop(waiting);
        if was_empty {
            inner.filled.notify_one();
        }
    }

    /// Waits until there are notices.
    pub async fn filled(&self) {
        let Some(inner) = &self.0 else { return std::future::pending().await };
        while inner.waiting().is_empty() {
            inner.filled.notified().await;
        }
    }

    /// Takes all notices, which the caller sends.
    pub fn take(&self) -> Vec<Notice> {
        self.0.as_ref().map(|inner| std::mem::take(&mut *inner.waiting())).unwrap_or_default().all()
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        let single = [self.is_lost, self.is_beating, self.is_pinged];
        let lists = [self.work.len(), self.changed.len(), self.typing.len(), self.looking.len()];
        single.into_iter().map(usize::from).chain(lists).sum()
    }

    fn add(&mut self, notice: Notice) {
        let is_full = self.count() >= MAX_WAITING;
        match notice {
            Notice::Lost => self.lose(),
            Notice::Beat => self.is_beating = true,
            Notice::Pinged => self.is_pinged = true,
            // Whoever learns of a loss looks for everything.
            Notice::Work(_) | Notice::Changed(_) if self.is_lost => {}
            Notice::Work(work) => drop(self.work.insert(work)),
            Notice::Changed(transaction) if self.changed.contains(&transaction) => {}
            Notice::Changed(_) if is_full => self.lose(),
            Notice::Changed(transaction) => drop(self.changed.insert(transaction)),
            Notice::Typing { ref room, .. } => {
                if !is_full || self.typing.contains_key(room) {
                    self.typing.insert(room.clone(), notice);
                }
            }
            Notice::Looking { transaction, guest, is_open } => {
                let place = (transaction, guest);
                if !is_full || self.looking.contains_key(&place) {
                    self.looking.insert(place, is_open);
                }
            }
        }
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.work.clear();
        self.changed.clear();
    }

    fn all(self) -> Vec<Notice> {
        let single = [
            (self.is_lost, Notice::Lost),
            (self.is_beating, Notice::Beat),
            (self.is_pinged, Notice::Pinged),
        ];
        let single = single.into_iter().filter_map(|(is_there, notice)| is_there.then_some(notice));
        let looking = self
            .looking
            .into_iter()
            .map(|((transaction, guest), is_open)| Notice::Looking { transaction, guest, is_open });
        single
            .chain(self.work.into_iter().map(Notice::Work))
            .chain(self.changed.into_iter().map(Notice::Changed))
            .chain(self.typing.into_values())
            .chain(looking)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_said_twice_is_sent_once_and_of_typing_and_looking_the_newest_counts() {
        let (outbox, id) = (Outbox::shared(), Ulid::new());
        let anna = BTreeSet::from(["@anna:x".to_owned()]);
        let looking = |is_open| {
            let guest = "@guest:x".to_owned();
            Notice::Looking { transaction: id, guest, is_open }
        };
        for _ in 0..2 {
            outbox.give(Notice::Work(Work::Rooms));
            outbox.give(Notice::Changed(id));
            outbox.give(looking(true));
            outbox.give(Notice::typing("!r:x", &anna));
        }
        outbox.give(Notice::typing("!r:x", &BTreeSet::new()));
        outbox.give(looking(false));
        let taken = outbox.take();
        let expected = [
            Notice::Work(Work::Rooms),
            Notice::Changed(id),
            Notice::typing("!r:x", &BTreeSet::new()),
            looking(false),
        ];
        assert_eq!(taken, expected);
        assert_eq!(outbox.take(), []);
    }

    #[test]
    fn too_many_notices_become_one_that_stands_for_all() {
        let outbox = Outbox::shared();
        outbox.give(Notice::Work(Work::Files));
        outbox.give(Notice::Pinged);
        for _ in 0..MAX_WAITING * 3 {
            outbox.give(Notice::Changed(Ulid::new()));
        }
        outbox.give(Notice::Work(Work::Rooms));
        assert_eq!(outbox.take(), [Notice::Lost, Notice::Pinged]);
        for number in 0..MAX_WAITING * 3 {
            outbox.give(Notice::typing(&format!("!r{number}:x"), &BTreeSet::new()));
        }
        outbox.give(Notice::Work(Work::Rooms));
        let taken = outbox.take();
        assert_eq!(taken.len(), MAX_WAITING + 1);
        assert!(taken.contains(&Notice::Work(Work::Rooms)));
    }

    #[test]
    fn whoever_sends_waits_until_there_is_something() {
        let outbox = Outbox::shared();
        assert!(outbox.filled().now_or_never().is_none());
        outbox.give(Notice::Beat);
        outbox.filled().now_or_never().unwrap();
        outbox.take();
        // The wake-up of the notice that is already taken is still there.
        assert!(outbox.filled().now_or_never().is_none());
    }

    #[test]
    fn nothing_is_kept_where_there_is_nobody_to_tell() {
        let outbox = Outbox::default();
        outbox.give(Notice::Beat);
        assert_eq!(outbox.take(), []);
    }
}
