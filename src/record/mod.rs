//! The record: what raw room events mean. Pure: no I/O.

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
mod state;

#[cfg(test)]
mod tests;

pub use attachment::{Attachment, AttachmentKey, address_of, key_in};
pub use clock::{CLOCK_TOLERANCE_MS, times_differ};
pub use conversation::{Line, conversation};
pub use derive::{DERIVATION_VERSION, derive};
pub use entry::{
    Entry, Erased, Fixed, RedactionPolicy, VOTE_TOO_LATE, may_redact, objection, sort_at,
};
pub use fault::{Fault, Place};
pub use kind::{Kind, Role};
pub use name::{plain_name, self_chosen_name};
pub use poll::{Ballots, Choice, Poll, in_words};
pub use readings::{OTHER_WORDS, TWO_READINGS, all_words, other_reading};
pub use rederive::{Change, Rederived, rederive};
pub use relation::{Relation, RelationKind};
pub use state::MembershipChange;

use serde::Serialize;

/// What one raw event means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Derived {
    /// As in the event; empty if it has none that can be read.
    pub event_type: String,
    /// Who sent it.
    pub sender: Option<String>,
    /// `origin_server_ts`, milliseconds since 1970; 0 if it cannot be read.
    pub sent_at: i64,
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
    /// What is odd about it.
    pub remark: Option<String>,
    /// Who came, went or changed their name by it.
    pub membership: Option<MembershipChange>,
    /// Which send of ours it is.
    pub marker: Option<String>,
    /// Its content had been removed before it reached us.
    pub redacted: bool,
}
