//! An event that is to be written.

use serde_json::Value;

use super::EventKind;

/// An event that a tx tells of. What the subject and the detail are is said at each [`EventKind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The id of the transaction.
    pub transaction: String,
    /// What it tells of.
    pub kind: EventKind,
    /// The number of what it is about.
    pub subject: Option<i64>,
    /// JSON without any words of people, because nothing of it is ever erased.
    pub detail: Option<String>,
}

impl NewEvent {
    /// Makes an event without subject and detail.
    pub fn of(kind: EventKind, transaction: impl ToString) -> Self {
        Self { transaction: transaction.to_string(), kind, subject: None, detail: None }
    }

    /// Adds the number of what it is about.
    #[must_use]
    pub fn about(self, subject: i64) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(self, detail: &Value) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }
}
