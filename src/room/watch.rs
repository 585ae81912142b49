//! Decides what follows from what others do to the room of a transaction. This file does no I/O.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::widget::{WIDGET, WIDGET_ID};
use crate::names::{HEAD_STATE, INVOICE_LINES_STATE, INVOICE_STATE};

/// The types of the state events that the bot maintains with an empty state key. The pins and the
/// head are handled separately.
const MAINTAINED_TYPES: [&str; 10] = [
    "m.room.power_levels",
    "m.room.canonical_alias",
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "io.element.widgets.layout",
    INVOICE_STATE,
];
/// The number of repairs in a row that are made without a pause. A person may be trying something
/// out.
const MAX_IMMEDIATE_REPAIRS: i64 = 5;
/// The time without a change by others after which repairs no longer count as repairs in a row, in
/// milliseconds.
const QUIET_MS: i64 = 10 * 60_000;
/// The first pause before a repair, in milliseconds. Each further pause is twice as long.
const FIRST_PAUSE_MS: i64 = 30_000;
/// The longest pause before a repair, in milliseconds.
const MAX_PAUSE_MS: i64 = 60 * 60_000;

/// A change of the room by others that the reconciler has to handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody else wrote a state event of this type, which the bot maintains.
    State(String),
    /// Somebody else changed the list of pinned messages to this one.
    Pins(Vec<String>),
    /// Somebody else wrote the signed head.
    Head,
    /// The room is encrypted from now on.
    Encrypted,
    /// A tombstone replaced the room.
    Tombstone {
        /// The room that the tombstone names.
        replacement: Option<String>,
    },
    /// Somebody else redacted the event with this id.
    Removed(String),
    /// The bot is no longer in the room.
    Out,
}

/// Whether an event says something, as most do. Then it changes no room, and its content need not be read.
fn is_said(raw: &str) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        event_type: Cow<'a, str>,
    }
    let typed = serde_json::from_str::<Typed<'_>>(raw);
    typed.is_ok_and(|it| matches!(&*it.event_type, "m.room.message" | "m.reaction" | "m.sticker"))
}

/// Returns the change that the event `raw` makes to the room, if it is one of those.
pub fn change(raw: &str, bot: &str) -> Option<Change> {
    if is_said(raw) {
        return None;
    }
    let event: Value = serde_json::from_str(raw).ok()?;
    let (event_type, content) = (event["type"].as_str()?, &event["content"]);
    let is_ours = event["sender"] == bot;
    let Some(state_key) = event["state_key"].as_str() else {
        let target = content["redacts"].as_str().or(event["redacts"].as_str());
        return match event_type {
            "m.room.redaction" if !is_ours => Some(Change::Removed(target?.to_owned())),
            _ => None,
        };
    };
    if state_key.is_empty() {
        match event_type {
            // The sender may be the bot itself: a homeserver can be set to encrypt every room.
            "m.room.encryption" if content["algorithm"].is_string() => {
                return Some(Change::Encrypted);
            }
            "m.room.tombstone" => {
                let replacement = content["replacement_room"].as_str().map(str::to_owned);
                return Some(Change::Tombstone { replacement });
            }
            _ => {}
        }
    }
    // The sender may be the bot itself: an administrator of the homeserver can act as the bot.
    if event_type == "m.room.member" && state_key == bot {
        let is_out = matches!(content["membership"].as_str(), Some("leave" | "ban"));
        return is_out.then_some(Change::Out);
    }
    if is_ours {
        return None;
    }
    match event_type {
        "m.room.pinned_events" if state_key.is_empty() => {
            let pinned = content["pinned"].as_array().into_iter().flatten();
            let pinned = pinned.filter_map(Value::as_str).map(str::to_owned);
            Some(Change::Pins(pinned.collect()))
        }
        HEAD_STATE if state_key.is_empty() => Some(Change::Head),
        _ if state_key.is_empty() && MAINTAINED_TYPES.contains(&event_type) => {
            Some(Change::State(event_type.to_owned()))
        }
        INVOICE_LINES_STATE => Some(Change::State(event_type.to_owned())),
        // Other people may add their own widgets.
        WIDGET if state_key == WIDGET_ID => Some(Change::State(event_type.to_owned())),
        _ => None,
    }
}

/// The count of changes by others that have to be repaired. It limits how often two sides undo each
/// other's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The number of changes in a row, without a quiet time between them.
    pub count: i64,
    /// The time of the last change, in milliseconds since 1970.
    pub last: i64,
}

impl Repairs {
    /// Counts one more change at the time `now`. Also returns the time of its repair, or `None` if
    /// it is repaired at once. The more changes there are in a row, the longer each repair waits.
    #[must_use]
    pub fn one_more(self, now: i64) -> (Self, Option<i64>) {
        let quiet = QUIET_MS.max(2 * pause(self.count));
        let count = if now - self.last > quiet { 1 } else { self.count.saturating_add(1) };
        let wait = pause(count);
        (Self { count, last: now }, (wait > 0).then(|| now.saturating_add(wait)))
    }
}

/// Returns how long the repair of the `count`th change in a row waits, in milliseconds.
fn pause(count: i64) -> i64 {
    if count <= MAX_IMMEDIATE_REPAIRS {
        return 0;
    }
    let doublings = (count - MAX_IMMEDIATE_REPAIRS - 1).min(7);
    (FIRST_PAUSE_MS << doublings).min(MAX_PAUSE_MS)
}

/// What to do about the room that a tombstone names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// The transaction continues in the room.
    Follow,
    /// The room names ours as its predecessor, but the bot lacks the power to work there.
    Powerless,
    /// The room does not name ours as its predecessor, so it belongs to somebody else.
    Stranger,
}

/// Judges a room as the successor of the room `old`. `state` has the state events of the new room.
pub fn judge_successor(old: &str, bot: &str, state: &[Value]) -> Successor {
    let of_type = |event_type: &str, state_key: &str| {
        state.iter().find(|event| event["type"] == event_type && event["state_key"] == state_key)
    };
    let Some(create) = of_type("m.room.create", "") else { return Successor::Stranger };
    if create["content"]["predecessor"]["room_id"] != old {
        return Successor::Stranger;
    }
    let joined = of_type("m.room.member", bot)
        .is_some_and(|member| member["content"]["membership"] == "join");
    if joined && can_work(bot, create, of_type("m.room.power_levels", "")) {
        Successor::Follow
    } else {
        Successor::Powerless
    }
}

/// Whether the bot is a creator of the room with this `m.room.create` event, alone or with others.
pub fn is_creator(bot: &str, create: &Value) -> bool {
    let additional = create["content"]["additional_creators"].as_array();
    create["sender"] == bot || additional.is_some_and(|it| it.iter().any(|it| it == bot))
}

/// Whether the bot may invite people and write the room's state. From room version 12 on, creators
/// may do everything. Before that, the creator may do everything if there are no power levels.
fn can_work(bot: &str, create: &Value, levels: Option<&Value>) -> bool {
    let content = &create["content"];
    let version = content["room_version"].as_str().unwrap_or("1");
    let creators_are_above_levels = !matches!(version.parse::<u32>(), Ok(number) if number < 12);
    if is_creator(bot, create) && (creators_are_above_levels || levels.is_none()) {
        return true;
    }
    let Some(levels) = levels.map(|event| &event["content"]) else { return false };
    let level = |value: &Value, default: i64| {
        value.as_i64().or_else(|| value.as_str().and_then(|it| it.parse().ok())).unwrap_or(default)
    };
    let ours = level(&levels["users"][bot], level(&levels["users_default"], 0));
    let state_default = level(&levels["state_default"], 50);
    let needed = MAINTAINED_TYPES
        .iter()
        .chain(&["m.room.pinned_events", HEAD_STATE])
        .map(|event_type| level(&levels["events"][*event_type], state_default))
        .chain([level(&levels["invite"], 0), level(&levels["events_default"], 0)])
        .max();
    needed.is_some_and(|needed| ours >= needed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BOT: &str = "@bot:x";

    fn state(event_type: &str, key: &str, sender: &str, content: &Value) -> Value {
        json!({ "type": event_type, "state_key": key, "sender": sender, "content": content })
    }

    fn by_other(event_type: &str, key: &str, content: &Value) -> Option<Change> {
        change(&state(event_type, key, "@m:x", content).to_string(), BOT)
    }

    #[test]
    fn every_maintained_state_is_watched_also_when_it_is_emptied() {
        for event_type in MAINTAINED_TYPES {
            assert_eq!(
                by_other(event_type, "", &json!({})),
                Some(Change::State(event_type.into()))
            );
            let own = state(event_type, "", BOT, &json!({})).to_string();
            assert_eq!(change(&own, BOT), None);
        }
        assert!(by_other(INVOICE_LINES_STATE, "3", &json!({})).is_some());
        assert!(by_other(WIDGET, WIDGET_ID, &json!({})).is_some());
        assert_eq!(by_other(WIDGET, "their own", &json!({})), None);
        assert_eq!(by_other(HEAD_STATE, "", &json!({})), Some(Change::Head));
        let pins = json!({ "pinned": ["$a", 7] });
        assert_eq!(
            by_other("m.room.pinned_events", "", &pins),
            Some(Change::Pins(vec!["$a".into()]))
        );
        assert_eq!(by_other("org.example.other", "", &json!({})), None);
        assert_eq!(by_other("m.room.topic", "other", &json!({})), None);
    }

    #[test]
    fn encryption_counts_whoever_enabled_it() {
        let on = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
        for sender in [BOT, "@m:x"] {
            let event = state("m.room.encryption", "", sender, &on).to_string();
            assert_eq!(change(&event, BOT), Some(Change::Encrypted));
        }
        assert_eq!(by_other("m.room.encryption", "", &json!({})), None);
    }

    #[test]
    fn the_bot_is_out_whoever_removed_it() {
        for (sender, membership, expected) in [
            (BOT, "leave", Some(Change::Out)),
            ("@m:x", "ban", Some(Change::Out)),
            (BOT, "join", None),
            ("@m:x", "invite", None),
        ] {
            let event = state("m.room.member", BOT, sender, &json!({ "membership": membership }));
            assert_eq!(change(&event.to_string(), BOT), expected);
        }
        assert_eq!(by_other("m.room.member", "@n:x", &json!({ "membership": "leave" })), None);
    }

    #[test]
    fn redactions_and_tombstones_name_their_target() {
        for redaction in [
            json!({ "type": "m.room.redaction", "sender": "@m:x", "redacts": "$e", "content": {} }),
            json!({ "type": "m.room.redaction", "sender": "@m:x", "content": { "redacts": "$e" } }),
        ] {
            assert_eq!(change(&redaction.to_string(), BOT), Some(Change::Removed("$e".to_owned())));
        }
        let to = json!({ "replacement_room": "!new:x" });
        assert_eq!(
            by_other("m.room.tombstone", "", &to),
            Some(Change::Tombstone { replacement: Some("!new:x".into()) })
        );
        assert_eq!(
            by_other("m.room.tombstone", "", &json!({})),
            Some(Change::Tombstone { replacement: None })
        );
        assert_eq!(change("7", BOT), None);
    }

    #[test]
    fn repairs_wait_longer_the_more_changes_there_are_in_a_row() {
        let mut repairs = Repairs::default();
        let mut now = 1_000_000_000;
        let mut pauses = Vec::new();
        for _ in 0..16 {
            let (next, until) = repairs.one_more(now);
            pauses.push(until.map_or(0, |until| until - now));
            repairs = next;
            now = until.unwrap_or(now) + 1_000;
        }
        assert_eq!(pauses[..7], [0, 0, 0, 0, 0, 30_000, 60_000]);
        assert!(pauses.is_sorted());
        assert_eq!(pauses[15], MAX_PAUSE_MS);
        // After a quiet time, the count starts again.
        let (_, until) = repairs.one_more(now + 3 * MAX_PAUSE_MS);
        assert_eq!(until, None);
    }

    fn successor(version: &str, creator: &str, users: &Value) -> Vec<Value> {
        vec![
            state(
                "m.room.create",
                "",
                creator,
                &json!({ "room_version": version, "predecessor": { "room_id": "!old:x" } }),
            ),
            state("m.room.member", BOT, BOT, &json!({ "membership": "join" })),
            state(
                "m.room.power_levels",
                "",
                creator,
                &json!({ "users": users, "state_default": 100, "invite": 100 }),
            ),
        ]
    }

    #[test]
    fn a_successor_names_our_room_and_lets_the_bot_work() {
        let powerful = json!({ BOT: 100 });
        let followed = successor("11", "@admin:x", &powerful);
        assert_eq!(judge_successor("!old:x", BOT, &followed), Successor::Follow);
        assert_eq!(judge_successor("!other:x", BOT, &followed), Successor::Stranger);
        let weak = successor("12", "@admin:x", &json!({}));
        assert_eq!(judge_successor("!old:x", BOT, &weak), Successor::Powerless);
        assert_eq!(judge_successor("!old:x", BOT, &[]), Successor::Stranger);
        let not_there = &followed[..1];
        assert_eq!(judge_successor("!old:x", BOT, not_there), Successor::Powerless);
    }

    #[test]
    fn creators_of_version_12_need_no_level() {
        let mut made = successor("12", BOT, &json!({}));
        assert_eq!(judge_successor("!old:x", BOT, &made), Successor::Follow);
        made[0]["sender"] = json!("@admin:x");
        made[0]["content"]["additional_creators"] = json!([BOT]);
        assert_eq!(judge_successor("!old:x", BOT, &made), Successor::Follow);
        made[0]["content"]["room_version"] = json!("11");
        assert_eq!(judge_successor("!old:x", BOT, &made), Successor::Powerless);
    }
}
