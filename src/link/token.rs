//! Signed tokens in links, cookies, headers and addresses. Each token names a grant, and only this service can
//! make one. Pure: no I/O.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use ulid::Ulid;

use crate::seal::SigningKey;

/// The length of a ULID, in bytes.
const ID_BYTES: usize = 16;
/// The length of the tag, in bytes. 128 bits cannot be guessed, and the link stays short.
const TAG_BYTES: usize = 16;
/// The greatest length of a token, in characters: that of a token with three ids.
const MAX_TOKEN_CHARS: usize = 86;
/// The label with which the key is derived from the signing key.
const KEY_LABEL: &str = "tallyroom page tokens 1";

/// Where a token is used. A token is valid for its own purpose only: a link that leaks from the
/// history of a browser does not work as a cookie, and a cookie does not work as a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// In the address of a link that a party gets.
    Link,
    /// In a cookie.
    Session,
    /// In the `Authorization` header, for frames, where cookies do not work.
    Bearer,
    /// In the address to which a mail is answered.
    Reply,
    /// In the address that ends the mails to a contact.
    Unsubscribe,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::Session => b"session",
            Self::Bearer => b"bearer",
            Self::Reply => b"reply",
            Self::Unsubscribe => b"unsubscribe",
        }
    }
}

/// The key that signs tokens.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey(…)")
    }
}

impl From<&SigningKey> for TokenKey {
    fn from(key: &SigningKey) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key.derive(KEY_LABEL));
        Self(Hmac::new(&block.into()))
    }
}

impl TokenKey {
    /// Returns a token with these ids. It consists of letters, digits, `-` and `_`, and has 43
    /// characters for one id.
    pub fn sign(&self, purpose: Purpose, ids: &[Ulid]) -> String {
        let mut bytes: Vec<u8> = ids.iter().flat_map(Ulid::to_bytes).collect();
        bytes.extend(self.tag(purpose, &bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns the ids in a token. Returns `None` if this service did not make it, or made it for
    /// another purpose or with another number of ids. Only the database knows whether the ids open
    /// anything.
    pub fn verify<const N: usize>(&self, purpose: Purpose, token: &str) -> Option<[Ulid; N]> {
        if token.len() > MAX_TOKEN_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signed, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        let (ids, rest) = signed.as_chunks::<ID_BYTES>();
        let ids: &[[u8; ID_BYTES]; N] = ids.try_into().ok()?;
        let is_ours = rest.is_empty() && bool::from(self.tag(purpose, signed).ct_eq(tag));
        is_ours.then(|| ids.map(Ulid::from_bytes))
    }

    /// Returns the tag of a mail contact: 80 bits as 16 characters of Base32, for addresses, which are short and in
    /// which case does not matter.
    pub fn reply_tag(&self, id: Ulid) -> String {
        // The last 80 bits of a ULID are its last 16 characters.
        let text = Ulid::from_bytes(self.tag(Purpose::Reply, &id.to_bytes())).to_string();
        text.chars().skip(10).collect()
    }

    fn tag(&self, purpose: Purpose, ids: &[u8]) -> [u8; TAG_BYTES] {
        // No label is the beginning of another one, and the ids have a fixed length for each
        // purpose. So no two pairs of label and ids give the same bytes.
        let mac = self.0.clone().chain_update(purpose.label()).chain_update(ids);
        let mut tag = [0; TAG_BYTES];
        for (byte, from) in tag.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte = from;
        }
        tag
    }
}

/// Returns the id of the grant that a secret of another service opens. It is derived from the
/// secret, so that [`open_grant`](crate::store::Store::open_grant) refuses a secret that was used
/// before.
pub fn grant_id(secret: &str) -> Ulid {
    let mut id = [0; ID_BYTES];
    for (byte, from) in id.iter_mut().zip(Sha256::digest(secret)) {
        *byte = from;
    }
    Ulid::from_bytes(id)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ruma::user_id;

    const ALL: [Purpose; 5] =
        [Purpose::Link, Purpose::Session, Purpose::Bearer, Purpose::Reply, Purpose::Unsubscribe];

    pub(crate) fn key() -> TokenKey {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@bot:example.org").to_owned();
        (&SigningKey::load_or_make(&folder.path().join("k"), bot).unwrap()).into()
    }

    #[test]
    fn a_token_names_its_grant_for_its_purpose_only() {
        let (key, id) = (key(), Ulid::new());
        for made_for in ALL {
            let token = key.sign(made_for, &[id]);
            assert_eq!(token.len(), 43);
            assert!(token.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)));
            for used_for in ALL {
                let expected = (made_for == used_for).then_some([id]);
                assert_eq!(key.verify(used_for, &token), expected);
            }
        }
    }

    #[test]
    fn a_token_of_another_key_is_refused() {
        let token = key().sign(Purpose::Link, &[Ulid::new()]);
        assert_eq!(key().verify::<1>(Purpose::Link, &token), None);
    }

    #[test]
    fn no_changed_text_is_accepted_as_the_token() {
        let key = key();
        let token = key.sign(Purpose::Link, &[Ulid::new()]);
        for position in 0..token.len() {
            for other in ["A", "_", "=", "+", " ", "é", ""] {
                let mut changed = token.clone();
                changed.replace_range(position..=position, other);
                if changed != token {
                    assert_eq!(key.verify::<1>(Purpose::Link, &changed), None, "{changed}");
                }
            }
        }
        let longer = format!("{token}AAAA");
        for odd in ["", "A", &token[..40], &token[..22], &longer, &format!("{token}=")] {
            assert_eq!(key.verify::<1>(Purpose::Link, odd), None, "{odd}");
        }
        // The unused last bits must be zero, so that a token has only one text.
        let mut last = token.clone();
        let letter = last.pop().unwrap();
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            let taken = key.verify::<1>(Purpose::Link, &format!("{last}{other}")).is_some();
            assert_eq!(taken, other == letter);
        }
    }

    #[test]
    fn a_token_has_as_many_ids_as_it_was_made_with() {
        let (key, ids) = (key(), [Ulid::new(), Ulid::new(), Ulid::new()]);
        let token = key.sign(Purpose::Session, &ids);
        assert_eq!(token.len(), MAX_TOKEN_CHARS);
        assert_eq!(key.verify(Purpose::Session, &token), Some(ids));
        assert_eq!(key.verify::<2>(Purpose::Session, &token), None);
        assert_eq!(key.verify::<1>(Purpose::Session, &token), None);
    }

    #[test]
    fn a_secret_always_opens_the_same_grant() {
        assert_eq!(grant_id("a"), grant_id("a"));
        assert_ne!(grant_id("a"), grant_id("b"));
    }

    #[test]
    fn a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }
}
