//! The JSON Schema of an invoice.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// `GET /api/v1/invoice.schema.json`
pub(super) async fn show() -> Response {
    let schema = crate::invoice::schema().to_string();
    ([(CONTENT_TYPE, "application/schema+json")], schema).into_response()
}
