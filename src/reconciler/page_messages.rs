//! Sends what people write on the invoice page, and shops by the API, to the room, through their guests.

use ruma::{EventId, OwnedUserId, UserId};
use serde_json::{Value, json};

use super::perform::{Obstacle, View, Worker};
use super::send_once::send_id;
use crate::files::Found;
use crate::homeserver::CallFailure;
use crate::names::SEND_MARKER;
use crate::room::Guest;
use crate::store::{Outgoing, SendKey};

impl Worker {
    /// Creates the account of a guest and sets its display name. If that is refused, the guest's
    /// next message fails, and those of other guests do not.
    pub(super) async fn make_guest(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        let guests = self.store.guests(view.id()).await?;
        let Some(row) = guests.into_iter().find(|row| row.guest.user_id == user) else {
            return Ok(());
        };
        let Guest { user_id, .. } = &row.guest;
        match self.installation.homeserver.make_guest(&row.guest).await {
            Ok(()) => {}
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the account of a guest was refused");
                let next = self.store.next_outgoing(view.id()).await?;
                let Some(next) = next.filter(|it| it.user_id == user.as_str()) else {
                    return Ok(());
                };
                return Ok(self.store.outgoing_failed(view.id(), &next.id, "refused").await?);
            }
            Err(failure) => return Err(failure.into()),
        }
        Ok(self.store.guest_made(view.id(), user_id, &row.guest.display_name).await?)
    }

    /// Lets an invited guest join the room.
    pub(super) async fn join_guest(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        match self.installation.homeserver.join_as(user, view.room_id()?).await {
            Ok(()) => self.store_membership(view, user, "join").await,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "a guest's invitation is no longer valid");
                self.store_membership(view, user, "leave").await
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Uploads the file of a message to the homeserver. If that is done twice, one copy is unused.
    pub(super) async fn upload_file(&self, view: &View, id: &str) -> Result<(), Obstacle> {
        let Some((outgoing, guest)) = self.outgoing(view, id).await? else { return Ok(()) };
        let Some(sha256) = &outgoing.sha256 else { return Ok(()) };
        let mut content = outgoing.content();
        let bytes = self.installation.vault.get(sha256).await.map_err(|error| Obstacle::Later {
            wait: None,
            problem: format!("the file store: {error:#}"),
        })?;
        let Found::Bytes(bytes) = bytes else {
            return Ok(self.store.outgoing_failed(view.id(), id, "file").await?);
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = text(&content["filename"]);
        let media_type = text(&content["info"]["mimetype"]);
        let size = content["info"]["size"].as_u64().unwrap_or_default();
        let homeserver = &self.installation.homeserver;
        match homeserver.upload_as(&guest, &name, &media_type, size, bytes).await {
            Ok(mxc) => {
                content["url"] = json!(mxc);
                Ok(self.store.outgoing_uploaded(id, &content).await?)
            }
            Err(CallFailure::Refused(refusal)) => {
                tracing::warn!(%refusal.message, refusal.status, "an upload was refused");
                let problem =
                    if refusal.errcode == "M_TOO_LARGE" { "too-large" } else { "refused" };
                Ok(self.store.outgoing_failed(view.id(), id, problem).await?)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends a message from the page, or the redaction of one.
    pub(super) async fn send_page_message(&self, view: &View, id: &str) -> Result<(), Obstacle> {
        let Some((outgoing, guest)) = self.outgoing(view, id).await? else { return Ok(()) };
        let content = outgoing.content();
        let sent = if outgoing.event_type == "m.room.redaction" {
            self.redact(view, id, &guest, &content).await
        } else {
            let marked = |send_id: &str| {
                let mut content = content.clone();
                content[SEND_MARKER] = json!(send_id);
                content
            };
            let key = SendKey::Outgoing(id).to_string();
            self.send_once(view, &guest, &key, &outgoing.event_type, marked).await
        };
        match sent {
            Ok(event_id) => Ok(self.store.outgoing_sent(view.id(), id, &event_id).await?),
            Err(Obstacle::Refused(failure)) => {
                self.message_refused(view, id, &guest, &failure).await
            }
            Err(obstacle) => Err(obstacle),
        }
    }

    /// Redacts an event of the guest. A second redaction changes nothing, so it is not looked for.
    async fn redact(
        &self,
        view: &View,
        id: &str,
        guest: &UserId,
        content: &Value,
    ) -> Result<String, Obstacle> {
        let event = content["redacts"].as_str().unwrap_or_default();
        let Ok(event) = EventId::parse(event) else {
            return Err(Obstacle::Final("A stored event id is not a valid event id.".to_owned()));
        };
        let key = SendKey::Outgoing(id).to_string();
        let send_id = send_id(&view.id().to_string(), &key, guest.as_str());
        let room_id = view.room_id()?;
        Ok(self.installation.homeserver.redact_as(guest, room_id, &event, &send_id).await?.into())
    }

    /// Handles a refused message. If the guest is no longer in the room, that is stored, and the
    /// next step invites it again. Otherwise the message fails.
    async fn message_refused(
        &self,
        view: &View,
        id: &str,
        guest: &UserId,
        failure: &CallFailure,
    ) -> Result<(), Obstacle> {
        tracing::warn!(%failure, outgoing = id, "a message from the page was refused");
        let membership = self.installation.homeserver.membership(view.room_id()?, guest).await?;
        match membership.as_deref() {
            Some("join") => Ok(self.store.outgoing_failed(view.id(), id, "refused").await?),
            other => self.store_membership(view, guest, other.unwrap_or("leave")).await,
        }
    }

    /// Marks a message as failed, because its guest cannot be in the room.
    pub(super) async fn give_up_page_message(&self, view: &View, id: &str) -> Result<(), Obstacle> {
        Ok(self.store.outgoing_failed(view.id(), id, "not-in-room").await?)
    }

    /// Returns the message and its guest, if it is still the next one.
    async fn outgoing(
        &self,
        view: &View,
        id: &str,
    ) -> Result<Option<(Outgoing, OwnedUserId)>, Obstacle> {
        let next = self.store.next_outgoing(view.id()).await?.filter(|it| it.id == id);
        Ok(next.and_then(|outgoing| {
            let guest = UserId::parse(&outgoing.user_id).ok()?;
            Some((outgoing, guest))
        }))
    }
}
