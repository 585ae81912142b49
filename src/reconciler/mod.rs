//! Carries out the steps that `room` names: the one place that changes anything outside.
//!
//! Start, restart, update, repair and recovery from a crash are the same loop: read what should be
//! and what is known to be, do the next step, store its result, ask again.

mod far;
mod introduce;
mod people;
mod perform;
mod room_making;
mod saying;
mod sending;
mod state;
mod successor;
mod summary_sending;
mod telling;

pub use far::invite_far_forever;
pub use introduce::{Installation, introduce};

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use self::perform::{Obstacle, Worker};
use crate::clock::now;
use crate::logging::abnormal_end;
use crate::seal::Trust;
use crate::store::{Store, StoreError};

/// How long to wait at most before looking for due rooms; another process may have made one.
const IDLE: Duration = Duration::from_secs(1);
/// Longest wait between two tries for one room.
const MAX_BACK_OFF: Duration = Duration::from_secs(300);

/// Reconciles due rooms until `stop`, as many side by side as the config allows; then finishes
/// the steps in flight. Signed heads that rooms show count if `trust` says so.
pub async fn reconcile_forever(
    store: Store,
    installation: Arc<Installation>,
    trust: Trust,
    stop: CancellationToken,
) {
    let parallel = installation.config.rooms.parallel;
    let worker = Arc::new(Worker { store: store.clone(), installation, trust, stop: stop.clone() });
    let mut running = JoinSet::new();
    let mut busy = HashSet::new();
    while !stop.is_cancelled() {
        match due(&store, &busy, parallel).await {
            Ok(ids) => {
                for id in ids {
                    busy.insert(id);
                    let worker = Arc::clone(&worker);
                    running.spawn(async move {
                        reconcile(&worker, id).await;
                        id
                    });
                }
            }
            Err(error) => tracing::error!(%error, "due rooms could not be read; trying again"),
        }
        tokio::select! {
            Some(finished) = running.join_next() => forget(&mut busy, finished),
            () = store.hints().rooms.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stop.cancelled() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Due rooms that nobody works at yet, no more than there are hands free.
async fn due(
    store: &Store,
    busy: &HashSet<Ulid>,
    parallel: usize,
) -> Result<Vec<Ulid>, StoreError> {
    let free = parallel.saturating_sub(busy.len());
    if free == 0 {
        return Ok(Vec::new());
    }
    // Rooms being worked at are due still, so ask for enough to see past them.
    let limit = i64::try_from(parallel * 2).unwrap_or(i64::MAX);
    let due = store.due_rooms(limit).await?;
    Ok(due.into_iter().filter(|id| !busy.contains(id)).take(free).collect())
}

fn forget(busy: &mut HashSet<Ulid>, finished: Result<Ulid, tokio::task::JoinError>) {
    match finished {
        Ok(id) => {
            busy.remove(&id);
        }
        // A panic takes its id along; whatever is still running is looked at again when due.
        Err(error) => {
            let error = abnormal_end(&error);
            tracing::error!(%error, "a room's work ended abnormally; it will be tried again");
            busy.clear();
        }
    }
}

/// Works at one room for one turn, and stores when to look again.
async fn reconcile(worker: &Worker, id: Ulid) {
    let span = tracing::info_span!("room", transaction = %id);
    async {
        if let Err(error) = reconcile_or_postpone(worker, id).await {
            tracing::error!(%error, "the database failed; this room will be tried again");
            tokio::time::sleep(IDLE).await;
        }
    }
    .instrument(span)
    .await;
}

async fn reconcile_or_postpone(worker: &Worker, id: Ulid) -> Result<(), StoreError> {
    let Some(before) = worker.store.room(id).await? else { return Ok(()) };
    let (wait, problem) = match worker.take_turn(id).await {
        Ok(()) | Err(Obstacle::Stopping) => return Ok(()),
        Err(Obstacle::Store(error)) => return Err(error),
        Err(Obstacle::Later { wait, problem }) => (wait, problem),
        Err(Obstacle::Final(problem) | Obstacle::Blocked(problem)) => (None, problem),
        Err(Obstacle::Refused(failure)) => (None, failure.to_string()),
    };
    let wait = wait.unwrap_or_else(|| back_off(before.failures));
    let seconds = wait.as_secs_f32();
    // That the token is refused is told once, and not with each room.
    if worker.installation.homeserver.refuses_token() {
        tracing::debug!(problem, seconds, "not done yet; trying again");
    } else {
        tracing::warn!(problem, seconds, "not done yet; trying again");
    }
    worker.store.room_postponed(id, before.wakes, later(wait), &problem).await
}

/// How long to wait after `failures` failures in a row: 1 s doubling to five minutes, half of it
/// at random so that rooms that failed together do not come back together.
fn back_off(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 9)).unwrap_or(0);
    let whole = Duration::from_secs(1 << doublings).min(MAX_BACK_OFF);
    whole.mul_f32(rand::random_range(0.5..1.0))
}

fn later(wait: Duration) -> i64 {
    now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}
