//! Error answers as problem details (RFC 9457), with a JSON pointer to each wrong field.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::access::{Scope, Scopes};
use crate::invoice::{self, in_a_line, without_middle};
use crate::quota::TooMany;
use crate::store::StoreError;

/// The kinds of error answers, each with its status and what it means. A debug build refuses to answer with another
/// one, and the OpenAPI document is written from this table.
pub(super) const KINDS: [(&str, u16, &str); 34] = [
    ("invalid-parameter", 400, "A parameter or a header is not valid. `parameter` names it."),
    ("unreadable-body", 400, "The body cannot be read, or says nothing."),
    ("missing-key", 401, "There is no key, or it is not valid or was revoked."),
    ("insufficient-scope", 403, "The key has not the scope that the call needs. `scope` names it."),
    ("not-found", 404, "There is nothing at this address, or it belongs to another shop."),
    ("method-not-allowed", 405, "The address has no such method. `Allow` lists those that it has."),
    ("too-slow", 408, "The body was not received in time."),
    ("call-in-progress", 409, "Another call with the same `Idempotency-Key` is in progress."),
    (
        "external-id-taken",
        409,
        "The `external_id` belongs to a transaction with other content. `transaction` names it.",
    ),
    ("contact-exists", 409, "The party has this contact already, with other content."),
    ("several-contacts", 409, "Several contacts of the party are called so."),
    ("no-page", 409, "The operator has not switched on the invoice page."),
    ("link-over", 409, "The link that the first call with this `Idempotency-Key` made is over."),
    (
        "impossible-transition",
        409,
        "The status cannot follow the present one. `allowed` lists the meanings that can.",
    ),
    ("too-many-payments", 409, "The transaction has as many payments as it may have."),
    ("former-contact", 409, "The shop no longer names the contact of whom it is."),
    ("too-many-notes", 409, "The side has as many notes at the transaction as it may have."),
    ("closed", 409, "The transaction is closed, and its room is read-only."),
    ("encrypted", 409, "The room is encrypted."),
    ("too-many-names", 409, "The shop has used as many names in this room as it may."),
    ("too-many-webhooks", 409, "The shop has as many webhooks as it may have."),
    ("too-many-secrets", 409, "The webhook has as many secrets that sign as it may have."),
    ("webhook-in-config", 409, "The webhook is in the config, where the operator changes it."),
    (
        "webhook-deleted",
        409,
        "The webhook that the first call with this `Idempotency-Key` made was deleted.",
    ),
    (
        "cursor-expired",
        410,
        "Events that followed the cursor were deleted. `latest` and `oldest` are cursors to go on with.",
    ),
    (
        "cursor-ahead",
        410,
        "The cursor is after the newest event. `latest` is a cursor to go on with.",
    ),
    ("precondition-failed", 412, "`If-Match` does not name the present revision or version."),
    ("too-large", 413, "The body is too large."),
    ("unsupported-media-type", 415, "The body has a content type that is not read here."),
    (
        "invalid-content",
        422,
        "The content is refused. `errors` lists what is wrong, with JSON pointers.",
    ),
    (
        "idempotency-key-reused",
        422,
        "The `Idempotency-Key` belongs to an earlier call with another address or body.",
    ),
    ("too-many", 429, "A limit is reached. `Retry-After` says when to try again."),
    ("damaged", 500, "Stored data was changed from outside."),
    ("try-again", 503, "Something that the call needs is not available. Nothing was changed."),
];

/// How much of each end of a long detail is kept, in characters.
const KEPT_CHARS_AT_EACH_END: usize = 500;
/// The greatest number of characters of a name or a value that an error answer repeats.
const MAX_REPEATED_CHARS: usize = 60;

/// Returns the beginning of what was sent, for a sentence that repeats it.
pub(super) fn repeated(sent: &str) -> String {
    match sent.char_indices().nth(MAX_REPEATED_CHARS) {
        Some((end, _)) => format!("{}…", sent.get(..end).unwrap_or_default()),
        None => sent.to_owned(),
    }
}

/// An error answer. It says what is wrong, where, and how to fix it.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    /// The last part of the `type` URI. Programs rely on it, so it must not change.
    kind: &'static str,
    title: &'static str,
    detail: String,
    more: Map<String, Value>,
    /// The value of the `Retry-After` header, in seconds.
    retry_after: Option<u64>,
    /// The value of the `WWW-Authenticate` header.
    authenticate: Option<String>,
    /// The name and value of a header that says what is accepted.
    accepted: Option<(&'static str, &'static str)>,
}

/// The media types that a call accepts in its body.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The header that lists them: `accept-post` (a registered name) or `accept-patch` (RFC 5789).
    pub(super) header: &'static str,
    pub(super) types: &'static str,
    /// A sentence about them.
    pub(super) advice: &'static str,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let is_listed = |it: &(&str, u16, &str)| (it.0, it.1) == (kind, status.as_u16());
        debug_assert!(KINDS.iter().any(is_listed), "{kind} ({status}) is missing in the table");
        // Some repeat what was sent: a path, a header, a parameter, the name of a part.
        let detail = without_middle(detail.into(), KEPT_CHARS_AT_EACH_END);
        Self {
            status,
            kind,
            title,
            detail,
            more: Map::new(),
            retry_after: None,
            authenticate: None,
            accepted: None,
        }
    }

    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// 422 with all problems of the content.
    pub(super) fn content(problems: &[invoice::Problem]) -> Self {
        Self::invalid_content("The transaction cannot be accepted as it is", problems)
    }

    /// 422 with all problems of the content, with the given title.
    pub(super) fn invalid_content(title: &'static str, problems: &[invoice::Problem]) -> Self {
        let detail = match problems {
            [only] => only.detail.clone(),
            _ => format!("There are {} problems. They are listed in `errors`.", problems.len()),
        };
        let pointer = problems.first().map(|first| first.pointer.clone()).unwrap_or_default();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-content", title, detail)
            .with("pointer", Value::String(pointer))
            .with("errors", json!(problems))
    }

    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", "A parameter is not valid", detail)
            .with("parameter", json!(name))
    }

    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable-body", "The body cannot be read", detail)
    }

    /// 408: the client stopped sending the body.
    pub(super) fn too_slow() -> Self {
        let detail = "The body was not received in time. Send the request again.";
        let title = "The body was not received in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", title, detail)
    }

    /// 413, with a sentence about the limit.
    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// 415, with what is accepted instead.
    pub(super) fn media_type(found: &str, accepted: &Accepted) -> Self {
        let detail = format!("The content type is {:?}. {}", repeated(found), accepted.advice);
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let title = "This content type is not supported";
        let problem = Self::new(status, "unsupported-media-type", title, detail);
        Self { accepted: Some((accepted.header, accepted.types)), ..problem }
    }

    /// 412: the transaction was changed since the caller read it.
    pub(super) fn precondition(revision: i64) -> Self {
        Self::changed_meanwhile("transaction", &format!("at revision {revision}"))
    }

    /// 412: something is not any more as the caller knows it. `state` is how it is now.
    pub(super) fn changed_meanwhile(what: &str, state: &str) -> Self {
        let detail = format!(
            "The {what} is {state}, which `If-Match` does not name. Nothing was \
             changed. GET the {what}, check what others have changed, and send the call again \
             with the new ETag."
        );
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "Somebody else has changed it meanwhile",
            detail,
        )
    }

    pub(super) fn no_key() -> Self {
        let problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "missing-key",
            "A valid API key is required",
            "Send `Authorization: Bearer KEY` with a key that `tallyroom key` made and that is not revoked, \
             or with one of the keys under `api.keys` in the config.",
        );
        Self { authenticate: Some("Bearer".to_owned()), ..problem }
    }

    /// 403: the key has not the scope that the call needs (RFC 6750, section 3.1).
    pub(super) fn scope(needed: Scope, found: &Scopes) -> Self {
        let needed = needed.as_str();
        let detail = format!(
            "This call needs a key with the scope `{needed}`. This key has the scopes `{found}`. Ask the \
             operator for another key: `tallyroom key create` makes one."
        );
        let problem = Self::new(
            StatusCode::FORBIDDEN,
            "insufficient-scope",
            "The key may not be used for this",
            detail,
        );
        let authenticate = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
        Self { authenticate: Some(authenticate), ..problem }
            .with("scope", json!(needed))
            .with("scopes", json!(found.names()))
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 410: what the caller refers to is no longer there.
    pub(super) fn gone(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, kind, "This is no longer there", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This address does not support this method",
            "The `Allow` header lists the methods that it supports.",
        )
    }

    /// 409: the same call is still being run.
    pub(super) fn in_progress(seconds: u64) -> Self {
        let detail = "Another call with this `Idempotency-Key` is in progress. Send the same call again later.";
        let title = "The same call is in progress";
        let problem = Self::new(StatusCode::CONFLICT, "call-in-progress", title, detail);
        Self { retry_after: Some(seconds), ..problem }
    }

    /// 422: a key was used for two calls.
    pub(super) fn key_of_another_call() -> Self {
        let detail = "This `Idempotency-Key` belongs to an earlier call with another address or body. Use a \
                      new key for each call, and the same key only to send the same call again.";
        let title = "The key belongs to another call";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "idempotency-key-reused", title, detail)
    }

    /// 429: the limit for this caller is reached.
    pub(super) fn too_many(too_many: TooMany, detail: &'static str) -> Self {
        let title = "Too many requests";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", title, detail);
        Self { retry_after: Some(too_many.seconds()), ..problem }
    }

    /// 503: the database or another part that the call needs is not available.
    pub(super) fn try_again(detail: &'static str) -> Self {
        let title = "The service is temporarily unavailable";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "try-again", title, detail);
        Self { retry_after: Some(5), ..problem }
    }

    /// 500: stored data was changed from outside.
    pub(super) fn damaged(detail: &'static str) -> Self {
        let title = "Stored data is damaged";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", title, detail)
    }

    pub(super) fn conflict(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "This conflicts with existing data", detail)
    }
}

impl From<QueryRejection> for Problem {
    /// The sentence repeats at most a line of the query.
    fn from(rejection: QueryRejection) -> Self {
        let told = rejection.body_text();
        // Such as: unknown field `x`, expected one of …
        let name = told.split_once("field `").and_then(|(_, rest)| rest.split_once('`'));
        let name = name.map(|(name, _)| repeated(name)).unwrap_or_default();
        Self::parameter(&name, in_a_line(&told))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database failed");
        Self::try_again(
            "The database did not answer. Nothing was changed; send the same call again.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".to_owned(), json!(format!("urn:tallyroom:problem:{}", self.kind)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let media_type = header::HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        let authenticate = self.authenticate.and_then(|it| header::HeaderValue::try_from(it).ok());
        if let Some(authenticate) = authenticate {
            headers.insert(header::WWW_AUTHENTICATE, authenticate);
        }
        if let Some((name, types)) = self.accepted {
            headers.insert(name, header::HeaderValue::from_static(types));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}
