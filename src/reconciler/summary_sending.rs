//! The invoice summary: sent once, edited, and kept pinned.

use serde_json::{Value, json};

use super::perform::{Obstacle, View, Worker};
use crate::room::StateEvent;
use crate::store::SendKey;

pub(super) const MESSAGE: &str = "m.room.message";

impl Worker {
    /// Sends the summary. One that is gone from the room is followed by another.
    pub(super) async fn send_summary(&self, view: &View) -> Result<(), Obstacle> {
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| view.plan.summary.content(send_id);
        let key = SendKey::Summary { gone: view.room.summaries_gone }.to_string();
        let event_id = self.send_once(view, bot, &key, MESSAGE, content).await?;
        Ok(self.store.summary_shown(view.id(), &event_id, &view.plan.summary_digest()).await?)
    }

    pub(super) async fn edit_summary(&self, view: &View) -> Result<(), Obstacle> {
        let original = view.room.summary_event.clone().unwrap_or_default();
        // One key per revision, not per content: going back to an earlier text is a new edit.
        // The digest tells apart what a changed config makes of the same revision.
        let digest = view.plan.summary_digest();
        // Summaries that followed one another have edits of their own.
        let (gone, revision) = (view.room.summaries_gone, view.transaction.revision);
        let key = SendKey::SummaryEdit { gone, revision, digest: &digest }.to_string();
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| view.plan.summary.edit_content(&original, send_id);
        self.send_once(view, bot, &key, MESSAGE, content).await?;
        Ok(self.store.summary_edited(view.id(), &original, &digest).await?)
    }

    /// Pins the summary. If it was pinned with another headline, it is unpinned first: Element's
    /// banner shows the new text at once only then.
    pub(super) async fn pin_summary(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let summary = view.room.summary_event.clone().unwrap_or_default();
        let pins = |list: &[String]| StateEvent {
            event_type: "m.room.pinned_events".to_owned(),
            state_key: String::new(),
            content: json!({ "pinned": list }),
        };
        // One list for everybody's pins: add ours, never replace theirs. A new room has none.
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
            // It was only not known whether it is still pinned.
            if view.room.summary_pinned.as_deref() == Some("")
                && gone.is_empty()
                && pinned.contains(&summary)
            {
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

/// The event ids in `m.room.pinned_events`.
fn pinned_ids(content: Option<&Value>) -> Vec<String> {
    let ids = content.and_then(|content| content["pinned"].as_array());
    ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
