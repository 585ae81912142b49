//! What the homeserver tells us, by push and by sync, into one journal; and from the journal into
//! the record.

mod arrivals;
mod deriver;
mod foreign;
mod gaps;
mod invitations;
mod patience;
mod push;
mod sync;

pub use arrivals::events_of_push;
pub use deriver::derive_forever;
pub use foreign::leave_foreign_rooms_forever;
pub use gaps::fill_gaps_forever;
pub use invitations::let_in_again;
pub use push::{PushState, router};
pub use sync::sync_forever;

use std::time::Duration;

/// How long to wait before the next try after `failures` failures in a row: 1 s doubling to 30 s,
/// since promise 7 gives us a minute from the moment that the homeserver is back.
pub(crate) fn back_off(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(5)).min(Duration::from_secs(30))
}
