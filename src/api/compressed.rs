//! Answers that are compressed if the caller wants it.
//!
//! Nothing secret is compressed: from the length of an answer one could guess a secret in it, if one chose the words
//! beside it (BREACH). Links are secret. Search and events are left out as well, because their answers
//! have words of people who know nothing of each other. Files, PDFs and exports are compressed by themselves, or cannot be.

use axum::Router;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware;
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Shorter answers are sent as they are: they fit into one packet anyway.
const MIN_BYTES: u16 = 1_024;

/// Returns the same routes, with answers that are compressed.
pub(super) fn compressed<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(MIN_BYTES).and(is_open_text)))
        .layer(middleware::map_response(with_tag_of_its_own))
}

/// Whether an answer is text, and no secret.
fn is_open_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text(header::CONTENT_TYPE);
    (media_type.contains("json") || media_type.contains("xml"))
        && text(header::CACHE_CONTROL) != "no-store"
}

/// Another encoding is another sequence of bytes, so it needs another strong tag (RFC 9110, section 8.8.3.3).
async fn with_tag_of_its_own(mut response: Response) -> Response {
    if response.headers().get(header::CONTENT_ENCODING).is_some_and(|it| it == "gzip")
        && let Some(etag) = response.headers().get(header::ETAG).and_then(|it| it.to_str().ok())
        && let Some(bare) = etag.strip_suffix('"')
        && let Ok(etag) = HeaderValue::from_str(&format!("{bare}-gzip\""))
    {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
