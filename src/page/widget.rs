//! The page inside a Matrix client: laid out beside the timeline, so without a chat of its own.

use axum::extract::{Path, State};
use axum::response::Html;
use ulid::Ulid;

use super::PageState;
use super::model::Reader;
use super::refusal::Refusal;
use super::view::{self, Closed};

/// `GET /widget/{id}`: an empty page, the same for everybody, whose script proves who looks.
/// Nothing that the client fills in is believed but the language: who looks is proven by an OpenID
/// token.
pub(super) async fn page(
    State(_): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    let id = Ulid::from_string(&id).map_err(|_| Closed::NotFound)?;
    Ok(Html(view::widget(id, &reader).into_string()))
}
