//! The calls that are about rooms that are not ours: listing, checking and leaving them.

use std::time::Duration;

use ruma::api::client::filter::{FilterDefinition, RoomEventFilter};
use ruma::api::client::membership::{forget_room, leave_room};
use ruma::api::client::room::create_room;
use ruma::api::client::sync::sync_events;
use ruma::presence::PresenceState;
use ruma::{RoomId, RoomVersionId, UInt, UserId};
use serde_json::json;

use super::rooms::raw;
use super::{CallFailure, Homeserver};
use crate::names::PROBE_MARKER;

/// The timeout of the call that lists all rooms of the bot.
const LIST_ROOMS_TIMEOUT: Duration = Duration::from_secs(300);

impl Homeserver {
    /// Returns the ids of all rooms that the bot is in or invited to.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn bot_rooms(&self) -> Result<Vec<String>, CallFailure> {
        let mut filter = FilterDefinition::ignore_all();
        filter.room = Default::default();
        filter.room.state = RoomEventFilter::ignore_all();
        filter.room.account_data = RoomEventFilter::ignore_all();
        filter.room.ephemeral = RoomEventFilter::ignore_all();
        filter.room.timeline.limit = Some(UInt::from(1_u32));
        let mut request = sync_events::v3::Request::new();
        request.filter = Some(sync_events::v3::Filter::FilterDefinition(filter));
        request.set_presence = PresenceState::Offline;
        let rooms = self.as_bot_within(request, LIST_ROOMS_TIMEOUT).await?.rooms;
        Ok(rooms.invite.keys().chain(rooms.join.keys()).map(ToString::to_string).collect())
    }

    /// Returns whether the homeserver encrypts new rooms by itself. To find out, the bot creates a
    /// room like those of transactions, reads its state, and leaves it.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn encrypts_new_rooms(
        &self,
        version: RoomVersionId,
        federate: bool,
    ) -> Result<bool, CallFailure> {
        let mut request = create_room::v3::Request::new();
        request.room_version = Some(version);
        let creation = json!({ PROBE_MARKER: true, "m.federate": federate });
        request.creation_content = Some(raw(&creation)?.cast_unchecked());
        request.preset = Some(create_room::v3::RoomPreset::PrivateChat);
        request.name = Some("Tallyroom check".to_owned());
        let room = self.as_bot(request).await?.room_id;
        let encryption = self.state_content(&room, "m.room.encryption", "").await;
        self.leave_as(&self.bot, &room).await?;
        Ok(encryption?.is_some())
    }

    /// Returns whether an administrator of the homeserver has blocked a room that the bot is no
    /// longer in.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn is_blocked(&self, room_id: &RoomId) -> Result<bool, CallFailure> {
        match self.join(room_id).await {
            // Synapse answers 403 M_UNKNOWN for a blocked room, and 404 for one that does not
            // exist.
            Err(CallFailure::Refused(refusal)) => {
                Ok(refusal.status == 403 && refusal.errcode == "M_UNKNOWN")
            }
            Err(failure) => Err(failure),
            Ok(()) => Ok(false),
        }
    }

    /// Lets `user`, who is in our namespace, leave a room or decline the invitation to it, and
    /// forget the room.
    ///
    /// # Errors
    /// Returns a refusal if `user` is no longer in the room.
    pub async fn leave_as(&self, user: &UserId, room_id: &RoomId) -> Result<(), CallFailure> {
        let leave = leave_room::v3::Request::new(room_id.to_owned());
        let forget = forget_room::v3::Request::new(room_id.to_owned());
        // A failure to forget the room only costs disk space on the homeserver.
        if user == self.bot_user_id() {
            self.as_bot(leave).await?;
            self.as_bot(forget).await.ok();
        } else {
            self.as_guest(user, leave).await?;
            self.as_guest(user, forget).await.ok();
        }
        Ok(())
    }
}
