//! Any bytes as the body of a push: each of its events gets a room and an id that both databases
//! can hold, and is derived.

use tallyroom::intake::{Push, read_push};
use tallyroom::record::derive;

/// Fails if something of that does not hold.
pub fn check(body: &[u8]) {
    let Ok(Push { arrivals, .. }) = read_push(body) else { return };
    for arrival in arrivals {
        for id in [&arrival.room_id, &arrival.event_id] {
            assert!(!id.contains('\0') && id.len() <= 765, "{id:?}");
        }
        assert!(!arrival.event_id.is_empty());
        derive(&arrival.raw);
    }
}
