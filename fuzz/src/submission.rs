//! Any bytes as the body of `POST /api/v1/transactions` and of a `PATCH`: a refusal says in bounded
//! words what is wrong where, and what is accepted is read again as it was written, settles to
//! itself, fits into the events of a room, and can be shown.

use std::sync::OnceLock;

use tallyroom::invoice::Further;
use tallyroom::transaction::{Patch, Submission, Terms};

use super::accepted::{are_told, hold};

/// Fails if something of that does not hold.
pub fn check(body: &[u8]) {
    match Submission::from_json(body).and_then(Submission::accept) {
        Ok(accepted) => {
            assert!(!accepted.external_id.is_empty());
            hold(
                None,
                &accepted.terms,
                &accepted.warnings,
                Further::of_invoice(&accepted.terms.invoice.clone().into()),
            );
        }
        Err(problems) => are_told(&problems),
    }
    let patch = match Patch::from_json(body) {
        Ok(patch) => patch,
        Err(problems) => return are_told(&problems),
    };
    match patch.clone().apply(sample(), &[]) {
        Ok((terms, warnings)) => {
            hold(
                Some(sample()),
                &terms,
                &warnings,
                Further::of_invoice(&terms.invoice.clone().into()),
            );
            let (again, _) = patch.apply(&terms, &[]).expect("it was applied");
            assert_eq!(again, terms, "the same patch once more changes something");
        }
        Err(problems) => are_told(&problems),
    }
}

/// What is patched.
fn sample() -> &'static Terms {
    static SAMPLE: OnceLock<Terms> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let body = include_bytes!("../seeds/submission/whole");
        let submission = Submission::from_json(body).expect("it can be read");
        submission.accept().expect("it is accepted").terms
    })
}
