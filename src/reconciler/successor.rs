//! Handles a room that was replaced by another. The transaction continues there if that room proves
//! to be the successor, and otherwise in a new room that the bot creates.

use std::time::Duration;

use ruma::{RoomId, UserId};
use serde_json::Value;

use super::perform::{Obstacle, View, Worker};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom};
use crate::room::{Successor, is_creator, judge_successor, tombstone};
use crate::store::{LostSuccessor, RecordRoom};

/// How long to wait for an invitation to the successor, in milliseconds. A person who upgrades a
/// room invites its members only after the tombstone.
const INVITATION_TIMEOUT_MS: i64 = 30_000;
/// The interval at which the bot tries to join the successor.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// The greatest number of successors between two calls of the shop. More of them are a loop, or
/// somebody does it on purpose.
const MAX_UPGRADES: i64 = 10;
/// Stored for a successor that the bot cannot join.
const CLOSED: &str = "closed";
/// Stored for a room that does not name ours as its predecessor.
const STRANGER: &str = "stranger";

impl Worker {
    /// Continues in the successor, or replaces it by a new room. Nothing is ever written into a
    /// room that does not name ours as its predecessor.
    pub(super) async fn follow_tombstone(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let old = view.room_id()?;
        let tombstone = match homeserver.state_content(old, "m.room.tombstone", "").await {
            Ok(tombstone) => tombstone,
            // The bot is no longer in the room, so it cannot read the state.
            Err(CallFailure::Refused(_)) => None,
            Err(failure) => return Err(failure.into()),
        };
        let Some(tombstone) =
            tombstone.filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
        else {
            return Ok(self.store.clear_tombstone(view.id()).await?);
        };
        if view.room.upgrades >= MAX_UPGRADES {
            return Err(Obstacle::Final(format!(
                "The room was replaced {} times in a row, so its successors are no longer \
                 followed. Lower the power level of the user who replaces it, then send the \
                 contacts again by PATCH.",
                view.room.upgrades
            )));
        }
        let named = tombstone["replacement_room"].as_str();
        let named = named.and_then(|room| <&RoomId>::try_from(room).ok()).filter(|it| *it != old);
        let Some(room) = named else { return self.replace_room(view, None).await };
        // The tombstone points back to an earlier room of ours, so following it would be a loop.
        if self.store.is_record_room(room.as_str()).await? {
            return self.replace_room(view, None).await;
        }
        let Some(state) = self.read_room(room).await? else {
            let waited = now() - view.room.tombstone_at.unwrap_or_default();
            if waited < INVITATION_TIMEOUT_MS {
                return Err(Obstacle::later(
                    RETRY_INTERVAL,
                    format!(
                        "The room was replaced by {room}, which the bot cannot join. Invite the \
                         bot to that room; otherwise it creates a new room soon."
                    ),
                ));
            }
            return self.replace_room(view, Some(lost(room, CLOSED))).await;
        };
        let bot = homeserver.bot_user_id();
        let verdict = judge_successor(old.as_str(), bot.as_str(), &state);
        tracing::warn!(room = %room, ?verdict, "the room was replaced");
        match verdict {
            Successor::Follow => self.continue_in(view, room, &state, bot).await,
            Successor::Powerless => {
                self.store.add_record_room(view.id(), room.as_str()).await?;
                self.replace_room(view, None).await
            }
            Successor::Stranger => self.replace_room(view, Some(lost(room, STRANGER))).await,
        }
    }

    /// Writes a tombstone into the previous room that points to this room. If that is refused, it
    /// is not tried again.
    pub(super) async fn write_tombstone(&self, view: &View) -> Result<(), Obstacle> {
        let here = view.room_id()?;
        let before = view.room.predecessor.as_deref();
        if let Some(before) = before.and_then(|room| <&RoomId>::try_from(room).ok()) {
            let locale = self.installation.locale(&view.transaction);
            let tombstone = tombstone(&locale, here);
            match self.installation.homeserver.set_state(before, &tombstone).await {
                Ok(_) => {}
                Err(failure @ CallFailure::Refused(_)) => {
                    tracing::warn!(room = %before, %failure, "the tombstone was refused");
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(self.store.set_led_on(view.id()).await?)
    }

    /// Checks whether the bot can now join the room that replaced an earlier one. If so, the
    /// messages of that room are recorded as well. The transaction stays in its current room.
    pub(super) async fn retry_lost_successor(&self, view: &View) -> Result<(), Obstacle> {
        let Some(LostSuccessor { room_id, why }) = self.store.lost_successor(view.id()).await?
        else {
            return Ok(());
        };
        let Ok(room) = <&RoomId>::try_from(room_id.as_str()) else {
            return Ok(self.store.forget_lost_successors(view.id()).await?);
        };
        if why == CLOSED
            && let Some(state) = self.read_room(room).await?
        {
            let bot = self.installation.homeserver.bot_user_id().as_str();
            let before = self.store.rooms_of(view.id()).await?;
            let names_ours =
                |it: &RecordRoom| judge_successor(&it.room_id, bot, &state) != Successor::Stranger;
            if before.iter().any(names_ours) {
                self.store.add_record_room(view.id(), &room_id).await?;
            }
            return Ok(self.store.forget_lost_successors(view.id()).await?);
        }
        Err(Obstacle::Blocked(format!(
            "Somebody replaced the room by {room_id}, {why}. No message of that room is recorded. \
             The transaction continues in a new room. This problem remains until every contact is \
             in the new room.",
            why = if why == CLOSED {
                "which the bot cannot join"
            } else {
                "which does not name the old room as its predecessor"
            }
        )))
    }

    /// Returns the state of a room, which the bot joins if necessary. Returns `None` if it cannot
    /// join.
    async fn read_room(&self, room: &RoomId) -> Result<Option<Vec<Value>>, Obstacle> {
        let homeserver = &self.installation.homeserver;
        let is_in = |state: &[Value]| {
            state.iter().any(|event| {
                event["type"] == "m.room.member"
                    && event["state_key"] == homeserver.bot_user_id().as_str()
                    && event["content"]["membership"] == "join"
            })
        };
        match homeserver.room_state(room).await {
            Ok(state) if is_in(&state) => return Ok(Some(state)),
            Ok(_) | Err(CallFailure::Refused(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
        match homeserver.join(room).await {
            Ok(()) => Ok(Some(homeserver.room_state(room).await?)),
            Err(CallFailure::Refused(_)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Makes the successor the room of the transaction.
    async fn continue_in(
        &self,
        view: &View,
        room: &RoomId,
        state: &[Value],
        bot: &UserId,
    ) -> Result<(), Obstacle> {
        self.move_alias(view, room).await?;
        let of_type = |event_type: &str| state.iter().find(|event| event["type"] == event_type);
        let version = of_type("m.room.create")
            .map(|create| create["content"]["room_version"].as_str().unwrap_or("1"));
        let encrypted = of_type("m.room.encryption").is_some();
        let is_creator = of_type("m.room.create").is_some_and(|it| is_creator(bot.as_str(), it));
        let (id, room) = (view.id(), room.as_str());
        Ok(self.store.follow_room(id, room, version, encrypted, is_creator, bot.as_str()).await?)
    }

    /// Makes the alias lead to the new room. If that is refused, `publish_state` reports it later.
    async fn move_alias(&self, view: &View, room: &RoomId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let Some(alias) = homeserver.alias(&view.room.alias_localpart) else { return Ok(()) };
        let moved = async {
            match homeserver.find_room(&alias).await? {
                FoundRoom::Readable { room_id, .. } | FoundRoom::Closed { room_id }
                    if room_id.as_str() == room.as_str() =>
                {
                    Ok(())
                }
                FoundRoom::Nothing => homeserver.make_alias(&alias, room).await,
                _ => {
                    homeserver.delete_alias(&alias).await?;
                    homeserver.make_alias(&alias, room).await
                }
            }
        };
        match moved.await {
            Ok(()) => Ok(()),
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the alias cannot be moved to the new room");
                Ok(())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Stores that a new room is to replace the old one. It gets the same alias, if the homeserver
    /// lets the bot delete that.
    pub(super) async fn replace_room(
        &self,
        view: &View,
        lost: Option<LostSuccessor>,
    ) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let deleted = match homeserver.alias(&view.room.alias_localpart) {
            Some(alias) => homeserver.delete_alias(&alias).await,
            None => Ok(()),
        };
        let new_alias = match deleted {
            Ok(()) => None,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the alias cannot be deleted; the new room gets another");
                Some(crate::store::new_alias())
            }
            Err(failure) => return Err(failure.into()),
        };
        let bot = homeserver.bot_user_id().as_str();
        let id = view.id();
        Ok(self.store.replace_room(id, new_alias.as_deref(), lost.as_ref(), bot).await?)
    }
}

fn lost(room: &RoomId, why: &str) -> LostSuccessor {
    LostSuccessor { room_id: room.to_string(), why: why.to_owned() }
}
