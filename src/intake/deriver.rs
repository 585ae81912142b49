//! Derives the entries of the record from the journal. After any stop, it resumes where it was.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Deriving, Store, Underived};

/// The interval at which the journal is polled, since another process may have written to it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The greatest number of rooms that one query returns.
const MAX_ROOMS_PER_QUERY: i64 = 64;

/// Derives entries until `stop`.
pub async fn derive_forever(store: Store, deriving: Deriving, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match store.underived(MAX_ROOMS_PER_QUERY).await {
            Ok(rooms) if derive(&store, &rooms, &deriving).await => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "cannot read the events to record; retrying"),
        }
        tokio::select! {
            () = store.hints().journal.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Derives the next events of each of these rooms. Returns false if no room made progress. A
/// failure in one room does not hold up the others.
pub(super) async fn derive(store: &Store, rooms: &[Underived], deriving: &Deriving) -> bool {
    let mut progress = false;
    for room in rooms {
        match store.derive_room(&room.transaction_id, &room.room_id, deriving).await {
            Ok(count) => progress |= count > 0,
            Err(error) => tracing::error!(
                transaction = room.transaction_id, room = room.room_id, %error,
                "cannot record the events of this room; retrying"
            ),
        }
    }
    progress
}
