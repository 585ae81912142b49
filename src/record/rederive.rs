//! Derives an entry again that an earlier version of the derivation wrote.

use super::chain::Evidence;
use super::{Entry, derive};

/// The result of deriving an entry again.
#[derive(Clone, Debug)]
pub struct Rederived {
    /// The entry with its new derived part.
    pub entry: Entry,
    /// The id of our send, if we sent the event.
    pub marker: Option<String>,
    /// The fields that differ from the stored entry.
    pub changes: Vec<Change>,
}

/// A derived field with another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name of the field.
    pub field: &'static str,
    /// The stored value, as JSON.
    pub before: String,
    /// The new value, as JSON.
    pub after: String,
}

/// Derives an entry again, or returns none if its content was erased.
pub fn rederive(evidence: &Evidence) -> Option<Rederived> {
    let raw = evidence.raw.as_deref()?;
    let old = &evidence.entry;
    let derived = derive(raw);
    let mut changes = Vec::new();
    macro_rules! compare {
        ($($field:ident: $before:expr, $after:expr;)*) => {$(
            if $before != $after {
                let field = stringify!($field);
                changes.push(Change { field, before: json(&$before), after: json(&$after) });
            }
        )*};
    }
    compare! {
        kind: old.kind, derived.kind;
        text: old.text, derived.text;
        html: old.html, derived.html;
        relates_to: old.relates_to, derived.relates_to;
        attachments: old.attachments, derived.attachments;
        membership: old.membership, derived.membership;
        remark: old.remark, derived.remark;
        marker: evidence.marker, derived.marker;
    }
    let entry = Entry {
        kind: derived.kind,
        text: derived.text,
        html: derived.html,
        relates_to: derived.relates_to,
        attachments: derived.attachments,
        membership: derived.membership,
        remark: derived.remark,
        ..old.clone()
    };
    Some(Rederived { entry, marker: derived.marker, changes })
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
