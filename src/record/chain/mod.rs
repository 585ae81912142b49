//! The hash chain of entries: the hash of each entry covers the hash before it and its fixed part,
//! which includes a digest of its content.
//!
//! `content` = SHA-256(salt ‖ U+0000 ‖ raw event). The salt is random and is erased together with
//! the raw event, so that nobody can find out erased text by guessing.
//!
//! `hash` = SHA-256(canonical JSON of `{"previous": hash of the entry before, "version": 1}` and
//! the fields of [`Fixed`]), with canonical JSON as in the Matrix specification ("Canonical
//! JSON"). The first entry's `previous` is empty. The chain stays valid when content is erased.
//!
//! The acts on the record (revisions, files, erasures) are a second chain, in [`super::acts`]. A
//! [`Head`] is the end of both.

mod checker;

pub use checker::{Checker, Outdated};

use serde::{Deserialize, Serialize};

use super::digest::digest;
use super::entry::{Entry, Fixed};

/// The version of the chain's format.
const VERSION: i64 = 1;

/// What is hashed. The fields stand in the order of their names, so that their JSON is canonical as it is written.
#[derive(Serialize)]
struct Link<'a> {
    content: &'a str,
    event_id: &'a str,
    party: &'a str,
    previous: &'a str,
    received_at: i64,
    room_id: &'a str,
    sender: &'a str,
    sent_at: i64,
    seq: i64,
    source: &'a str,
    transaction: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    version: i64,
}

/// Returns the hash of the entry with this fixed part that follows the entry with the hash
/// `previous`.
pub fn link(previous: &str, fixed: &Fixed) -> String {
    // Canonical JSON allows all these numbers: they are times and counts below 2^53. `derive` ignores
    // a greater `sent_at`.
    digest(&link_json(previous, fixed))
}

/// Returns what is hashed, as canonical JSON.
fn link_json(previous: &str, fixed: &Fixed) -> String {
    let link = Link {
        content: &fixed.content,
        event_id: &fixed.event_id,
        party: &fixed.party,
        previous,
        received_at: fixed.received_at,
        room_id: &fixed.room_id,
        sender: &fixed.sender,
        sent_at: fixed.sent_at,
        seq: fixed.seq,
        source: &fixed.source,
        transaction: &fixed.transaction,
        event_type: &fixed.event_type,
        version: VERSION,
    };
    // Texts and numbers can always be written.
    serde_json::to_string(&link).unwrap_or_default()
}

/// The last links of a record's two chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The seq of the last entry; 0 if there is none.
    pub seq: i64,
    /// The hash of the last entry; empty if there is none.
    pub hash: String,
    /// The number of the last act; 0 if there is none, or if the head is older than acts are.
    #[serde(default)]
    pub acts: i64,
    /// The hash of the last act; empty if there is none.
    #[serde(default)]
    pub acts_hash: String,
}

impl Head {
    /// Returns the number of links of both chains.
    pub fn links(&self) -> i64 {
        self.seq + self.acts
    }
}

/// An entry with everything that is needed to check it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// The salt of the content digest; none once it is erased.
    pub salt: Option<String>,
    /// The raw event; none once it is erased.
    pub raw: Option<String>,
    /// The version of the derivation that wrote the derived part.
    pub derivation: i64,
    /// The derived id of our send, if we sent the event.
    pub marker: Option<String>,
}

#[cfg(test)]
mod tests;
