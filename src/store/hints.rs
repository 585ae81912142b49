//! Hints that there is work. They only save waiting: a worker that misses a hint finds the work in
//! the database a moment later.
//!
//! A hint reaches the workers of this process at once. On PostgreSQL, other processes hear of it by
//! a notice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use ulid::Ulid;

use crate::notices::{Notice, Outbox, Work};

/// How long a worker waits for a hint before it looks for work, if others can write without a hint
/// that is heard here.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same if the hints of all processes are heard here.
const PATIENCE_OF_HEARERS: Duration = Duration::from_secs(10);

/// The hints, one for each kind of work.
#[derive(Debug)]
pub struct Hints {
    /// The journal has new events.
    pub journal: Hint,
    /// A record has new entries for the full-text index.
    pub index: Hint,
    /// A file is wanted or no longer wanted.
    pub files: Hint,
    /// A room is due.
    pub rooms: Hint,
    /// A user of another homeserver is to be invited.
    pub far: Hint,
    /// Somebody invited the bot, which the next sync handles.
    pub invitations: Hint,
    /// An admin asked the bot for something.
    pub admins: Hint,
    /// There are new events for shops.
    pub events: Hint,
    /// A delivery to a webhook is due.
    pub webhooks: Hint,
    /// The transactions whose pages are open.
    watched: Mutex<HashMap<Ulid, watch::Sender<()>>>,
    /// Whether the hints of other processes are heard.
    is_hearing: AtomicBool,
    outbox: Outbox,
}

/// The hint that there is work of one kind.
#[derive(Debug)]
pub struct Hint {
    here: Notify,
    /// For those who all want to hear of it.
    heard: watch::Sender<()>,
    work: Work,
    outbox: Outbox,
}

impl Hint {
    fn new(work: Work, outbox: &Outbox) -> Self {
        Self { here: Notify::new(), heard: watch::channel(()).0, work, outbox: outbox.clone() }
    }

    /// Wakes a worker of this process, now or when it waits next, and those of the others.
    pub fn notify_one(&self) {
        self.wake();
        self.outbox.give(Notice::Work(self.work));
    }

    /// Wakes a worker of this process, now or when it waits next.
    fn wake(&self) {
        self.here.notify_one();
        self.heard.send_replace(());
    }

    /// Returns a receiver that is notified of each hint from now on, however many receivers there are.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }

    /// Waits for the next hint.
    pub async fn notified(&self) {
        self.here.notified().await;
    }
}

impl Hints {
    /// Returns hints that are told to other processes by this outbox.
    pub(super) fn told_by(outbox: Outbox) -> Self {
        let hint = |work| Hint::new(work, &outbox);
        Self {
            journal: hint(Work::Journal),
            index: hint(Work::Index),
            files: hint(Work::Files),
            rooms: hint(Work::Rooms),
            far: hint(Work::Far),
            invitations: hint(Work::Invitations),
            admins: hint(Work::Admins),
            events: hint(Work::Events),
            webhooks: hint(Work::Webhooks),
            watched: Mutex::default(),
            is_hearing: AtomicBool::new(false),
            outbox,
        }
    }

    /// Returns how long a worker waits for a hint before it looks for work without one.
    pub fn patience(&self) -> Duration {
        match self.is_hearing.load(Ordering::Relaxed) {
            true => PATIENCE_OF_HEARERS,
            false => PATIENCE,
        }
    }

    /// Notes whether the hints of other processes are heard from now on. If not, all workers look
    /// once, and then wait less long.
    pub(super) fn set_hearing(&self, is_hearing: bool) {
        let was_hearing = self.is_hearing.swap(is_hearing, Ordering::Relaxed);
        if was_hearing && !is_hearing {
            self.wake_all();
        }
    }

    /// Tells the open pages of a transaction, at all processes, that something has changed.
    pub fn changed(&self, transaction: Ulid) {
        self.changed_elsewhere(transaction);
        self.outbox.give(Notice::Changed(transaction));
    }

    /// Tells the open pages of a transaction at this process that something has changed, which
    /// another process wrote.
    pub fn changed_elsewhere(&self, transaction: Ulid) {
        if let Some(sender) = self.watched().get(&transaction) {
            sender.send_replace(());
        }
    }

    /// Wakes the workers and pages of this process that a notice of another one concerns.
    pub(super) fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Work(work) => self.of(*work).wake(),
            Notice::Changed(transaction) => self.changed_elsewhere(*transaction),
            Notice::Lost => self.wake_all(),
            Notice::Beat | Notice::Pinged | Notice::Typing { .. } | Notice::Looking { .. } => {}
        }
    }

    /// Wakes all workers and pages of this process.
    pub(super) fn wake_all(&self) {
        for work in Work::ALL {
            self.of(work).wake();
        }
        for sender in self.watched().values() {
            sender.send_replace(());
        }
    }

    /// Returns a receiver that is notified of changes of a transaction.
    pub fn watch(&self, transaction: Ulid) -> watch::Receiver<()> {
        let mut watched = self.watched();
        // Most of these pages are closed by now. Checking all of them costs less than opening a
        // page.
        if watched.len() > 64 && watched.len().is_power_of_two() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        watched.entry(transaction).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Returns the hint for this kind of work.
    pub fn of(&self, work: Work) -> &Hint {
        match work {
            Work::Journal => &self.journal,
            Work::Index => &self.index,
            Work::Files => &self.files,
            Work::Rooms => &self.rooms,
            Work::Far => &self.far,
            Work::Invitations => &self.invitations,
            Work::Admins => &self.admins,
            Work::Events => &self.events,
            Work::Webhooks => &self.webhooks,
        }
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Ulid, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
