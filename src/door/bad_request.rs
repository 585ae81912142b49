//! Refuses a request that is not valid HTTP/1.1, before any route sees it.

use axum::body::Body;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode, Version};

/// The headers of an answer from outside the routes. Such an answer shows nothing to anybody, so they
/// are the strictest ones of the invoice page's answers.
pub(super) const HEADERS: [(&str, &str); 10] = [
    ("content-type", "text/plain; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex, nofollow"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("connection", "close"),
];

/// The text of the answer.
const TEXT: &str = "A request must have exactly one Host header (RFC 9112, section 3.2).";

/// Returns the refusal of a request without a `Host` header or with several of them (RFC 9112,
/// section 3.2). A proxy before us may take another one of several hosts for the right one.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Response<Body>> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_valid = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    if is_valid {
        return None;
    }
    let mut response = Response::builder().status(StatusCode::BAD_REQUEST);
    for (name, value) in HEADERS {
        response = response.header(name, value);
    }
    response.body(Body::from(TEXT)).ok()
}
