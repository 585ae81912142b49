//! Answers to those who may not see what they ask for, or asked for something that cannot be.
//!
//! Handlers say what is wrong; [`present`] says it to whoever asked: as a page to people, as
//! problem details (RFC 9457) to scripts, in the reader's language. It also finds words for what
//! was refused before any handler saw it, such as a form that cannot be read.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::model::Reader;
use super::view::{self, Closed};
use crate::door::Key;
use crate::quota::TooMany;
use crate::store::StoreError;

/// What is said where nothing else is: to try again in a moment.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A refusal on its way to a person or a script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    words: Words,
    /// When it may work, if that is known.
    retry_after: Option<Duration>,
    /// What was tried and opens nothing.
    wrong: Option<Key>,
}

#[derive(Clone, Copy, Debug)]
enum Words {
    /// Nothing is shown.
    Closed(Closed),
    /// The id of a text.
    Problem(&'static str),
}

impl Refusal {
    /// Something does not fit; `id` is its text.
    pub(super) fn problem(status: StatusCode, id: &'static str) -> Self {
        Self { status, words: Words::Problem(id), retry_after: None, wrong: None }
    }

    /// The same, because this was wrong: it counts for whoever tried it.
    pub(super) fn for_wrong(self, key: Key) -> Self {
        Self { wrong: Some(key), ..self }
    }

    /// What was wrong, if an answer refuses because of that.
    pub(super) fn wrong_key(response: &Response) -> Option<Key> {
        response.extensions().get::<Self>()?.wrong
    }

    /// The database or something else that we stand on fails.
    pub(super) fn try_again() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { retry_after: Some(TRY_AGAIN), ..Self::problem(status, "problem-try-again") }
    }

    /// For a status that nobody found words for.
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

    fn words(&self, reader: &Reader) -> [String; 2] {
        match self.words {
            Words::Closed(why) => view::closed_words(why, reader),
            Words::Problem(id) => [reader.locale.text("problem-title"), reader.locale.text(id)],
        }
    }
}

/// HTTP status of a page that shows nothing. It is the same for what does not exist.
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
        Self { status: status_of(why), words: Words::Closed(why), retry_after: None, wrong: None }
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
        tracing::error!(%error, "the database failed");
        Self::try_again()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Its words are put in by `present`, which knows who reads them.
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Puts words into an answer that refuses. `has_address`: the request only looked at something.
pub(super) fn present(
    response: Response,
    reader: &Reader,
    as_json: bool,
    has_address: bool,
) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let refusal = response.extensions().get().copied();
    let refusal: Refusal = refusal.unwrap_or_else(|| Refusal::of_status(status));
    let mut told = if as_json {
        let [title, detail] = refusal.words(reader);
        let body = json!({ "title": title, "detail": detail, "status": status.as_u16() });
        let mut told = Json(body).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        told.headers_mut().insert(header::CONTENT_TYPE, media_type);
        told
    } else {
        let html = match refusal.words {
            Words::Closed(why) => view::closed(why, reader, has_address),
            Words::Problem(_) => view::problem(&refusal.words(reader), reader),
        };
        Html(html.into_string()).into_response()
    };
    *told.status_mut() = status;
    keep(response.headers(), told.headers_mut());
    if let Some(after) = refusal.retry_after {
        told.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    told
}

/// What an answer says beside its body.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let is_about_body = name.as_str().starts_with("content-")
            || [header::TRANSFER_ENCODING, header::VARY].contains(name);
        if !is_about_body {
            to.append(name, value.clone());
        }
    }
}

/// For every other address.
pub(super) async fn not_found() -> Refusal {
    Closed::NotFound.into()
}
