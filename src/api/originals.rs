//! The endpoints that answer the file in which an invoice came, and the XML in it.

use std::borrow::Cow;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::parameters::Path;
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication, body};
use crate::files::{disposition, shown_as};
use crate::invoice::{AttachedFile, Limits, OriginalKind, attached_file, xml_of};

/// `GET /api/v1/transactions/{id}/original`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (number, bytes) = original(&state, &shop, &id).await?;
    Ok(answer(OriginalKind::of(&bytes), &number, bytes))
}

/// `GET /api/v1/transactions/{id}/original.xml`: the XML, also if it came in a PDF.
pub(super) async fn show_xml(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (number, bytes) = original(&state, &shop, &id).await?;
    if OriginalKind::of(&bytes) == OriginalKind::Json {
        return Err(Problem::not_found("The invoice came as JSON, so there is no XML of it."));
    }
    // It may have come in within higher limits than the present ones.
    let read = move || {
        xml_of(&bytes, &Limits::HIGHEST).map(Cow::into_owned).map_err(|problem| vec![problem])
    };
    Ok(answer(OriginalKind::Xml, &number, body::read(read).await?))
}

/// `GET /api/v1/transactions/{id}/attachments/{place}`: the file that `invoice.documents[place]` carries.
pub(super) async fn show_attachment(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, place)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let (_, bytes) = original(&state, &shop, &id).await?;
    let file = body::read(move || attached_file(&bytes, place)).await?;
    let missing =
        || Problem::not_found(format!("The document {place} of this invoice carries no file."));
    let AttachedFile { name, media_type, bytes } = file.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, shown_as(media_type.as_deref()).to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Ok((headers, Body::from(bytes)).into_response())
}

/// Returns the number of the invoice, and the file in which its current revision came.
async fn original(state: &ApiState, shop: &str, id: &str) -> Result<(String, Vec<u8>), Problem> {
    let id = transaction_id(id)?;
    let transaction = find(state, shop, id).await?;
    let missing =
        || Problem::not_found("The invoice came as JSON, so there is no original file of it.");
    let (_, bytes) = state.store.original(id).await?.ok_or_else(missing)?;
    Ok((transaction.terms.invoice.number, bytes))
}

fn answer(kind: OriginalKind, number: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&format!("{number}.{}", kind.extension()))),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Body::from(bytes)).into_response()
}
