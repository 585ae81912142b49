//! Hands out the events of the feed to the webhooks.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::logging::Failures;
use crate::store::Store;

/// The pause after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two looks. What is committed within it is handed out together.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// Hands out events until `stop`. One process does so at a time.
pub async fn hand_out_forever(store: Store, stop: CancellationToken) {
    let mut failures = Failures::default();
    let mut hints = store.hints().events.watch();
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let pause = match store.hand_out_events().await {
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
        if pause > Duration::ZERO {
            tokio::time::sleep(SHORTEST_PAUSE).await;
        }
    }
}
