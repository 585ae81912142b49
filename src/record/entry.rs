//! Entries of the record, and the rules on what one entry may change about another.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{Attachment, CLOCK_TOLERANCE_MS, Kind, MembershipChange, Relation, RelationKind, Role};

/// An entry: a fixed part, which the chain covers, and a part that is derived from the raw event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The part that the chain covers.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// The SHA-256, in hex, of [`Fixed`] and the hash of the entry before; see [`super::chain`].
    pub hash: String,
    /// Why the raw event and the derived part were erased; none if they were not.
    pub erased: Option<Erased>,
    /// The place in the reading order, in milliseconds since 1970; see [`sort_at`]. Bundles that were
    /// exported before 0.1.0 call it `read_at`.
    #[serde(alias = "read_at")]
    pub sort_at: i64,
    /// The sender's display name in the room, as known when the event was received.
    pub display_name: Option<String>,
    /// The kind of the entry.
    pub kind: Kind,
    /// The text that a person reads, without markup.
    pub text: Option<String>,
    /// The same text as sanitised HTML.
    pub html: Option<String>,
    /// The event that this event refers to.
    pub relates_to: Option<Relation>,
    /// The files in the event.
    pub attachments: Vec<Attachment>,
    /// The change of a membership or a display name.
    pub membership: Option<MembershipChange>,
    /// What is unusual about the event, for the reader.
    pub remark: Option<String>,
    /// The event id of the redaction that removed the event from the room, or
    /// [`REDACTED_BEFORE_ARRIVAL`].
    pub redacted_by: Option<String>,
    /// The time since which the homeserver no longer has the event, in milliseconds since 1970.
    pub absent_since: Option<i64>,
}

impl Entry {
    /// Whether it is a line of the conversation between people. The queries of the store use the same rule.
    pub fn is_line(&self) -> bool {
        self.fixed.party != "bot" && self.kind.role() == Role::Line
    }
}

/// The part of an entry that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// The ULID of the transaction.
    pub transaction: String,
    /// The number of the entry. It counts from 1 within the transaction, without gaps, in the order
    /// of receipt.
    pub seq: i64,
    /// The Matrix room.
    pub room_id: String,
    /// The event id; `sha256:…` of the event's bytes if it has none.
    pub event_id: String,
    /// The Matrix event type; empty if the event has none.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The Matrix user who sent the event; empty if the event names none.
    pub sender: String,
    /// The sender's party: `buyer`, `seller`, `bot` or `other`, as the shop stated it when the event
    /// was received.
    pub party: String,
    /// The time that the sender's homeserver states, in milliseconds since 1970; 0 if it states
    /// none.
    pub sent_at: i64,
    /// The time of receipt by our clock, in milliseconds since 1970.
    pub received_at: i64,
    /// How the event was received: `push`, `sync` or `backfill`.
    pub source: String,
    /// The SHA-256, in hex, of the salt and the raw event; see
    /// [`content_digest`](super::digest::content_digest).
    pub content: String,
}

/// In [`Entry::redacted_by`]: the event was redacted before it was received, so the id of the
/// redaction is unknown.
pub const REDACTED_BEFORE_ARRIVAL: &str = "";

/// Returns the event id of the redaction that `redacted_by` names, if it names one.
pub fn named_redaction(redacted_by: Option<&str>) -> Option<&str> {
    redacted_by.filter(|event_id| *event_id != REDACTED_BEFORE_ARRIVAL)
}

/// Why the content of an entry was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erased {
    /// The redaction with this event id removed the event from the room.
    Redacted(String),
    /// The content of the sender was erased on request.
    Forgotten,
}

impl Erased {
    /// The form in the database.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Redacted(event_id) => event_id,
            Self::Forgotten => "forgotten",
        }
    }

    /// Reads the form in the database.
    pub fn from_text(text: &str) -> Self {
        match text {
            "forgotten" => Self::Forgotten,
            event_id => Self::Redacted(event_id.to_owned()),
        }
    }
}

/// What happens to content that is redacted in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactionPolicy {
    /// The content is erased. The sender, the time and the hash stay.
    Honour,
    /// The content is kept, and the entry is marked as redacted.
    Retain,
}

impl RedactionPolicy {
    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Honour => "honour",
            Self::Retain => "retain",
        }
    }
}

/// Returns the place of an event in the reading order, in milliseconds since 1970.
///
/// This is the time that the sender's homeserver states. If that time cannot be true, because it is
/// before the transaction was made or after the event was received (by more than
/// [`CLOCK_TOLERANCE_MS`]), it is the time of receipt. The order of receipt does not matter.
pub fn sort_at(fixed: &Fixed) -> i64 {
    let made = Ulid::from_string(&fixed.transaction).map_or(0, |id| id.timestamp_ms());
    let earliest = i64::try_from(made).unwrap_or(i64::MAX).saturating_sub(CLOCK_TOLERANCE_MS);
    let latest = fixed.received_at.saturating_add(CLOCK_TOLERANCE_MS);
    if (earliest..=latest).contains(&fixed.sent_at) { fixed.sent_at } else { fixed.received_at }
}

/// Returns whether the sender of a redaction may remove what `author` sent. Only the author and the
/// bot may. (Homeservers check this as well, but the record must not depend on them.)
pub fn may_redact(redactor: &str, redactor_party: &str, author: &str) -> bool {
    redactor == author || redactor_party == "bot"
}

/// Returns why an edit, a redaction, a vote or the end of a poll has no effect on the entry that it
/// names, or none if it has an effect. See Client-Server API, "Validity of replacement events".
pub fn objection(entry: &Entry, target: &Entry) -> Option<&'static str> {
    let relation = entry.relates_to.as_ref()?;
    let (fixed, other) = (&entry.fixed, &target.fixed);
    match relation.kind {
        RelationKind::Redaction if !may_redact(&fixed.sender, &fixed.party, &other.sender) => {
            Some("a redaction by somebody who did not write the message; it counts for nothing")
        }
        RelationKind::Edit if fixed.sender != other.sender => {
            Some("an edit by somebody who did not write the message; it counts for nothing")
        }
        RelationKind::Edit if target.kind == Kind::Edit => {
            Some("an edit of an edit; it counts for nothing")
        }
        RelationKind::Edit if fixed.event_type != other.event_type => {
            Some("an edit of something else than a message of its kind; it counts for nothing")
        }
        RelationKind::Edit if entry.kind == Kind::Malformed => {
            Some("an edit that cannot be understood; it counts for nothing")
        }
        RelationKind::Reference if matches!(entry.kind, Kind::PollResponse | Kind::PollEnd) => {
            objection_in_poll(entry, target)
        }
        _ => None,
    }
}

/// The objection to a vote after the end of its poll (MSC3381).
pub const VOTE_TOO_LATE: &str = "a vote after the end of the poll; it counts for nothing";

/// Applies the rules for polls (MSC3381): only a person who may redact the poll may end it, that is
/// its author or the bot.
fn objection_in_poll(entry: &Entry, target: &Entry) -> Option<&'static str> {
    let (fixed, other) = (&entry.fixed, &target.fixed);
    if target.kind != Kind::PollStart {
        return Some("it names something that is no poll; it counts for nothing");
    }
    let may_end = may_redact(&fixed.sender, &fixed.party, &other.sender);
    (entry.kind == Kind::PollEnd && !may_end)
        .then_some("an end of a poll by somebody who did not begin it; it counts for nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_cannot_be_right_does_not_decide_the_order() {
        let (made, received) = (1_000_000_000_000, 1_000_000_900_000);
        let mut fixed = Fixed {
            transaction: Ulid::from_parts(1_000_000_000_000, 7).to_string(),
            seq: 1,
            room_id: "!r:x".to_owned(),
            event_id: "$e".to_owned(),
            event_type: "m.room.message".to_owned(),
            sender: "@a:x".to_owned(),
            party: "buyer".to_owned(),
            sent_at: 1_000_000_500_000,
            received_at: received,
            source: "push".to_owned(),
            content: String::new(),
        };
        assert_eq!(sort_at(&fixed), 1_000_000_500_000);
        for wrong in [0, -1, i64::MIN, i64::MAX, made - 400_000, received + 400_000] {
            fixed.sent_at = wrong;
            assert_eq!(sort_at(&fixed), received, "{wrong}");
        }
    }
}
