//! How many connections a listener has, and which of them goes when another one comes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long whoever comes waits for the one who goes.
const CHANGE_OF_SEATS: Duration = Duration::from_secs(1);

/// What a connection does that is not being answered. Whoever comes first here goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiting {
    /// It has never said what it wants.
    New,
    /// It was answered, and may want something else.
    Idle,
    /// It said what it wants, and is still sending the body.
    Sending,
}

/// The seats of a listener.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
    /// How many connections had to go for another, or found no seat.
    turned_away: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// Counts up, so that of those who do the same, the one who has done so longest comes first.
    turn: u64,
    waiting: BTreeMap<Place, CancellationToken>,
}

type Place = (Waiting, u64);

/// A seat that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    /// None: it is being answered, or has to go.
    place: Mutex<Option<Place>>,
    needed: CancellationToken,
}

impl Seats {
    /// So many.
    pub fn new(most: usize) -> Arc<Self> {
        let (state, freed) = (Mutex::default(), Notify::new());
        Arc::new(Self { most, state, freed, turned_away: AtomicU64::new(0) })
    }

    /// How many connections had to go for another, or found no seat, since the start.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// A seat for whoever has just come; none if everybody is being answered.
    pub(super) async fn seat(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let changing = async {
            loop {
                let freed = self.freed.notified();
                tokio::pin!(freed);
                // From here on nothing that is freed is missed.
                freed.as_mut().enable();
                if let Some(seat) = self.take() {
                    return Some(seat);
                }
                if !self.make_room() {
                    self.turned_away.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                freed.await;
            }
        };
        tokio::time::timeout(CHANGE_OF_SEATS, changing).await.unwrap_or_default()
    }

    fn take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        {
            let mut state = self.state();
            if state.taken >= self.most {
                return None;
            }
            state.taken += 1;
        }
        let (place, needed) = (Mutex::default(), CancellationToken::new());
        let seat = Arc::new(Seat { seats: Arc::clone(self), place, needed });
        seat.wait(Waiting::New);
        Some(seat)
    }

    /// Has the one go who has waited longest. False if nobody waits.
    pub(super) fn make_room(&self) -> bool {
        let first = self.state().waiting.pop_first();
        let Some((_, needed)) = first else { return false };
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        needed.cancel();
        true
    }

    /// Until nobody has a seat.
    pub(super) async fn all_free(&self) {
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

impl Seat {
    /// It waits from now on.
    pub(super) fn wait(&self, waiting: Waiting) {
        let mut state = self.seats.state();
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

    /// It is being answered from now on.
    pub(super) fn answer(&self) {
        let mut state = self.seats.state();
        if let Some(place) = self.place().take() {
            state.waiting.remove(&place);
        }
    }

    /// Whether it has never said what it wants.
    pub(super) fn is_new(&self) -> bool {
        matches!(*self.place(), Some((Waiting::New, _)))
    }

    /// Whether it is still sending.
    pub(super) fn is_sending(&self) -> bool {
        matches!(*self.place(), Some((Waiting::Sending, _)))
    }

    /// Whether it is not being answered.
    pub(super) fn is_waiting(&self) -> bool {
        self.place().is_some()
    }

    /// Until somebody else needs the seat.
    pub(super) async fn is_needed(&self) {
        self.needed.cancelled().await;
    }

    fn place(&self) -> MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.answer();
        self.seats.state().taken -= 1;
        self.seats.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn full(number: usize) -> (Arc<Seats>, Vec<Arc<Seat>>) {
        let seats = Seats::new(number);
        let mut taken = Vec::new();
        for _ in 0..number {
            taken.push(seats.seat().await.unwrap());
        }
        (seats, taken)
    }

    /// Which of these has to go now.
    fn goes(seats: &Seats, taken: &[Arc<Seat>]) -> Option<usize> {
        let before: Vec<bool> = taken.iter().map(|it| it.needed.is_cancelled()).collect();
        seats.make_room();
        taken.iter().zip(before).position(|(it, before)| it.needed.is_cancelled() && !before)
    }

    #[tokio::test]
    async fn the_silent_go_first_then_the_idle_then_the_slow_and_never_who_is_answered() {
        let (seats, taken) = full(6).await;
        taken[0].wait(Waiting::Sending);
        taken[1].answer();
        taken[2].wait(Waiting::Idle);
        taken[3].wait(Waiting::Idle);
        taken[2].wait(Waiting::Idle);
        // Each byte that comes counts as a sign of life.
        taken[5].wait(Waiting::Sending);
        taken[0].wait(Waiting::Sending);
        let order: Vec<_> = std::iter::from_fn(|| goes(&seats, &taken)).collect();
        assert_eq!(order, [4, 3, 2, 5, 0]);
        assert_eq!(seats.turned_away(), 5);
    }

    #[tokio::test]
    async fn whoever_comes_gets_the_seat_of_the_one_who_goes() {
        let (seats, mut taken) = full(2).await;
        taken[1].answer();
        let silent = taken.remove(0);
        let leaving = tokio::spawn(async move { silent.is_needed().await });
        seats.seat().await.unwrap();
        leaving.await.unwrap();
        drop(taken);
    }

    #[tokio::test]
    async fn there_is_no_seat_while_everybody_is_answered() {
        let (seats, taken) = full(3).await;
        taken.iter().for_each(|it| it.answer());
        assert!(seats.seat().await.is_none());
        drop(taken);
        assert!(seats.seat().await.is_some());
        seats.all_free().await;
    }

    #[tokio::test]
    async fn whoever_has_to_go_gets_no_new_turn() {
        let (seats, taken) = full(1).await;
        assert!(seats.make_room());
        taken[0].wait(Waiting::Idle);
        assert!(!seats.make_room(), "it was told already");
    }
}
