//! A text that must never be printed: tokens and API keys.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the samples carry in place of a secret; a file that still has it is refused.
pub const PLACEHOLDER: &str = "CHANGE_ME";

/// A secret text. It has no `Display`, and both `Debug` and `Serialize` hide it.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Every call is a place to look at when secrets leak.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a caller presented this secret, in a time that tells nothing about it.
    ///
    /// Digests are compared instead of the texts, so that the length does not show either.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let ours = Sha256::digest(self.0.as_bytes());
        let theirs = Sha256::digest(candidate);
        ours.as_slice().ct_eq(theirs.as_slice()).into()
    }

    /// Whether the sample's placeholder was left in place.
    pub fn is_placeholder(&self) -> bool {
        self.0.contains(PLACEHOLDER)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_serialisation_shows_the_text() {
        let secret = Secret::new("canary-0123456789");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(!serde_json::to_string(&secret).unwrap().contains("canary"));
    }

    #[test]
    fn only_the_whole_text_matches() {
        let secret = Secret::new("correct horse");
        assert!(secret.matches(b"correct horse"));
        for other in ["", "correct", "correct horse ", "Correct horse", "horse"] {
            assert!(!secret.matches(other.as_bytes()), "{other:?}");
        }
    }
}
