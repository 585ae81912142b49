//! Makes the room of a transaction, once, whatever dies in between.

use std::time::Duration;

use ruma::OwnedRoomAliasId;

use super::perform::{Obstacle, View, Worker};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom};
use crate::room::{Verdict, judge};

/// How often to look at a room that may still be in the making.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Worker {
    /// Commits that an attempt begins, makes the room, commits that it is ours. Nobody is invited
    /// by it, so a room that is lost in between was never shown to anybody.
    pub(super) async fn create_room(&self, view: &View) -> Result<(), Obstacle> {
        self.store.room_attempted(view.id(), view.plan.version.as_str()).await?;
        match self.installation.homeserver.create_room(&view.plan).await {
            Ok(room_id) => {
                let published = view.plan.state_digest();
                Ok(self.store.claim_room(view.id(), &room_id, None, Some(&published)).await?)
            }
            // The alias is taken: the next step looks whose it is.
            Err(failure) if failure.refused_with("M_ROOM_IN_USE") => Ok(()),
            Err(failure @ CallFailure::Refused(_)) if is_about_the_room(&failure) => {
                self.store.room_attempt_void(view.id()).await?;
                Err(Obstacle::Final(format!("The homeserver will not make this room. {failure}")))
            }
            Err(failure @ (CallFailure::Refused(_) | CallFailure::RateLimited(_))) => {
                // Refused before anything was made.
                self.store.room_attempt_void(view.id()).await?;
                Err(failure.into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Looks behind the alias for what became of an attempt of unknown outcome.
    pub(super) async fn resolve_room(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let alias = self.alias(view)?;
        let waited = now() - view.room.attempted_at.unwrap_or_else(now);
        let (room_id, state) = match homeserver.find_room(&alias).await? {
            FoundRoom::Nothing => {
                tracing::info!("nothing is left of the earlier attempt; making the room again");
                return Ok(self.store.room_attempt_void(view.id()).await?);
            }
            FoundRoom::Readable { room_id, state } => (room_id, Some(state)),
            FoundRoom::Closed { room_id } => (room_id, None),
        };
        let bot = homeserver.bot_user_id().as_str();
        match judge(view.id(), bot, state.as_deref(), waited) {
            Verdict::Adopt => {
                tracing::info!(room = %room_id, "adopting the room of an earlier attempt");
                let version = state
                    .iter()
                    .flatten()
                    .find(|event| event["type"] == "m.room.create")
                    .and_then(|event| event["content"]["room_version"].as_str());
                // Its state is compared and completed by the next step.
                Ok(self.store.claim_room(view.id(), &room_id, version, None).await?)
            }
            Verdict::Wait => Err(Obstacle::later(
                LOOK_AGAIN,
                "the homeserver may still be making the room; looking again",
            )),
            Verdict::Replace => {
                tracing::warn!(room = %room_id, "a broken room stands behind the alias; replacing");
                homeserver.delete_alias(&alias).await?;
                // If the bot got into it after all, it has no business there. Nobody else is in.
                if let Err(failure) = homeserver.leave(&room_id).await {
                    tracing::debug!(room = %room_id, %failure, "the bot is not in the broken room");
                }
                Ok(self.store.room_attempt_void(view.id()).await?)
            }
            Verdict::Foreign => Err(Obstacle::Final(format!(
                "The alias {alias} belongs to the room {room_id}, which is not ours. Delete that \
                 alias on the homeserver, then send the transaction's contacts again by PATCH."
            ))),
        }
    }

    fn alias(&self, view: &View) -> Result<OwnedRoomAliasId, Obstacle> {
        self.installation
            .homeserver
            .alias(&view.room.alias_localpart)
            .ok_or_else(|| Obstacle::Final("The stored alias is not one.".to_owned()))
    }
}

/// Refusals that the same request would meet again for ever.
fn is_about_the_room(failure: &CallFailure) -> bool {
    ["M_UNSUPPORTED_ROOM_VERSION", "M_INVALID_ROOM_STATE", "M_BAD_JSON", "M_TOO_LARGE"]
        .iter()
        .any(|errcode| failure.refused_with(errcode))
}
