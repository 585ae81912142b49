//! Carries out the steps that `room` names. Only this folder changes the rooms on the homeserver.
//!
//! Start, restart, update, repair and recovery from a crash are the same loop: it reads what the
//! room should be and what is known of it, does the next step, stores the result, and repeats.

mod admin_room;
mod answers;
mod bot_rooms;
mod change_announcement;
mod far_invitations;
mod links;
mod page_messages;
mod payment_notice;
mod people;
mod perform;
mod room_creation;
mod send_once;
mod setup;
mod standings;
mod state;
mod successor;
mod summary;

pub use admin_room::talk_with_admins_forever;
pub use far_invitations::invite_far_forever;
pub use setup::{Installation, set_up_bot};
pub use standings::follow_config;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use self::perform::{Obstacle, Worker};
use crate::clock::now;
use crate::link::token::TokenKey;
use crate::logging::abnormal_end;
use crate::seal::{SigningKey, Trust};
use crate::store::{Lease, Store, StoreError};

/// The shortest interval at which the database is polled for due rooms, if there is no hint.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The number of due rooms that are read for each worker. The rooms on which somebody works, here or in
/// other processes, are still due, so this also is the number of processes that can all be busy.
const ROOMS_READ_FOR_EACH_WORKER: usize = 32;
/// The longest wait between two tries for one room.
const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// Reconciles due rooms until `stop`, as many at the same time as the config allows. Then it
/// finishes the steps in flight. `key` signs links to the invoice page, and decides which signed heads
/// in rooms count as ours.
pub async fn reconcile_forever(
    store: Store,
    installation: Arc<Installation>,
    key: Arc<SigningKey>,
    stop: CancellationToken,
) {
    let parallel = installation.config.rooms.parallel;
    let worker = Arc::new(Worker {
        store: store.clone(),
        installation,
        trust: Trust::Keys(vec![key.public_key().to_owned()]),
        token_key: TokenKey::from(&*key),
        stop: stop.clone(),
    });
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        let mut pause = POLL_INTERVAL;
        match due(&store, parallel, parallel.saturating_sub(running.len())).await {
            Ok(rooms) if rooms.is_empty() && running.is_empty() => {
                pause = store.pause_of_rooms(POLL_INTERVAL).await.unwrap_or(POLL_INTERVAL);
            }
            Ok(rooms) => {
                for (id, lease) in rooms {
                    let worker = Arc::clone(&worker);
                    running.spawn(async move { lease.hold(reconcile(&worker, id)).await });
                }
            }
            Err(error) => tracing::error!(%error, "cannot read the due rooms; retrying"),
        }
        tokio::select! {
            Some(finished) = running.join_next() => {
                if let Err(error) = finished {
                    let error = abnormal_end(&error);
                    tracing::error!(%error, "the work on a room ended abnormally; retrying");
                }
            }
            () = store.hints().rooms.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Returns due rooms on which nobody works, at most `free`.
async fn due(
    store: &Store,
    parallel: usize,
    free: usize,
) -> Result<Vec<(Ulid, Lease)>, StoreError> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(parallel * ROOMS_READ_FOR_EACH_WORKER).unwrap_or(i64::MAX);
    store.lease("room", store.due_rooms(limit).await?, free).await
}

/// Works on one room for one turn, and stores when it is due again.
async fn reconcile(worker: &Worker, id: Ulid) {
    let span = tracing::info_span!("room", transaction = %id);
    async {
        if let Err(error) = reconcile_or_postpone(worker, id).await {
            tracing::error!(%error, "the database failed; retrying this room");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
    .instrument(span)
    .await;
}

async fn reconcile_or_postpone(worker: &Worker, id: Ulid) -> Result<(), StoreError> {
    let Some(before) = worker.store.room(id).await? else { return Ok(()) };
    // Somebody else may have worked on the room since it was read that it is due.
    if before.due_at.is_none_or(|due_at| due_at > now()) {
        return Ok(());
    }
    let (wait, problem) = match worker.take_turn(id).await {
        Ok(()) | Err(Obstacle::Stopping) => return Ok(()),
        Err(Obstacle::Store(error)) => return Err(error),
        Err(Obstacle::Later { wait, problem }) => (wait, problem),
        Err(Obstacle::Final(problem) | Obstacle::Blocked(problem)) => (None, problem),
        Err(Obstacle::Refused(failure)) => (None, failure.to_string()),
    };
    let wait = wait.unwrap_or_else(|| backoff(before.failures));
    let seconds = wait.as_secs_f32();
    // A refused token is logged once by `homeserver`, and not for each room.
    if worker.installation.homeserver.refuses_token() {
        tracing::debug!(problem, seconds, "the room is not finished; retrying");
    } else {
        tracing::warn!(problem, seconds, "the room is not finished; retrying");
    }
    worker.store.room_postponed(id, before.wakes, time_after(wait), &problem).await
}

/// Returns how long to wait after `failures` failures in a row: 1 s, doubled up to five minutes. Up
/// to half of it is taken off at random, so that rooms that failed together are not retried
/// together.
fn backoff(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 9)).unwrap_or(0);
    let whole = Duration::from_secs(1 << doublings).min(MAX_BACKOFF);
    whole.mul_f32(rand::random_range(0.5..1.0))
}

/// Returns the time after `wait`, in milliseconds since 1970.
fn time_after(wait: Duration) -> i64 {
    now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}
