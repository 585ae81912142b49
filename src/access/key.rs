//! The text of a key that `tallyroom key` makes: `tally_`, 36 random letters and digits, and a checksum.
//!
//! The fixed beginning and the checksum let scanners find such a key in source code and logs, and tell it
//! from other words. The form is `tally_[0-9A-Za-z]{42}`.

use std::fmt;

use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

/// What each key begins with.
const PREFIX: &str = "tally_";
/// The number of random letters and digits: 214 bits.
const RANDOM_CHARS: usize = 36;
/// The number of letters and digits of the checksum, which hold 32 bits.
const CHECKSUM_CHARS: usize = 6;
/// The digits of the checksum, in the order of their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The text of a new key. It is shown once, and `Debug` hides it.
#[derive(Clone)]
pub struct KeyText(String);

impl KeyText {
    /// Makes a new key.
    pub fn random() -> Self {
        let random = Alphanumeric.sample_string(&mut rand::rng(), RANDOM_CHARS);
        let body = format!("{PREFIX}{random}");
        let checksum = checksum(&body);
        Self(format!("{body}{checksum}"))
    }

    /// Returns the text itself, to show it to the person who asked for the key.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns what is stored of the key.
    pub fn digest(&self) -> String {
        digest_of(&self.0)
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(…)")
    }
}

/// Returns the digest by which a key is found, or `None` for a text that cannot be one of our keys. So a
/// mistyped key, or one of another kind, costs no look into the database.
pub fn digest(candidate: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(candidate).ok()?;
    let random = text.strip_prefix(PREFIX)?;
    let is_whole = random.len() == RANDOM_CHARS + CHECKSUM_CHARS
        && random.bytes().all(|it| it.is_ascii_alphanumeric());
    let (body, end) = text.split_at_checked(PREFIX.len() + RANDOM_CHARS)?;
    (is_whole && checksum(body) == end).then(|| digest_of(text))
}

/// SHA-256, in hexadecimal digits. A slow hash would not protect a key better: with 214 random bits, nobody
/// can try them all, and a slow hash at each call would only slow down the shop. For the same reason there
/// is no salt, so that a key can be found by its digest.
fn digest_of(key: &str) -> String {
    format!("{:x}", Sha256::digest(key))
}

/// Returns the first 32 bits of the SHA-256 of `body`, as six digits to the base 62.
fn checksum(body: &str) -> String {
    let hash = Sha256::digest(body);
    let mut rest = hash.iter().take(4).fold(0, |bits: u32, byte| (bits << 8) | u32::from(*byte));
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get(rest as usize % DIGITS.len()).copied().unwrap_or(b'0');
        rest /= DIGITS.len() as u32;
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_key_has_the_form_that_scanners_look_for() {
        let (one, other) = (KeyText::random(), KeyText::random());
        assert_ne!(one.expose(), other.expose());
        for key in [one, other] {
            let random = key.expose().strip_prefix("tally_").unwrap();
            assert_eq!(random.len(), 42);
            assert!(random.bytes().all(|it| it.is_ascii_alphanumeric()), "{random}");
            assert_eq!(digest(key.expose().as_bytes()), Some(key.digest()));
            assert_eq!(format!("{key:?}"), "KeyText(…)");
        }
    }

    #[test]
    fn the_checksum_and_the_digest_never_change() {
        // Computed with another program, from the words in the documents.
        let body = "tally_0123456789abcdefghijABCDEFGHIJ012345";
        assert_eq!(checksum(body), "0JEBUr");
        let key = format!("{body}0JEBUr");
        assert_eq!(
            digest(key.as_bytes()).as_deref(),
            Some("6f6aaba86122b869cea7d6935ffde3f1e7f3f4478060e5da2d3a6c31abba00c9")
        );
    }

    #[test]
    fn a_mistyped_key_is_no_key_of_ours() {
        let key = KeyText::random();
        let key = key.expose();
        for place in 0..key.len() {
            let mut wrong = key.as_bytes().to_vec();
            wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
            assert_eq!(digest(&wrong), None, "place {place}");
        }
        for wrong in ["", "tally_", &key[1..], &key[..47], &format!("{key}0"), "tally_ä"] {
            assert_eq!(digest(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(digest(b"tally_\xff"), None);
    }
}
