//! Invites users of other homeservers, outside the steps of rooms: if a server accepts the
//! connection and does not answer, Synapse waits for it for more than four minutes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use super::{Installation, POLL_INTERVAL, backoff, time_after};
use crate::homeserver::CallFailure;
use crate::logging::abnormal_end;
use crate::store::{FarInvitation, Store, StoreError};

/// The greatest number of tries at the same time, each at a different server. Synapse changes at
/// most ten memberships at a time for one appservice, so some are left for its own users.
const MAX_PARALLEL_TRIES: usize = 6;
/// The greatest number of these tries at servers that could not be reached the last time.
const MAX_TRIES_AT_FAILING_SERVERS: usize = 2;
/// How long to wait before the next try if our own homeserver does not answer.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Everything that the invitations need.
struct Inviter {
    store: Store,
    installation: Arc<Installation>,
}

/// Invites users of other homeservers until `stop`. Each server has one try at a time over all
/// rooms, and a server that does not answer has a growing backoff.
pub async fn invite_far_forever(
    store: Store,
    installation: Arc<Installation>,
    stop: CancellationToken,
) {
    let inviter = Arc::new(Inviter { store: store.clone(), installation });
    while let Err(error) = store.far_tries_interrupted().await {
        tracing::error!(%error, "the database failed; retrying");
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
    let mut running = JoinSet::new();
    let mut busy: HashSet<(String, bool)> = HashSet::new();
    while !stop.is_cancelled() {
        match due(&store, &busy).await {
            Ok(servers) => {
                for server in servers {
                    busy.insert(server.clone());
                    let inviter = Arc::clone(&inviter);
                    running.spawn(async move {
                        if let Err(error) = inviter.try_next(&server.0).await {
                            tracing::error!(%error, "the database failed; retrying");
                            tokio::time::sleep(POLL_INTERVAL).await;
                        }
                        server
                    });
                }
            }
            Err(error) => tracing::error!(%error, "cannot read the due invitations; retrying"),
        }
        tokio::select! {
            Some(finished) = running.join_next() => match finished {
                Ok(server) => {
                    busy.remove(&server);
                }
                Err(error) => {
                    let error = abnormal_end(&error);
                    tracing::error!(%error, "the work on an invitation ended abnormally");
                    // It is not known at which server it was, so all others have to end first.
                    while running.join_next().await.is_some() {}
                    busy.clear();
                }
            },
            () = store.hints().far.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
    // The end of the process does not wait for other servers. After the next start, the outcome of
    // a try that was in flight is checked.
    running.shutdown().await;
}

/// Returns the servers to try now, and for each whether it could not be reached the last time.
async fn due(
    store: &Store,
    busy: &HashSet<(String, bool)>,
) -> Result<Vec<(String, bool)>, StoreError> {
    let mut free = MAX_PARALLEL_TRIES.saturating_sub(busy.len());
    let failing = busy.iter().filter(|(_, is_failing)| *is_failing).count();
    let mut free_for_failing = MAX_TRIES_AT_FAILING_SERVERS.saturating_sub(failing);
    if free == 0 {
        return Ok(Vec::new());
    }
    // Servers that are being tried are still due, so the query has to return more than those.
    let limit = i64::try_from(MAX_PARALLEL_TRIES * 2).unwrap_or(i64::MAX);
    let mut servers = Vec::new();
    for (server, failures) in store.due_servers(limit).await? {
        let is_failing = failures > 0;
        let is_busy = busy.iter().any(|(name, _)| *name == server);
        if is_busy || free == 0 || (is_failing && free_for_failing == 0) {
            continue;
        }
        free -= 1;
        free_for_failing -= usize::from(is_failing);
        servers.push((server, is_failing));
    }
    Ok(servers)
}

impl Inviter {
    /// Tries the invitation that has been waiting longest for this server.
    async fn try_next(&self, server: &str) -> Result<(), StoreError> {
        let Some(far) = self.store.next_far(server).await? else { return Ok(()) };
        let room = far.room_id.as_deref().and_then(|id| RoomId::parse(id).ok());
        let (Ok(id), Ok(user), Some(room)) =
            (Ulid::from_string(&far.transaction_id), UserId::parse(&far.user_id), room)
        else {
            return self.store.far_done(&far).await;
        };
        if far.wanted == 0 {
            return self.store.far_done(&far).await;
        }
        let span = tracing::info_span!("far", transaction = %id, server);
        self.try_one(&far, id, &user, &room, server).instrument(span).await
    }

    async fn try_one(
        &self,
        far: &FarInvitation,
        id: Ulid,
        user: &OwnedUserId,
        room: &OwnedRoomId,
        server: &str,
    ) -> Result<(), StoreError> {
        let homeserver = &self.installation.homeserver;
        // An earlier try may have succeeded although its outcome is unknown.
        if far.tried == 1 && self.is_settled(far, id, user, room).await? {
            return Ok(());
        }
        tracing::info!(%user, "inviting a user of another homeserver");
        self.store.far_begun(far).await?;
        let failure = match homeserver.invite_far(room, user).await {
            Ok(()) => {
                self.store.server_answers(server).await?;
                self.store.set_membership(id, user, "invite", far.seen_at).await?;
                return self.store.far_done(far).await;
            }
            Err(failure) => failure,
        };
        if self.is_settled(far, id, user, room).await? {
            return Ok(());
        }
        let problem = failure.to_string();
        match &failure {
            CallFailure::Refused(_) => {
                tracing::warn!(%user, %failure, "a user of another homeserver cannot be invited");
                self.store.member_failed(id, user, None, &problem, far.seen_at).await?;
                self.store.far_done(far).await
            }
            // The rate limit is one of our own homeserver.
            CallFailure::RateLimited(wait) => {
                let wait = wait.unwrap_or_else(|| backoff(0));
                self.store.far_postponed(far, time_after(wait)).await
            }
            CallFailure::Unknown { .. } => {
                let wait = backoff(self.store.server_failures(server).await?);
                if !failure.is_about_token() {
                    let seconds = wait.as_secs_f32();
                    tracing::warn!(%user, %failure, seconds, "the invitation failed; retrying");
                }
                self.store.server_failed(server, time_after(wait), &problem).await?;
                self.store
                    .member_failed(id, user, Some(time_after(wait)), &problem, far.seen_at)
                    .await?;
                // Other users of the same server are tried before this one is tried again.
                self.store.far_postponed(far, time_after(wait)).await
            }
        }
    }

    /// Checks the membership of the user. Returns true if this try is over: because the user is in
    /// the room, invited or banned, or because our own homeserver does not answer. In the second
    /// case, the next try comes soon, since the other homeserver is not to blame.
    async fn is_settled(
        &self,
        far: &FarInvitation,
        id: Ulid,
        user: &OwnedUserId,
        room: &OwnedRoomId,
    ) -> Result<bool, StoreError> {
        match self.installation.homeserver.membership(room, user).await {
            Ok(Some(membership)) if membership != "leave" && membership != "knock" => {
                self.store.set_membership(id, user, &membership, far.seen_at).await?;
                self.store.far_done(far).await?;
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(failure) => {
                if !failure.is_about_token() {
                    tracing::warn!(%failure, "the homeserver does not tell a membership; retrying");
                }
                self.store.far_postponed(far, time_after(RETRY_INTERVAL)).await?;
                Ok(true)
            }
        }
    }
}
