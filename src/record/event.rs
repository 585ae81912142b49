//! Reads the fields of an event beside its content. Any field may be missing or have a wrong type.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The known fields of an event. A field of a wrong type counts as missing.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) event_type: String,
    pub(super) event_id: Option<String>,
    pub(super) sender: Option<String>,
    pub(super) state_key: Option<String>,
    pub(super) sent_at: i64,
    /// The target of a redaction before room version 11.
    pub(super) redacts: Option<String>,
    /// The content; none if it is not an object, or is nested too deeply to be read.
    pub(super) content: Option<Map<String, Value>>,
    /// Whether the homeserver states that the content was removed.
    pub(super) is_redacted: bool,
    /// The content that a state event replaced, if the homeserver states it.
    pub(super) before: Option<Map<String, Value>>,
}

/// The fields as raw JSON. Each is parsed by itself, so that one with too deep nesting does not make
/// the others unreadable.
#[derive(Deserialize)]
struct Shallow<'a> {
    #[serde(borrow, rename = "type")]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    sender: Option<&'a RawValue>,
    #[serde(borrow)]
    state_key: Option<&'a RawValue>,
    #[serde(borrow)]
    origin_server_ts: Option<&'a RawValue>,
    #[serde(borrow)]
    redacts: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    unsigned: Option<&'a RawValue>,
}

impl Event {
    /// Reads the fields of `raw`; none if it is not a JSON object.
    pub(super) fn read(raw: &str) -> Option<Self> {
        if let Ok(shallow) = serde_json::from_str::<Shallow<'_>>(raw) {
            return Some(Self::from_parts(&shallow));
        }
        // `Shallow` refuses duplicate keys. In a map the last one counts, as everywhere in
        // serde_json.
        match serde_json::from_str::<Value>(raw) {
            Ok(Value::Object(map)) => Some(Self::from_map(map)),
            _ => None,
        }
    }

    fn from_parts(parts: &Shallow<'_>) -> Self {
        let value = |part: Option<&RawValue>| {
            part.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
        };
        let mut map = Map::new();
        for (key, part) in [
            ("type", parts.event_type),
            ("event_id", parts.event_id),
            ("sender", parts.sender),
            ("state_key", parts.state_key),
            ("origin_server_ts", parts.origin_server_ts),
            ("redacts", parts.redacts),
            ("content", parts.content),
            ("unsigned", parts.unsigned),
        ] {
            if let Some(value) = value(part) {
                map.insert(key.to_owned(), value);
            }
        }
        Self::from_map(map)
    }

    fn from_map(mut map: Map<String, Value>) -> Self {
        let is_redacted = map
            .get("unsigned")
            .and_then(|unsigned| unsigned.get("redacted_because"))
            .is_some_and(Value::is_object);
        let before = match map.get_mut("unsigned").and_then(|it| it.get_mut("prev_content")) {
            Some(Value::Object(before)) => Some(std::mem::take(before)),
            _ => None,
        };
        let content = match map.remove("content") {
            Some(Value::Object(content)) => Some(content),
            _ => None,
        };
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(without_nul);
        Self {
            event_type: text("type").unwrap_or_default(),
            event_id: map.get("event_id").and_then(Value::as_str).and_then(id),
            sender: map.get("sender").and_then(Value::as_str).and_then(id),
            state_key: text("state_key"),
            sent_at: map
                .get("origin_server_ts")
                .and_then(Value::as_i64)
                .filter(|at| (0..=MAX_INTEGER).contains(at))
                .unwrap_or_default(),
            redacts: map.get("redacts").and_then(Value::as_str).and_then(id),
            content,
            is_redacted,
            before,
        }
    }
}

/// The largest integer in Matrix ("Canonical JSON"): 2^53 - 1.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;
/// The maximum length of an id, in bytes (Matrix specification, "Size limits" and identifier
/// grammars). Anyone may write a longer one into the content of a message, and it would not fit into
/// the database's indexes.
const MAX_ID_BYTES: usize = 255;

/// Returns the text as an id, or none if it is empty or too long.
pub(super) fn id(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= MAX_ID_BYTES).then(|| without_nul(text))
}

/// Replaces U+0000 by U+FFFD, because PostgreSQL cannot store U+0000 in text.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
