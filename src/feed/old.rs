//! Deletes old events.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::store::{Store, StoreError};

/// The time between two looks for events that are too old.
const DELETION_INTERVAL: Duration = Duration::from_secs(3_600);
/// The greatest number of events that are deleted in one tx, so that others can write in between.
const DELETED_PER_TX: i64 = 500;
const DAY_MS: i64 = 86_400_000;

/// Deletes events that are older than so many days, until `stop` is cancelled. `None` keeps all.
pub async fn delete_old_forever(store: Store, days: Option<u32>, stop: CancellationToken) {
    let Some(days) = days else { return stop.cancelled().await };
    let work = async {
        loop {
            if let Err(error) = delete_before(&store, now() - i64::from(days) * DAY_MS).await {
                tracing::warn!(%error, "old events could not be deleted; retrying later");
            }
            tokio::time::sleep(DELETION_INTERVAL).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

async fn delete_before(store: &Store, time: i64) -> Result<(), StoreError> {
    let most = u64::try_from(DELETED_PER_TX).unwrap_or(u64::MAX);
    while store.delete_old_events(time, DELETED_PER_TX).await? >= most {}
    Ok(())
}
