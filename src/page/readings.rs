//! Caches what the page shows of revisions, so that it is read only once for all visitors.

use super::model::Revision;
use crate::invoice::{Further, OriginalKind};
use crate::store::{ReadOnce, Weight};

/// What a revision says for which the page has no place of its own.
#[derive(Debug, Default)]
pub struct ReadInvoice {
    /// The terms, and what the file says beyond the model.
    pub further: Further,
    /// The kind of the file in which the invoice came, which can be downloaded; `None` if it came as JSON.
    pub original: Option<OriginalKind>,
}

/// What was read so far, by transaction and revision.
#[derive(Debug, Default)]
pub struct Readings {
    pub(super) invoices: ReadOnce<ReadInvoice>,
    pub(super) history: ReadOnce<Vec<Revision>>,
}

impl Weight for ReadInvoice {
    fn weight(&self) -> usize {
        self.further.terms.len() + self.further.left_over.listed.len()
    }
}

impl Weight for Vec<Revision> {
    fn weight(&self) -> usize {
        self.iter().map(|revision| revision.changes.len() + 1).sum()
    }
}
