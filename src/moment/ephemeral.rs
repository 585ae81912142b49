//! Reads the ephemeral data in pushes (Application Service API, "Pushing ephemeral data").

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Moment, Online};
use crate::clock::now;

/// The maximum number of ephemeral events that are read from one push, and of receipts for one event.
const MAX_ITEMS: usize = 10_000;

/// The ephemeral data in a push.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ephemeral {
    /// The users who type, by room.
    pub typing: Vec<(String, BTreeSet<String>)>,
    /// The read receipts.
    pub reading: Vec<Reading>,
    /// The presence of users.
    pub online: Vec<(String, Online)>,
}

/// A read receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The id of the room.
    pub room_id: String,
    /// The user who read.
    pub user: String,
    /// The last event that the user read.
    pub event: String,
    /// The time of reading, in milliseconds since 1970.
    pub at: i64,
}

/// Reads the ephemeral data of a push: the value of `ephemeral`, and that of the field's name before it
/// was part of the specification. Data that cannot be read is ignored.
pub fn ephemeral_of_push(ephemeral: Option<&str>, unstable: Option<&str>) -> Ephemeral {
    let list = |json: &str| serde_json::from_str::<Vec<Value>>(json).unwrap_or_default();
    let mut events = ephemeral.map(list).unwrap_or_default();
    // A homeserver that supports both names sends the same events under both.
    if events.is_empty() {
        events = unstable.map(list).unwrap_or_default();
    }
    let mut data = Ephemeral::default();
    for event in events.iter().take(MAX_ITEMS) {
        match event["type"].as_str() {
            Some("m.typing") => data.typing.extend(typing(event)),
            Some("m.receipt") => read(event, &mut data.reading),
            Some("m.presence") => data.online.extend(presence(event)),
            _ => {}
        }
    }
    data
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
        for (user, receipt) in readers.into_iter().flatten().take(MAX_ITEMS) {
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
    /// Stores who types, and the presence of users.
    pub fn learn(&self, data: &Ephemeral) {
        for (room, users) in &data.typing {
            self.set_typing(room, users.clone());
        }
        for (user, online) in &data.online {
            self.set_online(user, *online);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unreadable_data_is_ignored_and_the_rest_is_read() {
        let list = json!([
            5, null, { "type": "m.typing" }, { "type": "m.receipt", "room_id": "!r:x", "content": 7 },
            { "type": "m.typing", "room_id": "!r:x", "content": { "user_ids": ["@a:x", 9] } },
            { "type": "m.receipt", "room_id": "!r:x",
              "content": { "$e": { "m.read": { "@a:x": { "ts": 7 }, "@b:x": {} } }, "$f": [] } },
            { "type": "m.presence", "sender": "@a:x",
              "content": { "presence": "unavailable", "last_active_ago": 1000 } },
        ]);
        let data = ephemeral_of_push(Some(&list.to_string()), None);
        assert_eq!(data.typing, [("!r:x".to_owned(), BTreeSet::from(["@a:x".to_owned()]))]);
        assert_eq!(data.reading.len(), 2);
        assert_eq!(data.reading[0].at, 7);
        assert!(data.online[0].1.is_idle);
        assert_eq!(ephemeral_of_push(Some("no json"), Some("{}")), Ephemeral::default());
    }

    #[test]
    fn data_under_both_names_is_read_once() {
        let typing =
            json!([{ "type": "m.typing", "room_id": "!r:x", "content": { "user_ids": [] } }]);
        let typing = typing.to_string();
        assert_eq!(ephemeral_of_push(Some(&typing), Some(&typing)).typing.len(), 1);
        assert_eq!(ephemeral_of_push(None, Some(&typing)).typing.len(), 1);
    }
}
