//! One thing that happened in the room, as the record holds it.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{Attachment, CLOCK_TOLERANCE_MS, Kind, MembershipChange, Relation, RelationKind};

/// An entry: what is fixed for ever (its link in the chain), and what is derived from its raw
/// event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What the chain holds fast.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// SHA-256, hex, over [`Fixed`] and the hash before it; see [`super::chain`].
    pub hash: String,
    /// Why raw event and derived part are gone.
    pub erased: Option<Erased>,
    /// Its place in the reading order, milliseconds since 1970; see [`sort_at`].
    pub sort_at: i64,
    /// The sender's name in the room, as known when the event came.
    pub display_name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// What a person would read, without markup.
    pub text: Option<String>,
    /// The same with markup, safe to show.
    pub html: Option<String>,
    /// What it refers to.
    pub relates_to: Option<Relation>,
    /// Files in it.
    pub attachments: Vec<Attachment>,
    /// Who came, went or changed their name by it.
    pub membership: Option<MembershipChange>,
    /// What is odd about it.
    pub remark: Option<String>,
    /// Event id of the redaction that removed it from the room; empty if it was removed before it
    /// came to us.
    pub redacted_by: Option<String>,
    /// Since when the homeserver no longer has it, milliseconds since 1970.
    pub absent_since: Option<i64>,
}

/// The part of an entry that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// ULID of the transaction.
    pub transaction: String,
    /// Counts from 1 within the transaction, without gaps, in order of receipt.
    pub seq: i64,
    /// Matrix room.
    pub room_id: String,
    /// What identifies the event; `sha256:…` of its bytes if it names no id.
    pub event_id: String,
    /// Matrix event type; empty if it has none.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Matrix user; empty if it names none.
    pub sender: String,
    /// `buyer`, `seller`, `bot` or `other`, as the shop had it when the event came.
    pub party: String,
    /// By the sender's homeserver, milliseconds since 1970; 0 if it names no such time.
    pub sent_at: i64,
    /// By us, milliseconds since 1970.
    pub received_at: i64,
    /// `push`, `sync` or `backfill`.
    pub source: String,
    /// SHA-256, hex, over salt and raw event; see [`super::chain::content_digest`].
    pub content: String,
}

/// Why the content of an entry is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erased {
    /// Redacted in the room, by this event.
    Redacted(String),
    /// Its sender's content was erased on request.
    Forgotten,
}

impl Erased {
    /// As written in the database.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Redacted(event_id) => event_id,
            Self::Forgotten => "forgotten",
        }
    }

    /// From the database.
    pub fn from_text(text: &str) -> Self {
        match text {
            "forgotten" => Self::Forgotten,
            event_id => Self::Redacted(event_id.to_owned()),
        }
    }
}

/// What becomes of content that is redacted in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactionPolicy {
    /// It is erased; sender, time and hash stay.
    Honour,
    /// It is kept and marked.
    Retain,
}

impl RedactionPolicy {
    /// As written in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Honour => "honour",
            Self::Retain => "retain",
        }
    }
}

/// Where an event is read, milliseconds since 1970: at the time that its homeserver states, unless
/// that cannot be true (before the transaction was made, or after we received it). It does not
/// depend on the order of receipt.
pub fn sort_at(fixed: &Fixed) -> i64 {
    let made = Ulid::from_string(&fixed.transaction).map_or(0, |id| id.timestamp_ms());
    let earliest = i64::try_from(made).unwrap_or(i64::MAX).saturating_sub(CLOCK_TOLERANCE_MS);
    let latest = fixed.received_at.saturating_add(CLOCK_TOLERANCE_MS);
    if (earliest..=latest).contains(&fixed.sent_at) { fixed.sent_at } else { fixed.received_at }
}

/// Whether whoever sent a redaction may remove what `author` sent: authors may, and the bot.
/// (Homeservers check that too; a record must not depend on it.)
pub fn may_redact(redactor: &str, redactor_party: &str, author: &str) -> bool {
    redactor == author || redactor_party == "bot"
}

/// Why an edit, a redaction, a vote or the end of a poll counts for nothing, given what it wants to
/// change. None if it counts. Client-Server API, "Validity of replacement events".
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

/// MSC3381: votes after the end do not count.
pub const VOTE_TOO_LATE: &str = "a vote after the end of the poll; it counts for nothing";

/// MSC3381: who began a poll ends it; it may also end by whoever may remove it.
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
    fn a_clock_that_can_not_be_right_does_not_decide_the_order() {
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
