//! The state events that a room should have, and which of them it lacks.

use serde_json::{Map, Value, json};

/// One state event that a room should have.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEvent {
    /// The event type, such as `m.room.topic`.
    pub event_type: String,
    /// The state key, which is empty for most types.
    pub state_key: String,
    /// The whole content.
    pub content: Value,
}

impl StateEvent {
    /// Whether createRoom has its own parameter for this event, so that it must not be in
    /// `initial_state` as well.
    pub fn is_set_by_create_room(&self) -> bool {
        matches!(
            self.event_type.as_str(),
            "m.room.name" | "m.room.topic" | "m.room.power_levels" | "m.room.canonical_alias"
        )
    }

    /// Whether the room should not have such a state event, or should have an empty one.
    pub fn is_absent(&self) -> bool {
        self.content.as_object().is_some_and(Map::is_empty)
    }

    /// Returns the event in the form of createRoom's `initial_state`.
    pub fn as_initial_state(&self) -> Value {
        json!({ "type": self.event_type, "state_key": self.state_key, "content": self.content })
    }
}

/// Returns the wanted state events that the room's state events, `actual`, lack or have with
/// another content.
pub fn missing_state<'a>(wanted: &'a [StateEvent], actual: &[Value]) -> Vec<&'a StateEvent> {
    let is_present = |event: &StateEvent| {
        let found = actual.iter().find(|found| {
            found["type"] == event.event_type.as_str()
                && found["state_key"] == event.state_key.as_str()
        });
        found.map_or(event.is_absent(), |found| has_content(event, &found["content"]))
    };
    wanted.iter().filter(|event| !is_present(event)).collect()
}

/// Whether `actual` is the wanted content. Homeservers add a few keys when they create a room. Any
/// other additional key was written by somebody else, and clients may show it instead of our
/// content.
fn has_content(wanted: &StateEvent, actual: &Value) -> bool {
    let (Some(content), Some(actual)) = (wanted.content.as_object(), actual.as_object()) else {
        return wanted.content == *actual;
    };
    let is_added_by_homeserver = |key: &str, value: &Value| {
        match (wanted.event_type.as_str(), key) {
            // No current version of the specification has this level.
            ("m.room.power_levels", "historical") => true,
            // This key repeats the topic (Client-Server API, "m.room.topic"). It must have the same
            // text.
            ("m.room.topic", "m.topic") => {
                let texts = value["m.text"].as_array().map(Vec::as_slice).unwrap_or_default();
                texts.iter().all(|it| it["body"] == wanted.content["topic"])
            }
            _ => false,
        }
    };
    content.iter().all(|(key, value)| actual.get(key) == Some(value))
        && actual
            .iter()
            .all(|(key, value)| content.contains_key(key) || is_added_by_homeserver(key, value))
}
