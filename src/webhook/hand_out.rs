//! Hands out the events of the feed to the webhooks, and clears away what is over.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::retry::TRIED_FOR_MS;
use crate::clock::now;
use crate::logging::Failures;
use crate::store::{Store, StoreError};

/// The pause after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The time between two looks for what is to be cleared away.
const CLEARING_INTERVAL: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;

/// Hands out events until `stop`. One process does so at a time. Deliveries that are over are kept for `keep_days`.
pub async fn hand_out_forever(store: Store, keep_days: u32, stop: CancellationToken) {
    let mut failures = Failures::default();
    let mut cleared: Option<Instant> = None;
    let mut hints = store.hints().events.watch();
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let pause = match hand_out(&store, keep_days, &mut cleared).await {
            Ok(is_more) => {
                failures.reset();
                if is_more { Duration::ZERO } else { store.hints().patience() }
            }
            Err(error) => {
                if failures.should_log(error.to_string()) {
                    tracing::error!(%error, "events cannot be handed out to webhooks; retrying");
                }
                RETRY_INTERVAL
            }
        };
        tokio::select! {
            _ = hints.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn hand_out(
    store: &Store,
    keep_days: u32,
    cleared: &mut Option<Instant>,
) -> Result<bool, StoreError> {
    if cleared.is_none_or(|it| it.elapsed() >= CLEARING_INTERVAL) {
        let time = now();
        store.clear_webhooks(time - i64::from(keep_days) * DAY_MS, time - TRIED_FOR_MS).await?;
        *cleared = Some(Instant::now());
    }
    store.hand_out_events().await
}
