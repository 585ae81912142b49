//! State events in words.

use serde::Serialize;
use serde_json::{Map, Value};

use super::event::{self, Event, without_nul};
use super::words;

/// What a member event says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MembershipChange {
    /// Whose membership it is.
    pub user_id: String,
    /// `join`, `invite`, `leave`, `ban`, `knock`.
    pub membership: String,
    /// Their name in the room.
    pub display_name: Option<String>,
}

impl MembershipChange {
    /// From an `m.room.member` event; none if it names no membership.
    pub(super) fn read(event: &Event, content: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        Some(Self {
            user_id: event.state_key.as_deref().and_then(event::id)?,
            membership: without_nul(text("membership")?),
            display_name: text("displayname").map(words::text).filter(|name| !name.is_empty()),
        })
    }

    /// As a sentence without its subject, the sender.
    pub(super) fn sentence(&self, sender: &str) -> String {
        let user = &self.user_id;
        let own = user == sender;
        match (self.membership.as_str(), own) {
            ("join", _) => "is in the room".to_owned(),
            ("invite", _) => format!("invited {user}"),
            ("leave", true) => "left the room".to_owned(),
            ("leave", false) => format!("removed {user} from the room"),
            ("ban", _) => format!("banned {user}"),
            ("knock", _) => "asked to be let in".to_owned(),
            (other, _) => format!("set the membership of {user} to {other}"),
        }
    }
}

/// A state event as a sentence without its subject.
pub(super) fn sentence(event: &Event, content: &Map<String, Value>) -> String {
    let text = |key: &str| content.get(key).and_then(Value::as_str).map(words::text);
    let set = |what: &str, key: &str| match text(key) {
        Some(value) if !value.is_empty() => format!("set the {what} to {value}"),
        _ => format!("removed the {what}"),
    };
    match event.event_type.as_str() {
        "m.room.name" => set("room name", "name"),
        "m.room.topic" => set("topic", "topic"),
        "m.room.create" => "created the room".to_owned(),
        "m.room.pinned_events" => "changed the pinned messages".to_owned(),
        "m.room.power_levels" => "changed the power levels".to_owned(),
        "m.room.tombstone" => "closed the room in favour of another".to_owned(),
        "m.room.encryption" => "switched on encryption: messages can no longer be read".to_owned(),
        other => format!("set {other}"),
    }
}
