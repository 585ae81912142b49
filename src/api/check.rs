//! The endpoint that checks an invoice without taking it in.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::body::{self, Receiver};
use super::problem::Problem;
use super::{ApiState, Shop, authentication};
use crate::invoice::inspect_within;

/// `POST /api/v1/invoices/check`: UBL, CII, a PDF that carries one of them, or JSON. The bytes say what it
/// is.
pub(super) async fn check(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    request: Request,
) -> Result<Response, Problem> {
    let receiver = Receiver { state: &state, shop: &shop };
    let limits = receiver.limits();
    let bytes = body::whole(request, receiver).await?;
    let found = body::read(move || Ok(inspect_within(&bytes, &limits))).await?;
    let answer =
        json!({ "valid": found.is_valid(), "taken": found.taken, "findings": found.findings });
    Ok(Json(answer).into_response())
}
