//! Answers a GET with 304 if the caller has the answer already (RFC 9110, section 13.1.2).

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;

use super::precondition;
use super::problem::Problem;

/// The greatest length of an answer that gets a tag by its content, in bytes. Longer ones are sent as they are.
const MAX_TAGGED_BYTES: u64 = 4_000_000;

/// Middleware that gives each JSON answer to a GET a tag, and sends no answer that the caller has already.
pub(super) async fn compare(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let headers = request.headers().clone();
    let response = next.run(request).await;
    if !is_read || response.status() != StatusCode::OK {
        return response;
    }
    let response = match tagged(response).await {
        Ok(response) => response,
        Err(problem) => return problem.into_response(),
    };
    let Some(etag) = response.headers().get(header::ETAG) else { return response };
    let Some(tag) = precondition::known(&headers, etag) else { return response };
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::ETAG, tag);
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Adds the tag to a JSON answer that has none.
async fn tagged(response: Response) -> Result<Response, Problem> {
    let is_json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|it| it == "application/json");
    let is_short = response.body().size_hint().upper().is_some_and(|it| it <= MAX_TAGGED_BYTES);
    if !is_json || !is_short {
        return Ok(response);
    }
    let (mut parts, mut body) = response.into_parts();
    if !parts.headers.contains_key(header::ETAG) {
        let most = usize::try_from(MAX_TAGGED_BYTES).unwrap_or(usize::MAX);
        let bytes = axum::body::to_bytes(body, most).await.map_err(|error| {
            tracing::error!(%error, "an answer cannot be tagged");
            Problem::try_again("The answer could not be written. Send the same call again.")
        })?;
        if let Ok(etag) = HeaderValue::from_str(&precondition::etag_of(&bytes)) {
            parts.headers.insert(header::ETAG, etag);
        }
        body = Body::from(bytes);
    }
    // Without this, a cache could guess how long the answer holds.
    let no_cache = HeaderValue::from_static("private, no-cache");
    parts.headers.entry(header::CACHE_CONTROL).or_insert(no_cache);
    Ok(Response::from_parts(parts, body))
}
