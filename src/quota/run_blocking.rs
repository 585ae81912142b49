//! Runs long computations outside the threads that answer requests.

use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// The maximum number of computations that run at the same time. More would only compete for the
/// processors.
const MAX_PARALLEL: usize = 4;

static PLACES: Semaphore = Semaphore::const_new(MAX_PARALLEL);

/// Runs `work` on a thread for blocking work, as soon as fewer than [`MAX_PARALLEL`] others run.
///
/// # Errors
/// If `work` panics.
pub async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    // This never fails, because the semaphore is never closed.
    let place = PLACES.acquire().await.ok();
    tokio::task::spawn_blocking(move || {
        // The work keeps its place even if the caller no longer waits for it.
        let _place = place;
        work()
    })
    .await
}
