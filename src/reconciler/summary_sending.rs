//! The invoice summary: sent once, edited, and kept pinned.

use ruma::RoomId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::perform::{Obstacle, View, Worker};
use crate::room::{SEND_MARKER, StateEvent};
use crate::store::SendState;

/// Most events to look through for a message whose sending was cut short. A room's summary is
/// among its first dozen; an edit is looked for from the end.
const LOOK_BACK: usize = 1_000;
/// Events per request while looking.
const PAGE: u32 = 100;
/// By how much the homeserver's clock may be ahead of or behind ours, in milliseconds.
const CLOCK_SLACK_MS: i64 = 10 * 60 * 1000;

impl Worker {
    pub(super) async fn send_summary(&self, view: &View) -> Result<(), Obstacle> {
        let event_id =
            self.send_once(view, "summary", |send_id| view.plan.summary.content(send_id)).await?;
        Ok(self.store.summary_shown(view.id(), &event_id, &view.plan.summary_digest()).await?)
    }

    pub(super) async fn edit_summary(&self, view: &View) -> Result<(), Obstacle> {
        let original = view.room.summary_event.clone().unwrap_or_default();
        // One key per revision, not per content: going back to an earlier text is a new edit.
        // The digest tells apart what a changed config makes of the same revision.
        let digest = view.plan.summary_digest();
        let key = format!("summary {} {digest}", view.transaction.revision);
        self.send_once(view, &key, |send_id| view.plan.summary.edit_content(&original, send_id))
            .await?;
        Ok(self.store.summary_shown(view.id(), &original, &digest).await?)
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
        let others: Vec<String> = if view.room.summary_pinned.is_none() && view.room.failures == 0 {
            Vec::new()
        } else {
            let pinned = homeserver.state_content(room_id, "m.room.pinned_events", "").await?;
            let mut pinned = pinned_ids(pinned.as_ref());
            if pinned.contains(&summary) {
                pinned.retain(|id| *id != summary);
                homeserver.set_state(room_id, &pins(&pinned)).await?;
            }
            pinned
        };
        let all: Vec<String> = others.into_iter().chain([summary]).collect();
        homeserver.set_state(room_id, &pins(&all)).await?;
        Ok(self.store.summary_pinned(view.id(), &view.plan.headline_digest()).await?)
    }

    /// Sends a message exactly once: after a try of unknown outcome it is looked for before it is
    /// sent again, since a homeserver may have forgotten the send id.
    async fn send_once(
        &self,
        view: &View,
        key: &str,
        content: impl Fn(&str) -> Value,
    ) -> Result<String, Obstacle> {
        let room_id = view.room_id()?;
        let homeserver = &self.installation.homeserver;
        let send_id = send_id(&view.id().to_string(), key, homeserver.bot_user_id().as_str());
        let found = match self.store.begin_send(view.id(), key, &send_id).await? {
            SendState::Begun => None,
            SendState::Sent(event_id) => Some(event_id),
            SendState::Unknown(since) => self.look_for(room_id, &send_id, since).await?,
        };
        let event_id = match found {
            Some(event_id) => event_id,
            None => {
                homeserver.send_message(room_id, &send_id, &content(&send_id)).await?.to_string()
            }
        };
        self.store.sent(view.id(), key, &event_id).await?;
        Ok(event_id)
    }

    /// Looks through the room's newest events, back to the time of the first try.
    async fn look_for(
        &self,
        room_id: &RoomId,
        send_id: &str,
        since: i64,
    ) -> Result<Option<String>, Obstacle> {
        let mut from: Option<String> = None;
        let mut seen = 0;
        while seen < LOOK_BACK {
            let page =
                self.installation.homeserver.history(room_id, from.as_deref(), None, PAGE).await?;
            seen += page.events.len();
            for raw in &page.events {
                let Ok(event) = serde_json::from_str::<Value>(raw.get()) else { continue };
                if event["content"][SEND_MARKER] == send_id
                    && event["sender"] == self.installation.homeserver.bot_user_id().as_str()
                {
                    return Ok(event["event_id"].as_str().map(str::to_owned));
                }
                if event["origin_server_ts"].as_i64().is_some_and(|at| at < since - CLOCK_SLACK_MS)
                {
                    return Ok(None);
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// The event ids in `m.room.pinned_events`.
fn pinned_ids(content: Option<&Value>) -> Vec<String> {
    let ids = content.and_then(|content| content["pinned"].as_array());
    ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The same for the same message, for ever; with the sender in it, because Synapse keys its memory
/// by appservice, not by user.
fn send_id(transaction_id: &str, key: &str, sender: &str) -> String {
    let digest = Sha256::digest(format!("{transaction_id}\0{key}\0{sender}"));
    format!("tallyroom-{:.40}", format!("{digest:x}"))
}
