//! Wakes those who wait for events of a shop, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::logging::Failures;
use crate::store::{Store, StoreError};

/// The shortest time between two looks. What is committed within it is told of together.
const PAUSE: Duration = Duration::from_millis(20);

/// The shops for whose events somebody waits at this process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct News(Arc<Mutex<HashMap<String, watch::Sender<()>>>>);

impl News {
    /// Returns a receiver that is notified when there may be new events of the shop. Who reads after this call, and
    /// finds nothing, is notified of whatever comes later.
    pub fn of(&self, shop: &str) -> watch::Receiver<()> {
        let mut waiting = self.waiting();
        if waiting.len() > 64 && waiting.len().is_power_of_two() {
            waiting.retain(|_, sender| sender.receiver_count() > 0);
        }
        waiting.entry(shop.to_owned()).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Looks for new events whenever there is a hint, once for all who wait, until `stop` is cancelled.
    pub async fn tell_forever(self, store: Store, stop: CancellationToken) {
        let mut hint = store.hints().events.watch();
        let mut failures = Failures::default();
        let mut told = None;
        let work = async {
            loop {
                match self.tell(&store, told).await {
                    Ok(end) => {
                        told = end;
                        failures.reset();
                    }
                    Err(error) if failures.should_log(error.to_string()) => {
                        tracing::warn!(%error, "cannot look for new events; retrying");
                    }
                    Err(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
                // What another process wrote may come without a hint.
                let _ = tokio::time::timeout(store.hints().patience(), hint.changed()).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    /// Notifies those whose shop has events after the place up to which was told (none: all who wait). Returns the new
    /// place, or none if nobody waits, which costs no statement.
    async fn tell(&self, store: &Store, told: Option<i64>) -> Result<Option<i64>, StoreError> {
        if self.is_idle() {
            return Ok(None);
        }
        let end = store.settled_end().await?;
        match told {
            Some(told) if end <= told => {}
            Some(told) => {
                for shop in store.shops_with_events(told, end).await? {
                    if let Some(sender) = self.waiting().get(&shop) {
                        sender.send_replace(());
                    }
                }
            }
            None => {
                for sender in self.waiting().values() {
                    sender.send_replace(());
                }
            }
        }
        Ok(Some(end))
    }

    fn is_idle(&self) -> bool {
        self.waiting().values().all(|it| it.receiver_count() == 0)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
