//! The record of a transaction: derives entries from raw room events and checks the two chains. It
//! does no I/O.

pub mod acts;
mod attachment;
pub mod chain;
mod clock;
mod conversation;
mod derive;
pub mod digest;
mod duplicates;
mod entry;
mod event;
mod extensible;
mod fault;
mod kind;
mod markup;
mod message;
mod name;
mod plain_text;
mod poll;
mod readings;
mod rederive;
mod relation;
mod remark;
mod state;

#[cfg(test)]
mod tests;

pub use attachment::{Attachment, AttachmentKey, address_of, key_in};
pub use clock::{CLOCK_TOLERANCE_MS, times_differ};
pub use conversation::{Line, conversation};
pub use derive::{DERIVATION_VERSION, derive};
pub use entry::{
    Entry, Erased, Fixed, REDACTED_BEFORE_ARRIVAL, RedactionPolicy, VOTE_TOO_LATE, may_redact,
    named_redaction, objection, sort_at,
};
pub use fault::{Fault, Place};
pub use kind::{Kind, Role};
pub use name::{MAX_NAME_CHARS, plain_name, self_chosen_name};
pub use poll::{Ballots, Choice, Poll, in_words};
pub use readings::{all_words, other_reading};
pub use rederive::{Change, Rederived, rederive};
pub use relation::{Relation, RelationKind};
pub use remark::{Remark, remarks_in};
pub use state::MembershipChange;

use serde::Serialize;

/// What is derived from one raw event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Derived {
    /// The event's type; empty if the event has none that can be read.
    pub event_type: String,
    /// The Matrix user who sent the event.
    pub sender: Option<String>,
    /// `origin_server_ts`, in milliseconds since 1970; 0 if it cannot be read.
    pub sent_at: i64,
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
    /// What is unusual about the event, for the reader.
    pub remark: Option<String>,
    /// The change of a membership or a display name.
    pub membership: Option<MembershipChange>,
    /// The id of our send (`sends.send_id`), if we sent the event.
    pub marker: Option<String>,
    /// Whether the content was removed before the event was received.
    pub redacted: bool,
}
