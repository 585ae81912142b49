//! Turns received bytes into rows for the journal, without trusting anything in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::store::Arrival;

/// The greatest length of an id, in bytes (Matrix specification, "Size limits"). It is three times
/// the limit of the specification, because U+0000 is replaced by a character of three bytes. Longer
/// ids do not fit into the database's indexes.
const MAX_ID_BYTES: usize = 3 * 255;

/// The body of a push. Only its events are parsed, so that nothing else in it can make it fail.
#[derive(Deserialize)]
struct Push {
    #[serde(default)]
    events: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow)]
    unsigned: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Envelope {
    room_id: Option<String>,
    event_id: Option<String>,
}

/// Returns the events of a push.
///
/// # Errors
/// Returns an error if the body is not a JSON object with a list of events.
pub fn events_of_push(body: &[u8]) -> Result<Vec<Arrival>, serde_json::Error> {
    // If invalid UTF-8 were refused, the homeserver would repeat the push for ever.
    let text = String::from_utf8_lossy(body);
    let push: Push = serde_json::from_str(&text)?;
    Ok(push.events.iter().map(|raw| arrival(raw, None)).collect())
}

/// Returns one event as a row for the journal. `room` is the id of its room, if the event itself
/// does not have it (as in a sync).
pub(super) fn arrival(raw: &RawValue, room: Option<&str>) -> Arrival {
    let raw = &*without_bundle(raw.get());
    let envelope = envelope(raw);
    let room_id = room.map(str::to_owned).or(envelope.room_id).unwrap_or_default();
    let room_id = if room_id.len() <= MAX_ID_BYTES { room_id } else { String::new() };
    // An event without a valid id is identified by its bytes.
    let event_id = envelope
        .event_id
        .filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
        .unwrap_or_else(|| format!("sha256:{:x}", Sha256::digest(raw)));
    Arrival { room_id, event_id, raw: raw.to_owned() }
}

/// Returns the event without the later events that the homeserver bundles with it, such as the
/// newest edit or the newest answer in a thread (Client-Server API, "Aggregations of child
/// events"). Those are also sent as separate events, and a copy here would remain when they are
/// redacted or erased.
fn without_bundle(raw: &str) -> Cow<'_, str> {
    let Ok(Outer { unsigned: Some(unsigned) }) = serde_json::from_str(raw) else {
        return Cow::Borrowed(raw);
    };
    let unsigned = unsigned.get();
    let Ok(mut parts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(unsigned) else {
        return Cow::Borrowed(raw);
    };
    if parts.remove("m.relations").is_none() {
        return Cow::Borrowed(raw);
    }
    // `unsigned` is a slice of `raw`, so its address tells where it starts in `raw`.
    let start = unsigned.as_ptr().addr() - raw.as_ptr().addr();
    let around = raw.get(..start).zip(raw.get(start + unsigned.len()..));
    match (around, serde_json::to_string(&parts)) {
        (Some((before, after)), Ok(rest)) => Cow::Owned([before, &rest, after].concat()),
        _ => Cow::Borrowed(raw),
    }
}

fn envelope(raw: &str) -> Envelope {
    serde_json::from_str(raw)
        .unwrap_or_else(|_| {
            // With duplicate keys or wrong types, only the valid ids are used.
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            let text = |key: &str| value.get(key).and_then(Value::as_str).map(without_nul);
            Envelope { room_id: text("room_id"), event_id: text("event_id") }
        })
        .clean()
}

impl Envelope {
    /// Replaces U+0000, which PostgreSQL cannot store in text and which no valid id has.
    fn clean(self) -> Self {
        Self {
            room_id: self.room_id.as_deref().map(without_nul),
            event_id: self.event_id.as_deref().map(without_nul),
        }
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(body: &str) -> Vec<(String, String)> {
        events_of_push(body.as_bytes())
            .unwrap()
            .into_iter()
            .map(|it| (it.room_id, it.event_id))
            .collect()
    }

    #[test]
    fn the_raw_text_is_kept_byte_for_byte() {
        let body =
            r#"{"events":[{"event_id":"$a",  "room_id":"!r:x","n":1.0,"z":"\u0000\ud800"}]}"#;
        let arrivals = events_of_push(body.as_bytes()).unwrap();
        assert_eq!(
            arrivals[0].raw,
            r#"{"event_id":"$a",  "room_id":"!r:x","n":1.0,"z":"\u0000\ud800"}"#
        );
    }

    #[test]
    fn bundled_events_are_not_kept() {
        let body = r#"{"events":[{"event_id":"$a","room_id":"!r:x","content":{"a":{"age":1.50}},
            "unsigned":{"age":1.50,"m.relations":{"m.thread":{"latest_event":{"content":{"body":
            "secret"}}}},"prev_content":{"z":1,"a":2}},"x":1}]}"#;
        let arrivals = events_of_push(body.as_bytes()).unwrap();
        assert_eq!(
            arrivals[0].raw,
            r#"{"event_id":"$a","room_id":"!r:x","content":{"a":{"age":1.50}},
            "unsigned":{"age":1.50,"prev_content":{"z":1,"a":2}},"x":1}"#
        );
        for same in [
            r#"{"unsigned":{"age":1, "z":2}}"#,
            r#"{"unsigned":7}"#,
            r#"{"unsigned":null,"content":{"m.relations":1}}"#,
            "null",
        ] {
            assert_eq!(without_bundle(same), same);
        }
    }

    #[test]
    fn an_invalid_event_does_not_affect_the_others() {
        let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
        let body = format!(
            r#"{{"events":[5,null,{{"event_id":7}},{{"event_id":"$a","event_id":"$b","room_id":"!r:x"}},
                {{"event_id":"$deep","room_id":"!r:x","content":{deep}}},
                {{"event_id":"$ok","room_id":"!r:x"}}],"ephemeral":[1,2]}}"#
        );
        let ids = ids(&body);
        assert_eq!(ids.len(), 6);
        assert_eq!(ids[5], ("!r:x".to_owned(), "$ok".to_owned()));
        assert_eq!(ids[4], ("!r:x".to_owned(), "$deep".to_owned()));
        assert_eq!(ids[3], ("!r:x".to_owned(), "$b".to_owned()));
        assert!(ids[0].1.starts_with("sha256:"));
        assert_ne!(ids[0].1, ids[1].1);
    }

    #[test]
    fn a_push_without_events_is_empty() {
        assert!(ids(r#"{"de.sorunome.msc2409.ephemeral":[]}"#).is_empty());
    }

    #[test]
    fn broken_utf8_does_not_make_a_push_fail_for_ever() {
        let mut body = br#"{"events":[{"event_id":"$a","room_id":"!r:x","b":""#.to_vec();
        body.push(0xff);
        body.extend_from_slice(br#""}]}"#);
        assert_eq!(events_of_push(&body).unwrap().len(), 1);
    }
}
