//! Rooms: create, find again, read and change.

use std::time::Duration;

use ruma::api::Direction;
use ruma::api::client::alias::{create_alias, delete_alias, get_alias};
use ruma::api::client::membership::{
    invite_user, join_room_by_id, kick_user, leave_room, unban_user,
};
use ruma::api::client::message::{get_message_events, send_message_event};
use ruma::api::client::profile::get_profile;
use ruma::api::client::room::{create_room, get_room_event};
use ruma::api::client::state::{get_state_event_for_key, get_state_events, send_state_event};
use ruma::events::{MessageLikeEventType, StateEventType};
use ruma::serde::Raw;
use ruma::{
    EventId, OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedTransactionId, OwnedUserId,
    RoomAliasId, RoomId, UInt, UserId,
};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{CallFailure, Homeserver};
use crate::room::{RoomPlan, StateEvent};

/// How long an invitation may take that reaches out to another homeserver. Longer than Synapse
/// tries, so that no try of ours goes on there while we begin another one.
const FAR_TIMEOUT: Duration = Duration::from_secs(6 * 60);

/// What an alias leads to.
#[derive(Clone, Debug)]
pub enum FoundRoom {
    /// No such alias: nothing of the earlier attempt was kept.
    Nothing,
    /// A room whose state the bot may read.
    Readable {
        /// The room behind the alias.
        room_id: OwnedRoomId,
        /// Its current state events, as the homeserver gave them.
        state: Vec<Value>,
    },
    /// A room that the bot cannot look into: still being made, or broken by a crash.
    Closed {
        /// The room behind the alias.
        room_id: OwnedRoomId,
    },
}

/// One page of a room's history.
#[derive(Debug)]
pub struct HistoryPage {
    /// Raw events, newest first when read backwards.
    pub events: Vec<Box<RawValue>>,
    /// Where the next page starts; none at the end of the history.
    pub next: Option<String>,
}

impl Homeserver {
    /// Creates the planned room in one request: all its state, and nobody invited.
    ///
    /// # Errors
    /// `M_ROOM_IN_USE` (400) or 409 when the alias is taken; an unknown outcome otherwise means
    /// that the room may exist: see [`Self::find_room`].
    pub async fn create_room(&self, plan: &RoomPlan) -> Result<OwnedRoomId, CallFailure> {
        let mut request = create_room::v3::Request::new();
        request.room_version = Some(plan.version.clone());
        request.room_alias_name = Some(plan.alias_localpart.clone());
        request.creation_content = Some(raw(&plan.creation_content)?.cast_unchecked());
        request.power_level_content_override = Some(raw(&plan.power_levels)?.cast_unchecked());
        request.preset = Some(create_room::v3::RoomPreset::PrivateChat);
        request.name = Some(plan.name.clone());
        request.topic = Some(plan.topic.clone());
        for event in
            plan.state.iter().filter(|event| !event.is_set_by_create_room() && !event.is_absent())
        {
            request.initial_state.push(raw(&event.as_initial_state())?.cast_unchecked());
        }
        Ok(self.as_bot(request).await?.room_id)
    }

    /// Looks at what stands behind `alias`.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
    pub async fn find_room(&self, alias: &OwnedRoomAliasId) -> Result<FoundRoom, CallFailure> {
        let room_id = match self.as_bot(get_alias::v3::Request::new(alias.clone())).await {
            Ok(answer) => answer.room_id,
            Err(failure) if failure.is_not_found() => return Ok(FoundRoom::Nothing),
            Err(failure) => return Err(failure),
        };
        match self.room_state(&room_id).await {
            Ok(state) => Ok(FoundRoom::Readable { room_id, state }),
            Err(CallFailure::Refused(_)) => Ok(FoundRoom::Closed { room_id }),
            Err(failure) => Err(failure),
        }
    }

    /// Frees an alias whose room can never be used.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no answer; a missing alias is success.
    pub async fn delete_alias(&self, alias: &OwnedRoomAliasId) -> Result<(), CallFailure> {
        match self.as_bot(delete_alias::v3::Request::new(alias.clone())).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_not_found() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Has `alias` lead to a room.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn make_alias(
        &self,
        alias: &OwnedRoomAliasId,
        room_id: &RoomId,
    ) -> Result<(), CallFailure> {
        let request = create_alias::v3::Request::new(alias.clone(), room_id.to_owned());
        self.as_bot(request).await?;
        Ok(())
    }

    /// The room's current state events.
    ///
    /// # Errors
    /// A refusal (403) when the bot is not in the room.
    pub async fn room_state(&self, room_id: &RoomId) -> Result<Vec<Value>, CallFailure> {
        let answer = self.as_bot(get_state_events::v3::Request::new(room_id.to_owned())).await?;
        Ok(answer
            .room_state
            .iter()
            .filter_map(|event| serde_json::from_str(event.json().get()).ok())
            .collect())
    }

    /// The content of one state event, if it exists.
    ///
    /// # Errors
    /// A refusal (403) when the bot is not in the room.
    pub async fn state_content(
        &self,
        room_id: &RoomId,
        event_type: &str,
        state_key: &str,
    ) -> Result<Option<Value>, CallFailure> {
        let request = get_state_event_for_key::v3::Request::new(
            room_id.to_owned(),
            StateEventType::from(event_type),
            state_key.to_owned(),
        );
        match self.as_bot(request).await {
            Ok(answer) => Ok(serde_json::from_str(answer.into_content().json().get()).ok()),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Writes one state event. Repeating it with the same content changes nothing.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn set_state(
        &self,
        room_id: &RoomId,
        event: &StateEvent,
    ) -> Result<OwnedEventId, CallFailure> {
        let request = send_state_event::v3::Request::new_raw(
            room_id.to_owned(),
            StateEventType::from(event.event_type.as_str()),
            event.state_key.clone(),
            raw(&event.content)?.cast_unchecked(),
        );
        Ok(self.as_bot(request).await?.event_id)
    }

    /// Sends `content` as an `m.room.message`. The homeserver takes the same `send_id` only once
    /// while it remembers it (Client-Server API, "Transaction identifiers").
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn send_message(
        &self,
        room_id: &RoomId,
        send_id: &str,
        content: &Value,
    ) -> Result<OwnedEventId, CallFailure> {
        let request = send_message_event::v3::Request::new_raw(
            room_id.to_owned(),
            OwnedTransactionId::from(send_id),
            MessageLikeEventType::RoomMessage,
            raw(content)?.cast_unchecked(),
        );
        Ok(self.as_bot(request).await?.event_id)
    }

    /// Invites `user`.
    ///
    /// # Errors
    /// 403 when the user is in the room already or banned; see [`Self::membership`].
    pub async fn invite(&self, room_id: &RoomId, user: &OwnedUserId) -> Result<(), CallFailure> {
        let recipient = invite_user::v3::InviteUserId::new(user.clone()).into();
        self.as_bot(invite_user::v3::Request::new(room_id.to_owned(), recipient)).await?;
        Ok(())
    }

    /// As [`Self::invite`], for a user of another homeserver. Ours answers when the other one has,
    /// or when it has given up, which takes Synapse more than four minutes.
    ///
    /// # Errors
    /// As [`Self::invite`].
    pub async fn invite_far(
        &self,
        room_id: &RoomId,
        user: &OwnedUserId,
    ) -> Result<(), CallFailure> {
        let recipient = invite_user::v3::InviteUserId::new(user.clone()).into();
        let request = invite_user::v3::Request::new(room_id.to_owned(), recipient);
        self.as_bot_within(request, FAR_TIMEOUT).await?;
        Ok(())
    }

    /// Whether our homeserver has an account `user` that can be used. One that it does not speak
    /// of counts as one that it has. By its profile alone, a deactivated account that was not
    /// erased looks like any other; `tells_status` says that the homeserver can be asked.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
    pub async fn has_account(
        &self,
        user: &UserId,
        tells_status: bool,
    ) -> Result<bool, CallFailure> {
        if tells_status && let Some(is_usable) = self.account_is_usable(user).await? {
            return Ok(is_usable);
        }
        match self.as_bot(get_profile::v3::Request::new(user.to_owned())).await {
            Ok(_) => Ok(true),
            Err(CallFailure::Refused(refusal)) => Ok(refusal.status != 404),
            Err(failure) => Err(failure),
        }
    }

    /// Removes `user` from the room, or takes back an invitation.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn remove(
        &self,
        room_id: &RoomId,
        user: &OwnedUserId,
        reason: &str,
    ) -> Result<(), CallFailure> {
        let mut request = kick_user::v3::Request::new(room_id.to_owned(), user.clone());
        request.reason = Some(reason.to_owned());
        self.as_bot(request).await?;
        Ok(())
    }

    /// Lifts a ban. That invites nobody.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn lift_ban(&self, room_id: &RoomId, user: &OwnedUserId) -> Result<(), CallFailure> {
        self.as_bot(unban_user::v3::Request::new(room_id.to_owned(), user.clone())).await?;
        Ok(())
    }

    /// The bot leaves a room.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn leave(&self, room_id: &RoomId) -> Result<(), CallFailure> {
        self.as_bot(leave_room::v3::Request::new(room_id.to_owned())).await?;
        Ok(())
    }

    /// `user`'s membership (`join`, `invite`, `leave`, `ban`, `knock`), if they ever had one.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn membership(
        &self,
        room_id: &RoomId,
        user: &UserId,
    ) -> Result<Option<String>, CallFailure> {
        let content = self.state_content(room_id, "m.room.member", user.as_str()).await?;
        Ok(content
            .as_ref()
            .and_then(|content| content.get("membership"))
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    /// The bot accepts its invitation to a room.
    ///
    /// # Errors
    /// When the homeserver refuses (403: nobody invites it any more) or gives no usable answer.
    pub async fn join(&self, room_id: &RoomId) -> Result<(), CallFailure> {
        self.as_bot(join_room_by_id::v3::Request::new(room_id.to_owned())).await?;
        Ok(())
    }

    /// Whether the homeserver has this event. One that it does not show to the bot counts as there:
    /// only what does not exist is gone.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
    pub async fn has_event(&self, room_id: &str, event_id: &str) -> Result<bool, CallFailure> {
        let (Ok(room_id), Ok(event_id)) = (RoomId::parse(room_id), EventId::parse(event_id)) else {
            // Nothing that could be asked for.
            return Ok(true);
        };
        match self.as_bot(get_room_event::v3::Request::new(room_id, event_id)).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_not_found() => Ok(false),
            Err(CallFailure::Refused(_)) => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    /// The alias with this local part on our homeserver.
    pub fn alias(&self, localpart: &str) -> Option<OwnedRoomAliasId> {
        RoomAliasId::parse(format!("#{localpart}:{}", self.bot.server_name())).ok()
    }

    /// One page of history, read backwards from `from` (none: from now) down to `to`.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
    pub async fn history(
        &self,
        room_id: &RoomId,
        from: Option<&str>,
        to: Option<&str>,
        limit: u32,
    ) -> Result<HistoryPage, CallFailure> {
        let mut request =
            get_message_events::v3::Request::new(room_id.to_owned(), Direction::Backward);
        request.from = from.map(str::to_owned);
        request.to = to.map(str::to_owned);
        request.limit = UInt::from(limit);
        let answer = self.as_bot(request).await?;
        let events: Vec<_> = answer.chunk.into_iter().map(Raw::into_json).collect();
        // An empty page also ends the history on servers that go on giving tokens.
        let next = answer.end.filter(|_| !events.is_empty());
        Ok(HistoryPage { events, next })
    }
}

/// JSON for a request body, whose shape ruma would otherwise check against types of its own.
pub(super) fn raw(value: &Value) -> Result<Raw<Value>, CallFailure> {
    to_raw_value(value)
        .map(Raw::from_json)
        .map_err(|error| CallFailure::unknown(format!("a request could not be written: {error}")))
}
