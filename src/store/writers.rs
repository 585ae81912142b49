//! The queue of those who write to SQLite, which allows one writer at a time.
//!
//! SQLite itself lets writers poll for its lock, and whoever polls at the right moment gets it. So a
//! push could wait for a long time although each of the others writes only for a moment. Here the
//! writers of this process stand in a queue, and pushes go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::StoreError;

/// The greatest number of writers that wait for their turn. Further ones are refused at once.
const MAX_WAITING: usize = 4_096;

/// Who gets the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// The homeserver waits for the answer, and sends nothing else meanwhile.
    Push,
    /// Everybody else.
    Other,
}

/// The queue. Its clones are the same queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    is_taken: bool,
    pushes: VecDeque<oneshot::Sender<Turn>>,
    others: VecDeque<oneshot::Sender<Turn>>,
    /// The number of turns so far.
    turns: u64,
}

/// The turn to write. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Writers>);

impl Writers {
    /// Waits for a turn.
    ///
    /// # Errors
    /// If too many writers wait, or if the turn does not come within `timeout`.
    pub(super) async fn turn(&self, rank: Rank, timeout: Duration) -> Result<Turn, StoreError> {
        let waiting = {
            let mut queue = self.queue();
            if !queue.is_taken {
                queue.take();
                return Ok(Turn(Some(self.clone())));
            }
            if queue.waiting() >= MAX_WAITING {
                queue.forget_those_who_left();
                if queue.waiting() >= MAX_WAITING {
                    return Err(StoreError::PoolTimedOut);
                }
            }
            let (sender, receiver) = oneshot::channel();
            match rank {
                Rank::Push => queue.pushes.push_back(sender),
                Rank::Other => queue.others.push_back(sender),
            }
            receiver
        };
        match tokio::time::timeout(timeout, waiting).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(StoreError::PoolTimedOut),
        }
    }

    /// Returns the number of turns so far.
    pub(super) fn turns(&self) -> u64 {
        self.queue().turns
    }

    /// Gives the turn to the next writer who still waits for it.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut queue = self.queue();
                queue.is_taken = false;
                let next = queue.pushes.pop_front().or_else(|| queue.others.pop_front());
                let Some(next) = next else { return };
                queue.take();
                next
            };
            match next.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // This writer no longer waits. Its turn must not pass itself on while it is dropped
                // here, or a long queue of such writers would overflow the stack.
                Err(mut unwanted) => unwanted.0 = None,
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.pushes.len() + self.others.len()
    }

    fn forget_those_who_left(&mut self) {
        for waiting in [&mut self.pushes, &mut self.others] {
            waiting.retain(|writer| !writer.is_closed());
        }
    }

    fn take(&mut self) {
        self.is_taken = true;
        self.turns += 1;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(writers) = self.0.take() {
            writers.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn pushes_go_first_and_the_others_in_their_order() {
        let writers = Writers::default();
        let first = writers.turn(Rank::Other, LONG).await.unwrap();
        let mut waiting: Vec<_> = [Rank::Other, Rank::Other, Rank::Push, Rank::Push]
            .map(|rank| Box::pin(writers.turn(rank, LONG)))
            .into();
        for writer in &mut waiting {
            assert!(writer.as_mut().now_or_never().is_none());
        }
        drop(first);
        for next in [2, 3, 0, 1] {
            let mut has_turn = Vec::new();
            for (number, writer) in waiting.iter_mut().enumerate() {
                // A future that has returned must not be polled again.
                if number == next {
                    has_turn.push(writer.as_mut().now_or_never().unwrap().unwrap());
                }
            }
            assert_eq!(has_turn.len(), 1);
        }
        assert_eq!(writers.turns(), 5);
    }

    #[tokio::test]
    async fn whoever_has_given_up_is_passed_over() {
        let writers = Writers::default();
        let first = writers.turn(Rank::Push, LONG).await.unwrap();
        for _ in 0..MAX_WAITING {
            let mut gives_up = Box::pin(writers.turn(Rank::Other, LONG));
            assert!(gives_up.as_mut().now_or_never().is_none());
        }
        let mut patient = Box::pin(writers.turn(Rank::Other, LONG));
        assert!(patient.as_mut().now_or_never().is_none());
        drop(first);
        patient.await.unwrap();
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_an_error() {
        let writers = Writers::default();
        let first = writers.turn(Rank::Push, LONG).await.unwrap();
        let error = writers.turn(Rank::Other, Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::PoolTimedOut));
        drop(first);
        writers.turn(Rank::Other, LONG).await.unwrap();
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let writers = Writers::default();
        let _first = writers.turn(Rank::Push, LONG).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            let mut writer = Box::pin(writers.turn(Rank::Other, LONG));
            assert!(writer.as_mut().now_or_never().is_none());
            waiting.push(writer);
        }
        assert!(writers.turn(Rank::Push, LONG).await.is_err());
    }
}
