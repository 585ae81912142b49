//! Messages are sent once: after a try of unknown outcome a message is looked for before it is
//! sent again, since a homeserver may have forgotten the send id.

use ruma::{RoomId, UserId};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::perform::{Obstacle, View, Worker};
use crate::names::SEND_MARKER;
use crate::store::SendState;

/// Most events to look through for a message whose sending was cut short. A room's summary is
/// among its first dozen; anything later is looked for from the end.
const LOOK_BACK: usize = 1_000;
/// Events per request while looking.
const PAGE: u32 = 100;
/// By how much the homeserver's clock may be ahead of or behind ours, in milliseconds.
const CLOCK_SLACK_MS: i64 = 10 * 60 * 1000;

impl Worker {
    /// Sends one event as the bot or a guest; its event id. `key` names it within the transaction,
    /// `content` makes its content around its send id.
    pub(super) async fn send_once(
        &self,
        view: &View,
        sender: &UserId,
        key: &str,
        event_type: &str,
        content: impl Fn(&str) -> Value,
    ) -> Result<String, Obstacle> {
        let room_id = view.room_id()?;
        let homeserver = &self.installation.homeserver;
        let send_id = send_id(&view.id().to_string(), key, sender.as_str());
        let found = match self.store.begin_send(view.id(), key, &send_id, sender).await? {
            SendState::Begun => None,
            SendState::Sent(event_id) => Some(event_id),
            SendState::Unknown(since) => self.look_for(room_id, sender, &send_id, since).await?,
        };
        let event_id = match found {
            Some(event_id) => event_id,
            None => {
                let content = content(&send_id);
                let sent = if sender == homeserver.bot_user_id() {
                    homeserver.send_message(room_id, &send_id, &content).await?
                } else {
                    homeserver.send_as(sender, room_id, event_type, &send_id, &content).await?
                };
                sent.to_string()
            }
        };
        self.store.sent(view.id(), key, &event_id).await?;
        Ok(event_id)
    }

    /// Looks through the room's newest events, back to the time of the first try.
    async fn look_for(
        &self,
        room_id: &RoomId,
        sender: &UserId,
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
                if event["content"][SEND_MARKER] == send_id && event["sender"] == sender.as_str() {
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

/// The same for the same message, for ever; with the sender in it, because Synapse keys its memory
/// by appservice, not by user.
pub(super) fn send_id(transaction_id: &str, key: &str, sender: &str) -> String {
    let digest = Sha256::digest(format!("{transaction_id}\0{key}\0{sender}"));
    format!("tallyroom-{:.40}", format!("{digest:x}"))
}
