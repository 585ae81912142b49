//! Makes the rooms that the bot has beside those of transactions, each exactly once.

use std::time::Duration;

use ruma::{OwnedRoomId, OwnedUserId, RoomId};

use super::perform::{Obstacle, Worker};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom};
use crate::language::Locale;
use crate::store::ADMINS;

/// The interval at which a room that may still be in creation is checked.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// After this time, a room that the bot cannot read counts as broken, in milliseconds.
const MAX_CREATION_MS: i64 = 60_000;

impl Worker {
    /// Returns the room in which the bot writes to this user, who is in it or invited to it.
    ///
    /// # Errors
    /// [`Obstacle::Refused`] if the user cannot be invited.
    pub(super) async fn direct_room(
        &self,
        user: &OwnedUserId,
        locale: &Locale,
    ) -> Result<OwnedRoomId, Obstacle> {
        let name = locale.text("direct-room-name");
        let room = self.bot_room(user.as_str(), &name).await?;
        let membership = self.installation.homeserver.membership(&room, user).await?;
        if !matches!(membership.as_deref(), Some("join" | "invite")) {
            self.installation.homeserver.invite(&room, user).await?;
        }
        Ok(room)
    }

    /// Returns the room with this purpose, in which the bot is. If it has to be made, it gets this name.
    pub(super) async fn bot_room(
        &self,
        purpose: &str,
        name: &str,
    ) -> Result<OwnedRoomId, Obstacle> {
        let Some(lease) = self.store.lease_of(&format!("bot room {purpose}")).await? else {
            return Err(Obstacle::later(RETRY_INTERVAL, "this room is being made elsewhere"));
        };
        // Without the lease, another process goes on, and this one looks again.
        lease.hold(self.made_room(purpose, name)).await.unwrap_or(Err(Obstacle::Stopping))
    }

    async fn made_room(&self, purpose: &str, name: &str) -> Result<OwnedRoomId, Obstacle> {
        let homeserver = &self.installation.homeserver;
        let known = self.store.bot_room(purpose).await?;
        if let Some(room) = known.room_id.as_deref().and_then(|id| RoomId::parse(id).ok()) {
            let bot = homeserver.bot_user_id();
            match homeserver.membership(&room, bot).await {
                Ok(Some(membership)) if membership == "join" => return Ok(room),
                // An admin of the homeserver deleted it, for example.
                Ok(_) | Err(CallFailure::Refused(_)) => {
                    self.store.bot_room_lost(purpose).await?;
                    return Err(Obstacle::later(Duration::ZERO, "the room is gone"));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        let alias = homeserver
            .alias(&known.alias_localpart)
            .ok_or_else(|| Obstacle::Final("The stored alias is not a valid alias.".to_owned()))?;
        if let Some(attempted_at) = known.attempted_at {
            match homeserver.find_room(&alias).await? {
                FoundRoom::Readable { room_id, .. } => {
                    self.store.bot_room_made(purpose, &room_id).await?;
                    return Ok(room_id);
                }
                FoundRoom::Closed { .. } if now() - attempted_at < MAX_CREATION_MS => {
                    let problem = "the homeserver may still be creating the room";
                    return Err(Obstacle::later(RETRY_INTERVAL, problem));
                }
                FoundRoom::Closed { .. } => {
                    self.store.bot_room_lost(purpose).await?;
                    return Err(Obstacle::later(Duration::ZERO, "the room is broken"));
                }
                FoundRoom::Nothing => {}
            }
        }
        self.store.bot_room_attempted(purpose).await?;
        match homeserver.create_bot_room(&known.alias_localpart, name, purpose != ADMINS).await {
            Ok(room_id) => {
                self.store.bot_room_made(purpose, &room_id).await?;
                Ok(room_id)
            }
            // Whatever became of it is found by the alias.
            Err(failure) => Err(Obstacle::later(RETRY_INTERVAL, failure.to_string())),
        }
    }
}
