//! Turns received bytes into rows for the journal, without trusting anything in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::moment::{Ephemeral, ephemeral_of_push};
use crate::store::Arrival;

/// The greatest length of an id, in bytes (Matrix specification, "Size limits"). It is three times
/// the limit of the specification, because U+0000 is replaced by a character of three bytes. Longer
/// ids do not fit into the database's indexes.
const MAX_ID_BYTES: usize = 3 * 255;
/// The key of what is bundled with an event.
const BUNDLE: &str = "m.relations";

/// The body of a push. What is no event is only cut out.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    #[serde(borrow)]
    ephemeral: Option<&'a RawValue>,
    /// The name of `ephemeral` before it was part of the specification.
    #[serde(borrow, rename = "de.sorunome.msc2409.ephemeral")]
    unstable: Option<&'a RawValue>,
}

/// The body of a push in which something else than the events is odd.
#[derive(Deserialize)]
struct OnlyEvents<'a> {
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
}

/// What is read of each event.
#[derive(Deserialize)]
struct Outer<'a> {
    room_id: Option<String>,
    event_id: Option<String>,
    #[serde(borrow)]
    unsigned: Option<&'a RawValue>,
}

/// What is read of an event in which an id is odd.
#[derive(Deserialize)]
struct OnlyUnsigned<'a> {
    #[serde(borrow)]
    unsigned: Option<&'a RawValue>,
}

struct Envelope {
    room_id: Option<String>,
    event_id: Option<String>,
}

/// A push as it is handled.
#[derive(Debug)]
pub struct Push {
    /// Its events.
    pub arrivals: Vec<Arrival>,
    /// Its ephemeral data.
    pub ephemeral: Ephemeral,
}

/// Reads the body of a push.
///
/// # Errors
/// Returns an error if the body is not a JSON object with a list of events.
pub fn read_push(body: &[u8]) -> Result<Push, serde_json::Error> {
    // If invalid UTF-8 were refused, the homeserver would repeat the push for ever.
    let text = String::from_utf8_lossy(body);
    // Nothing but the events can make it fail.
    let body: Body<'_> = serde_json::from_str(&text).or_else(|_| {
        let OnlyEvents { events } = serde_json::from_str(&text)?;
        Ok::<_, serde_json::Error>(Body { events, ephemeral: None, unstable: None })
    })?;
    let arrivals = body.events.iter().map(|raw| arrival(raw, None)).collect();
    let [ephemeral, unstable] = [body.ephemeral, body.unstable].map(|it| it.map(RawValue::get));
    Ok(Push { arrivals, ephemeral: ephemeral_of_push(ephemeral, unstable) })
}

/// Returns one event as a row for the journal. `room` is the id of its room, if the event itself
/// does not have it (as in a sync).
pub(super) fn arrival(raw: &RawValue, room: Option<&str>) -> Arrival {
    let (envelope, unsigned) = envelope(raw.get());
    let raw = without_bundle(raw.get(), unsigned);
    let room_id = room.map(str::to_owned).or(envelope.room_id).unwrap_or_default();
    let room_id = if room_id.len() <= MAX_ID_BYTES { room_id } else { String::new() };
    // An event without a valid id is identified by its bytes.
    let event_id = envelope
        .event_id
        .filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
        .unwrap_or_else(|| format!("sha256:{:x}", Sha256::digest(&*raw)));
    Arrival { room_id, event_id, raw: raw.into_owned() }
}

/// Returns the event without the later events that the homeserver bundles with it in `unsigned`, such as the
/// newest edit or the newest answer in a thread (Client-Server API, "Aggregations of child
/// events"). Those are also sent as separate events, and a copy here would remain when they are
/// redacted or erased.
fn without_bundle<'a>(raw: &'a str, unsigned: Option<&'a str>) -> Cow<'a, str> {
    // Nearly no event has one. With a backslash, the key may be written in another way.
    let may_have_bundle = |it: &&str| it.contains(BUNDLE) || it.contains('\\');
    let Some(unsigned) = unsigned.filter(may_have_bundle) else { return Cow::Borrowed(raw) };
    let Ok(mut parts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(unsigned) else {
        return Cow::Borrowed(raw);
    };
    if parts.remove(BUNDLE).is_none() {
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

/// Returns the ids of an event, and its part `unsigned`.
fn envelope(raw: &str) -> (Envelope, Option<&str>) {
    if let Ok(Outer { room_id, event_id, unsigned }) = serde_json::from_str(raw) {
        return (Envelope { room_id, event_id }.clean(), unsigned.map(RawValue::get));
    }
    // With duplicate keys or wrong types, only the valid ids are used.
    let value: Value = serde_json::from_str(raw).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let envelope = Envelope { room_id: text("room_id"), event_id: text("event_id") };
    let rest: Option<OnlyUnsigned<'_>> = serde_json::from_str(raw).ok();
    (envelope.clean(), rest.and_then(|it| it.unsigned).map(RawValue::get))
}

impl Envelope {
    /// Replaces U+0000, which PostgreSQL cannot store in text and which no valid id has.
    fn clean(self) -> Self {
        Self { room_id: self.room_id.map(without_nul), event_id: self.event_id.map(without_nul) }
    }
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(body: &str) -> Vec<(String, String)> {
        read_push(body.as_bytes())
            .unwrap()
            .arrivals
            .into_iter()
            .map(|it| (it.room_id, it.event_id))
            .collect()
    }

    #[test]
    fn the_raw_text_is_kept_byte_for_byte() {
        let body =
            r#"{"events":[{"event_id":"$a",  "room_id":"!r:x","n":1.0,"z":"\u0000\ud800"}]}"#;
        let arrivals = read_push(body.as_bytes()).unwrap().arrivals;
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
        let arrivals = read_push(body.as_bytes()).unwrap().arrivals;
        assert_eq!(
            arrivals[0].raw,
            r#"{"event_id":"$a","room_id":"!r:x","content":{"a":{"age":1.50}},
            "unsigned":{"age":1.50,"prev_content":{"z":1,"a":2}},"x":1}"#
        );
        let kept = |raw: &str| {
            let push = format!(r#"{{"events":[{raw}]}}"#);
            read_push(push.as_bytes()).unwrap().arrivals.remove(0).raw
        };
        for same in [
            r#"{"unsigned":{"age":1, "z":2}}"#,
            r#"{"unsigned":{"age":"\n", "z":2}}"#,
            r#"{"unsigned":7}"#,
            r#"{"unsigned":"m.relations"}"#,
            r#"{"unsigned":null,"content":{"m.relations":1}}"#,
            "null",
        ] {
            assert_eq!(kept(same), same);
        }
        for odd in [
            r#"{"unsigned":{"m\u002erelations":1}}"#,
            r#"{"room_id":7,"unsigned":{"m.relations":1}}"#,
            r#"{"event_id":"$a","event_id":"$b","unsigned":{"m.relations":1}}"#,
        ] {
            assert!(kept(odd).ends_with(r#""unsigned":{}}"#), "{odd}");
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
    fn odd_ephemeral_data_does_not_affect_the_events() {
        for ephemeral in [
            r#""ephemeral":7"#,
            r#""ephemeral":[{"type":"m.receipt"}],"ephemeral":[]"#,
            r#""ephemeral":null,"de.sorunome.msc2409.ephemeral":{}"#,
        ] {
            let body =
                format!(r#"{{{ephemeral},"events":[{{"event_id":"$a","room_id":"!r:x"}}]}}"#);
            let push = read_push(body.as_bytes()).unwrap();
            assert_eq!(push.arrivals.len(), 1);
            assert_eq!(push.ephemeral, Ephemeral::default());
        }
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
        assert_eq!(read_push(&body).unwrap().arrivals.len(), 1);
    }
}
