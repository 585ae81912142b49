//! Creates the room of a transaction exactly once, even if a process or a call fails in between.

use std::time::Duration;

use ruma::OwnedRoomAliasId;

use super::perform::{Obstacle, View, Worker};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom};
use crate::room::{Verdict, judge};

/// The interval at which a room that may still be in creation is checked.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

impl Worker {
    /// Commits that an attempt begins, creates the room, and commits that the room is ours. The
    /// call invites nobody, so a room that is lost in between was never shown to anybody.
    pub(super) async fn create_room(&self, view: &View) -> Result<(), Obstacle> {
        self.store.room_attempted(view.id(), view.plan.version.as_str()).await?;
        match self.installation.homeserver.create_room(&view.plan).await {
            Ok(room_id) => {
                let published = view.plan.state_digest();
                Ok(self.store.claim_room(view.id(), &room_id, None, Some(&published)).await?)
            }
            // The alias is taken. The next step finds out whose room it leads to.
            Err(failure) if failure.refused_with("M_ROOM_IN_USE") => Ok(()),
            Err(failure @ CallFailure::Refused(_)) if is_about_the_room(&failure) => {
                self.store.room_attempt_void(view.id()).await?;
                Err(Obstacle::Final(format!("The homeserver does not create this room: {failure}")))
            }
            Err(failure @ (CallFailure::Refused(_) | CallFailure::RateLimited(_))) => {
                // The homeserver refused before it created anything.
                self.store.room_attempt_void(view.id()).await?;
                Err(failure.into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Finds out by the alias what became of an attempt of unknown outcome.
    pub(super) async fn resolve_room(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let alias = self.alias(view)?;
        let waited = now() - view.room.attempted_at.unwrap_or_else(now);
        let (room_id, state) = match homeserver.find_room(&alias).await? {
            FoundRoom::Nothing => {
                tracing::info!("the earlier attempt created no room; creating it again");
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
                // The next step compares and completes the state of the room.
                Ok(self.store.claim_room(view.id(), &room_id, version, None).await?)
            }
            Verdict::Wait => Err(Obstacle::later(
                RETRY_INTERVAL,
                "the homeserver may still be creating the room; checking again soon",
            )),
            Verdict::Replace => {
                tracing::warn!(room = %room_id, "the alias leads to a broken room; replacing it");
                homeserver.delete_alias(&alias).await?;
                // The bot may be in the broken room. Nobody else is.
                if let Err(failure) = homeserver.leave(&room_id).await {
                    tracing::debug!(room = %room_id, %failure, "the bot is not in the broken room");
                }
                Ok(self.store.room_attempt_void(view.id()).await?)
            }
            Verdict::Foreign => Err(Obstacle::Final(format!(
                "The alias {alias} belongs to the room {room_id}, which Tallyroom did not create. \
                 Delete that alias on the homeserver, then send the transaction's contacts again \
                 by PATCH."
            ))),
        }
    }

    fn alias(&self, view: &View) -> Result<OwnedRoomAliasId, Obstacle> {
        self.installation
            .homeserver
            .alias(&view.room.alias_localpart)
            .ok_or_else(|| Obstacle::Final("The stored alias is not a valid alias.".to_owned()))
    }
}

/// Whether the refusal is about the requested room itself, so that every retry would be refused
/// too.
fn is_about_the_room(failure: &CallFailure) -> bool {
    ["M_UNSUPPORTED_ROOM_VERSION", "M_INVALID_ROOM_STATE", "M_BAD_JSON", "M_TOO_LARGE"]
        .iter()
        .any(|errcode| failure.refused_with(errcode))
}
