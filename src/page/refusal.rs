//! Responses to requests that are refused or cannot be answered.
//!
//! Handlers return a [`Refusal`]. [`present`] writes it in the language of the reader: as a page
//! for people, and as problem details (RFC 9457) for scripts. It also adds a text to responses that
//! were refused before a handler saw the request, for example to a form that cannot be read.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use ulid::Ulid;

use super::model::Reader;
use super::view::{self, Ask, Closed};
use crate::door::Key;
use crate::quota::TooMany;
use crate::store::StoreError;

/// The delay after which a request can be retried, if nothing better is known.
const DEFAULT_RETRY_DELAY: Duration = Duration::from_secs(5);

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: Text,
    /// The delay after which the request may succeed, if that is known.
    retry_after: Option<Duration>,
    /// The transaction that a refused link opened, if it is not in the path.
    transaction: Option<Ulid>,
    /// The kind of the wrong credential, if the request is refused because of one.
    wrong: Option<Key>,
}

/// The text that was refused. The page of the refusal shows it, so that it is not lost.
#[derive(Clone)]
struct Refused(String);

#[derive(Clone, Copy, Debug)]
enum Text {
    /// The transaction is not shown.
    Closed(Closed),
    /// Another problem, by the id of its text.
    Problem(&'static str),
}

impl Refusal {
    /// Refuses with a status, and the text with this id.
    pub(super) fn problem(status: StatusCode, id: &'static str) -> Self {
        let text = Text::Problem(id);
        Self { status, text, retry_after: None, transaction: None, wrong: None }
    }

    /// Returns the same refusal because of a wrong credential. It is counted for the source of the
    /// request.
    pub(super) fn for_wrong(self, key: Key) -> Self {
        Self { wrong: Some(key), ..self }
    }

    /// Returns the same refusal of a link that opened this transaction.
    pub(super) fn about(self, transaction: Ulid) -> Self {
        Self { transaction: Some(transaction), ..self }
    }

    /// Returns the response with this refusal of a text, which its page gives back to the reader.
    pub(super) fn giving_back(self, text: String) -> Response {
        let mut response = self.into_response();
        response.extensions_mut().insert(Refused(text));
        response
    }

    /// Returns the kind of the wrong credential, if a response refuses because of one.
    pub(super) fn wrong_key(response: &Response) -> Option<Key> {
        response.extensions().get::<Self>()?.wrong
    }

    /// Refuses because the database, or something else that is needed, fails.
    pub(super) fn try_again() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self {
            retry_after: Some(DEFAULT_RETRY_DELAY),
            ..Self::problem(status, "problem-try-again")
        }
    }

    /// Refuses with the text for a status that has no other text.
    fn of_status(status: StatusCode) -> Self {
        let id = match status {
            StatusCode::NOT_FOUND => return Closed::NotFound.into(),
            StatusCode::METHOD_NOT_ALLOWED => "problem-method",
            StatusCode::PAYLOAD_TOO_LARGE => "problem-long",
            status if status.is_server_error() => "problem-try-again",
            _ => "problem-form",
        };
        Self::problem(status, id)
    }

    /// Returns the title and the text.
    fn texts(&self, reader: &Reader) -> [String; 2] {
        match self.text {
            Text::Closed(why) => view::closed_texts(why, reader),
            Text::Problem(id) => [reader.locale.text("problem-title"), reader.locale.text(id)],
        }
    }
}

/// Returns the HTTP status of a page that does not show the transaction. It is the same for a
/// transaction that does not exist.
fn status_of(why: Closed) -> StatusCode {
    match why {
        Closed::SignedOut => StatusCode::UNAUTHORIZED,
        Closed::Wrong | Closed::NotFound => StatusCode::NOT_FOUND,
        Closed::Expired | Closed::Revoked => StatusCode::GONE,
        Closed::OtherSpeaker | Closed::Nameless => StatusCode::CONFLICT,
    }
}

impl From<Closed> for Refusal {
    fn from(why: Closed) -> Self {
        let (status, text) = (status_of(why), Text::Closed(why));
        Self { status, text, retry_after: None, transaction: None, wrong: None }
    }
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Self {
        let retry_after = Some(Duration::from_secs(too_many.seconds()));
        Self { retry_after, ..Self::problem(StatusCode::TOO_MANY_REQUESTS, "problem-too-many") }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "cannot answer a request of the page: the database failed");
        Self::try_again()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // `present` adds the text, because it knows the reader.
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Adds the text to a response that refuses. `has_address` tells whether the request only read
/// something, so that its address can be opened again in another language. `transaction` is the one in the path. `by_mail` tells
/// whether links are also sent by e-mail.
pub(super) fn present(
    response: Response,
    reader: &Reader,
    as_json: bool,
    has_address: bool,
    transaction: Option<Ulid>,
    by_mail: bool,
) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let refusal = response.extensions().get().copied();
    let refusal: Refusal = refusal.unwrap_or_else(|| Refusal::of_status(status));
    let mut presented = if as_json {
        let [title, detail] = refusal.texts(reader);
        let body = json!({ "title": title, "detail": detail, "status": status.as_u16() });
        let mut problem = Json(body).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        problem.headers_mut().insert(header::CONTENT_TYPE, media_type);
        problem
    } else {
        let html = match refusal.text {
            Text::Closed(why) => {
                let transaction = refusal.transaction.or(transaction);
                let ask = transaction.map(|transaction| Ask { transaction, by_mail });
                view::closed(why, reader, has_address, ask)
            }
            Text::Problem(_) => {
                let text = response.extensions().get().map(|Refused(text)| text.as_str());
                view::problem(&refusal.texts(reader), text, reader)
            }
        };
        Html(html.into_string()).into_response()
    };
    *presented.status_mut() = status;
    copy_headers(response.headers(), presented.headers_mut());
    if let Some(after) = refusal.retry_after {
        presented.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    presented
}

/// Copies the headers that are not about the body. `Content-Range` of a refusal is about what was asked for.
fn copy_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let is_about_body = (name.as_str().starts_with("content-")
            && *name != header::CONTENT_RANGE)
            || [header::TRANSFER_ENCODING, header::VARY].contains(name);
        if !is_about_body {
            to.append(name, value.clone());
        }
    }
}

/// Answers requests for all other addresses.
pub(super) async fn not_found() -> Refusal {
    Closed::NotFound.into()
}
