//! The files in a record.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};
use crate::files::{Found, disposition, shown_as};
use crate::quota::paced;

/// How long a file may wait for its turn.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long whoever fetches a file may pause.
const READING_PATIENCE: Duration = Duration::from_secs(60);

/// `GET /api/v1/transactions/{id}/files/{sha256}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, sha256)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let missing = || Problem::not_found(format!("This transaction has no file {sha256:?}."));
    let file = state.store.file_with_digest(id, &sha256).await?.ok_or_else(missing)?;
    let name = state.store.file_name(id, &file.mxc).await?.unwrap_or_default();
    let place = state.downloads.take_within(&shop, DOWNLOAD_PATIENCE).await.map_err(|it| {
        let detail =
            "Too many files of this shop are being fetched. Fetch some to their end first.";
        Problem::too_many(it, detail)
    })?;
    let bytes = state.vault.get(&sha256).await.map_err(|error| {
        tracing::error!(%error, file = file.mxc, "a kept file cannot be read");
        Problem::try_again("The file store did not answer.")
    })?;
    let bytes = match bytes {
        Found::Bytes(bytes) => bytes,
        Found::Missing => return Err(missing()),
        Found::Changed => {
            let detail = "The bytes in the file store are not those that were kept, and are not \
                          handed out. Put the file back from a backup; `tallyroom verify` names it.";
            return Err(Problem::damaged(detail));
        }
    };
    let media_type = shown_as(file.media_type.as_deref()).to_owned();
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, file.size.unwrap_or_default().to_string()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::ETAG, format!("\"{sha256}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Ok((headers, Body::from_stream(paced(bytes, READING_PATIENCE, place))).into_response())
}
