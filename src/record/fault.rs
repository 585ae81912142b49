//! The fault that a check of a record reports.

use std::fmt;

/// The part of a record that has a fault.
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
    /// The payment with this id.
    Payment(String),
    /// What the bundle states about the transaction as a whole.
    Transaction,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(seq) => write!(f, "entry {seq}"),
            Self::Act(number) => write!(f, "act {number}"),
            Self::Revision(number) => write!(f, "revision {number}"),
            Self::File(source) => write!(f, "file {source}"),
            Self::Payment(id) => write!(f, "payment {id}"),
            Self::Transaction => f.write_str("transaction"),
        }
    }
}

/// A fault of a record. It is shown as a sentence with the place as its subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// The first place with a fault.
    pub place: Place,
    /// What is wrong there.
    pub what: String,
}

impl Fault {
    /// Returns a fault at this place.
    pub fn at(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }

    /// Returns a fault at the entry with this seq.
    pub(super) fn entry(seq: i64, what: impl Into<String>) -> Self {
        Self::at(Place::Entry(seq), what)
    }
}
