//! Writes what the homeserver sends, by push and by sync, into the journal, from there into the
//! record, and from there into the full-text index.

mod arrivals;
mod deriver;
mod foreign;
mod gaps;
mod indexer;
mod invitations;
mod push;
mod retry;
mod sync;

pub use arrivals::{Push, read_push};
pub use deriver::{derive_all, derive_forever};
pub use foreign::leave_foreign_rooms_forever;
pub use gaps::fill_gaps_forever;
pub use indexer::index_forever;
pub use invitations::invite_again;
pub use push::{PushState, router};
pub use sync::sync_for_a_turn;

use std::time::Duration;

/// The pause before records are tried again that somebody else was writing: another process, or
/// deriving and indexing, which lock the same rows for a moment.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

/// Returns how long to wait after `failures` failures in a row: 1 s, doubled up to 30 s. The wait
/// is short, because a minute after the homeserver is back, everything has to be recorded (promise
/// 7).
pub(crate) fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(5)).min(Duration::from_secs(30))
}
