//! The endpoint that checks an invoice without taking it in.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::problem::Problem;
use super::{Shop, authentication, body};
use crate::invoice::inspect_within;

/// `POST /api/v1/invoices/check`: UBL, CII, a PDF that carries one of them, or JSON. The bytes say what it
/// is.
pub(super) async fn check(
    Extension(authentication::Shop(_)): Shop,
    request: Request,
) -> Result<Response, Problem> {
    let limits = body::limits(&request)?;
    let bytes = body::whole(request).await?;
    let found = body::read(move || Ok(inspect_within(&bytes, &limits))).await?;
    let answer =
        json!({ "valid": found.is_valid(), "taken": found.taken, "findings": found.findings });
    Ok(Json(answer).into_response())
}
