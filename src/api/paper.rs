//! The endpoint that answers the invoice as a PDF.

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
use crate::files::disposition;
use crate::language::{Language, LanguageTag, Locale};
use crate::paper::PaperError;

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaperQuery {
    language: Option<String>,
}

/// `GET /api/v1/transactions/{id}/invoice.pdf`: what the buyer gets on the invoice page, in the language of its
/// room or in `language`.
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
    query: Result<Query<PaperQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let asked = query.language.as_deref().map(locale).transpose()?;
    let transaction = find(&state, &shop, transaction_id(&id)?).await?;
    let locale = asked.unwrap_or_else(|| state.config.locale_of(&transaction));
    let standing = state.config.standing(&transaction);
    let bytes = state.papers.of(&transaction, &standing, &locale, true).await;
    let bytes = bytes.map_err(|error| match error {
        PaperError::TooMany(too_many) => Problem::too_many(
            too_many,
            "Too many PDFs are being written for this shop. Try again.",
        ),
        PaperError::Failed(error) => {
            tracing::error!(transaction = %transaction.id, %error, "cannot write an invoice as PDF");
            Problem::try_again("The PDF cannot be written. Nothing was changed; try again.")
        }
    })?;
    let name = format!("{}.pdf", transaction.terms.invoice.number);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::CONTENT_LANGUAGE, locale.tag()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from(bytes)).into_response())
}

/// Returns the language with this tag, such as `de`, `de-AT` or `es-419`.
fn locale(tag: &str) -> Result<Locale, Problem> {
    LanguageTag::of(tag).map(|it| it.locale()).ok_or_else(|| {
        let tags = Language::tags();
        let detail = format!("`language` must be one of {tags}, with or without a region.");
        Problem::parameter("language", detail)
    })
}
