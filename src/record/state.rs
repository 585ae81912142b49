//! Describes state events as sentences without a subject; the subject is the sender.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::{self, Event, without_nul};
use super::plain_text;

type Content = Map<String, Value>;

/// The content of a member event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// The Matrix user whose membership it is.
    pub user_id: String,
    /// `join`, `invite`, `leave`, `ban` or `knock`.
    pub membership: String,
    /// The user's display name in the room.
    pub display_name: Option<String>,
}

impl MembershipChange {
    /// Reads an `m.room.member` event; none if it names no user or no membership.
    pub(super) fn read(event: &Event, content: &Content) -> Option<Self> {
        Some(Self {
            user_id: event.state_key.as_deref().and_then(event::id)?,
            membership: without_nul(content.get("membership")?.as_str()?),
            display_name: name(content),
        })
    }

    /// Returns the change as a sentence without its subject, the sender. `before` is the replaced
    /// content, if the homeserver states it.
    pub(super) fn sentence(&self, sender: &str, before: Option<&Content>, now: &Content) -> String {
        let user = &self.user_id;
        let own = user == sender;
        let was = before.and_then(|before| before.get("membership")).and_then(Value::as_str);
        let because = match now.get("reason").and_then(Value::as_str) {
            Some(reason) if !reason.is_empty() => format!(": {}", plain_text::text(reason)),
            _ => String::new(),
        };
        let what = match (self.membership.as_str(), was, own) {
            ("join", Some("join"), _) => return profile_change(before, now),
            ("join", ..) => "is in the room".to_owned(),
            ("invite", ..) => format!("invited {user}"),
            ("leave", Some("invite"), true) => "declined the invitation".to_owned(),
            ("leave", Some("invite"), false) => format!("took back the invitation of {user}"),
            ("leave", Some("ban"), _) => format!("lifted the ban of {user}"),
            ("leave", _, true) => "left the room".to_owned(),
            ("leave", _, false) => format!("removed {user} from the room"),
            ("ban", ..) => format!("banned {user}"),
            ("knock", ..) => "asked to be let in".to_owned(),
            (other, ..) => format!("set the membership of {user} to {}", plain_text::text(other)),
        };
        format!("{what}{because}")
    }
}

fn name(content: &Content) -> Option<String> {
    content.get("displayname")?.as_str().map(plain_text::text).filter(|name| !name.is_empty())
}

fn profile_change(before: Option<&Content>, now: &Content) -> String {
    let (old, new) = (before.and_then(name), name(now));
    match (old == new, new) {
        (true, _) => "changed their picture".to_owned(),
        (false, Some(new)) => format!("is now called {new}"),
        (false, None) => "took off their name".to_owned(),
    }
}

/// Returns a state event as a sentence without its subject.
pub(super) fn sentence(event: &Event, content: &Content) -> String {
    let text = |key: &str| content.get(key).and_then(Value::as_str).map(plain_text::text);
    let set = |what: &str, key: &str| match text(key) {
        Some(value) if !value.is_empty() => format!("set the {what} to {value}"),
        _ => format!("removed the {what}"),
    };
    let before = event.before.as_ref();
    match event.event_type.as_str() {
        "m.room.name" => set("room name", "name"),
        "m.room.topic" => set("topic", "topic"),
        "m.room.avatar" => "changed the room's picture".to_owned(),
        "m.room.canonical_alias" => set("room's address", "alias"),
        "m.room.join_rules" => set("rule for joining", "join_rule"),
        "m.room.history_visibility" => set("visibility of the past", "history_visibility"),
        "m.room.guest_access" => set("rule for guests", "guest_access"),
        "m.room.create" => "created the room".to_owned(),
        "m.room.pinned_events" => pins(before, content),
        "m.room.power_levels" => powers(before, content),
        "m.room.tombstone" => match text("replacement_room") {
            Some(room) => format!("closed the room in favour of {room}"),
            None => "closed the room".to_owned(),
        },
        "m.room.encryption" => "switched on encryption: messages can no longer be read".to_owned(),
        other => format!("set {}", plain_text::text(other)),
    }
}

fn pins(before: Option<&Content>, now: &Content) -> String {
    let pinned = |content: &Content| -> Vec<String> {
        let ids = content.get("pinned").and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(Value::as_str).filter_map(event::id).collect()
    };
    let (old, new) = (before.map(&pinned).unwrap_or_default(), pinned(now));
    let only_in = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|id| !other.contains(id)).cloned().collect()
    };
    let (added, removed) = (only_in(&new, &old), only_in(&old, &new));
    match (added.as_slice(), removed.as_slice()) {
        ([], []) => "changed the pinned messages".to_owned(),
        (added, []) => format!("pinned {}", added.join(", ")),
        ([], removed) => format!("unpinned {}", removed.join(", ")),
        (added, removed) => format!("pinned {}, unpinned {}", added.join(", "), removed.join(", ")),
    }
}

/// Describes a change of the power levels. It names the users whose levels changed.
fn powers(before: Option<&Content>, now: &Content) -> String {
    let users = |content: Option<&Content>| -> Content {
        content
            .and_then(|content| content.get("users"))
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let Some(before) = before else { return "set the power levels".to_owned() };
    let (old, new) = (users(Some(before)), users(Some(now)));
    let default = now.get("users_default").and_then(Value::as_i64).unwrap_or_default();
    let level = |users: &Content, user: &str| users.get(user).and_then(Value::as_i64);
    let mut changes: Vec<String> = old
        .keys()
        .chain(new.keys().filter(|user| !old.contains_key(*user)))
        .filter(|user| level(&old, user) != level(&new, user))
        .map(|user| {
            let now = level(&new, user).unwrap_or(default);
            format!("{} to {now}", plain_text::text(user))
        })
        .collect();
    if changes.is_empty() {
        return "changed the power levels".to_owned();
    }
    changes.truncate(MAX_NAMED_USERS);
    format!("changed the power of {}", changes.join(", "))
}

/// The maximum number of users that one sentence names.
const MAX_NAMED_USERS: usize = 20;
