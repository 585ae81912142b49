//! The aliases of rooms.

use rand::distr::{Alphanumeric, SampleString};

use crate::names::NAMESPACE_PREFIX;

/// Returns a random local part for an alias, which nobody can guess.
pub fn new_alias() -> String {
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 24).to_lowercase();
    format!("{NAMESPACE_PREFIX}{secret}")
}
