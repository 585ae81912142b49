//! Canonical JSON and digests, from which the links of the chains are made.

use ruma::canonical_json::to_canonical_value;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Returns the SHA-256, in hex, of the salt, U+0000 and the raw event.
pub fn content_digest(salt: &str, raw: &str) -> String {
    format!("{:x}", Sha256::new().chain_update(salt).chain_update([0]).chain_update(raw).finalize())
}

/// Returns the SHA-256, in hex, of the canonical JSON of a value.
pub(super) fn canonical_digest<T: Serialize>(value: &T) -> String {
    digest(&canonical(value))
}

/// Returns the SHA-256, in hex, of a text.
pub(super) fn digest(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// Returns a value as canonical JSON. Canonical JSON allows no fractions and no numbers beyond 2^53.
/// A value that holds one is written as JSON with sorted keys instead, which is deterministic too.
pub fn canonical<T: Serialize>(value: &T) -> String {
    to_canonical_value(value).map(|value| value.to_string()).unwrap_or_else(|_| {
        serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default()
    })
}
