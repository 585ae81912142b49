//! What links are made of: canonical JSON, and digests of it.

use ruma::canonical_json::to_canonical_value;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256, hex, of a raw event and its salt.
pub fn content_digest(salt: &str, raw: &str) -> String {
    format!("{:x}", Sha256::new().chain_update(salt).chain_update([0]).chain_update(raw).finalize())
}

/// SHA-256, hex, of the canonical JSON of a value.
pub(super) fn canonical_digest<T: Serialize>(value: &T) -> String {
    format!("{:x}", Sha256::digest(canonical(value)))
}

/// Canonical JSON. It knows no fractions and no numbers beyond 2^53: a value that holds one is
/// written as JSON with sorted keys, which is as fixed.
pub fn canonical<T: Serialize>(value: &T) -> String {
    to_canonical_value(value).map(|value| value.to_string()).unwrap_or_else(|_| {
        serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default()
    })
}
