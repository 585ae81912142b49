//! `ETag` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1), which keep two callers from
//! overwriting each other's changes of a transaction unnoticed. Pure: no I/O.

use axum::http::{HeaderMap, HeaderValue, header};

/// The entity tag of a transaction at a revision. It changes with everything that a shop can change.
pub(super) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// Whether a call may change a transaction at this revision: the call has no `If-Match`, or one that
/// names the revision. A weak tag never matches.
pub(super) fn allows(headers: &HeaderMap, revision: i64) -> bool {
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    if given.peek().is_none() {
        return true;
    }
    let current = etag(revision);
    let names_it = |value: &HeaderValue| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.into_iter().any(|tag| tag == "*" || tag == current)
    };
    given.any(names_it)
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
        for holds in [&["\"3\""][..], &["*"], &["\"2\", \"3\""], &["\"2\"", "\"3\""]] {
            assert!(is_allowed(holds), "{holds:?}");
        }
        for fails in ["\"2\"", "3", "W/\"3\"", "", "\"33\"", "\"an-older-one\""] {
            assert!(!is_allowed(&[fails]), "{fails:?}");
        }
    }
}
