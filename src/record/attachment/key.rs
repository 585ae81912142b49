//! Reads the keys of encrypted files (Client-Server API, "Sending encrypted attachments").

use std::fmt;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The key and the hash of one encrypted file. They are stored only in the raw event, and are erased
/// together with it.
#[derive(Clone, PartialEq, Eq)]
pub struct AttachmentKey {
    /// The AES-256 key, for counter mode.
    pub key: [u8; 32],
    /// The initial counter block.
    pub iv: [u8; 16],
    /// The SHA-256 of the encrypted bytes.
    pub sha256: [u8; 32],
}

impl AttachmentKey {
    /// Reads an `EncryptedFile` (version 2); none if anything in it is missing or malformed.
    pub(super) fn read(file: &Map<String, Value>) -> Option<Self> {
        let key = file.get("key")?.as_object()?;
        let is = |of: &Map<String, Value>, name: &str, value: &str| {
            of.get(name).and_then(Value::as_str) == Some(value)
        };
        if !is(file, "v", "v2") || !is(key, "kty", "oct") || !is(key, "alg", "A256CTR") {
            return None;
        }
        Some(Self {
            key: bytes(key.get("k")?, &URL_SAFE)?,
            iv: bytes(file.get("iv")?, &STANDARD)?,
            sha256: bytes(file.get("hashes")?.get("sha256")?, &STANDARD)?,
        })
    }

    /// Returns the SHA-256, in hex, of all fields. It distinguishes keys without disclosing them.
    pub fn digest(&self) -> String {
        let all = Sha256::new().chain_update(self.key).chain_update(self.iv);
        format!("{:x}", all.chain_update(self.sha256).finalize())
    }
}

/// Hides the fields, because keys must not be logged.
impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentKey(…)")
    }
}

/// Decodes base64, with or without padding, that contains exactly `N` bytes.
fn bytes<const N: usize>(value: &Value, alphabet: &base64::alphabet::Alphabet) -> Option<[u8; N]> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(alphabet, config).decode(value.as_str()?).ok()?;
    decoded.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file() -> Value {
        json!({ "v": "v2", "url": "mxc://x/y", "iv": "AAAAAAAAAAAAAAAAAAAAAA",
            "key": { "kty": "oct", "alg": "A256CTR", "ext": true, "key_ops": ["encrypt", "decrypt"],
                "k": "__-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
            "hashes": { "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU" } })
    }

    fn read(file: &Value) -> Option<AttachmentKey> {
        AttachmentKey::read(file.as_object().unwrap())
    }

    #[test]
    fn a_whole_key_is_read_and_never_shown() {
        let key = read(&file()).unwrap();
        assert_eq!((key.key[0], key.iv, key.sha256[0]), (0xff, [0; 16], 0xe3));
        assert_eq!(format!("{key:?}"), "AttachmentKey(…)");
        let mut other = file();
        other["iv"] = json!("AAAAAAAAAAEAAAAAAAAAAA==");
        assert_ne!(read(&other).unwrap().digest(), key.digest());
    }

    #[test]
    fn half_a_key_is_none() {
        for (path, wrong) in [
            ("/v", json!("v1")),
            ("/iv", json!("AAAA")),
            ("/iv", json!(null)),
            ("/key", json!("k")),
            ("/key/alg", json!("A128CTR")),
            ("/key/k", json!("AAAA")),
            ("/key/k", json!("not base64 at all")),
            ("/hashes", json!({})),
            ("/hashes/sha256", json!("47DE")),
        ] {
            let mut file = file();
            *file.pointer_mut(path).unwrap() = wrong;
            assert_eq!(read(&file), None, "{path}");
        }
    }
}
