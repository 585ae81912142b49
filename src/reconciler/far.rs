//! Users of other homeservers are invited here, apart from the steps of rooms: a server that
//! accepts the connection and says nothing keeps Synapse busy for more than four minutes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use super::{IDLE, Installation, back_off, later};
use crate::homeserver::CallFailure;
use crate::logging::abnormal_end;
use crate::store::{FarInvitation, Store, StoreError};

/// Most tries at the same time, each at another server. Synapse changes at most ten memberships at
/// a time for one appservice, so some are left for its own users.
const LANES: usize = 6;
/// Most of them at servers that could not be reached the last time.
const LANES_FOR_TROUBLE: usize = 2;
/// When to look again while our own homeserver does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Everything that invitations are made with.
struct Lanes {
    store: Store,
    installation: Arc<Installation>,
}

/// Invites users of other homeservers until `stop`: one try at a time for each server over all
/// rooms, with growing pauses for a server that does not answer.
pub async fn invite_far_forever(
    store: Store,
    installation: Arc<Installation>,
    stop: CancellationToken,
) {
    let lanes = Arc::new(Lanes { store: store.clone(), installation });
    while let Err(error) = store.far_tries_interrupted().await {
        tracing::error!(%error, "the database failed; trying again");
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
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
                    let lanes = Arc::clone(&lanes);
                    running.spawn(async move {
                        if let Err(error) = lanes.try_next(&server.0).await {
                            tracing::error!(%error, "the database failed; trying again");
                            tokio::time::sleep(IDLE).await;
                        }
                        server
                    });
                }
            }
            Err(error) => tracing::error!(%error, "invitations could not be read; trying again"),
        }
        tokio::select! {
            Some(finished) = running.join_next() => match finished {
                Ok(server) => {
                    busy.remove(&server);
                }
                Err(error) => {
                    let error = abnormal_end(&error);
                    tracing::error!(%error, "an invitation ended abnormally");
                    // The name of its server is lost: begin anew when all others have ended.
                    while running.join_next().await.is_some() {}
                    busy.clear();
                }
            },
            () = store.hints().far.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stop.cancelled() => {}
        }
    }
    // Nobody waits for other servers. What became of a try in flight is looked at next time.
    running.shutdown().await;
}

/// Servers to try now, and whether each could not be reached the last time.
async fn due(
    store: &Store,
    busy: &HashSet<(String, bool)>,
) -> Result<Vec<(String, bool)>, StoreError> {
    let mut free = LANES.saturating_sub(busy.len());
    let in_trouble = busy.iter().filter(|(_, in_trouble)| *in_trouble).count();
    let mut free_for_trouble = LANES_FOR_TROUBLE.saturating_sub(in_trouble);
    if free == 0 {
        return Ok(Vec::new());
    }
    // Servers being tried are due still, so ask for enough to see past them.
    let limit = i64::try_from(LANES * 2).unwrap_or(i64::MAX);
    let mut servers = Vec::new();
    for (server, failures) in store.due_servers(limit).await? {
        let in_trouble = failures > 0;
        let is_busy = busy.iter().any(|(name, _)| *name == server);
        if is_busy || free == 0 || (in_trouble && free_for_trouble == 0) {
            continue;
        }
        free -= 1;
        free_for_trouble -= usize::from(in_trouble);
        servers.push((server, in_trouble));
    }
    Ok(servers)
}

impl Lanes {
    /// Tries the invitation that waits longest at this server.
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
        // The outcome of an earlier try may not be known.
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
                tracing::warn!(%user, %failure, "could not be invited");
                self.store.member_failed(id, user, None, &problem, far.seen_at).await?;
                self.store.far_done(far).await
            }
            // Our own homeserver says this.
            CallFailure::RateLimited(wait) => {
                let wait = wait.unwrap_or_else(|| back_off(0));
                self.store.far_postponed(far, later(wait)).await
            }
            CallFailure::Unknown { .. } => {
                let wait = back_off(self.store.server_failures(server).await?);
                if !failure.is_about_token() {
                    let seconds = wait.as_secs_f32();
                    tracing::warn!(%user, %failure, seconds, "no invitation yet");
                }
                self.store.server_failed(server, later(wait), &problem).await?;
                self.store
                    .member_failed(id, user, Some(later(wait)), &problem, far.seen_at)
                    .await?;
                // Others at the same server are tried before this one is tried again.
                self.store.far_postponed(far, later(wait)).await
            }
        }
    }

    /// Whether they are in the room, invited or banned, whatever became of earlier tries. If our
    /// own homeserver does not say, this is not about the other one: look again soon.
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
                    tracing::warn!(%failure, "our homeserver does not answer; looking again");
                }
                self.store.far_postponed(far, later(LOOK_AGAIN)).await?;
                Ok(true)
            }
        }
    }
}
