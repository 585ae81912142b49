//! Clears away the deliveries that are over, and what belongs to deleted webhooks.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::retry::TRIED_FOR_MS;
use crate::clock::now;
use crate::store::Store;

/// The time between two looks for what is to be cleared away.
const CLEARING_INTERVAL: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;

/// Clears away what is over, until `stop`. One process does so at a time. Deliveries that are over are kept for
/// `keep_days`.
pub async fn clear_forever(store: Store, keep_days: u32, stop: CancellationToken) {
    let work = async {
        loop {
            let time = now();
            let over = time - i64::from(keep_days) * DAY_MS;
            if let Err(error) = store.clear_webhooks(over, time - TRIED_FOR_MS).await {
                tracing::error!(%error, "old deliveries to webhooks could not be cleared away; retrying later");
            }
            tokio::time::sleep(CLEARING_INTERVAL).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}
