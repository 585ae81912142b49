//! The endpoint that exports the bundle of a record.

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::parameters::Path;
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};
use crate::access::{Action, Origin};
use crate::export::{Bundle, ExportError};
use crate::files::disposition;

/// The query of an export.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportQuery {
    include: Option<String>,
}

/// `GET /api/v1/transactions/{id}/export?include=notes`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let id = transaction_id(&id)?;
    let bundle = match query.include.as_deref() {
        None => Bundle::Record,
        Some("notes") => Bundle::RecordWithNotes,
        Some(_) => return Err(Problem::parameter("include", "`include` can only be `notes`.")),
    };
    find(&state, &shop, id).await?;
    let pieces = state.exporter.stream(&shop, id, bundle).await.map_err(|why| match why {
        ExportError::TooMany(too_many) => Problem::too_many(
            too_many,
            "This shop has as many exports in progress as `api.exports_at_once` allows. Finish or \
             cancel some of their downloads, and try again.",
        ),
        ExportError::Failed(error) => {
            tracing::error!(transaction = %id, %error, "an export cannot begin");
            Problem::try_again("The export cannot begin. Nothing was changed; try again.")
        }
    })?;
    // Nothing was sent so far. If the audit log cannot be written, nothing is.
    state.store.audited(&[origin.does(Action::TransactionExported, &shop).to(id)]).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&format!("tallyroom-{id}.zip"))),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
