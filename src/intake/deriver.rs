//! From the journal into the record: resumes where it stopped, whatever stopped it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Deriving, Store, Underived};

/// How often to look when nothing tells of new events; another process may have written them.
const IDLE: Duration = Duration::from_secs(1);
/// Rooms looked at in one go.
const ROOMS: i64 = 64;

/// Derives until `stop`.
pub async fn derive_forever(store: Store, deriving: Deriving, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match store.underived(ROOMS).await {
            Ok(rooms) if derive(&store, &rooms, &deriving).await => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "events could not be recorded; trying again"),
        }
        tokio::select! {
            () = store.hints().journal.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Derives what comes next in each of these rooms. False if none got any further. One room in trouble
/// does not hold up the others.
pub(super) async fn derive(store: &Store, rooms: &[Underived], deriving: &Deriving) -> bool {
    let mut progress = false;
    for room in rooms {
        match store.derive_room(&room.transaction_id, &room.room_id, deriving).await {
            Ok(count) => progress |= count > 0,
            Err(error) => tracing::error!(
                transaction = room.transaction_id, room = room.room_id, %error,
                "events of this room could not be recorded; trying again"
            ),
        }
    }
    progress
}
