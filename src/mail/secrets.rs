//! Takes the secrets of our mails out of what people send: the tokens of links, and those of addresses for answers. Programs
//! quote our mails in forms that nobody knows, and a token would let everybody in the room act as its reader.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::address;
use crate::link::token::{Purpose, TokenKey};

/// The length of each of these tokens, in characters.
const TOKEN_CHARS: usize = 43;
/// What stands in the place of a token.
const LEFT_OUT: char = '…';
/// The same in a file whose encoding is not known.
const LEFT_OUT_OF_FILE: &[u8] = b"...";
/// The length of a line of Base64 in a mail, in bytes (RFC 2045, section 6.8).
const BASE64_LINE: usize = 76;

/// Returns a text with `…` for each of our tokens, also where programs have encoded them as a part of another link.
pub fn without_secrets(key: &TokenKey, text: &str) -> String {
    without(text, |token| is_secret(key, token))
}

/// Returns a file with text, such as a mail, with `...` for each of our tokens, also where it is encoded for a mail: in
/// Quoted-Printable, which breaks lines, or in lines of Base64.
pub fn file_without_secrets(key: &TokenKey, file: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(file.len());
    let mut encoded = Vec::new();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        if is_base64(line) {
            encoded.extend_from_slice(line);
        } else {
            kept.extend(base64_without(key, &std::mem::take(&mut encoded)));
            kept.extend_from_slice(line);
        }
    }
    kept.extend(base64_without(key, &encoded));
    bytes_without(key, &kept)
}

fn is_secret(key: &TokenKey, token: &str) -> bool {
    let is_link = |purpose| key.verify::<1>(purpose, token).is_some();
    is_link(Purpose::Link)
        || is_link(Purpose::Unsubscribe)
        || address::read_token(key, token).is_some()
}

/// Whether a line can be one of Base64.
fn is_base64(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    !line.is_empty() && line.iter().all(is_of_it)
}

/// Returns lines of Base64 without our tokens in what they stand for. If there are none, the lines stay as they are.
fn base64_without(key: &TokenKey, lines: &[u8]) -> Vec<u8> {
    let joined: Vec<u8> = lines.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect();
    let Ok(decoded) = STANDARD.decode(joined) else { return lines.to_vec() };
    let kept = bytes_without(key, &decoded);
    if kept == decoded {
        return lines.to_vec();
    }
    let encoded = STANDARD.encode(kept);
    encoded.as_bytes().chunks(BASE64_LINE).flat_map(|it| [it, b"\r\n"].concat()).collect()
}

/// Returns bytes in whatever encoding that has ASCII in it without our tokens.
fn bytes_without(key: &TokenKey, bytes: &[u8]) -> Vec<u8> {
    // Each byte is taken for one character, so that none of the others is changed.
    let text: String = bytes.iter().copied().map(char::from).collect();
    let kept = without(&text, |token| is_secret(key, token));
    let mut bytes = Vec::with_capacity(bytes.len());
    for c in kept.chars() {
        match u8::try_from(c) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(LEFT_OUT_OF_FILE),
        }
    }
    bytes
}

fn without(text: &str, is_token: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    // Up to where the text is kept or left out, and the characters of tokens that follow each other behind it.
    let mut done = 0;
    let mut run = Run::default();
    let mut rest = text;
    while let Some((c, length)) = next(rest) {
        let at = text.len() - rest.len();
        if let Some(after) = after_broken_line(rest) {
            rest = after;
            continue;
        }
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
            kept.push(LEFT_OUT);
            done = at + length;
            run = Run::default();
        }
    }
    kept.push_str(text.get(done..).unwrap_or_default());
    kept
}

/// Returns what follows where Quoted-Printable has broken a line (RFC 2045, section 6.7).
fn after_broken_line(text: &str) -> Option<&str> {
    text.strip_prefix("=\r\n").or_else(|| text.strip_prefix("=\n"))
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
    fn our_tokens_are_left_out_of_files_however_these_are_encoded() {
        let (key, id) = (key(), Ulid::new());
        let token = key.sign(Purpose::Link, &[id]);
        let (begin, end) = token.split_at(20);
        // In Latin-1, and broken by Quoted-Printable.
        for line_break in ["", "=\r\n", "=\n"] {
            let link = format!("https://pay.example/l/{begin}{line_break}{end}");
            let file = [b"Gr\xfc\xdfe ", link.as_bytes(), b"\r\n\xff"].concat();
            let expected = b"Gr\xfc\xdfe https://pay.example/l/...\r\n\xff";
            assert_eq!(file_without_secrets(&key, &file), expected, "{line_break:?}");
        }
        // As Base64, in a mail in a mail.
        let text = format!("Grüße, https://pay.example/l/{token}\r\n{}", "und mehr ".repeat(20));
        let lines = |text: &str| -> String {
            let encoded = STANDARD.encode(text).into_bytes();
            let lines = encoded.chunks(76).map(|it| String::from_utf8(it.to_vec()).unwrap());
            lines.map(|it| it + "\r\n").collect()
        };
        let mail = |text: &str| format!("Subject: x\r\n\r\n{}\r\n--x--\r\n", lines(text));
        let kept = file_without_secrets(&key, mail(&text).as_bytes());
        assert_eq!(String::from_utf8(kept).unwrap(), mail(&text.replace(&token, "...")));
        for other in [mail("Grüße"), "\0\r\n=\r\nYes\r\nabcd".to_owned(), String::new()] {
            assert_eq!(file_without_secrets(&key, other.as_bytes()), other.as_bytes());
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
