//! HTTP from the shop.

mod authentication;
mod body;
mod entries;
mod export;
mod files;
mod health;
mod invitations;
mod links;
mod precondition;
mod present;
mod problem;
mod search;
mod transactions;

pub use health::Health;
pub use present::present;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use tracing::Instrument;
use ulid::Ulid;

use self::problem::Problem;
use crate::config::Config;
use crate::door::{Arrival, Budget, WrongKeys};
use crate::export::Exporter;
use crate::files::Vault;
use crate::page::token::TokenKey;
use crate::quota::Places;
use crate::store::Store;

/// Largest body taken: an invoice of 10,000 lines is about 4 MB of UBL.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Files that one shop may fetch side by side, and all shops together.
const DOWNLOADS: (usize, usize) = (64, 512);
/// Longest request id taken over from a caller.
const MAX_REQUEST_ID: usize = 128;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the endpoints need.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The database.
    pub store: Store,
    /// The files.
    pub vault: Vault,
    /// What makes bundles.
    pub exporter: Exporter,
    /// The whole config.
    pub config: Arc<Config>,
    /// What links are signed with.
    pub token_key: TokenKey,
    /// Who tried wrong keys.
    pub wrong_keys: WrongKeys,
    /// Files that each shop is fetching.
    pub downloads: Places<String>,
    /// What readiness is found by.
    pub health: Health,
}

/// Places for fetching files, within what this process may have open.
pub fn downloads(budget: &Budget) -> Places<String> {
    let most = budget.files / 4;
    Places::new(DOWNLOADS.0.min(most), DOWNLOADS.1.min(most))
}

/// Names one call in logs, answers and effects.
#[derive(Clone, Debug)]
struct RequestId(String);

/// `/api/v1/…` for shops and `/health/…` for whoever watches over the process.
pub fn router(state: ApiState) -> Router {
    let shops = Router::new()
        .route("/api/v1/transactions", get(transactions::list).post(transactions::create))
        .route("/api/v1/transactions/{id}", get(transactions::show).patch(transactions::change))
        .route("/api/v1/transactions/{id}/entries", get(entries::list))
        .route("/api/v1/transactions/{id}/invitations", post(invitations::create))
        .route("/api/v1/entries", get(search::list))
        .route("/api/v1/transactions/{id}/export", get(export::show))
        .route("/api/v1/transactions/{id}/files/{sha256}", get(files::show))
        .route("/api/v1/transactions/{id}/links", get(links::list).post(links::create))
        .route("/api/v1/transactions/{id}/links/{link}", delete(links::revoke))
        // `body` has its own limit, which answers even those who are still sending.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), authentication::require_key));
    Router::new()
        .merge(shops)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(async || Problem::not_found("There is nothing at this address."))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn(correlate))
        .with_state(state)
}

/// Gives the call an id, or takes over the caller's, and puts it into logs and answer.
async fn correlate(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = match given {
        Some(id) if !id.is_empty() && id.len() <= MAX_REQUEST_ID => id.to_owned(),
        _ => format!("api-{}", Ulid::new()),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("call", correlation = id);
    let arrival = request.extensions().get::<Arrival>().cloned().unwrap_or_default();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    async {
        let mut response = next.run(request).await.into_response();
        if arrival.is_given_up() {
            response = Problem::too_slow().into_response();
        }
        let status = response.status().as_u16();
        // Whoever watches over us asks every few seconds.
        if path.starts_with("/health/") {
            tracing::debug!(%method, path, status, "answered");
        } else {
            tracing::info!(%method, path, status, "answered");
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID.clone(), value);
        }
        response
    }
    .instrument(span)
    .await
}

type Shop = Extension<authentication::Shop>;
