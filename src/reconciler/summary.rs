//! Sends, edits and pins the summary of the invoice.

use serde_json::{Value, json};

use super::perform::{Obstacle, View, Worker};
use crate::room::StateEvent;
use crate::store::SendKey;

pub(super) const MESSAGE: &str = "m.room.message";

impl Worker {
    /// Sends the summary. If an earlier summary was removed from the room, this is a new one.
    pub(super) async fn send_summary(&self, view: &View) -> Result<(), Obstacle> {
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| view.plan.summary.content(send_id);
        let key = SendKey::Summary { gone: view.room.summaries_gone }.to_string();
        let event_id = self.send_once(view, bot, &key, MESSAGE, content).await?;
        Ok(self.store.summary_shown(view.id(), &event_id, &view.plan.summary_digest()).await?)
    }

    pub(super) async fn edit_summary(&self, view: &View) -> Result<(), Obstacle> {
        let original = view.room.summary_event.clone().unwrap_or_default();
        // The key names the revision, so that a return to an earlier text is a new edit. It names
        // the digest as well, since a changed config changes the summary of the same revision.
        let digest = view.plan.summary_digest();
        // It also names the summary, since each summary has its own edits.
        let (gone, revision) = (view.room.summaries_gone, view.transaction.revision);
        let key = SendKey::SummaryEdit { gone, revision, digest: &digest }.to_string();
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| view.plan.summary.edit_content(&original, send_id);
        self.send_once(view, bot, &key, MESSAGE, content).await?;
        Ok(self.store.summary_edited(view.id(), &original, &digest).await?)
    }

    /// Pins the summary. If it was pinned with another headline, it is unpinned first, because
    /// Element's banner shows the new text at once only then.
    pub(super) async fn pin_summary(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let summary = view.room.summary_event.clone().unwrap_or_default();
        let pins = |list: &[String]| StateEvent {
            event_type: "m.room.pinned_events".to_owned(),
            state_key: String::new(),
            content: json!({ "pinned": list }),
        };
        // All pins of the room are in one list, so those of other people are kept. A new room has
        // none.
        let is_new = view.room.summary_pinned.is_none()
            && view.room.failures == 0
            && view.room.summaries_gone == 0;
        let others: Vec<String> = if is_new {
            Vec::new()
        } else {
            let pinned = homeserver.state_content(room_id, "m.room.pinned_events", "").await?;
            let mut pinned = pinned_ids(pinned.as_ref());
            let mut gone = Vec::new();
            for number in 0..view.room.summaries_gone {
                let key = SendKey::Summary { gone: number }.to_string();
                gone.extend(self.store.sent_as(view.id(), &key).await?);
            }
            pinned.retain(|id| !gone.contains(id));
            // It was unknown whether the summary is still pinned. It is.
            if view.room.is_pinning_unknown() && gone.is_empty() && pinned.contains(&summary) {
                let headline = view.plan.headline_digest();
                return Ok(self
                    .store
                    .summary_pinned(view.id(), &summary, view.room.wakes, &headline)
                    .await?);
            }
            if pinned.contains(&summary) {
                pinned.retain(|id| *id != summary);
                homeserver.set_state(room_id, &pins(&pinned)).await?;
            }
            pinned
        };
        let all: Vec<String> = others.into_iter().chain([summary.clone()]).collect();
        homeserver.set_state(room_id, &pins(&all)).await?;
        Ok(self
            .store
            .summary_pinned(view.id(), &summary, view.room.wakes, &view.plan.headline_digest())
            .await?)
    }
}

/// Returns the event IDs of an `m.room.pinned_events` content.
fn pinned_ids(content: Option<&Value>) -> Vec<String> {
    let ids = content.and_then(|content| content["pinned"].as_array());
    ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
