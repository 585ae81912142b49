//! The calls that create, find, read and change rooms.

use std::time::{Duration, Instant};

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
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::{CallFailure, Homeserver};
use crate::names::BOT_ROOM_MARKER;
use crate::room::{RoomPlan, StateEvent};

/// The timeout of an invitation of a user of another homeserver. It is longer than the one of
/// Synapse, so that Synapse has ended the first try before we begin another one.
const FAR_INVITATION_TIMEOUT: Duration = Duration::from_secs(6 * 60);

/// What an alias leads to.
#[derive(Clone, Debug)]
pub enum FoundRoom {
    /// The alias does not exist, so an earlier attempt to create the room left nothing behind.
    Nothing,
    /// The alias leads to a room whose state the bot can read.
    Readable {
        /// The id of the room.
        room_id: OwnedRoomId,
        /// The current state events, as the homeserver returned them.
        state: Vec<Value>,
    },
    /// The alias leads to a room that the bot cannot read. The homeserver may still be creating it,
    /// or a crash has left it incomplete.
    Closed {
        /// The id of the room.
        room_id: OwnedRoomId,
    },
}

/// One page of a room's history.
#[derive(Debug)]
pub struct HistoryPage {
    /// The raw events, newest first.
    pub events: Vec<Box<RawValue>>,
    /// The token from which the next page is read. `None` at the end of the history.
    pub next: Option<String>,
}

impl Homeserver {
    /// Creates the planned room with all its state in one request, and invites nobody.
    ///
    /// # Errors
    /// Returns `M_ROOM_IN_USE` (400) or 409 if the alias is taken. After an unknown outcome, the
    /// room may exist: see [`Self::find_room`].
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

    /// Creates a room of the bot, for one person if it `is_direct`, and invites nobody. Only the bot can change it.
    ///
    /// # Errors
    /// As [`Self::create_room`].
    pub async fn create_bot_room(
        &self,
        alias_localpart: &str,
        name: &str,
        is_direct: bool,
    ) -> Result<OwnedRoomId, CallFailure> {
        let mut request = create_room::v3::Request::new();
        let marker = json!({ BOT_ROOM_MARKER: { "alias": alias_localpart } });
        request.creation_content = Some(raw(&marker)?.cast_unchecked());
        request.room_alias_name = Some(alias_localpart.to_owned());
        request.preset = Some(create_room::v3::RoomPreset::PrivateChat);
        request.name = Some(name.to_owned());
        request.is_direct = is_direct;
        // The preset lets everybody invite others, who would see what was written to one person.
        let levels = json!({ "invite": 100, "state_default": 100 });
        request.power_level_content_override = Some(raw(&levels)?.cast_unchecked());
        Ok(self.as_bot(request).await?.room_id)
    }

    /// Returns the room that `alias` leads to.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
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

    /// Deletes an alias. An alias that does not exist is a success.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn delete_alias(&self, alias: &OwnedRoomAliasId) -> Result<(), CallFailure> {
        match self.as_bot(delete_alias::v3::Request::new(alias.clone())).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_not_found() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Creates `alias` for a room.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn make_alias(
        &self,
        alias: &OwnedRoomAliasId,
        room_id: &RoomId,
    ) -> Result<(), CallFailure> {
        let request = create_alias::v3::Request::new(alias.clone(), room_id.to_owned());
        self.as_bot(request).await?;
        Ok(())
    }

    /// Returns the room's current state events.
    ///
    /// # Errors
    /// Returns a refusal (403) if the bot is not in the room.
    pub async fn room_state(&self, room_id: &RoomId) -> Result<Vec<Value>, CallFailure> {
        let answer = self.as_bot(get_state_events::v3::Request::new(room_id.to_owned())).await?;
        Ok(answer
            .room_state
            .iter()
            .filter_map(|event| serde_json::from_str(event.json().get()).ok())
            .collect())
    }

    /// Returns the content of one state event, if it exists.
    ///
    /// # Errors
    /// Returns a refusal (403) if the bot is not in the room.
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

    /// Writes one state event. A repeat with the same content changes nothing.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
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

    /// Sends `content` as an `m.room.message`. As long as the homeserver remembers a `send_id`, it
    /// sends a message with that id only once (Client-Server API, "Transaction identifiers").
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
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
    /// Returns a refusal (403) if the user is in the room already or is banned: see
    /// [`Self::membership`].
    pub async fn invite(&self, room_id: &RoomId, user: &OwnedUserId) -> Result<(), CallFailure> {
        let recipient = invite_user::v3::InviteUserId::new(user.clone()).into();
        self.as_bot(invite_user::v3::Request::new(room_id.to_owned(), recipient)).await?;
        Ok(())
    }

    /// Invites a user of another homeserver. Our homeserver answers after the other one did, or
    /// after it has given up, which takes Synapse more than four minutes.
    ///
    /// # Errors
    /// See [`Self::invite`].
    pub async fn invite_far(
        &self,
        room_id: &RoomId,
        user: &OwnedUserId,
    ) -> Result<(), CallFailure> {
        let recipient = invite_user::v3::InviteUserId::new(user.clone()).into();
        let request = invite_user::v3::Request::new(room_id.to_owned(), recipient);
        self.as_bot_within(request, FAR_INVITATION_TIMEOUT).await?;
        Ok(())
    }

    /// Returns whether our homeserver has an account `user` that can be used. If the homeserver
    /// does not tell, the account counts as existing. `tells_status` says that the homeserver knows
    /// the account status call (MSC3720). Without that call, a deactivated account that was not
    /// erased counts as usable, because its profile looks like any other.
    ///
    /// An account that existed a few minutes ago is not requested again.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn has_account(
        &self,
        user: &UserId,
        tells_status: bool,
    ) -> Result<bool, CallFailure> {
        if self.seen_accounts.contains(user, Instant::now()) {
            return Ok(true);
        }
        let exists = self.request_account(user, tells_status).await?;
        if exists {
            self.seen_accounts.add(user, Instant::now());
        }
        Ok(exists)
    }

    async fn request_account(
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

    /// Removes `user` from the room, or withdraws the user's invitation.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
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

    /// Lifts the ban of `user`, without inviting the user.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn lift_ban(&self, room_id: &RoomId, user: &OwnedUserId) -> Result<(), CallFailure> {
        self.as_bot(unban_user::v3::Request::new(room_id.to_owned(), user.clone())).await?;
        Ok(())
    }

    /// Lets the bot leave a room.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn leave(&self, room_id: &RoomId) -> Result<(), CallFailure> {
        self.as_bot(leave_room::v3::Request::new(room_id.to_owned())).await?;
        Ok(())
    }

    /// Returns the membership of `user` (`join`, `invite`, `leave`, `ban` or `knock`), if there is
    /// one.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
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

    /// Lets the bot accept its invitation to a room.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses (403: the bot is no longer invited) or gives no
    /// usable answer.
    pub async fn join(&self, room_id: &RoomId) -> Result<(), CallFailure> {
        self.as_bot(join_room_by_id::v3::Request::new(room_id.to_owned())).await?;
        Ok(())
    }

    /// Returns whether the homeserver has this event. An event that the bot may not see counts as
    /// existing.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn has_event(&self, room_id: &str, event_id: &str) -> Result<bool, CallFailure> {
        let (Ok(room_id), Ok(event_id)) = (RoomId::parse(room_id), EventId::parse(event_id)) else {
            // The homeserver cannot be asked for an invalid id.
            return Ok(true);
        };
        match self.as_bot(get_room_event::v3::Request::new(room_id, event_id)).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_not_found() => Ok(false),
            Err(CallFailure::Refused(_)) => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    /// Returns the alias with this localpart on our homeserver, if it is valid.
    pub fn alias(&self, localpart: &str) -> Option<OwnedRoomAliasId> {
        RoomAliasId::parse(format!("#{localpart}:{}", self.bot.server_name())).ok()
    }

    /// Returns one page of the room's history, read backwards from the token `from` (or from now)
    /// to the token `to` (or to the start of the room).
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
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
        // Some servers return a token even at the end of the history. There, an empty page is the
        // end.
        let next = answer.end.filter(|_| !events.is_empty());
        Ok(HistoryPage { events, next })
    }
}

/// Returns the JSON of a request body as raw JSON, so that ruma does not convert it to its own
/// types.
pub(super) fn raw(value: &Value) -> Result<Raw<Value>, CallFailure> {
    to_raw_value(value)
        .map(Raw::from_json)
        .map_err(|error| CallFailure::unknown(format!("cannot serialize a request: {error}")))
}
