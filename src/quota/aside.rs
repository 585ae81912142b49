//! Work that takes long, beside the threads on which everybody is answered.

use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// How much of it runs side by side. More would only take each other's processors.
const AT_ONCE: usize = 4;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Does `work` as soon as there is a place for it.
///
/// # Errors
/// When it panicked.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    // It is never closed.
    let place = PLACES.acquire().await.ok();
    tokio::task::spawn_blocking(move || {
        // Also if nobody waits for it any more.
        let _place = place;
        work()
    })
    .await
}
