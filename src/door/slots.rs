//! The connection slots of a listener: how many connections it may have, and which one is closed
//! when another one comes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The greatest time that a new connection waits until another one was closed for it.
const SLOT_TIMEOUT: Duration = Duration::from_secs(1);

/// The state of a connection without a request that is being answered. Connections in an earlier
/// state of this list are closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiting {
    /// It has not sent the header of a request so far.
    New,
    /// Its last request is answered.
    Idle,
    /// It has sent the header of a request, and is sending the body.
    Sending,
}

/// The connection slots of a listener.
#[derive(Debug)]
pub struct ConnectionSlots {
    max: usize,
    state: Mutex<State>,
    freed: Notify,
    /// The number of connections that were closed for another one, or refused.
    closed_or_refused: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// A counter that orders the connections in the same state by the time since when they wait.
    turn: u64,
    /// The connections that may be closed, in the order in which they are closed.
    waiting: BTreeMap<Place, CancellationToken>,
}

type Place = (Waiting, u64);

/// The slot of one connection. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<ConnectionSlots>,
    /// The place among the waiting connections. `None` if a request is being answered, or the
    /// connection is being closed.
    place: Mutex<Option<Place>>,
    needed: CancellationToken,
}

impl ConnectionSlots {
    /// Creates `max` free slots.
    pub fn new(max: usize) -> Arc<Self> {
        let (state, freed) = (Mutex::default(), Notify::new());
        Arc::new(Self { max, state, freed, closed_or_refused: AtomicU64::new(0) })
    }

    /// Returns the number of connections that were closed for another one, or refused, since the
    /// start.
    pub fn closed_or_refused(&self) -> u64 {
        self.closed_or_refused.load(Ordering::Relaxed)
    }

    /// Returns a slot for a new connection. If none is free, a waiting connection is closed. Returns
    /// `None` if no connection is waiting, or if none ends within [`SLOT_TIMEOUT`].
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<Arc<Slot>> {
        let acquiring = async {
            loop {
                let freed = self.freed.notified();
                tokio::pin!(freed);
                // From here on, no notification is missed.
                freed.as_mut().enable();
                if let Some(slot) = self.try_acquire() {
                    return Some(slot);
                }
                if !self.close_longest_waiting() {
                    self.closed_or_refused.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                freed.await;
            }
        };
        tokio::time::timeout(SLOT_TIMEOUT, acquiring).await.unwrap_or_default()
    }

    fn try_acquire(self: &Arc<Self>) -> Option<Arc<Slot>> {
        {
            let mut state = self.state();
            if state.taken >= self.max {
                return None;
            }
            state.taken += 1;
        }
        let (place, needed) = (Mutex::default(), CancellationToken::new());
        let slot = Arc::new(Slot { slots: Arc::clone(self), place, needed });
        slot.set_waiting(Waiting::New);
        Some(slot)
    }

    /// Closes the connection that has been waiting longest of those in the first state of
    /// [`Waiting`] that any connection has. Returns false if no connection is waiting.
    pub(super) fn close_longest_waiting(&self) -> bool {
        let first = self.state().waiting.pop_first();
        let Some((_, needed)) = first else { return false };
        self.closed_or_refused.fetch_add(1, Ordering::Relaxed);
        needed.cancel();
        true
    }

    /// Waits until all slots are free.
    pub(super) async fn wait_until_all_free(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.state().taken == 0 {
                return;
            }
            freed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Marks the connection as waiting since now.
    pub(super) fn set_waiting(&self, waiting: Waiting) {
        let mut state = self.slots.state();
        let mut place = self.place();
        if let Some(place) = place.take() {
            state.waiting.remove(&place);
        }
        if !self.needed.is_cancelled() {
            state.turn += 1;
            let new = (waiting, state.turn);
            state.waiting.insert(new, self.needed.clone());
            *place = Some(new);
        }
    }

    /// Marks the connection as busy: a request is being answered, so it is not closed.
    pub(super) fn set_busy(&self) {
        let mut state = self.slots.state();
        if let Some(place) = self.place().take() {
            state.waiting.remove(&place);
        }
    }

    /// Whether the connection has not sent the header of a request so far.
    pub(super) fn is_new(&self) -> bool {
        matches!(*self.place(), Some((Waiting::New, _)))
    }

    /// Whether the connection is sending a body.
    pub(super) fn is_sending(&self) -> bool {
        matches!(*self.place(), Some((Waiting::Sending, _)))
    }

    /// Whether no request of the connection is being answered.
    pub(super) fn is_waiting(&self) -> bool {
        self.place().is_some()
    }

    /// Waits until the slot is needed for another connection.
    pub(super) async fn wait_until_needed(&self) {
        self.needed.cancelled().await;
    }

    fn place(&self) -> MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.set_busy();
        self.slots.state().taken -= 1;
        self.slots.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all_taken(number: usize) -> (Arc<ConnectionSlots>, Vec<Arc<Slot>>) {
        let slots = ConnectionSlots::new(number);
        let mut taken = Vec::new();
        for _ in 0..number {
            taken.push(slots.acquire().await.unwrap());
        }
        (slots, taken)
    }

    /// Closes one connection and returns its index.
    fn close_one(slots: &ConnectionSlots, taken: &[Arc<Slot>]) -> Option<usize> {
        let before: Vec<bool> = taken.iter().map(|it| it.needed.is_cancelled()).collect();
        slots.close_longest_waiting();
        taken.iter().zip(before).position(|(it, before)| it.needed.is_cancelled() && !before)
    }

    #[tokio::test]
    async fn new_connections_are_closed_first_then_idle_then_sending_and_never_busy_ones() {
        let (slots, taken) = all_taken(6).await;
        taken[0].set_waiting(Waiting::Sending);
        taken[1].set_busy();
        taken[2].set_waiting(Waiting::Idle);
        taken[3].set_waiting(Waiting::Idle);
        taken[2].set_waiting(Waiting::Idle);
        // A connection that receives a part of the body starts to wait anew.
        taken[5].set_waiting(Waiting::Sending);
        taken[0].set_waiting(Waiting::Sending);
        let order: Vec<_> = std::iter::from_fn(|| close_one(&slots, &taken)).collect();
        assert_eq!(order, [4, 3, 2, 5, 0]);
        assert_eq!(slots.closed_or_refused(), 5);
    }

    #[tokio::test]
    async fn a_new_connection_gets_the_slot_of_the_closed_one() {
        let (slots, mut taken) = all_taken(2).await;
        taken[1].set_busy();
        let new = taken.remove(0);
        let closing = tokio::spawn(async move { new.wait_until_needed().await });
        slots.acquire().await.unwrap();
        closing.await.unwrap();
        drop(taken);
    }

    #[tokio::test]
    async fn no_slot_is_returned_while_all_connections_are_busy() {
        let (slots, taken) = all_taken(3).await;
        taken.iter().for_each(|it| it.set_busy());
        assert!(slots.acquire().await.is_none());
        drop(taken);
        assert!(slots.acquire().await.is_some());
        slots.wait_until_all_free().await;
    }

    #[tokio::test]
    async fn a_connection_that_is_being_closed_is_not_closed_again() {
        let (slots, taken) = all_taken(1).await;
        assert!(slots.close_longest_waiting());
        taken[0].set_waiting(Waiting::Idle);
        assert!(!slots.close_longest_waiting(), "it is being closed already");
    }
}
