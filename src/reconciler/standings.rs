//! Has all rooms follow a change of the config after which transactions stand differently.

use tokio_util::sync::CancellationToken;

use super::POLL_INTERVAL;
use crate::logging::Failures;
use crate::store::{Store, StoreError};
use crate::transaction::StatusRules;

/// The fact that holds the digest of the rules that all rooms follow, and the lease of who changes that.
const FOLLOWED_RULES: &str = "status rules";
/// How many rooms are made due in one tx, and how many may be due before it.
const ROOMS_AT_ONCE: u16 = 500;

/// Makes all rooms due once if the rules are others than at the last start, and then waits for `stop`. It is repeated
/// until it succeeds, and begins again after a restart in between. One process at a time does this.
pub async fn follow_config(store: Store, rules: StatusRules, stop: CancellationToken) {
    let (digest, mut failures) = (rules.digest(), Failures::default());
    loop {
        let followed = tokio::select! {
            followed = follow(&store, &digest) => followed,
            () = stop.cancelled() => return,
        };
        match followed {
            Ok(true) => return stop.cancelled().await,
            Err(error) if failures.should_log(error.to_string()) => {
                tracing::error!(%error, "rooms cannot follow a change of the config; retrying");
            }
            Ok(false) | Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Returns false if another process is doing it, which may fail.
async fn follow(store: &Store, digest: &str) -> Result<bool, StoreError> {
    let Some(lease) = store.lease_of(FOLLOWED_RULES).await? else { return Ok(false) };
    let followed = lease.hold(make_rooms_due(store, digest)).await;
    Ok(followed.transpose()?.is_some())
}

async fn make_rooms_due(store: &Store, digest: &str) -> Result<(), StoreError> {
    if store.fact(FOLLOWED_RULES).await?.as_deref() == Some(digest) {
        return Ok(());
    }
    let mut last = String::new();
    loop {
        // A new transaction waits for a few rooms at most, not for all of them.
        if store.due_rooms(ROOMS_AT_ONCE.into()).await?.len() >= ROOMS_AT_ONCE.into() {
            tokio::time::sleep(POLL_INTERVAL).await;
            continue;
        }
        let Some(next) = store.make_rooms_due(&last, ROOMS_AT_ONCE.into()).await? else { break };
        last = next;
    }
    store.set_fact(FOLLOWED_RULES, digest).await
}
