//! When the task of a record has something to do.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How often the presence of the people is checked.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(5);
/// When the presence is checked for the first time. The homeserver was asked about it when the page
/// was opened.
const FIRST_PRESENCE_CHECK: Duration = Duration::from_secs(1);
/// The shortest time between two reads of the database. People do not notice the delay, and news
/// that arrives in a rush is sent together.
const MIN_READ_INTERVAL: Duration = Duration::from_millis(250);

/// Decides when to read again.
pub(super) struct Wakeups {
    /// Changes when something is written about the transaction.
    hints: watch::Receiver<()>,
    /// Changes when somebody begins or stops typing; `None` as long as there is no room.
    pub(super) typing: Option<watch::Receiver<()>>,
    /// The database is not read before this time.
    not_before: Instant,
    /// The database is read at this time, even without a hint.
    read_at: Option<Instant>,
    /// The time of the next presence check.
    presence_at: Instant,
}

/// What has to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wakeup {
    /// Everything, from the database.
    Everything,
    /// Who is typing, from memory.
    Typing,
    /// Who is present, from memory.
    Presence,
}

impl Wakeups {
    pub(super) fn new(hints: watch::Receiver<()>, now: Instant) -> Self {
        let presence_at = now + FIRST_PRESENCE_CHECK;
        Self { hints, typing: None, not_before: now, read_at: Some(now), presence_at }
    }

    /// Notes that the database is read now, and has to be read again at `read_at` even without a
    /// hint.
    pub(super) fn reads(&mut self, now: Instant) {
        self.not_before = now + MIN_READ_INTERVAL;
        self.read_at = None;
    }

    /// Has the database read at this time, even without a hint.
    pub(super) fn read_by(&mut self, at: Instant) {
        self.read_at = Some(self.read_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Waits until there may be something new. `joined` is notified when a page with a new face is
    /// opened.
    pub(super) async fn next(&mut self, joined: &Notify) -> Wakeup {
        let Self { hints, typing, not_before, read_at, presence_at } = self;
        // Neither sender is dropped as long as there is a receiver.
        let hint = async {
            tokio::time::sleep_until(*not_before).await;
            tokio::select! {
                changed = hints.changed() => drop(changed),
                () = joined.notified() => {}
            }
        };
        let typing = async {
            match typing {
                Some(typing) => drop(typing.changed().await),
                None => std::future::pending().await,
            }
        };
        let due = async {
            match *read_at {
                Some(at) => tokio::time::sleep_until(at.max(*not_before)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hint => Wakeup::Everything,
            () = due => Wakeup::Everything,
            () = typing => Wakeup::Typing,
            () = tokio::time::sleep_until(*presence_at) => {
                *presence_at = Instant::now() + PRESENCE_INTERVAL;
                Wakeup::Presence
            }
        }
    }
}
