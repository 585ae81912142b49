//! Serves the page inside a Matrix client. It is shown beside the timeline, so it has no chat of
//! its own.

use axum::extract::{Path, State};
use axum::response::Html;
use ulid::Ulid;

use super::PageState;
use super::model::Reader;
use super::refusal::Refusal;
use super::view::{self, Closed};

/// `GET /widget/{id}`: serves an empty page, which is the same for everybody. Its script signs the
/// user in with an OpenID token. Of what the client fills in, only the language is trusted.
pub(super) async fn page(
    State(_): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    let id = Ulid::from_string(&id).map_err(|_| Closed::NotFound)?;
    Ok(Html(view::widget(id, &reader).into_string()))
}
