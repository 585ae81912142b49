//! Caches what the page shows of revisions, so that it is read only once for all visitors.

use super::model::{ReadInvoice, Revision};
use crate::store::{ReadOnce, Weight};

/// What was read so far, by transaction and revision.
#[derive(Debug, Default)]
pub struct Readings {
    pub(super) invoices: ReadOnce<ReadInvoice>,
    pub(super) history: ReadOnce<Vec<Revision>>,
}

impl Weight for ReadInvoice {
    fn weight(&self) -> usize {
        self.further.terms.len() + self.further.left_over.listed.len() + self.files.len()
    }
}

impl Weight for Vec<Revision> {
    fn weight(&self) -> usize {
        self.iter().map(|revision| revision.changes.len() + 1).sum()
    }
}
