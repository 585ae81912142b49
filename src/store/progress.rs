//! What a step of deriving or indexing did, in one tx.

/// What deriving or indexing achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of entries that were written or indexed.
    pub entries: usize,
    /// Whether a record was left out because somebody else was writing it.
    pub left_out: bool,
}
