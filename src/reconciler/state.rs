//! The room's state events are brought up to date.

use serde_json::json;

use super::perform::{ENCRYPTED_KEY, Obstacle, View, Worker};
use crate::homeserver::CallFailure;
use crate::names::{HEAD_STATE, SEND_MARKER};
use crate::record::chain::Head;
use crate::room::{StateEvent, missing_state};
use crate::seal::verified_head;

impl Worker {
    /// Writes every state event that the room does not hold yet. One that is refused does not stop
    /// the others; all that were refused are told together.
    pub(super) async fn publish_state(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let actual = homeserver.room_state(room_id).await?;
        let mut refused = Vec::new();
        for event in missing_state(&view.plan.state, &actual) {
            match homeserver.set_state(room_id, event).await {
                Ok(_) => {}
                Err(failure @ CallFailure::Refused(_)) => {
                    refused.push(format!("{}: {failure}", called(event)));
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

    /// Says once that what is written in this room is not recorded.
    pub(super) async fn tell_encrypted(&self, view: &View) -> Result<(), Obstacle> {
        let bot = self.installation.homeserver.bot_user_id();
        let words = "This room is encrypted. Messages in it cannot be read by the record of this \
                     transaction, so nothing that is written here from now on is recorded.";
        let content = |send_id: &str| json!({ "msgtype": "m.notice", "body": words, "m.mentions": {}, SEND_MARKER: send_id });
        self.send_once(view, bot, ENCRYPTED_KEY, "m.room.message", content).await.map(drop)
    }

    /// Puts the newest signed head of the record into the room. The one that stands there must be
    /// of the same record: whoever changed the database cannot have us put the change in its place.
    pub(super) async fn show_head(&self, view: &View) -> Result<(), Obstacle> {
        let Some(head) = self.store.last_signed_head(view.id()).await? else { return Ok(()) };
        let content = serde_json::from_str(&head.signed)
            .map_err(|error| Obstacle::Final(format!("The signed head is no JSON: {error}.")))?;
        self.check_shown_head(view).await?;
        let event =
            StateEvent { event_type: HEAD_STATE.to_owned(), state_key: String::new(), content };
        self.installation.homeserver.set_state(view.room_id()?, &event).await?;
        Ok(self.store.head_shown(view.id(), view.room.wakes, head.links()).await?)
    }

    async fn check_shown_head(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let shown = homeserver.state_content(view.room_id()?, HEAD_STATE, "").await?;
        // What others wrote there, and what an earlier key signed, says nothing to us.
        let Some(shown) = shown.and_then(|it| verified_head(&it, view.id(), &self.trust)) else {
            return Ok(());
        };
        let Head { seq, acts, .. } = shown;
        if self.store.snapshot().await?.accounts_for(view.id(), &shown).await? {
            return Ok(());
        }
        Err(Obstacle::Blocked(format!(
            "The room shows a signed head at entry {seq} and act {acts}, and the record is not the one of \
             which it was signed. After a restore from a backup this passes once the room is read \
             again; otherwise somebody changed the database: see `tallyroom verify {}`.",
            view.id()
        )))
    }
}

/// Names a state event in words for the shop.
fn called(event: &StateEvent) -> String {
    match event.state_key.as_str() {
        "" => event.event_type.clone(),
        key => format!("{} {key}", event.event_type),
    }
}
