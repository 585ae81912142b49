//! Decides whose room our alias leads to after a createRoom of unknown outcome.
//!
//! createRoom is neither idempotent nor atomic: Synapse stores the alias before any event, so a
//! crash can leave an alias without a usable room. In a test, 13 of 13 kills during the call did
//! so.

use serde_json::Value;
use ulid::Ulid;

use crate::names::ROOM_MARKER;

/// How long the homeserver may still be creating a room that the bot cannot read, in milliseconds.
/// Under load, a createRoom took up to 45 s.
const CREATION_TIMEOUT_MS: i64 = 60_000;

/// What to do about the room that the alias leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The room is ours. Use it, and write the state events that it lacks.
    Adopt,
    /// The homeserver may still be creating the room. Check it again later.
    Wait,
    /// The room can never be used. Delete the alias and create another room. Nobody was invited to
    /// it.
    Replace,
    /// The room belongs to somebody else. Never change it.
    Foreign,
}

/// Judges the room that the alias of `transaction` leads to. `state` has the state events that the
/// bot can read. `waited_ms` is the time since the first attempt to create the room, in
/// milliseconds.
pub fn judge(transaction: Ulid, bot: &str, state: Option<&[Value]>, waited_ms: i64) -> Verdict {
    let unreadable = if waited_ms < CREATION_TIMEOUT_MS { Verdict::Wait } else { Verdict::Replace };
    let Some(state) = state else { return unreadable };
    let of_type = |event_type: &str, state_key: &str| {
        state.iter().find(|event| event["type"] == event_type && event["state_key"] == state_key)
    };
    // A room without a create event does not exist yet.
    let Some(create) = of_type("m.room.create", "") else { return unreadable };
    let ours = create["sender"] == bot
        && create["content"][ROOM_MARKER]["id"] == transaction.to_string().as_str();
    if !ours {
        return Verdict::Foreign;
    }
    match of_type("m.room.member", bot) {
        Some(member) if member["content"]["membership"] == "join" => Verdict::Adopt,
        _ => unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BOT: &str = "@_tallyroom_bot:example.org";

    fn state(sender: &str, id: Ulid, membership: &str) -> Vec<Value> {
        vec![
            json!({"type": "m.room.create", "state_key": "", "sender": sender,
                   "content": {ROOM_MARKER: {"id": id.to_string()}}}),
            json!({"type": "m.room.member", "state_key": BOT, "sender": BOT,
                   "content": {"membership": membership}}),
        ]
    }

    #[test]
    fn our_marked_room_is_adopted() {
        let id = Ulid::new();
        assert_eq!(judge(id, BOT, Some(&state(BOT, id, "join")), 0), Verdict::Adopt);
    }

    #[test]
    fn a_room_that_someone_else_made_is_never_touched() {
        let id = Ulid::new();
        let theirs = state("@mallory:example.org", id, "join");
        assert_eq!(judge(id, BOT, Some(&theirs), 999_999), Verdict::Foreign);
        let other = state(BOT, Ulid::new(), "join");
        assert_eq!(judge(id, BOT, Some(&other), 999_999), Verdict::Foreign);
    }

    #[test]
    fn an_unreadable_room_is_replaced_after_a_timeout() {
        let id = Ulid::new();
        assert_eq!(judge(id, BOT, None, CREATION_TIMEOUT_MS - 1), Verdict::Wait);
        assert_eq!(judge(id, BOT, None, CREATION_TIMEOUT_MS), Verdict::Replace);
        assert_eq!(judge(id, BOT, Some(&[]), CREATION_TIMEOUT_MS), Verdict::Replace);
        let left = state(BOT, id, "leave");
        assert_eq!(judge(id, BOT, Some(&left), CREATION_TIMEOUT_MS), Verdict::Replace);
    }
}
