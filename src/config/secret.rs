//! A text that is never printed, such as a token or an API key.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The text that the sample files contain in place of a secret. A file that still has it is
/// refused.
pub const PLACEHOLDER: &str = "CHANGE_ME";

/// A secret text. It does not implement `Display`; `Debug` and `Serialize` hide the text.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text itself. When a secret leaks, look at the callers of this function.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is this secret, compared in constant time.
    ///
    /// The digests are compared instead of the texts, so that the time does not depend on the
    /// length.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let ours = Sha256::digest(self.0.as_bytes());
        let theirs = Sha256::digest(candidate);
        ours.as_slice().ct_eq(theirs.as_slice()).into()
    }

    /// Whether the text still contains the placeholder of the samples.
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
