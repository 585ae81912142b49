//! Rooms that are not ours: which there are, and how users of ours leave them.

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

/// How long the homeserver may take to list all rooms of the bot.
const LISTING: Duration = Duration::from_secs(300);

impl Homeserver {
    /// All rooms that the bot is in or invited to.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
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
        let rooms = self.as_bot_within(request, LISTING).await?.rooms;
        Ok(rooms.invite.keys().chain(rooms.join.keys()).map(ToString::to_string).collect())
    }

    /// Whether the homeserver encrypts new rooms by itself: makes a room as those of transactions
    /// are made, looks, and leaves it.
    ///
    /// # Errors
    /// When the homeserver refuses or gives no usable answer.
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

    /// Whether the homeserver's admin has blocked a room that the bot is not in any more.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
    pub async fn is_blocked(&self, room_id: &RoomId) -> Result<bool, CallFailure> {
        match self.join(room_id).await {
            // Synapse: 403 M_UNKNOWN for a blocked room, 404 for one that is not there.
            Err(CallFailure::Refused(it)) => Ok(it.status == 403 && it.errcode == "M_UNKNOWN"),
            Err(failure) => Err(failure),
            Ok(()) => Ok(false),
        }
    }

    /// `user`, one of ours, leaves a room or declines the invitation, and has the homeserver
    /// forget it.
    ///
    /// # Errors
    /// A refusal when `user` is not there any more.
    pub async fn leave_as(&self, user: &UserId, room_id: &RoomId) -> Result<(), CallFailure> {
        let leave = leave_room::v3::Request::new(room_id.to_owned());
        let forget = forget_room::v3::Request::new(room_id.to_owned());
        // Whether it is forgotten as well matters to nobody but the homeserver's disk.
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
