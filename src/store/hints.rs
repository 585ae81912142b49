//! Hints within this process that there is work. The truth is in the database: who misses a hint
//! finds the work a second later.

use tokio::sync::Notify;

/// Who may be waiting for what.
#[derive(Debug, Default)]
pub struct Hints {
    /// The journal has new events.
    pub journal: Notify,
    /// A file is wanted, or not any more.
    pub files: Notify,
    /// A room is due.
    pub rooms: Notify,
}
