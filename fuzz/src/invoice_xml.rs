//! Any bytes as an invoice in UBL or CII: reading it is quick and ends in bounded words or in an
//! invoice; what is accepted is read again as it was written, settles to itself, fits into the
//! events of a room, and can be shown with what the file says beyond our model.

use tallyroom::invoice::{Further, read_file};
use tallyroom::transaction::{Accompaniment, Patch, Submission};

use super::accepted::{are_told, hold};

/// Fails if something of that does not hold.
pub fn check(file: &[u8]) {
    let further = Further::of_file(file);
    if let Err(problems) = read_file(file) {
        are_told(&problems);
        assert!(Patch::from_file(file, None).is_err());
    }
    let with = Accompaniment::default();
    match Submission::from_file(file, with).and_then(Submission::accept) {
        Ok(accepted) => hold(None, &accepted.terms, &accepted.warnings, further),
        Err(problems) => are_told(&problems),
    }
}
