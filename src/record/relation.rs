//! What an event refers to (Client-Server API, "Forwarding of relationships between events").

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::{self, without_nul};
use super::plain_text::QuoteBefore;

/// A reference from one event to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// How it refers.
    pub kind: RelationKind,
    /// To which event.
    pub event_id: String,
    /// The emoji of a reaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Within a thread: the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
}

/// How an event refers to another.
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
    /// `m.reference`, and whatever we do not know.
    Reference,
}

impl Relation {
    /// To `event_id`.
    pub(super) fn to(kind: RelationKind, event_id: String) -> Self {
        Self { kind, event_id, key: None, in_reply_to: None }
    }

    /// From `m.relates_to`; none if that is missing or makes no sense.
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
        // A client that does not know threads is shown a reply that nobody wrote.
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

    /// Whether it is an edit or redaction, which counts only from whoever may change the target.
    pub fn changes_its_target(&self) -> bool {
        matches!(self.kind, RelationKind::Edit | RelationKind::Redaction)
    }

    /// Whether the words may begin with a quote of what they answer.
    pub(super) fn quote_before(&self) -> QuoteBefore {
        match self.kind {
            RelationKind::Reply => QuoteBefore::Expected,
            _ if self.in_reply_to.is_some() => QuoteBefore::Expected,
            // Whether it answers something says only the message that it replaces; a message in a
            // thread may carry the quote for clients that do not know threads.
            RelationKind::Edit | RelationKind::Thread => QuoteBefore::Perhaps,
            _ => QuoteBefore::Never,
        }
    }
}
