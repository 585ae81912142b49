//! Decides whether an event shows that its room is one of ours, before anything of it is stored.
//! This file does no I/O.

use std::borrow::Cow;

use ruma::UserId;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::names::{NAMESPACE_PREFIX, ROOM_MARKER};

/// The greatest length of a Matrix user ID, in bytes (Matrix specification, "User identifiers").
const MAX_USER_ID_BYTES: usize = 255;

/// What an event says about its room, if that room is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The bot created this room for a transaction. Such an event arrives before the answer to
    /// createRoom tells us the room's id.
    MadeByUs,
    /// This user of our namespace is a member of the room, or is a guest that was invited to it.
    Holds(String),
    /// This user invited the bot to the room. The invitation may be a request to be invited again.
    Invites(String),
    /// The event says nothing of the kind.
    Nothing,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    sender: Cow<'a, str>,
    #[serde(borrow)]
    state_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow)]
    membership: Cow<'a, str>,
}

/// Returns what the event `raw` says about its room. Only Tallyroom can send events as `bot`.
pub fn sign(raw: &str, bot: &UserId) -> Sign {
    let Ok(head) = serde_json::from_str::<Head<'_>>(raw) else { return Sign::Nothing };
    let Some(state_key) = head.state_key.as_deref() else { return Sign::Nothing };
    let content = head.content.get();
    match &*head.event_type {
        "m.room.create" if head.sender == bot.as_str() && has_marker(content) => Sign::MadeByUs,
        "m.room.member" if is_in_namespace(state_key, bot) => {
            match serde_json::from_str::<Member<'_>>(content) {
                Ok(member) if member.membership == "invite" && state_key == bot.as_str() => {
                    Sign::Invites(head.sender.into_owned())
                }
                Ok(member) if matches!(&*member.membership, "invite" | "join") => {
                    Sign::Holds(state_key.to_owned())
                }
                _ => Sign::Nothing,
            }
        }
        _ => Sign::Nothing,
    }
}

fn has_marker(content: &str) -> bool {
    let content: serde_json::Value = serde_json::from_str(content).unwrap_or_default();
    content[ROOM_MARKER]["id"].is_string()
}

/// Whether `user` is in our namespace: the bot or a guest.
fn is_in_namespace(user: &str, bot: &UserId) -> bool {
    user.len() <= MAX_USER_ID_BYTES
        && user.strip_prefix('@').and_then(|rest| rest.split_once(':')).is_some_and(
            |(name, server)| {
                name.starts_with(NAMESPACE_PREFIX) && server == bot.server_name().as_str()
            },
        )
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::{Value, json};

    use super::Sign;
    use crate::names::ROOM_MARKER;

    const BOT: &str = "@_tallyroom_bot:example.org";

    fn sign(raw: &str) -> Sign {
        super::sign(raw, user_id!("@_tallyroom_bot:example.org"))
    }

    fn create(sender: &str, content: &Value) -> String {
        json!({ "type": "m.room.create", "state_key": "", "sender": sender, "content": content })
            .to_string()
    }

    fn member(user: &str, membership: &str) -> String {
        json!({ "type": "m.room.member", "state_key": user, "sender": "@x:elsewhere.org",
                "content": { "membership": membership } })
        .to_string()
    }

    #[test]
    fn a_room_in_creation_is_known_by_its_create_event() {
        let marked = json!({ ROOM_MARKER: { "id": "01K" } });
        assert_eq!(sign(&create(BOT, &marked)), Sign::MadeByUs);
    }

    #[test]
    fn nobody_else_can_make_a_room_of_ours() {
        let marked = json!({ ROOM_MARKER: { "id": "01K" } });
        assert_eq!(sign(&create("@mallory:example.org", &marked)), Sign::Nothing);
        // The room that `tallyroom check` creates has no transaction.
        assert_eq!(sign(&create(BOT, &json!({}))), Sign::Nothing);
        let message = json!({ "type": "m.room.create", "sender": BOT, "content": marked });
        assert_eq!(sign(&message.to_string()), Sign::Nothing);
        assert_eq!(sign("[]"), Sign::Nothing);
        assert_eq!(sign("7"), Sign::Nothing);
    }

    #[test]
    fn a_user_of_ours_who_is_invited_or_joined_is_named() {
        let guest = "@_tallyroom_guest_1:example.org";
        for (user, membership) in [(BOT, "join"), (guest, "join"), (guest, "invite")] {
            assert_eq!(sign(&member(user, membership)), Sign::Holds(user.to_owned()));
        }
        // For an invitation of the bot, the inviter is named.
        assert_eq!(sign(&member(BOT, "invite")), Sign::Invites("@x:elsewhere.org".to_owned()));
        for (user, membership) in [
            (BOT, "leave"),
            (BOT, "ban"),
            ("@anna:example.org", "invite"),
            ("@_tallyroom_bot:elsewhere.org", "invite"),
        ] {
            assert_eq!(sign(&member(user, membership)), Sign::Nothing);
        }
    }
}
