//! The address to which somebody answers a mail of ours. It names whom the mail was for, and nobody else can make one.

use subtle::ConstantTimeEq;
use ulid::Ulid;

use crate::config::ReplyAddress;
use crate::link::token::TokenKey;

/// The length of a ULID as text, in characters.
const ID_CHARS: usize = 26;
/// The length of a token, in characters: a ULID, `-`, and the tag.
const TOKEN_CHARS: usize = ID_CHARS + 1 + 16;

/// Returns the token of a mail contact, in lower case: its id, `-`, and a tag of 80 bits in Base32.
pub fn sign(key: &TokenKey, id: Ulid) -> String {
    format!("{id}-{}", key.reply_tag(id)).to_ascii_lowercase()
}

/// Returns the mail contact that the part of an address before the `@` names. `None` if there is no token in it, or if we
/// did not make it. Case does not matter, because some servers on the way change it.
pub fn read(key: &TokenKey, local_part: &str, replies: &ReplyAddress) -> Option<Ulid> {
    let (local, token) = local_part.split_once('+')?;
    local.eq_ignore_ascii_case(&replies.local).then(|| read_token(key, token))?
}

/// Returns the mail contact that a token names; see [`read`].
pub(super) fn read_token(key: &TokenKey, token: &str) -> Option<Ulid> {
    if token.len() != TOKEN_CHARS || token.as_bytes().get(ID_CHARS) != Some(&b'-') {
        return None;
    }
    let id = Ulid::from_string(token.get(..ID_CHARS)?).ok()?;
    // The whole token is compared, so that each contact has one only.
    let (given, ours) = (token.to_ascii_lowercase(), sign(key, id));
    bool::from(given.as_bytes().ct_eq(ours.as_bytes())).then_some(id)
}

/// Returns the address to which a mail contact answers. Mails that cannot be delivered come back to it as well.
pub fn reply_address(key: &TokenKey, id: Ulid, replies: &ReplyAddress) -> String {
    format!("{}+{}@{}", replies.local, sign(key, id), replies.domain)
}

/// Returns the mail contact that an address for answers names; see [`read`].
pub fn read_reply_address(key: &TokenKey, address: &str, replies: &ReplyAddress) -> Option<Ulid> {
    let (local_part, domain) = address.rsplit_once('@')?;
    let is_ours = domain.trim_end_matches('.').eq_ignore_ascii_case(&replies.domain);
    is_ours.then(|| read(key, local_part, replies))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::token::tests::key;

    fn replies(text: &str) -> ReplyAddress {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn an_address_names_its_contact_in_any_case() {
        let (key, id) = (key(), Ulid::new());
        let replies = replies("replies@mail.shop.example");
        let address = reply_address(&key, id, &replies);
        assert_eq!(address, address.to_lowercase());
        for written in [address.clone(), address.to_uppercase(), format!("{address}.")] {
            assert_eq!(read_reply_address(&key, &written, &replies), Some(id), "{written}");
        }
    }

    #[test]
    fn the_longest_local_part_fits_in_an_address() {
        let replies = replies(&format!("{}@x.example", "r".repeat(20)));
        let address = reply_address(&key(), Ulid::new(), &replies);
        assert_eq!(address.split_once('@').unwrap().0.len(), 64);
    }

    #[test]
    fn nobody_else_can_make_an_address() {
        let (key, other) = (key(), crate::link::token::tests::key());
        let id = Ulid::new();
        let replies = replies("replies@mail.shop.example");
        let address = reply_address(&key, id, &replies);
        assert_eq!(read_reply_address(&other, &address, &replies), None);
        for position in 0..address.len() {
            for changed in ["0", "7", "z", "-", "+", "@", "é", ""] {
                let mut odd = address.clone();
                odd.replace_range(position..=position, changed);
                let expected = (odd == address).then_some(id);
                assert_eq!(read_reply_address(&key, &odd, &replies), expected, "{odd}");
            }
        }
        let token = sign(&key, id);
        for odd in [
            "",
            "@",
            "+@",
            &token,
            &format!("replies+{token}"),
            &format!("{token}@mail.shop.example"),
        ] {
            assert_eq!(read_reply_address(&key, odd, &replies), None, "{odd}");
        }
        // Crockford's Base32 reads some letters as digits; an address has one text only.
        let ambiguous = format!("replies+{}", token.replace('1', "l").replace('0', "o"));
        let is_same = ambiguous == format!("replies+{token}");
        assert_eq!(read(&key, &ambiguous, &replies).is_some(), is_same);
    }
}
