//! What is read out of revisions for the page, once for all who look at it.

use std::sync::Arc;

use super::model::Revision;
use crate::invoice::Term;
use crate::store::{ReadOnce, Weight};

/// What the original file of a revision says beyond our model; none: there is no file.
pub(super) type Further = Arc<Option<Vec<Term>>>;

/// What was read so far.
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
        self.iter().map(|it| it.changes.len() + 1).sum()
    }
}
