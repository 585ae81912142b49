//! What people write on the invoice page is said in the room, through their guests.

use ruma::{EventId, OwnedUserId, UserId};
use serde_json::{Value, json};

use super::perform::{Obstacle, View, Worker};
use super::sending::send_id;
use crate::files::Found;
use crate::homeserver::CallFailure;
use crate::names::SEND_MARKER;
use crate::room::Guest;
use crate::store::{Outgoing, SendKey};

impl Worker {
    /// Makes the account of a guest, with the name that it should have. If that is refused, its
    /// words do not get into the room, and those of others do.
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

    /// An invited guest comes in.
    pub(super) async fn join_guest(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        match self.installation.homeserver.join_as(user, view.room_id()?).await {
            Ok(()) => self.stands(view, user, "join").await,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "a guest's invitation does not hold any more");
                self.stands(view, user, "leave").await
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Puts the file of a message onto the homeserver. Doing it twice leaves one that nobody uses.
    pub(super) async fn upload(&self, view: &View, id: &str) -> Result<(), Obstacle> {
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
                tracing::warn!(%refusal.message, refusal.status, "a file from the page was refused");
                let problem =
                    if refusal.errcode == "M_TOO_LARGE" { "too-large" } else { "refused" };
                Ok(self.store.outgoing_failed(view.id(), id, problem).await?)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Says it.
    pub(super) async fn say(&self, view: &View, id: &str) -> Result<(), Obstacle> {
        let Some((outgoing, guest)) = self.outgoing(view, id).await? else { return Ok(()) };
        let content = outgoing.content();
        let sent = if outgoing.event_type == "m.room.redaction" {
            self.take_back(view, id, &guest, &content).await
        } else {
            let marked = |send_id: &str| {
                let mut content = content.clone();
                content[SEND_MARKER] = json!(send_id);
                content
            };
            self.send_once(
                view,
                &guest,
                &SendKey::Outgoing(id).to_string(),
                &outgoing.event_type,
                marked,
            )
            .await
        };
        match sent {
            Ok(event_id) => Ok(self.store.outgoing_sent(view.id(), id, &event_id).await?),
            Err(Obstacle::Refused(failure)) => self.was_refused(view, id, &guest, &failure).await,
            Err(obstacle) => Err(obstacle),
        }
    }

    /// Redacting twice is redacting once.
    async fn take_back(
        &self,
        view: &View,
        id: &str,
        guest: &UserId,
        content: &Value,
    ) -> Result<String, Obstacle> {
        let event = content["redacts"].as_str().unwrap_or_default();
        let Ok(event) = EventId::parse(event) else {
            return Err(Obstacle::Final("A stored event id is not one.".to_owned()));
        };
        let send_id =
            send_id(&view.id().to_string(), &SendKey::Outgoing(id).to_string(), guest.as_str());
        let room_id = view.room_id()?;
        Ok(self.installation.homeserver.redact_as(guest, room_id, &event, &send_id).await?.into())
    }

    /// The guest may have been taken out of the room meanwhile: then the next step brings it back.
    async fn was_refused(
        &self,
        view: &View,
        id: &str,
        guest: &UserId,
        failure: &CallFailure,
    ) -> Result<(), Obstacle> {
        tracing::warn!(%failure, outgoing = id, "the room did not take what was written on the page");
        let membership = self.installation.homeserver.membership(view.room_id()?, guest).await?;
        match membership.as_deref() {
            Some("join") => Ok(self.store.outgoing_failed(view.id(), id, "refused").await?),
            other => self.stands(view, guest, other.unwrap_or("leave")).await,
        }
    }

    /// The guest may not be in the room, and will not be.
    pub(super) async fn give_up(&self, view: &View, id: &str) -> Result<(), Obstacle> {
        Ok(self.store.outgoing_failed(view.id(), id, "not-in-room").await?)
    }

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
