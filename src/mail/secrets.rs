//! Takes the secrets of our mails out of what people send: the tokens of links, and those of addresses for answers. Programs
//! quote our mails in forms that nobody knows, and a token would let everybody in the room act as its reader.

use super::address;
use crate::link::token::{Purpose, TokenKey};

/// The length of each of these tokens, in characters.
const TOKEN_CHARS: usize = 43;
/// What stands in the place of a token.
const LEFT_OUT: &str = "…";

/// Returns a text with `…` for each of our tokens, also where programs have encoded them as a part of another link.
pub fn without_secrets(key: &TokenKey, text: &str) -> String {
    without(text, |token| {
        let is_link = |purpose| key.verify::<1>(purpose, token).is_some();
        is_link(Purpose::Link)
            || is_link(Purpose::Unsubscribe)
            || address::read_token(key, token).is_some()
    })
}

fn without(text: &str, is_token: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    // Up to where the text is kept or left out, and the characters of tokens that follow each other behind it.
    let mut done = 0;
    let mut run = Run::default();
    let mut rest = text;
    while let Some((c, length)) = next(rest) {
        let at = text.len() - rest.len();
        rest = rest.get(length..).unwrap_or_default();
        if !is_of_token(c) {
            run = Run::default();
            continue;
        }
        run.push(c, at);
        if let Some((from, token)) = run.last_token()
            && is_token(token)
        {
            kept.push_str(text.get(done..from).unwrap_or_default());
            kept.push_str(LEFT_OUT);
            done = at + length;
            run = Run::default();
        }
    }
    kept.push_str(text.get(done..).unwrap_or_default());
    kept
}

/// Characters of which tokens are made, one after the other.
#[derive(Default)]
struct Run {
    chars: String,
    /// Where each of them is in the text.
    places: Vec<usize>,
}

impl Run {
    fn push(&mut self, c: char, at: usize) {
        self.chars.push(c);
        self.places.push(at);
    }

    /// Returns the last characters if they are enough for a token, and where they begin in the text.
    fn last_token(&self) -> Option<(usize, &str)> {
        let from = self.places.len().checked_sub(TOKEN_CHARS)?;
        Some((*self.places.get(from)?, self.chars.get(from..)?))
    }
}

/// Returns the first character of a text, and how many bytes stand for it: several if it is percent-encoded, also more than
/// once, as where a link is a part of a link.
fn next(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let encoded = text.strip_prefix('%').map(|rest| {
        let mut rest = rest;
        while let Some(further) = rest.strip_prefix("25") {
            rest = further;
        }
        rest
    });
    let hex = encoded.and_then(|rest| rest.get(..2));
    let decoded = hex
        .filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|it| u8::from_str_radix(it, 16).ok());
    match (decoded, encoded) {
        (Some(byte), Some(rest)) => Some((char::from(byte), text.len() - rest.len() + 2)),
        _ => Some((first, first.len_utf8())),
    }
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::link::token::tests::key;

    #[test]
    fn our_tokens_are_left_out_in_whatever_form_they_come() {
        let (key, id) = (key(), Ulid::new());
        for token in [
            key.sign(Purpose::Link, &[id]),
            key.sign(Purpose::Unsubscribe, &[id]),
            address::sign(&key, id),
            address::sign(&key, id).to_uppercase(),
        ] {
            assert_eq!(token.len(), TOKEN_CHARS);
            let encoded: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
            for (before, token, after) in [
                ("", token.as_str(), ""),
                ("See https://pay.example/l/", &token, ">.\nAnd é more"),
                ("replies+", &token, "@mail.shop.example"),
                ("https://safe.example/?url=https%3A%2F%2Fpay.example%2Fl%2F", &token, "&data=05"),
                (
                    "https://safe.example/?url=https%253A%252F%252Fpay.example%252Fl%252F",
                    &token,
                    "%26",
                ),
                ("https://safe.example/v2/url?u=https-3A__pay.example_l_", &token, "&d=DwM"),
                ("https://safe.example/", &encoded, "/"),
            ] {
                let text = format!("{before}{token}{after} {before}{token}{after}");
                let expected = format!("{before}…{after} {before}…{after}");
                assert_eq!(without_secrets(&key, &text), expected);
            }
        }
    }

    #[test]
    fn what_is_no_token_of_ours_stays() {
        let (key, id) = (key(), Ulid::new());
        let other = crate::link::token::tests::key();
        for text in [
            "",
            "%",
            "%2",
            "%é%25",
            "100% of é",
            &format!("https://pay.example/l/{}", other.sign(Purpose::Link, &[id])),
            &address::sign(&other, id),
            &"a".repeat(10_000),
            // It never was in a mail.
            &key.sign(Purpose::Session, &[id]),
        ] {
            assert_eq!(without_secrets(&key, text), text);
        }
    }
}
