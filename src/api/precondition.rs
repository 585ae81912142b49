//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1). With `If-Match`, two callers never
//! overwrite each other's changes of a transaction unnoticed. With `If-None-Match`, a caller who has an answer already
//! does not get it again. Pure: no I/O.
//!
//! The tag of a transaction has two parts: the revision, which changes with everything that a shop can change, and a
//! digest of the answer, which also changes with the room and the record. `If-Match` compares the revision only:
//! somebody who joins the room is no reason to refuse a change. The tag of a webhook is made in the same way, with a
//! digest of what can be changed in the place of the revision. That of a payment and of a message of the shop is the
//! digest of the answer.

use std::fmt::Display;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

/// The number of hexadecimal digits of the digest in a tag.
const DIGEST_DIGITS: usize = 16;

/// The entity tag of an answer about something at a revision, or at another version.
pub(super) fn etag(version: impl Display, body: &[u8]) -> String {
    format!("\"{version}-{}\"", digest(body))
}

/// The entity tag of any other answer.
pub(super) fn etag_of(body: &[u8]) -> String {
    format!("\"{}\"", digest(body))
}

/// Returns the digest of an answer, or of what makes a version another one.
pub(super) fn digest(body: &[u8]) -> String {
    let mut digits = format!("{:x}", Sha256::digest(body));
    digits.truncate(DIGEST_DIGITS);
    digits
}

/// Whether a call may change what is at this revision or version: the call has no `If-Match`, or one that names it. A
/// weak tag never matches.
pub(super) fn allows(headers: &HeaderMap, version: impl Display) -> bool {
    !headers.contains_key(header::IF_MATCH)
        || tags(headers, &header::IF_MATCH).any(|tag| tag == "*")
        || names(headers, version)
}

/// Whether a call has an `If-Match` that names this revision or version.
pub(super) fn names(headers: &HeaderMap, version: impl Display) -> bool {
    let version = version.to_string();
    let names_it = |tag: &str| {
        let inner = tag.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        inner.is_some_and(|it| it.split('-').next() == Some(&version))
    };
    tags(headers, &header::IF_MATCH).any(names_it)
}

/// Returns the tag by which the caller of a GET has the answer with this tag already. It is another one if they have
/// it compressed.
pub(super) fn known(headers: &HeaderMap, etag: &HeaderValue) -> Option<HeaderValue> {
    let bare = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).replace("-gzip\"", "\"");
    let current = bare(etag.to_str().unwrap_or_default());
    let tag =
        tags(headers, &header::IF_NONE_MATCH).find(|tag| *tag == "*" || bare(tag) == current)?;
    if tag == "*" { Some(etag.clone()) } else { HeaderValue::from_str(tag).ok() }
}

/// The tags that a header lists. Ours have no comma in them.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values.flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        allows(&headers, 3)
    }

    #[test]
    fn a_call_without_a_condition_is_allowed() {
        assert!(is_allowed(&[]));
    }

    #[test]
    fn a_condition_has_to_name_the_revision() {
        for holds in [
            &["\"3\""][..],
            &["\"3-0123456789abcdef\""],
            &["*"],
            &["\"2\", \"3\""],
            &["\"2\"", "\"3\""],
        ] {
            assert!(is_allowed(holds), "{holds:?}");
        }
        for fails in
            ["\"2\"", "3", "W/\"3\"", "", "\"33\"", "\"an-older-one\"", "\"2-3\"", "\"\"", "\""]
        {
            assert!(!is_allowed(&[fails]), "{fails:?}");
        }
    }

    #[test]
    fn what_a_caller_has_is_known_by_its_tag_weak_or_not() {
        let mine = HeaderValue::from_static("\"3-0123\"");
        for (given, known) in [
            ("\"3-0123\"", true),
            ("W/\"3-0123\"", true),
            ("\"1\", \"3-0123\"", true),
            ("*", true),
            ("\"3-0123-gzip\"", true),
            ("\"3\"", false),
            ("\"4-0123\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(given).unwrap());
            assert_eq!(super::known(&headers, &mine).is_some(), known, "{given}");
        }
        assert_eq!(super::known(&HeaderMap::new(), &mine), None);
    }

    #[test]
    fn a_tag_changes_with_the_revision_and_with_the_answer() {
        let tags = [etag(1, b"a"), etag(2, b"a"), etag(1, b"b"), etag_of(b"a")];
        let different: std::collections::HashSet<_> = tags.iter().collect();
        assert_eq!(different.len(), tags.len());
        assert_eq!(tags[0].len(), 2 + 2 + DIGEST_DIGITS);
    }
}
