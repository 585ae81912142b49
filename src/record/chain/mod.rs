//! The hash chain: each entry commits to the one before it, to what is fixed about it, and to a
//! digest of its content.
//!
//! `content` = SHA-256(salt ‖ U+0000 ‖ raw event). The salt is random and is erased together with
//! the raw event, so that nobody can find out erased words by guessing.
//!
//! `hash` = SHA-256(canonical JSON of `{"previous": hash of the entry before, "version": 1}` and
//! the fields of [`Fixed`]), with canonical JSON as in the Matrix specification ("Canonical
//! JSON"). The first entry's `previous` is empty. Content that is erased leaves the chain whole.
//!
//! What was done to the record beside it (revisions, files, erasures) is a second chain, of
//! [`super::acts`]. A [`Head`] is the end of both.

mod checker;

pub use checker::{Checker, Outdated};

use serde::{Deserialize, Serialize};

use super::digest::canonical_digest;
use super::entry::{Entry, Fixed};

/// Version of the chain's format.
const VERSION: i64 = 1;

#[derive(Serialize)]
struct Link<'a> {
    version: i64,
    previous: &'a str,
    #[serde(flatten)]
    fixed: &'a Fixed,
}

/// The hash of the entry with this fixed part that follows the entry with the hash `previous`.
pub fn link(previous: &str, fixed: &Fixed) -> String {
    // All numbers in it are times and counts, far below 2^53; see `derive` for sent_at.
    canonical_digest(&Link { version: VERSION, previous, fixed })
}

/// The last links of a record's two chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Of the last entry; 0 if there is none.
    pub seq: i64,
    /// Of the last entry; empty if there is none.
    pub hash: String,
    /// Number of the last act; 0 if there is none, or if the head is from before there were any.
    #[serde(default)]
    pub acts: i64,
    /// Hash of the last act; empty if there is none.
    #[serde(default)]
    pub acts_hash: String,
}

impl Head {
    /// How many links it covers, of both chains.
    pub fn links(&self) -> i64 {
        self.seq + self.acts
    }
}

/// An entry with everything that proves it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// None once erased.
    pub salt: Option<String>,
    /// None once erased.
    pub raw: Option<String>,
    /// Version of the derivation that its derived part is from.
    pub derivation: i64,
    /// Which send of ours it is, as derived.
    pub marker: Option<String>,
}

#[cfg(test)]
mod tests;
