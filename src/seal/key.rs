//! The signing key and the file that holds it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use hmac::{Hmac, Mac};
use ruma::OwnedUserId;
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::serde::base64::Standard;
use ruma::signatures::{Ed25519KeyPair, sign_json};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The bytes that precede the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The number of hexadecimal digits in the version of a key.
const KEY_VERSION_DIGITS: usize = 10;

/// The Ed25519 key with which the service signs.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    public_key: String,
    entity: OwnedUserId,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("public_key", &self.public_key).finish()
    }
}

impl SigningKey {
    /// Reads the key file. If the file does not exist, it is created with a new key, and only its
    /// owner can read it. `entity` is the user that signs: the bot.
    ///
    /// # Errors
    /// When the file cannot be read or created, or holds no key.
    pub fn load_or_make(file: &Path, entity: OwnedUserId) -> anyhow::Result<Self> {
        if let Some(key) = Self::load(file, entity.clone())? {
            return Ok(key);
        }
        // The key is written to a second file, which is then linked to the final name, so that no
        // process reads an incomplete key.
        let seed: [u8; 32] = rand::random();
        let name = file.file_name().context("record.signing_key names no file")?;
        let temporary =
            file.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let text = format!("ed25519 {} {}\n", version(&public_key_of(&seed)?), encode(&seed));
        let made = write_private(&temporary, &text).and_then(|()| fs::hard_link(&temporary, file));
        fs::remove_file(&temporary).ok();
        match made {
            // If the file exists by now, another process has created it, and its key is used.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                bail!("the signing key {} cannot be created: {error}", file.display())
            }
            _ => {}
        }
        tracing::info!(file = %file.display(), "created a signing key; keep a copy of it");
        Self::load(file, entity)?.with_context(|| {
            format!("the signing key {} was removed while it was being created", file.display())
        })
    }

    /// Reads the key file. Returns `None` if the file does not exist.
    ///
    /// # Errors
    /// When the file cannot be read or holds no key.
    pub fn load(file: &Path, entity: OwnedUserId) -> anyhow::Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => bail!("the signing key {} cannot be read: {error}", file.display()),
        };
        let fix = || {
            format!(
                "{} holds no signing key: the file must consist of one line `ed25519 NAME KEY`. \
                 Restore the file from your copy, or move it away so that a new key is created",
                file.display()
            )
        };
        let mut words = text.split_whitespace();
        let seed = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("ed25519"), Some(_), Some(seed), None) => decode(seed).with_context(fix)?,
            _ => bail!(fix()),
        };
        let public_key = public_key_of(&seed).with_context(fix)?;
        let pair = pair(&seed, version(&public_key)).with_context(fix)?;
        Ok(Some(Self { seed, pair, public_key, entity }))
    }

    /// The public key (Ed25519, unpadded base64).
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Derives a secret key for another purpose than signatures from this key and `label`
    /// (HMAC-SHA-256). The result reveals nothing about this key or about the keys of other labels.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        // HMAC pads a shorter key with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        block[..self.seed.len()].copy_from_slice(&self.seed);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Returns `statement`, a JSON object, with our signature added.
    ///
    /// # Errors
    /// When `statement` is not an object, or holds a number that canonical JSON does not allow (a
    /// fraction, or an integer beyond 2^53).
    pub fn sign(&self, statement: Value) -> anyhow::Result<Value> {
        let mut object: CanonicalJsonObject = serde_json::from_value(statement)?;
        sign_json(self.entity.as_str(), &self.pair, &mut object)?;
        Ok(serde_json::to_value(object)?)
    }
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn pair(seed: &[u8; 32], version: String) -> anyhow::Result<Ed25519KeyPair> {
    Ok(Ed25519KeyPair::from_der(&[PKCS8_PREFIX.as_slice(), seed].concat(), version)?)
}

fn public_key_of(seed: &[u8; 32]) -> anyhow::Result<String> {
    Ok(encode(&pair(seed, String::new())?.public_key()))
}

/// Returns the identifier under which a key signs (`ed25519:VERSION`).
pub(super) fn key_id(public_key: &str) -> String {
    format!("ed25519:{}", version(public_key))
}

/// The version of a key, as in `ed25519:VERSION`. It is computed from the public key, so that two
/// keys never sign under the same name.
fn version(public_key: &str) -> String {
    let digest = format!("{:x}", Sha256::digest(public_key));
    digest.chars().take(KEY_VERSION_DIGITS).collect()
}

fn encode(bytes: &[u8]) -> String {
    Base64::<Standard, _>::new(bytes).encode()
}

fn decode(text: &str) -> Option<[u8; 32]> {
    Base64::<Standard, Vec<u8>>::parse(text).ok()?.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::signed::{Trust, verify};
    use super::*;
    use ruma::user_id;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt;

    fn bot() -> OwnedUserId {
        user_id!("@_tallyroom_bot:example.org").to_owned()
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing.key");
        let made = SigningKey::load_or_make(&file, bot()).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let read = SigningKey::load_or_make(&file, bot()).unwrap();
        assert_eq!(made.public_key(), read.public_key());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(!format!("{made:?}").contains(fs::read_to_string(&file).unwrap().trim()));
    }

    #[test]
    fn the_key_of_rfc_8032_has_its_public_key() {
        // RFC 8032, section 7.1, test 1.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing.key");
        fs::write(&file, "ed25519 x nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::load(&file, bot()).unwrap().unwrap();
        assert_eq!(key.public_key(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }

    #[test]
    fn derived_keys_follow_from_key_and_label() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing.key");
        fs::write(&file, "ed25519 x nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::load(&file, bot()).unwrap().unwrap();
        let hex = |bytes: [u8; 32]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
        // The value was computed with another implementation of HMAC-SHA-256.
        assert_eq!(
            hex(key.derive("a")),
            "81be0b9ac34538dcdd2c58084f9d551c309c090d7217181aca1e168c569b3a19"
        );
        assert_ne!(key.derive("a"), key.derive("b"));
        let other = SigningKey::load_or_make(&folder.path().join("o"), bot()).unwrap();
        assert_ne!(key.derive("a"), other.derive("a"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing.key");
        for text in ["", "ed25519 a", "rsa a b", "ed25519 a canarycanary", "ed25519 a b c d"] {
            fs::write(&file, text).unwrap();
            let error = format!("{:#}", SigningKey::load_or_make(&file, bot()).unwrap_err());
            assert!(error.contains("holds no signing key") && !error.contains("canary"), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn a_signature_holds_for_what_was_signed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::load_or_make(&folder.path().join("k"), bot()).unwrap();
        let other = SigningKey::load_or_make(&folder.path().join("o"), bot()).unwrap();
        let statement = json!({ "a": 1, "b": "é\u{2028}", "public_key": key.public_key() });
        let signed = key.sign(statement).unwrap();
        assert_eq!(verify(&signed, &Trust::Any).unwrap(), key.public_key());
        let ours = Trust::Keys(vec![key.public_key().to_owned()]);
        assert!(verify(&signed, &ours).is_ok());
        assert!(verify(&signed, &Trust::Keys(vec![other.public_key().to_owned()])).is_err());
        let mut changed = signed.clone();
        changed["a"] = json!(2);
        assert!(verify(&changed, &ours).is_err());
        // A statement that names our key, but is signed with another one.
        let mut forged = other.sign(json!({ "a": 1, "public_key": key.public_key() })).unwrap();
        assert!(verify(&forged, &ours).is_err());
        forged["signatures"] = json!({});
        assert!(verify(&forged, &ours).is_err());
        assert!(key.sign(json!(7)).is_err());
        assert!(key.sign(json!({ "a": 0.5 })).is_err());
    }
}
