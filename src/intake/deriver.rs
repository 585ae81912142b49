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
const GATHERING: Duration = Duration::from_millis(20);
/// The same time while so many events come that [`MANY_EVENTS`] are recorded in a round. The events of a record stand side
/// by side in most tables and indexes. So the more of them are recorded together, the fewer pages of the database change.
const GATHERING_MANY: Duration = Duration::from_millis(100);
/// See [`GATHERING_MANY`].
const MANY_EVENTS: usize = 64;
/// The greatest number of rooms whose events are derived in one tx.
const ROOMS_PER_TX: i64 = 64;
/// In a backlog, a tx takes so many events of each room, and fewer rooms, so that fewer pages change.
const EVENTS_OF_A_ROOM: i64 = 8;
/// The number of events after which no further room is taken into a tx.
const ENOUGH_EVENTS: usize = 128;

/// Derives entries until `stop`.
pub async fn derive_forever(store: Store, deriving: Deriving, stop: CancellationToken) {
    let mut round = Round::default();
    let mut yielding = store.rush().yielding();
    let mut began = Instant::now();
    while !stop.is_cancelled() {
        if round.is_new() {
            began = Instant::now();
        }
        yielding.begin();
        let pause = match round.step(&store, &deriving).await {
            Ok(Step::Nothing) => store.hints().patience(),
            Ok(Step::More) => {
                yielding.give_way().await;
                continue;
            }
            Ok(Step::End { gather }) => {
                tokio::select! {
                    () = tokio::time::sleep(gather.saturating_sub(began.elapsed())) => {}
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
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
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
    /// The round is over. What comes is gathered for a time, which counts from the beginning of the round.
    End { gather: Duration },
    /// Another process was writing these records.
    LeftOut,
    /// No event could be recorded.
    Failed,
}

impl Round {
    fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// Derives events of the next rooms.
    async fn step(&mut self, store: &Store, deriving: &Deriving) -> Result<Step, StoreError> {
        let mut rooms = store.underived(&self.last, ROOMS_PER_TX).await?;
        if rooms.is_empty() && self.recorded == 0 && !self.is_new() {
            *self = Self::default();
            rooms = store.underived("", ROOMS_PER_TX).await?;
        }
        if rooms.is_empty() {
            return Ok(std::mem::take(self).end());
        }
        let taken = taken(rooms.iter().map(|room| room.pending), store.piece(ENOUGH_EVENTS));
        // If these are not all rooms, others follow.
        let is_full = taken < rooms.len()
            || i64::try_from(rooms.len()).is_ok_and(|count| count == ROOMS_PER_TX);
        rooms.truncate(taken);
        let progress = derive(store, &rooms, deriving).await;
        let pending: i64 = rooms.iter().map(|room| room.pending).sum();
        self.recorded += progress.entries;
        self.left += pending.saturating_sub(i64::try_from(progress.entries).unwrap_or(i64::MAX));
        self.last = rooms.last().map(|room| room.room_id.clone()).unwrap_or_default();
        let round = if is_full { None } else { Some(std::mem::take(self)) };
        Ok(match (progress, round) {
            (Progress { entries: 0, left_out: true }, _) => Step::LeftOut,
            (Progress { entries: 0, left_out: false }, _) => Step::Failed,
            (_, None) => Step::More,
            (_, Some(round)) => round.end(),
        })
    }

    /// Returns what follows when all rooms had their turn.
    fn end(self) -> Step {
        match self.recorded {
            0 => Step::Nothing,
            _ if usize::try_from(self.left).is_ok_and(|left| left >= ENOUGH_EVENTS) => Step::More,
            MANY_EVENTS.. => Step::End { gather: GATHERING_MANY },
            _ => Step::End { gather: GATHERING },
        }
    }
}

/// Returns from how many of the next rooms, with so many pending events each, the events are derived in one tx.
/// After `enough` events no further room is taken.
fn taken(pending: impl Iterator<Item = i64>, enough: usize) -> usize {
    let enough = i64::try_from(enough).unwrap_or(i64::MAX);
    let mut events = 0;
    let is_taken = |pending: &i64| {
        let has_room = events < enough;
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
        let end = |recorded, left| Round { last: "!a:x".to_owned(), recorded, left }.end();
        assert_eq!(end(0, 0), Step::Nothing);
        assert_eq!(end(0, 1_000), Step::Nothing);
        assert_eq!(end(1, 0), Step::End { gather: GATHERING });
        assert_eq!(end(MANY_EVENTS - 1, 127), Step::End { gather: GATHERING });
        assert_eq!(end(MANY_EVENTS, 127), Step::End { gather: GATHERING_MANY });
        assert_eq!(end(1, 128), Step::More, "a backlog is not gathered");
    }

    #[test]
    fn in_a_backlog_fewer_rooms_share_a_tx() {
        let taken = |pending: &[i64], enough| super::taken(pending.iter().copied(), enough);
        assert_eq!(taken(&[1; 64], 128), 64);
        assert_eq!(taken(&[3; 64], 128), 43);
        assert_eq!(taken(&[1_000; 64], 128), 16);
        assert_eq!(taken(&[1_000; 64], 16), 2);
        assert_eq!(taken(&[1; 64], 16), 16);
        // One busy room keeps no others away.
        let busy: Vec<i64> = std::iter::once(i64::MAX).chain([1; 63]).collect();
        assert_eq!(taken(&busy, 128), 64);
        assert_eq!(taken(&[], 128), 0);
    }
}
