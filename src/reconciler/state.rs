//! Writes the room's state events.

use super::perform::{Obstacle, View, Worker};
use super::summary::MESSAGE;
use crate::homeserver::CallFailure;
use crate::names::HEAD_STATE;
use crate::record::chain::Head;
use crate::room::{StateEvent, encryption_notice, missing_state};
use crate::seal::verified_head;
use crate::store::SendKey;

impl Worker {
    /// Writes every state event that the room does not have as it should be. If one is refused, the
    /// others are written nevertheless. The error lists all that were refused.
    pub(super) async fn publish_state(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let actual = homeserver.room_state(room_id).await?;
        let mut refused = Vec::new();
        for event in missing_state(&view.plan.state, &actual) {
            match homeserver.set_state(room_id, event).await {
                Ok(_) => {}
                Err(failure @ CallFailure::Refused(_)) => {
                    refused.push(format!("{}: {failure}", name_of(event)));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        if !refused.is_empty() {
            return Err(Obstacle::Blocked(refused.join("; ")));
        }
        Ok(self
            .store
            .state_published(view.id(), view.room.wakes, &view.plan.state_digest())
            .await?)
    }

    /// Sends the notice, once, that the messages of this room are not recorded.
    pub(super) async fn send_encryption_notice(&self, view: &View) -> Result<(), Obstacle> {
        let bot = self.installation.homeserver.bot_user_id();
        let locale = self.installation.locale(&view.transaction);
        let content = |send_id: &str| encryption_notice(&locale, send_id);
        let key = SendKey::Encrypted.to_string();
        self.send_once(view, bot, &key, MESSAGE, content).await.map(drop)
    }

    /// Writes the newest signed head of the record into the room. The head that is there now must
    /// be of the same record. Otherwise somebody who changes the database could replace it.
    pub(super) async fn show_head(&self, view: &View) -> Result<(), Obstacle> {
        let Some(head) = self.store.last_signed_head(view.id()).await? else { return Ok(()) };
        let content = serde_json::from_str(&head.signed).map_err(|error| {
            Obstacle::Final(format!("The stored signed head is not JSON: {error}."))
        })?;
        self.check_shown_head(view).await?;
        let event =
            StateEvent { event_type: HEAD_STATE.to_owned(), state_key: String::new(), content };
        self.installation.homeserver.set_state(view.room_id()?, &event).await?;
        Ok(self.store.head_shown(view.id(), view.room.wakes, head.links()).await?)
    }

    /// Returns an error if the room shows a head that we signed and that does not fit the record.
    async fn check_shown_head(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let shown = homeserver.state_content(view.room_id()?, HEAD_STATE, "").await?;
        // A head that others wrote, or that an earlier key signed, proves nothing.
        let Some(shown) = shown.and_then(|it| verified_head(&it, view.id(), &self.trust)) else {
            return Ok(());
        };
        let Head { seq, acts, .. } = shown;
        if self.store.snapshot().await?.accounts_for(view.id(), &shown).await? {
            return Ok(());
        }
        Err(Obstacle::Blocked(format!(
            "The room shows a signed head at entry {seq} and act {acts}, which does not fit the \
             record. After a restore from a backup, this resolves itself once the room is read \
             again. Otherwise somebody changed the database: run `tallyroom verify {}`.",
            view.id()
        )))
    }
}

/// Returns the name of a state event in a message to the shop.
fn name_of(event: &StateEvent) -> String {
    match event.state_key.as_str() {
        "" => event.event_type.clone(),
        key => format!("{} {key}", event.event_type),
    }
}
