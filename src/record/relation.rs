//! Reads which other event an event refers to (Client-Server API, "Forming relationships between
//! events").

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::{self, without_nul};
use super::plain_text::QuoteBefore;

/// A reference from one event to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// The kind of the reference.
    pub kind: RelationKind,
    /// The id of the event that is referred to.
    pub event_id: String,
    /// The emoji of a reaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The message that this message answers within a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
}

/// The kind of a reference between events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// `m.replace`.
    Edit,
    /// `m.in_reply_to`.
    Reply,
    /// `m.thread`.
    Thread,
    /// `m.annotation`.
    Reaction,
    /// `m.room.redaction`.
    Redaction,
    /// `m.reference`, or any type that is not known here.
    Reference,
}

impl Relation {
    /// Returns a relation to `event_id`, without further fields.
    pub(super) fn to(kind: RelationKind, event_id: String) -> Self {
        Self { kind, event_id, key: None, in_reply_to: None }
    }

    /// Reads `m.relates_to`; none if it is missing or names no event.
    pub(super) fn read(content: &Map<String, Value>) -> Option<Self> {
        let relates_to = content.get("m.relates_to")?.as_object()?;
        let text = |key: &str| relates_to.get(key).and_then(Value::as_str).map(without_nul);
        let in_reply_to = relates_to
            .get("m.in_reply_to")
            .and_then(|reply| reply.get("event_id"))
            .and_then(Value::as_str)
            .and_then(event::id);
        let target = relates_to.get("event_id").and_then(Value::as_str).and_then(event::id);
        let (Some(rel_type), Some(event_id)) = (text("rel_type"), target) else {
            return Some(Self::to(RelationKind::Reply, in_reply_to?));
        };
        // The reply is then only a fallback for clients without threads, and nobody wrote it.
        let falls_back = relates_to.get("is_falling_back").and_then(Value::as_bool) == Some(true);
        let (kind, in_reply_to) = match rel_type.as_str() {
            "m.replace" => (RelationKind::Edit, None),
            "m.annotation" => (RelationKind::Reaction, None),
            "m.thread" => (RelationKind::Thread, in_reply_to.filter(|_| !falls_back)),
            _ => (RelationKind::Reference, in_reply_to),
        };
        let key = text("key").filter(|_| kind == RelationKind::Reaction);
        Some(Self { kind, event_id, key, in_reply_to })
    }

    /// Returns whether this is an edit or a redaction. Both have an effect only if their sender may
    /// change the target.
    pub fn changes_its_target(&self) -> bool {
        matches!(self.kind, RelationKind::Edit | RelationKind::Redaction)
    }

    /// Returns whether the text may begin with a quote of the message that it answers.
    pub(super) fn quote_before(&self) -> QuoteBefore {
        match self.kind {
            RelationKind::Reply => QuoteBefore::Expected,
            _ if self.in_reply_to.is_some() => QuoteBefore::Expected,
            // Only the replaced message shows whether an edit belongs to a reply. A message in a
            // thread may contain the quote for clients without threads.
            RelationKind::Edit | RelationKind::Thread => QuoteBefore::Perhaps,
            _ => QuoteBefore::Never,
        }
    }
}
