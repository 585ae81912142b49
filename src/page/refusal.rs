//! Answers to those who may not see what they ask for, or asked for something that cannot be.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::PageState;
use super::headers::Nonce;
use super::model::Reader;
use super::reader::is_script;
use super::view::{self, Closed};
use crate::store::StoreError;

/// HTTP status of a page that shows nothing. It is the same for what does not exist.
fn status_of(why: Closed) -> StatusCode {
    match why {
        Closed::SignedOut => StatusCode::UNAUTHORIZED,
        Closed::Wrong | Closed::NotFound => StatusCode::NOT_FOUND,
        Closed::Expired | Closed::Revoked => StatusCode::GONE,
    }
}

/// A refusal on its way to a person or a script.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Page(String),
    Problem { title: String, detail: String },
}

impl Refusal {
    /// Nothing is shown.
    pub(super) fn closed(why: Closed, reader: &Reader, headers: &HeaderMap) -> Self {
        let body = if is_script(headers) {
            let [title, detail] = view::closed_words(why, reader);
            Body::Problem { title, detail }
        } else {
            Body::Page(view::closed(why, reader).into_string())
        };
        Self { status: status_of(why), body }
    }

    /// Something does not fit; `id` is its text.
    pub(super) fn problem(status: StatusCode, reader: &Reader, id: &str) -> Self {
        let (title, detail) = (reader.locale.text("problem-title"), reader.locale.text(id));
        Self { status, body: Body::Problem { title, detail } }
    }

    /// The database or something else that we stand on fails.
    pub(super) fn try_again() -> Self {
        let title = "This can not be done right now".to_owned();
        let detail = "Nothing was lost; please try again in a moment.".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body: Body::Problem { title, detail } }
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
        match self.body {
            Body::Page(html) => {
                (self.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html)
                    .into_response()
            }
            Body::Problem { title, detail } => {
                let status = self.status.as_u16();
                let body = json!({ "title": title, "detail": detail, "status": status });
                let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
                (self.status, media_type, Json(body).into_response().into_body()).into_response()
            }
        }
    }
}

/// For every other address.
pub(super) async fn nothing_here(
    State(state): State<PageState>,
    Extension(nonce): Extension<Nonce>,
    headers: HeaderMap,
) -> Refusal {
    let reader = Reader::of(&state, &headers, None, &nonce);
    Refusal::closed(Closed::NotFound, &reader, &headers)
}
