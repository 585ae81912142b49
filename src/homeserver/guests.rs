//! The calls that are made as guests, through which people write from the invoice page.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use reqwest::{Body, StatusCode, header};
use ruma::api::client::account::register;
use ruma::api::client::membership::join_room_by_id;
use ruma::api::client::message::send_message_event;
use ruma::api::client::presence::get_presence;
use ruma::api::client::profile::set_profile_field;
use ruma::api::client::receipt::create_receipt;
use ruma::api::client::redact::redact_event;
use ruma::api::client::typing::create_typing_event;
use ruma::events::MessageLikeEventType;
use ruma::events::receipt::ReceiptThread;
use ruma::presence::PresenceState;
use ruma::profile::ProfileFieldValue;
use ruma::{EventId, OwnedEventId, OwnedTransactionId, RoomId, UserId};
use serde_json::Value;

use super::calls::UPLOAD_REFUSALS;
use super::media::{causes_of, failure_of};
use super::rooms::raw;
use super::{CallFailure, Homeserver};
use crate::clock::now;
use crate::moment::Online;
use crate::room::Guest;

/// How long a guest counts as typing after one notification.
const TYPING_TIMEOUT: Duration = Duration::from_secs(6);
/// The timeout of a whole upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);

impl Homeserver {
    /// Makes sure that `user`, who is in our namespace, has an account. An existing account is a
    /// success.
    ///
    /// # Errors
    /// Returns a refusal if the token is wrong or the namespace is not ours.
    pub(super) async fn register(&self, user: &UserId) -> Result<(), CallFailure> {
        let mut request = register::v3::Request::new();
        request.username = Some(user.localpart().to_owned());
        request.login_type = Some(register::LoginType::ApplicationService);
        request.inhibit_login = true;
        match self.as_guest(user, request).await {
            Err(failure) if !failure.refused_with("M_USER_IN_USE") => Err(failure),
            _ => Ok(()),
        }
    }

    /// Makes sure that a guest has an account with the right display name.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn make_guest(&self, guest: &Guest) -> Result<(), CallFailure> {
        self.register(&guest.user_id).await?;
        let name = ProfileFieldValue::DisplayName(guest.display_name.clone());
        let request = set_profile_field::v3::Request::new(guest.user_id.clone(), name);
        self.as_guest(&guest.user_id, request).await?;
        Ok(())
    }

    /// Lets a guest accept its invitation.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses (403: the guest is no longer invited) or gives no
    /// usable answer.
    pub async fn join_as(&self, guest: &UserId, room_id: &RoomId) -> Result<(), CallFailure> {
        self.as_guest(guest, join_room_by_id::v3::Request::new(room_id.to_owned())).await?;
        Ok(())
    }

    /// Sends an event as a guest, like [`Self::send_message`].
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn send_as(
        &self,
        guest: &UserId,
        room_id: &RoomId,
        event_type: &str,
        send_id: &str,
        content: &Value,
    ) -> Result<OwnedEventId, CallFailure> {
        let request = send_message_event::v3::Request::new_raw(
            room_id.to_owned(),
            OwnedTransactionId::from(send_id),
            MessageLikeEventType::from(event_type),
            raw(content)?.cast_unchecked(),
        );
        Ok(self.as_guest(guest, request).await?.event_id)
    }

    /// Redacts an event of a guest as that guest.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn redact_as(
        &self,
        guest: &UserId,
        room_id: &RoomId,
        event_id: &EventId,
        send_id: &str,
    ) -> Result<OwnedEventId, CallFailure> {
        let request = redact_event::v3::Request::new(
            room_id.to_owned(),
            event_id.to_owned(),
            OwnedTransactionId::from(send_id),
        );
        Ok(self.as_guest(guest, request).await?.event_id)
    }

    /// Tells the room whether a guest is typing.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer. It can be ignored.
    pub async fn typing_as(
        &self,
        guest: &UserId,
        room_id: &RoomId,
        typing: bool,
    ) -> Result<(), CallFailure> {
        use create_typing_event::v3::{Typing, TypingInfo};
        let typing = if typing { Typing::Yes(TypingInfo::new(TYPING_TIMEOUT)) } else { Typing::No };
        let request =
            create_typing_event::v3::Request::new(guest.to_owned(), room_id.to_owned(), typing);
        self.as_guest(guest, request).await?;
        Ok(())
    }

    /// Sends a read receipt of a guest: the guest has read the room up to the event.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer. It can be ignored.
    pub async fn read_as(
        &self,
        guest: &UserId,
        room_id: &RoomId,
        event_id: &EventId,
    ) -> Result<(), CallFailure> {
        let mut request = create_receipt::v3::Request::new(
            room_id.to_owned(),
            create_receipt::v3::ReceiptType::Read,
            event_id.to_owned(),
        );
        request.thread = ReceiptThread::Unthreaded;
        self.as_guest(guest, request).await?;
        Ok(())
    }

    /// Uploads a file as a guest, piece by piece, and returns its `mxc://` URI.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses (`M_TOO_LARGE`) or gives no usable answer.
    pub async fn upload_as<S>(
        &self,
        guest: &UserId,
        name: &str,
        media_type: &str,
        size: u64,
        bytes: S,
    ) -> Result<String, CallFailure>
    where
        S: Stream<Item = anyhow::Result<Bytes>> + Send + 'static,
    {
        let mut url = self.client.homeserver();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["_matrix", "media", "v3", "upload"]);
        }
        url.query_pairs_mut().append_pair("user_id", guest.as_str()).append_pair("filename", name);
        let request = self
            .client
            .http_client()
            .post(url)
            .timeout(UPLOAD_TIMEOUT)
            .bearer_auth(self.client.access_token().unwrap_or_default())
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CONTENT_LENGTH, size)
            .body(Body::wrap_stream(bytes));
        let answer =
            request.send().await.map_err(|error| CallFailure::unknown(causes_of(&error)))?;
        if answer.status() != StatusCode::OK {
            let failure = failure_of(answer, UPLOAD_REFUSALS).await;
            self.token.learn(&Err(&failure));
            return Err(failure);
        }
        let body = answer.bytes().await.map_err(|error| CallFailure::unknown(causes_of(&error)))?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mxc = answer.get("content_uri").and_then(Value::as_str);
        let mxc = mxc.filter(|mxc| mxc.starts_with("mxc://")).map(str::to_owned);
        mxc.ok_or_else(|| CallFailure::unknown("the answer to an upload has no mxc:// URI"))
    }

    /// Returns the presence of a user, as far as the bot may see it.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses (403: the user shares no room with the bot) or
    /// gives no usable answer.
    pub async fn presence(&self, user: &UserId) -> Result<Online, CallFailure> {
        let answer = self.as_bot(get_presence::v3::Request::new(user.to_owned())).await?;
        let ago = answer.last_active_ago.and_then(|ago| i64::try_from(ago.as_millis()).ok());
        Ok(Online {
            is_online: answer.presence == PresenceState::Online,
            is_idle: answer.presence == PresenceState::Unavailable,
            last_active_at: ago.map(|ago| now().saturating_sub(ago)),
        })
    }
}
