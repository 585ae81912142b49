//! Where a record fails, and how.

use std::fmt;

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

    pub(super) fn entry(seq: i64, what: impl Into<String>) -> Self {
        Self::at(Place::Entry(seq), what)
    }
}
