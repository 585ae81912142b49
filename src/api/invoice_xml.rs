//! The endpoint that answers the invoice of a transaction as UBL or CII, whatever form it came in.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::parameters::Path;
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};
use crate::files::disposition;
use crate::invoice::{AttachedContents, XmlFormat, write_xml};
use crate::quota::run_blocking;

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvoiceXmlQuery {
    syntax: Option<String>,
}

/// `GET /api/v1/transactions/{id}/invoice.xml?syntax=ubl|cii`: CII if no syntax is named.
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
    query: Result<Query<InvoiceXmlQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let name = query.syntax.as_deref().unwrap_or(XmlFormat::Cii.name());
    let format = XmlFormat::from_name(name).ok_or_else(|| {
        Problem::parameter("syntax", "`syntax` must be one of ubl, cii. Left out, it is cii.")
    })?;
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let number = transaction.terms.invoice.number.clone();
    let original = state.store.original(id).await?;
    // A long invoice takes a while, so it is written outside the threads that answer requests.
    let write = move || {
        let invoice = transaction.terms.whole_invoice();
        let original = original.as_ref().map(|(_, bytes)| bytes.as_slice());
        write_xml(&invoice, format, &AttachedContents::for_invoice(&invoice, original))
    };
    let written = run_blocking(write).await.map_err(|error| {
        tracing::error!(%error, "an invoice cannot be written");
        Problem::try_again("The invoice could not be written. Send the same call again.")
    })?;
    let title = "The invoice cannot be written in this syntax";
    let written = written.map_err(|problem| Problem::invalid_content(title, &[problem]))?;
    let headers = [
        (header::CONTENT_TYPE, "application/xml".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&format!("{number}.{}.xml", format.name()))),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from(written.xml)).into_response())
}
