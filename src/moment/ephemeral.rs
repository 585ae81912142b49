//! Ephemeral data as homeservers push it (Application Service API, "Pushing ephemeral data").

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{Moment, Online};
use crate::clock::now;

/// Most of one kind that is taken from one push.
const MOST: usize = 10_000;

/// What a push tells of this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ephemeral {
    /// Who types: room and users.
    pub typing: Vec<(String, BTreeSet<String>)>,
    /// How far people have read.
    pub reading: Vec<Reading>,
    /// How active people are.
    pub online: Vec<(String, Online)>,
}

/// A read receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// In which room.
    pub room_id: String,
    /// Who.
    pub user: String,
    /// Up to which event.
    pub event: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

#[derive(Deserialize)]
struct Push {
    #[serde(default)]
    ephemeral: Vec<Value>,
    /// As it was called before it was in the specification.
    #[serde(default, rename = "de.sorunome.msc2409.ephemeral")]
    unstable: Vec<Value>,
}

/// What a push tells of this moment; whatever is odd in it is passed over.
pub fn events_of_push(body: &[u8]) -> Ephemeral {
    let Ok(push) = serde_json::from_slice::<Push>(body) else { return Ephemeral::default() };
    let mut told = Ephemeral::default();
    // A homeserver that knows both names sends the same under both.
    let events = if push.ephemeral.is_empty() { push.unstable } else { push.ephemeral };
    for event in events.iter().take(MOST) {
        match event["type"].as_str() {
            Some("m.typing") => told.typing.extend(typing(event)),
            Some("m.receipt") => read(event, &mut told.reading),
            Some("m.presence") => told.online.extend(presence(event)),
            _ => {}
        }
    }
    told
}

fn typing(event: &Value) -> Option<(String, BTreeSet<String>)> {
    let users = event["content"]["user_ids"].as_array()?.iter();
    let users = users.filter_map(Value::as_str).map(str::to_owned).collect();
    Some((event["room_id"].as_str()?.to_owned(), users))
}

fn read(event: &Value, into: &mut Vec<Reading>) {
    let (Some(room_id), Some(events)) = (event["room_id"].as_str(), event["content"].as_object())
    else {
        return;
    };
    for (event, receipts) in events {
        let readers = receipts["m.read"].as_object();
        for (user, receipt) in readers.into_iter().flatten().take(MOST) {
            let at = receipt["ts"].as_i64().unwrap_or_else(now);
            let (user, event) = (user.clone(), event.clone());
            into.push(Reading { room_id: room_id.to_owned(), user, event, at });
        }
    }
}

fn presence(event: &Value) -> Option<(String, Online)> {
    let content = &event["content"];
    let state = content["presence"].as_str()?;
    let ago = content["last_active_ago"].as_i64();
    let online = Online {
        is_online: state == "online",
        is_idle: state == "unavailable",
        last_active_at: ago.map(|ago| now().saturating_sub(ago)),
    };
    Some((event["sender"].as_str()?.to_owned(), online))
}

impl Moment {
    /// Takes over who types and who is active.
    pub fn learn(&self, told: &Ephemeral) {
        for (room, users) in &told.typing {
            self.set_typing(room, users.clone());
        }
        for (user, online) in &told.online {
            self.set_online(user, *online);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_odd_is_passed_over_and_the_rest_is_taken() {
        let body = json!({ "ephemeral": [
            5, null, { "type": "m.typing" }, { "type": "m.receipt", "room_id": "!r:x", "content": 7 },
            { "type": "m.typing", "room_id": "!r:x", "content": { "user_ids": ["@a:x", 9] } },
            { "type": "m.receipt", "room_id": "!r:x",
              "content": { "$e": { "m.read": { "@a:x": { "ts": 7 }, "@b:x": {} } }, "$f": [] } },
            { "type": "m.presence", "sender": "@a:x",
              "content": { "presence": "unavailable", "last_active_ago": 1000 } },
        ]});
        let told = events_of_push(body.to_string().as_bytes());
        assert_eq!(told.typing, [("!r:x".to_owned(), BTreeSet::from(["@a:x".to_owned()]))]);
        assert_eq!(told.reading.len(), 2);
        assert_eq!(told.reading[0].at, 7);
        assert!(told.online[0].1.is_idle);
        assert_eq!(events_of_push(b"no json"), Ephemeral::default());
    }

    #[test]
    fn what_comes_under_both_names_is_taken_once() {
        let typing =
            json!([{ "type": "m.typing", "room_id": "!r:x", "content": { "user_ids": [] } }]);
        let body = json!({ "ephemeral": typing, "de.sorunome.msc2409.ephemeral": typing });
        assert_eq!(events_of_push(body.to_string().as_bytes()).typing.len(), 1);
    }
}
