//! The room of a transaction was replaced by another: the transaction goes on there if that room
//! proves to be its successor, and otherwise in a new room of ours.

use std::time::Duration;

use ruma::{RoomId, UserId};
use serde_json::{Value, json};

use super::perform::{Obstacle, View, Worker};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom};
use crate::room::{StateEvent, Successor, is_creator, judge_successor};
use crate::store::{LostSuccessor, RecordRoom};

/// How long to wait for an invitation to the successor, in milliseconds: whoever upgrades a room
/// invites its members after that.
const PATIENCE_MS: i64 = 30_000;
/// How often to look whether the bot is let in.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Most successors between two calls of the shop. More are a loop, or somebody's game.
const MAX_UPGRADES: i64 = 10;
/// The bot was not let into the room.
const CLOSED: &str = "closed";
/// The room does not name ours as its predecessor.
const STRANGER: &str = "stranger";

impl Worker {
    /// Goes on in the successor, or makes a room in its place. Never is anything written into a
    /// room that does not name ours as its predecessor.
    pub(super) async fn follow(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let old = view.room_id()?;
        let tombstone = match homeserver.state_content(old, "m.room.tombstone", "").await {
            Ok(tombstone) => tombstone,
            // Whoever is not in the room cannot say what its state is.
            Err(CallFailure::Refused(_)) => None,
            Err(failure) => return Err(failure.into()),
        };
        let Some(tombstone) =
            tombstone.filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
        else {
            return Ok(self.store.no_tombstone(view.id()).await?);
        };
        if view.room.upgrades >= MAX_UPGRADES {
            return Err(Obstacle::Final(format!(
                "The room was replaced {} times in a row, and is not followed any more. Take away \
                 the power of whoever does that, then send the contacts again by PATCH.",
                view.room.upgrades
            )));
        }
        let named = tombstone["replacement_room"].as_str();
        let named = named.and_then(|room| <&RoomId>::try_from(room).ok()).filter(|it| *it != old);
        let Some(room) = named else { return self.replace(view, None).await };
        // Back to a room that was ours before: a circle.
        if self.store.is_record_room(room.as_str()).await? {
            return self.replace(view, None).await;
        }
        let Some(state) = self.look_into(room).await? else {
            let waited = now() - view.room.tombstone_at.unwrap_or_default();
            if waited < PATIENCE_MS {
                return Err(Obstacle::later(
                    LOOK_AGAIN,
                    format!(
                        "The room was replaced by {room}, where the bot is not let in. Without an \
                         invitation it makes a new room soon."
                    ),
                ));
            }
            return self.replace(view, Some(lost(room, CLOSED))).await;
        };
        let bot = homeserver.bot_user_id();
        let verdict = judge_successor(old.as_str(), bot.as_str(), &state);
        tracing::warn!(room = %room, ?verdict, "the room was replaced");
        match verdict {
            Successor::Follow => self.go_on_in(view, room, &state, bot).await,
            Successor::Powerless => {
                self.store.listen_to(view.id(), room.as_str()).await?;
                self.replace(view, None).await
            }
            Successor::Stranger => self.replace(view, Some(lost(room, STRANGER))).await,
        }
    }

    /// The room before this one leads people here from now on. If the bot may not do that any more,
    /// nothing can be done about it.
    pub(super) async fn lead_on(&self, view: &View) -> Result<(), Obstacle> {
        let here = view.room_id()?;
        let before = view.room.predecessor.as_deref();
        if let Some(before) = before.and_then(|room| <&RoomId>::try_from(room).ok()) {
            let tombstone = StateEvent {
                event_type: "m.room.tombstone".to_owned(),
                state_key: String::new(),
                content: json!({
                    "body": "The conversation about this transaction goes on in another room.",
                    "replacement_room": here,
                }),
            };
            match self.installation.homeserver.set_state(before, &tombstone).await {
                Ok(_) => {}
                Err(failure @ CallFailure::Refused(_)) => {
                    tracing::warn!(room = %before, %failure, "cannot lead people to the new room");
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(self.store.led_on(view.id()).await?)
    }

    /// Looks whether the bot is let into the room that took the place of an earlier one by now. What
    /// was said there is then recorded as well; the transaction stays where it is.
    pub(super) async fn seek(&self, view: &View) -> Result<(), Obstacle> {
        let Some(LostSuccessor { room_id, why }) = self.store.lost_successor(view.id()).await?
        else {
            return Ok(());
        };
        let Ok(room) = <&RoomId>::try_from(room_id.as_str()) else {
            return Ok(self.store.let_go_of_successors(view.id()).await?);
        };
        if why == CLOSED
            && let Some(state) = self.look_into(room).await?
        {
            let bot = self.installation.homeserver.bot_user_id().as_str();
            let before = self.store.rooms_of(view.id()).await?;
            let names_ours =
                |it: &RecordRoom| judge_successor(&it.room_id, bot, &state) != Successor::Stranger;
            if before.iter().any(names_ours) {
                self.store.listen_to(view.id(), &room_id).await?;
            }
            return Ok(self.store.let_go_of_successors(view.id()).await?);
        }
        Err(Obstacle::Blocked(format!(
            "Somebody replaced the room by {room_id}, {why}. What is said there is in no record. The \
             transaction goes on in a room of its own; this is told until every contact is in it.",
            why = if why == CLOSED {
                "into which the bot is not let"
            } else {
                "which does not name it as its predecessor"
            }
        )))
    }

    /// The state of a room, which the bot joins for that if it is let in.
    async fn look_into(&self, room: &RoomId) -> Result<Option<Vec<Value>>, Obstacle> {
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

    async fn go_on_in(
        &self,
        view: &View,
        room: &RoomId,
        state: &[Value],
        bot: &UserId,
    ) -> Result<(), Obstacle> {
        self.take_alias(view, room).await?;
        let of_type = |event_type: &str| state.iter().find(|event| event["type"] == event_type);
        let version = of_type("m.room.create")
            .map(|create| create["content"]["room_version"].as_str().unwrap_or("1"));
        let encrypted = of_type("m.room.encryption").is_some();
        let is_creator = of_type("m.room.create").is_some_and(|it| is_creator(bot.as_str(), it));
        let (id, room) = (view.id(), room.as_str());
        Ok(self.store.follow_room(id, room, version, encrypted, is_creator, bot.as_str()).await?)
    }

    /// Has the alias lead to the new room. If that is refused, writing the room's state tells so.
    async fn take_alias(&self, view: &View, room: &RoomId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let Some(alias) = homeserver.alias(&view.room.alias_localpart) else { return Ok(()) };
        let taken = async {
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
        match taken.await {
            Ok(()) => Ok(()),
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the alias does not lead to the new room");
                Ok(())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// A room of ours takes the place of the old one, under the same alias if that can be had.
    pub(super) async fn replace(
        &self,
        view: &View,
        lost: Option<LostSuccessor>,
    ) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let alias = match homeserver.alias(&view.room.alias_localpart) {
            Some(alias) => homeserver.delete_alias(&alias).await,
            None => Ok(()),
        };
        let new_alias = match alias {
            Ok(()) => None,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the alias cannot be had; the new room gets another");
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
