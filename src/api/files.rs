//! The endpoint that downloads a file of a record.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::parameters::Path;
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};
use crate::files::{Found, disposition, shown_as};
use crate::quota::paced;

/// How long a download may wait until it begins.
const DOWNLOAD_WAIT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may take no bytes before its download is cancelled.
const DOWNLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

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
    let waited = state.downloads.take_within(&shop, DOWNLOAD_WAIT_TIMEOUT).await;
    let place = waited.map_err(|too_many| {
        let detail = "Too many downloads of this shop are in progress. Finish or cancel some of \
                      them, and try again.";
        Problem::too_many(too_many, detail)
    })?;
    let bytes = state.vault.get(&sha256).await.map_err(|error| {
        tracing::error!(%error, file = file.mxc, "a kept file cannot be read");
        Problem::try_again("The file store cannot be read. Send the same call again.")
    })?;
    let bytes = match bytes {
        Found::Bytes(bytes) => bytes,
        Found::Missing => return Err(missing()),
        Found::Changed => {
            let detail = "The file was changed in the file store, and is therefore not sent. \
                          Restore the file from a backup; `tallyroom verify` names it.";
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
    Ok((headers, Body::from_stream(paced(bytes, DOWNLOAD_IDLE_TIMEOUT, place))).into_response())
}
