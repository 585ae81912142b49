//! Lets pushes go first when one follows the other, as when the homeserver delivers what it has kept.
//!
//! The homeserver waits for each answer before it sends the next push. Work that can be done a moment
//! later, such as deriving, would take the processors and SQLite's one place to write in between. So it
//! waits for a pause of the pushes, but not for long: it always has a share of the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After a push, the next one of a rush comes sooner than this.
const PAUSE_OF_PUSHES: Duration = Duration::from_millis(2);
/// How often it is looked whether the pushes pause.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// How much longer work waits for pushes than it took the last time: it gets at least a sixteenth of the time. A push that comes
/// meanwhile may have to wait for it. With much work at a time, and long pauses between, hardly one push in a hundred does.
const SHARE_OF_PUSHES: u32 = 15;
/// The longest wait for pushes.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Knows which pushes are being answered. Its clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Rush(Arc<Mutex<Pushes>>);

#[derive(Clone, Copy, Debug, Default)]
struct Pushes {
    /// The number of pushes that began.
    began: u64,
    in_progress: u64,
    /// When the last one was answered.
    ended_at: Option<Instant>,
}

/// A push that is being answered, until it is dropped.
#[derive(Debug)]
pub struct PushInProgress(Rush);

/// Work that lets pushes go first.
#[derive(Debug)]
pub struct Yielding {
    rush: Rush,
    /// The number of pushes when it began its last work.
    seen: u64,
    began_at: Instant,
    /// Whether it always waits for as long as one may.
    is_patient: bool,
}

impl Rush {
    /// Notes that a push has arrived.
    pub fn push(&self) -> PushInProgress {
        self.pushes().begin();
        PushInProgress(self.clone())
    }

    /// Returns the means for one worker to let pushes go first.
    pub fn yielding(&self) -> Yielding {
        let (seen, began_at) = (self.pushes().began, Instant::now());
        Yielding { rush: self.clone(), seen, began_at, is_patient: false }
    }

    /// Like [`Self::yielding`], for work that need not be done while pushes keep coming. It is still done
    /// twice a second.
    pub fn yielding_patiently(&self) -> Yielding {
        Yielding { is_patient: true, ..self.yielding() }
    }

    fn pushes(&self) -> MutexGuard<'_, Pushes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PushInProgress {
    fn drop(&mut self) {
        self.0.pushes().end(Instant::now());
    }
}

impl Yielding {
    /// Begins some work: notes when, and which pushes there were.
    pub fn begin(&mut self) {
        self.seen = self.rush.pushes().began;
        self.began_at = Instant::now();
    }

    /// Is called when that work is done and more is to do. Waits for a pause of the pushes.
    pub async fn give_way(&self) {
        let ended_at = Instant::now();
        let took = ended_at.saturating_duration_since(self.began_at);
        let longest = if self.is_patient { LONGEST_WAIT } else { longest_wait(took) };
        loop {
            let (pushes, now) = (*self.rush.pushes(), Instant::now());
            let waited = now.saturating_duration_since(ended_at);
            if waited >= longest || !pushes.is_rush(self.seen, now) {
                return;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Pushes {
    fn begin(&mut self) {
        self.began += 1;
        self.in_progress += 1;
    }

    fn end(&mut self, now: Instant) {
        self.in_progress -= 1;
        self.ended_at = Some(now);
    }

    /// Whether several pushes came since there were `seen` of them, and the next one is there or may come
    /// at once.
    fn is_rush(&self, seen: u64, now: Instant) -> bool {
        self.began >= seen + 2 && self.is_coming(now)
    }

    /// Whether a push is there, or comes at once if it follows the last one.
    fn is_coming(&self, now: Instant) -> bool {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < PAUSE_OF_PUSHES;
        self.in_progress > 0 || self.ended_at.is_some_and(is_recent)
    }
}

/// Returns how long work waits for pushes that `took` so long the last time.
fn longest_wait(took: Duration) -> Duration {
    took.saturating_mul(SHARE_OF_PUSHES).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_push_is_no_rush_and_several_are_one_until_they_pause() {
        let (now, mut pushes) = (Instant::now(), Pushes::default());
        assert!(!pushes.is_rush(0, now));
        pushes.begin();
        pushes.end(now);
        assert!(!pushes.is_rush(0, now), "what follows one push is done at once");
        pushes.begin();
        assert!(pushes.is_rush(0, now + PAUSE_OF_PUSHES), "it is being answered");
        pushes.end(now);
        assert!(pushes.is_rush(0, now));
        assert!(!pushes.is_rush(0, now + PAUSE_OF_PUSHES));
    }

    #[test]
    fn work_waits_for_a_share_of_the_time_and_never_long() {
        assert_eq!(longest_wait(Duration::ZERO), Duration::ZERO);
        assert_eq!(longest_wait(Duration::from_millis(10)), Duration::from_millis(150));
        assert_eq!(longest_wait(Duration::from_secs(10)), LONGEST_WAIT);
    }

    #[tokio::test]
    async fn work_goes_on_although_pushes_never_pause() {
        let rush = Rush::default();
        for mut yielding in [rush.yielding(), rush.yielding_patiently()] {
            yielding.begin();
            let _pushes = [rush.push(), rush.push()];
            yielding.give_way().await;
        }
    }
}
