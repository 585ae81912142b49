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

use std::fmt;

use ruma::canonical_json::to_canonical_value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

/// SHA-256, hex, of a raw event and its salt.
pub fn content_digest(salt: &str, raw: &str) -> String {
    format!("{:x}", Sha256::new().chain_update(salt).chain_update([0]).chain_update(raw).finalize())
}

/// The hash of the entry with this fixed part that follows the entry with the hash `previous`.
pub fn link(previous: &str, fixed: &Fixed) -> String {
    // All numbers in it are times and counts, far below 2^53; see `derive` for sent_at.
    canonical_digest(&Link { version: VERSION, previous, fixed })
}

/// SHA-256, hex, of the canonical JSON of a value.
pub(super) fn canonical_digest<T: Serialize>(value: &T) -> String {
    format!("{:x}", Sha256::digest(canonical(value)))
}

/// Canonical JSON. It knows no fractions and no numbers beyond 2^53: a value that holds one is
/// written as JSON with sorted keys, which is as fixed.
pub fn canonical<T: Serialize>(value: &T) -> String {
    to_canonical_value(value).map(|value| value.to_string()).unwrap_or_else(|_| {
        serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default()
    })
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

/// Which part of a record fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The entry with this seq.
    Entry(i64),
    /// The act with this number.
    Act(i64),
    /// The revision with this number.
    Revision(i64),
    /// The file with this source.
    File(String),
    /// What the bundle says of the transaction as a whole.
    Transaction,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(seq) => write!(f, "entry {seq}"),
            Self::Act(number) => write!(f, "act {number}"),
            Self::Revision(number) => write!(f, "revision {number}"),
            Self::File(source) => write!(f, "file {source}"),
            Self::Transaction => f.write_str("transaction"),
        }
    }
}

/// Where a record fails, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// The first place that fails.
    pub place: Place,
    /// In words.
    pub what: String,
}

impl Fault {
    /// This place fails.
    pub fn at(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }

    fn entry(seq: i64, what: impl Into<String>) -> Self {
        Self::at(Place::Entry(seq), what)
    }
}

#[cfg(test)]
mod tests;
