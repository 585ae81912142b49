//! Derives the entries of the record from the journal. After any stop, it resumes where it was.

use std::time::{Duration, Instant};

use ruma::UserId;
use tokio_util::sync::CancellationToken;

use super::LOCKED_PAUSE;
use crate::store::{Deriving, Progress, Store, StoreError, Underived};

/// The pause before events are tried again that could not be recorded.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// While events keep coming, those that come within this time are recorded together. An event after
/// a silence is recorded at once.
const SHORTEST_GATHERING: Duration = Duration::from_millis(20);
/// The same time when events come as fast as they can be recorded. Record and search shall have each event within a second.
const LONGEST_GATHERING: Duration = Duration::from_millis(400);
/// In between, there is a millisecond for so many events a second. The events of a record stand side by side in most tables
/// and indexes. So the more of them are recorded together, the fewer pages of the database change.
const EVENTS_A_SECOND_FOR_A_MILLISECOND: u128 = 12;
/// The greatest number of rooms whose events are derived in one tx.
const ROOMS_PER_TX: i64 = 64;
/// In a backlog, a tx takes so many events of each room, and fewer rooms, so that fewer pages change.
const EVENTS_OF_A_ROOM: i64 = 24;
/// The number of events after which no further room is taken into a tx.
const ENOUGH_EVENTS: i64 = 128;

/// Derives entries until `stop`.
pub async fn derive_forever(store: Store, deriving: Deriving, stop: CancellationToken) {
    let mut round = Round::default();
    let mut yielding = store.rush().yielding();
    while !stop.is_cancelled() {
        yielding.begin();
        let pause = match round.step(&store, &deriving).await {
            Ok(Step::Nothing) => store.hints().patience(),
            Ok(Step::More) => {
                yielding.give_way().await;
                continue;
            }
            Ok(Step::End { next_at }) => {
                tokio::select! {
                    () = tokio::time::sleep_until(next_at.into()) => {}
                    () = stop.cancelled() => {}
                }
                continue;
            }
            Ok(Step::LeftOut) => LOCKED_PAUSE,
            Ok(Step::Failed) => RETRY_PAUSE,
            Err(error) => {
                tracing::error!(%error, "cannot read the events to record; retrying");
                RETRY_PAUSE
            }
        };
        tokio::select! {
            () = store.hints().journal.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One round over all rooms with events that are not derived yet. Each has its turn, so that many busy rooms do not keep
/// the others waiting.
#[derive(Debug, Default)]
struct Round {
    /// When the one before began, if nothing but gathering was in between.
    previous_at: Option<Instant>,
    /// When it began. None: it did not begin yet.
    began_at: Option<Instant>,
    /// The last room that had its turn. Empty if the first room is next.
    last: String,
    /// The number of events that were recorded.
    recorded: usize,
    /// The number of events that are left in rooms that had their turn.
    left: i64,
}

/// What one tx of a round has brought.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// There was nothing to derive in any room.
    Nothing,
    /// There is more to derive.
    More,
    /// The round is over. What comes is gathered until the next one.
    End { next_at: Instant },
    /// Another process was writing these records.
    LeftOut,
    /// No event could be recorded.
    Failed,
}

impl Round {
    /// Derives events of the next rooms.
    async fn step(&mut self, store: &Store, deriving: &Deriving) -> Result<Step, StoreError> {
        let began_at = *self.began_at.get_or_insert_with(Instant::now);
        let mut rooms = store.underived(&self.last, ROOMS_PER_TX).await?;
        if rooms.is_empty() && self.recorded == 0 && !self.last.is_empty() {
            *self = Self { began_at: Some(began_at), ..Self::default() };
            rooms = store.underived("", ROOMS_PER_TX).await?;
        }
        if rooms.is_empty() {
            return Ok(self.end(began_at));
        }
        let taken = taken(rooms.iter().map(|room| room.pending));
        // If these are not all rooms, others follow.
        let is_full = taken < rooms.len()
            || i64::try_from(rooms.len()).is_ok_and(|count| count == ROOMS_PER_TX);
        rooms.truncate(taken);
        let progress = derive(store, &rooms, deriving).await;
        let pending: i64 = rooms.iter().map(|room| room.pending).sum();
        self.recorded += progress.entries;
        self.left += pending.saturating_sub(i64::try_from(progress.entries).unwrap_or(i64::MAX));
        self.last = rooms.last().map(|room| room.room_id.clone()).unwrap_or_default();
        let end = if is_full { Step::More } else { self.end(began_at) };
        Ok(match progress {
            Progress { entries: 0, left_out: true } => Step::LeftOut,
            Progress { entries: 0, left_out: false } => Step::Failed,
            _ => end,
        })
    }

    /// Ends the round, in which all rooms had their turn. Returns what follows.
    fn end(&mut self, began_at: Instant) -> Step {
        let Self { recorded, left, previous_at, .. } = std::mem::take(self);
        if recorded == 0 {
            return Step::Nothing;
        }
        self.previous_at = Some(began_at);
        if left >= ENOUGH_EVENTS {
            return Step::More;
        }
        let since = previous_at.map(|previous| began_at.saturating_duration_since(previous));
        Step::End { next_at: began_at + gathering(recorded, since) }
    }
}

/// Returns how long a round and the gathering after it take together, when so many events were recorded that came
/// within the time `since` the round before. None: there was a silence before them.
fn gathering(recorded: usize, since: Option<Duration>) -> Duration {
    let Some(since) = since else { return SHORTEST_GATHERING };
    let per_second = (recorded as u128).saturating_mul(1_000) / since.as_millis().max(1);
    let milliseconds = per_second / EVENTS_A_SECOND_FOR_A_MILLISECOND;
    let gathering = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    // One large push is no flood.
    let longest = since.saturating_mul(2).min(LONGEST_GATHERING);
    gathering.min(longest).max(SHORTEST_GATHERING)
}

/// Returns from how many of the next rooms, with so many pending events each, the events are derived in one tx.
fn taken(pending: impl Iterator<Item = i64>) -> usize {
    let mut events = 0;
    let is_taken = |pending: &i64| {
        let has_room = events < ENOUGH_EVENTS;
        events += pending.min(&EVENTS_OF_A_ROOM);
        has_room
    };
    pending.take_while(is_taken).count()
}

/// Derives all events that the journal holds now.
///
/// # Errors
/// If the database does not answer.
pub async fn derive_all(store: &Store, deriving: &Deriving) -> Result<(), StoreError> {
    loop {
        let rooms = store.underived("", ROOMS_PER_TX).await?;
        if !goes_on(store.derive(&rooms, deriving).await?).await {
            return Ok(());
        }
    }
}

/// Derives all events of the transactions in which this user is a contact, as far as nothing fails.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn derive_all_of(
    store: &Store,
    user: &UserId,
    deriving: &Deriving,
) -> Result<(), StoreError> {
    loop {
        let rooms = store.underived_of(user, ROOMS_PER_TX).await?;
        if !goes_on(derive(store, &rooms, deriving).await).await {
            return Ok(());
        }
    }
}

/// Returns whether there may be more to derive. Waits a moment for another process that is writing.
async fn goes_on(progress: Progress) -> bool {
    if progress.entries == 0 && progress.left_out {
        tokio::time::sleep(LOCKED_PAUSE).await;
    }
    progress != Progress::default()
}

/// Derives the next events of these rooms. A failure in one room does not hold up the others.
async fn derive(store: &Store, rooms: &[Underived], deriving: &Deriving) -> Progress {
    match store.derive(rooms, deriving).await {
        Ok(progress) => progress,
        Err(error) if rooms.len() > 1 => {
            tracing::debug!(%error, "cannot record the events of these rooms together");
            derive_one_by_one(store, rooms, deriving).await
        }
        Err(error) => {
            for room in rooms {
                tracing::error!(
                    transaction = room.transaction_id, room = room.room_id, %error,
                    "cannot record the events of this room; retrying"
                );
            }
            Progress::default()
        }
    }
}

/// Derives the next events of each of these rooms in a tx of its own.
async fn derive_one_by_one(store: &Store, rooms: &[Underived], deriving: &Deriving) -> Progress {
    let mut all = Progress::default();
    for room in rooms {
        let one = Box::pin(derive(store, std::slice::from_ref(room), deriving)).await;
        all.entries += one.entries;
        all.left_out |= one.left_out;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_gathered_for_longer_the_more_comes() {
        let ms = Duration::from_millis;
        for (recorded, since, expected) in [
            (100, None, 20),
            (1, Some(20), 20),
            (0, Some(0), 20),
            (24, Some(100), 20),
            (120, Some(100), 100),
            (480, Some(200), 200),
            (480, Some(100), 200),
            (2_400, Some(400), 400),
            (9_600, Some(400), 400),
            (usize::MAX, Some(u64::MAX), 83),
        ] {
            assert_eq!(gathering(recorded, since.map(ms)), ms(expected), "{recorded} {since:?}");
        }
    }

    #[test]
    fn a_round_knows_when_the_next_one_begins() {
        let began_at = Instant::now();
        let mut round = Round { recorded: 1, left: 127, ..Round::default() };
        assert_eq!(round.end(began_at), Step::End { next_at: began_at + SHORTEST_GATHERING });
        let later = began_at + Duration::from_millis(100);
        (round.recorded, round.left) = (120, 0);
        assert_eq!(round.end(later), Step::End { next_at: later + Duration::from_millis(100) });
        assert_eq!(round.end(later), Step::Nothing);
        assert_eq!(round.previous_at, None);
        (round.recorded, round.left) = (1, 128);
        assert_eq!(round.end(later), Step::More, "a backlog is not gathered");
        (round.recorded, round.left) = (0, 1_000);
        assert_eq!(round.end(later), Step::Nothing);
    }

    #[test]
    fn in_a_backlog_fewer_rooms_share_a_tx() {
        let taken = |pending: &[i64]| taken(pending.iter().copied());
        assert_eq!(taken(&[1; 64]), 64);
        assert_eq!(taken(&[3; 64]), 43);
        assert_eq!(taken(&[1_000; 64]), 6);
        // One busy room keeps no others away.
        let busy: Vec<i64> = std::iter::once(i64::MAX).chain([1; 63]).collect();
        assert_eq!(taken(&busy), 64);
        assert_eq!(taken(&[]), 0);
    }
}
