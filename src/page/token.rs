//! Signed tokens in links, cookies and headers: each names a way in (a grant), and nobody else can
//! make one. Pure: no I/O.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use ulid::Ulid;

use crate::seal::SigningKey;

/// Bytes of a ULID.
const ID_BYTES: usize = 16;
/// Bytes of the tag: 128 bits are beyond guessing, and the link stays short.
const TAG_BYTES: usize = 16;
/// Longest token, in letters: three ids.
const MAX_TOKEN: usize = 86;
/// What the key is derived for.
const LABEL: &str = "tallyroom page tokens 1";

/// Where a token is used. One is worth nothing in the place of another: a link that leaks from a
/// browser's history is no cookie, and a cookie no link to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// In the address that a party is given.
    Link,
    /// In a cookie.
    Session,
    /// In the `Authorization` header, where cookies do not work: in frames.
    Bearer,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::Session => b"session",
            Self::Bearer => b"bearer",
        }
    }
}

/// What tokens are signed with.
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
        block[..32].copy_from_slice(&key.derive(LABEL));
        Self(Hmac::new(&block.into()))
    }
}

impl TokenKey {
    /// A token that says these ids, in letters, digits, `-` and `_`: 43 for one id.
    pub fn sign(&self, purpose: Purpose, ids: &[Ulid]) -> String {
        let mut bytes: Vec<u8> = ids.iter().flat_map(Ulid::to_bytes).collect();
        bytes.extend(self.tag(purpose, &bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The ids that a token says, if we made it for this purpose and with so many. Whether they
    /// open anything is for the database to say.
    pub fn verify<const N: usize>(&self, purpose: Purpose, token: &str) -> Option<[Ulid; N]> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        let (ids, rest) = said.as_chunks::<ID_BYTES>();
        let ids: &[[u8; ID_BYTES]; N] = ids.try_into().ok()?;
        let is_ours = rest.is_empty() && bool::from(self.tag(purpose, said).ct_eq(tag));
        is_ours.then(|| ids.map(Ulid::from_bytes))
    }

    fn tag(&self, purpose: Purpose, said: &[u8]) -> [u8; TAG_BYTES] {
        // No label begins with another one, and what is said has a fixed length for each, so that
        // no two pairs give the same text.
        let mac = self.0.clone().chain_update(purpose.label()).chain_update(said);
        let mut tag = [0; TAG_BYTES];
        for (byte, from) in tag.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte = from;
        }
        tag
    }
}

/// The grant that a secret from elsewhere opens. It follows from the secret, so that
/// [`open_grant`](crate::store::Store::open_grant) refuses a secret that was used before.
pub fn grant_id(secret: &str) -> Ulid {
    let mut id = [0; ID_BYTES];
    for (byte, from) in id.iter_mut().zip(Sha256::digest(secret)) {
        *byte = from;
    }
    Ulid::from_bytes(id)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ruma::user_id;

    const ALL: [Purpose; 3] = [Purpose::Link, Purpose::Session, Purpose::Bearer];

    pub(in crate::page) fn key() -> TokenKey {
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
    fn no_other_text_than_the_token_is_taken_for_it() {
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
        // The unused last bits must be zero: one token has one text.
        let mut last = token.clone();
        let letter = last.pop().unwrap();
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            let taken = key.verify::<1>(Purpose::Link, &format!("{last}{other}")).is_some();
            assert_eq!(taken, other == letter);
        }
    }

    #[test]
    fn a_token_says_as_many_ids_as_it_was_made_with() {
        let (key, ids) = (key(), [Ulid::new(), Ulid::new(), Ulid::new()]);
        let token = key.sign(Purpose::Session, &ids);
        assert_eq!(token.len(), MAX_TOKEN);
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
