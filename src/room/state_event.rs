//! A state event as it should be, and whether the room holds it so.

use serde_json::{Map, Value, json};

/// One state event as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEvent {
    /// Such as `m.room.topic`.
    pub event_type: String,
    /// Mostly empty.
    pub state_key: String,
    /// The whole content.
    pub content: Value,
}

impl StateEvent {
    /// Whether createRoom writes this event from a parameter of its own, so that it must not
    /// stand in `initial_state` as well.
    pub fn is_set_by_create_room(&self) -> bool {
        matches!(
            self.event_type.as_str(),
            "m.room.name" | "m.room.topic" | "m.room.power_levels" | "m.room.canonical_alias"
        )
    }

    /// Whether nothing should stand there.
    pub fn is_absent(&self) -> bool {
        self.content.as_object().is_some_and(Map::is_empty)
    }

    /// As createRoom's `initial_state` wants it.
    pub fn as_initial_state(&self) -> Value {
        json!({ "type": self.event_type, "state_key": self.state_key, "content": self.content })
    }
}

/// The wanted state events that `actual` (state events of the room) does not hold as they should be.
pub fn missing_state<'a>(wanted: &'a [StateEvent], actual: &[Value]) -> Vec<&'a StateEvent> {
    let held = |event: &StateEvent| {
        let have = actual.iter().find(|have| {
            have["type"] == event.event_type.as_str()
                && have["state_key"] == event.state_key.as_str()
        });
        have.map_or(event.is_absent(), |have| says_the_same(event, &have["content"]))
    };
    wanted.iter().filter(|event| !held(event)).collect()
}

/// Whether `actual` is the wanted content. Homeservers add a few keys when they create a room; any
/// other one is somebody else's, and clients may show it in place of ours.
fn says_the_same(wanted: &StateEvent, actual: &Value) -> bool {
    let (Some(content), Some(actual)) = (wanted.content.as_object(), actual.as_object()) else {
        return wanted.content == *actual;
    };
    let is_added_by_the_homeserver = |key: &str, value: &Value| {
        match (wanted.event_type.as_str(), key) {
            // A level that no version of the specification has any more.
            ("m.room.power_levels", "historical") => true,
            // Client-Server API, "m.room.topic": the same words once more, and no others.
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
            .all(|(key, value)| content.contains_key(key) || is_added_by_the_homeserver(key, value))
}
