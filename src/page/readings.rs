//! Caches what the page shows of revisions, so that it is read only once for all visitors.

use std::sync::Arc;

use super::model::Revision;
use crate::invoice::Term;
use crate::store::{ReadOnce, Weight};

/// The terms in the original file of a revision that our model does not have; `None` if there is no
/// file.
pub(super) type FurtherTerms = Arc<Option<Vec<Term>>>;

/// What was read so far, by transaction and revision.
#[derive(Debug, Default)]
pub struct Readings {
    pub(super) further: ReadOnce<Option<Vec<Term>>>,
    pub(super) history: ReadOnce<Vec<Revision>>,
}

impl Weight for Option<Vec<Term>> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Vec::len)
    }
}

impl Weight for Vec<Revision> {
    fn weight(&self) -> usize {
        self.iter().map(|revision| revision.changes.len() + 1).sum()
    }
}
