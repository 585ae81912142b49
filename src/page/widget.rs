//! The page inside a Matrix client: laid out beside the timeline, so without a chat of its own.

use axum::extract::{Extension, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use serde::Deserialize;
use ulid::Ulid;

use super::PageState;
use super::headers::Nonce;
use super::model::Reader;
use super::view::{self, Closed};

/// What the client fills in. Nothing of it is believed: who looks is proven by an OpenID token.
#[derive(Debug, Deserialize)]
pub(super) struct Hints {
    lang: Option<String>,
}

/// `GET /widget/{id}`: an empty page, the same for everybody, whose script proves who looks.
pub(super) async fn page(
    State(state): State<PageState>,
    Path(id): Path<String>,
    Query(hints): Query<Hints>,
    Extension(nonce): Extension<Nonce>,
    headers: HeaderMap,
) -> Html<String> {
    let reader = Reader::of(&state, &headers, hints.lang.as_deref(), &nonce);
    let html = match Ulid::from_string(&id) {
        Ok(id) => view::widget(id, &reader),
        Err(_) => view::closed(Closed::NotFound, &reader),
    };
    Html(html.into_string())
}
