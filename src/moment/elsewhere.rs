//! Who has a page open at another process.
//!
//! Each process tells the others when a page is opened or closed, and again from time to time, so
//! that nobody counts for long who is not there any more.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{Moment, Place};

/// How often a process tells again who has a page open. Each second, it does so for a share of the
/// transactions.
const RENEWAL_SECONDS: u64 = 30;
/// How long somebody counts without being told again.
const COUNTS_FOR: Duration = Duration::from_secs(75);
/// The greatest number of visitors who are known. Others are left out.
const MAX_PLACES: usize = 100_000;

/// The visitors, each with the processes that have their pages, and until when they count.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(HashMap<Place, HashMap<Ulid, Instant>>);

impl Elsewhere {
    pub(super) fn is_looking(&self, place: &Place, now: Instant) -> bool {
        self.0.get(place).is_some_and(|processes| processes.values().any(|until| *until > now))
    }

    fn set(&mut self, place: Place, process: Ulid, is_open: bool, now: Instant) {
        if is_open {
            if self.0.len() < MAX_PLACES || self.0.contains_key(&place) {
                self.0.entry(place).or_default().insert(process, now + COUNTS_FOR);
            }
        } else if let Some(processes) = self.0.get_mut(&place) {
            processes.remove(&process);
            if processes.is_empty() {
                self.0.remove(&place);
            }
        }
    }

    fn forget_old(&mut self, now: Instant) {
        self.0.retain(|_, processes| {
            processes.retain(|_, until| *until > now);
            !processes.is_empty()
        });
    }
}

impl Moment {
    /// Notes whether a visitor has a page open at another process, as that one told.
    pub fn hear_looking(&self, process: Ulid, transaction: Ulid, guest: String, is_open: bool) {
        self.inner().elsewhere.set((transaction, guest), process, is_open, Instant::now());
    }

    /// Tells the other processes again and again who has a page open at this one, until `stop`.
    pub async fn tell_again_forever(self, stop: CancellationToken) {
        if !self.outbox.is_shared() {
            return stop.cancelled().await;
        }
        let mut second = 0;
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stop.cancelled() => return,
            }
            second += 1;
            self.tell_again(second);
        }
    }

    /// Tells again about the transactions whose turn it is in this second.
    fn tell_again(&self, second: u64) {
        let mut inner = self.inner();
        inner.elsewhere.forget_old(Instant::now());
        let seconds = u128::from(RENEWAL_SECONDS);
        for place in
            inner.looking.keys().filter(|(id, _)| id.0 % seconds == u128::from(second) % seconds)
        {
            self.tell_looking(place, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::{Notice, Outbox};

    fn place() -> Place {
        (Ulid::new(), "@guest:x".to_owned())
    }

    #[test]
    fn somebody_looks_until_the_last_process_says_otherwise() {
        let (mut elsewhere, place, now) = (Elsewhere::default(), place(), Instant::now());
        let (one, other) = (Ulid::new(), Ulid::new());
        elsewhere.set(place.clone(), one, true, now);
        elsewhere.set(place.clone(), other, true, now);
        elsewhere.set(place.clone(), one, false, now);
        assert!(elsewhere.is_looking(&place, now));
        elsewhere.set(place.clone(), other, false, now);
        assert!(!elsewhere.is_looking(&place, now));
        assert!(elsewhere.0.is_empty());
    }

    #[test]
    fn nobody_counts_for_long_without_being_told_again() {
        let (mut elsewhere, place, now) = (Elsewhere::default(), place(), Instant::now());
        elsewhere.set(place.clone(), Ulid::new(), true, now);
        let later = now + COUNTS_FOR;
        assert!(!elsewhere.is_looking(&place, later));
        elsewhere.forget_old(now);
        assert!(elsewhere.is_looking(&place, now));
        elsewhere.forget_old(later);
        assert!(elsewhere.0.is_empty());
    }

    #[test]
    fn the_number_of_visitors_in_memory_is_limited() {
        let (mut elsewhere, process, now) = (Elsewhere::default(), Ulid::new(), Instant::now());
        for number in 0..MAX_PLACES + 5 {
            elsewhere.set((Ulid::nil(), number.to_string()), process, true, now);
        }
        assert_eq!(elsewhere.0.len(), MAX_PLACES);
    }

    #[test]
    fn the_others_are_told_of_the_first_and_the_last_page_and_now_and_then() {
        let outbox = Outbox::shared();
        let moment = Moment::told_by(outbox.clone());
        let (transaction, guest) = place();
        let told = |is_open| {
            let guest = guest.clone();
            Notice::Looking { transaction, guest, is_open }
        };
        let first = moment.look(transaction, &guest);
        assert_eq!(outbox.take(), [told(true)]);
        let second = moment.look(transaction, &guest);
        assert_eq!(outbox.take(), []);
        let again = (0..RENEWAL_SECONDS).filter(|second| {
            moment.tell_again(*second);
            let taken = outbox.take();
            assert!(taken.is_empty() || taken == [told(true)]);
            !taken.is_empty()
        });
        assert_eq!(again.count(), 1);
        drop(first);
        assert_eq!(outbox.take(), []);
        drop(second);
        assert_eq!(outbox.take(), [told(false)]);
    }

    #[test]
    fn what_is_heard_is_not_told_on() {
        let outbox = Outbox::shared();
        let moment = Moment::told_by(outbox.clone());
        let (transaction, guest) = place();
        let anna = std::collections::BTreeSet::from(["@anna:x".to_owned()]);
        moment.hear_looking(Ulid::new(), transaction, guest.clone(), true);
        moment.hear_typing("!r:x", anna.clone());
        assert!(moment.is_looking(transaction, &guest));
        assert_eq!(moment.typing("!r:x"), anna);
        assert_eq!(outbox.take(), []);
        moment.set_typing("!r:x", anna.clone());
        assert_eq!(outbox.take(), [Notice::typing("!r:x", &anna)]);
    }
}
