//! Is the process alive, and can it do its work?

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::ApiState;

/// 200 as long as the process answers at all.
pub(super) async fn live() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// 200 when the database answers and the homeserver has accepted the bot; 503 otherwise. The API
/// takes transactions as soon as the database answers: their rooms follow.
pub(super) async fn ready(State(state): State<ApiState>) -> Response {
    let database = state.store.ping().await.is_ok();
    let homeserver = state.introduced.load(Ordering::Relaxed);
    let status =
        if database && homeserver { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |good| if good { "ok" } else { "not ready" };
    let body = json!({ "database": word(database), "homeserver": word(homeserver) });
    (status, Json(body)).into_response()
}
