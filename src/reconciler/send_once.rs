//! Sends each message exactly once. After a try of unknown outcome, the message is looked for
//! before it is sent again, since the homeserver may no longer remember the send id.

use ruma::{RoomId, UserId};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::perform::{Obstacle, View, Worker};
use crate::names::SEND_MARKER;
use crate::store::SendState;

/// The greatest number of events that are searched for a message of unknown outcome, newest first.
const MAX_SEARCHED_EVENTS: usize = 1_000;
/// The number of events in each request of the search.
const PAGE_EVENTS: u32 = 100;
/// The greatest difference between the homeserver's clock and ours, in milliseconds.
const MAX_CLOCK_SKEW_MS: i64 = 10 * 60 * 1000;

impl Worker {
    /// Sends one event as the bot or as a guest, and returns its event ID. `key` identifies the
    /// event within the transaction. `content` returns the content that includes the given send id.
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
            SendState::Unknown(since) => self.find_sent(room_id, sender, &send_id, since).await?,
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

    /// Searches the room's newest events, back to the time of the first try (`since`, in
    /// milliseconds), for the event with this send id, and returns its event ID.
    pub(super) async fn find_sent(
        &self,
        room_id: &RoomId,
        sender: &UserId,
        send_id: &str,
        since: i64,
    ) -> Result<Option<String>, Obstacle> {
        let mut from: Option<String> = None;
        let mut seen = 0;
        while seen < MAX_SEARCHED_EVENTS {
            let homeserver = &self.installation.homeserver;
            let page = homeserver.history(room_id, from.as_deref(), None, PAGE_EVENTS).await?;
            seen += page.events.len();
            for raw in &page.events {
                let Ok(event) = serde_json::from_str::<Value>(raw.get()) else { continue };
                if event["content"][SEND_MARKER] == send_id && event["sender"] == sender.as_str() {
                    return Ok(event["event_id"].as_str().map(str::to_owned));
                }
                let sent_at = event["origin_server_ts"].as_i64();
                if sent_at.is_some_and(|at| at < since - MAX_CLOCK_SKEW_MS) {
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

/// Returns the send id of a message, which is always the same for the same message. It depends on
/// the sender as well, because Synapse remembers send ids by appservice and not by user.
pub(super) fn send_id(transaction_id: &str, key: &str, sender: &str) -> String {
    let digest = Sha256::digest(format!("{transaction_id}\0{key}\0{sender}"));
    format!("tallyroom-{:.40}", format!("{digest:x}"))
}
