//! The HTTP API for shops, and the health endpoints.

mod audit;
mod authentication;
mod body;
mod call_rate;
mod calls;
mod check;
mod compressed;
mod contacts;
mod cors;
mod entries;
mod events;
mod export;
mod files;
mod health;
mod held_mails;
mod invitations;
mod invoice_xml;
mod kept_files;
mod known_keys;
mod links;
mod message_form;
mod messages;
mod not_modified;
mod notes;
mod openapi;
mod originals;
mod paper;
mod parameters;
mod payments;
mod precondition;
mod present;
mod problem;
mod repeated;
mod schema;
mod search;
mod silenced;
mod traces;
mod transactions;
mod webhooks;

pub use audit::audit_line;
pub use call_rate::CallRate;
pub use events::WaitingPlaces;
pub use health::Health;
pub use known_keys::KnownKeys;
pub use openapi::openapi;
pub use present::present;
pub use traces::Traces;
pub use webhooks::{delivery as delivery_json, shown as webhook_json};

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use self::problem::Problem;
use crate::config::Config;
use crate::door::{Arrival, Budget, WrongKeys};
use crate::export::Exporter;
use crate::feed::News;
use crate::files::Vault;
use crate::link::token::TokenKey;
use crate::paper::Papers;
use crate::quota::{Memory, Places};
use crate::room::message_content::MAX_FILES;
use crate::store::Store;
use crate::webhook;

/// The greatest number of parallel downloads of files for one shop.
const MAX_DOWNLOADS_PER_SHOP: usize = 64;
/// The greatest number of parallel downloads of files for all shops together.
const MAX_DOWNLOADS: usize = 512;
/// The greatest number of messages with files that are received at the same time for one shop.
const MAX_UPLOADS_PER_SHOP: usize = 8;
/// The greatest number of messages with files that are received at the same time for all shops together.
const MAX_UPLOADS: usize = 64;
/// The greatest number of test events to webhooks that are sent at the same time for one shop.
const MAX_WEBHOOK_TESTS_PER_SHOP: usize = 2;
/// The greatest number of test events that are sent at the same time for all shops together.
const MAX_WEBHOOK_TESTS: usize = 16;
/// The greatest length of a request id that is accepted from the caller, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The state that the endpoints share.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The database.
    pub store: Store,
    /// The file store.
    pub vault: Vault,
    /// Invoices as PDF.
    pub papers: Papers,
    /// Makes the bundles of exports.
    pub exporter: Exporter,
    /// The whole config.
    pub config: Arc<Config>,
    /// The key that signs links.
    pub token_key: TokenKey,
    /// Counts and limits calls with wrong keys.
    pub wrong_keys: WrongKeys,
    /// The keys that opened the API lately.
    pub known_keys: KnownKeys,
    /// How often each key may call.
    pub call_rate: CallRate,
    /// What calls leave behind that is written a moment later.
    pub traces: Traces,
    /// The memory for the bodies of calls, by shop.
    pub bodies: Memory<String>,
    /// The downloads that are in progress, by shop.
    pub downloads: Places<String>,
    /// The messages with files that are being received, by shop.
    pub uploads: Places<String>,
    /// Who waits for events is told of them.
    pub news: News,
    /// The streams and calls that wait for events.
    pub waiting: WaitingPlaces,
    /// Cancelled when the process stops. Streams end, and calls that wait are answered.
    pub stop: CancellationToken,
    /// Sends test events to webhooks.
    pub webhooks: webhook::Client,
    /// The test events that are being sent, by shop.
    pub webhook_tests: Places<String>,
    /// The readiness check.
    pub health: Health,
}

/// The limits for parallel downloads. They are lower if this process may open few files.
pub fn downloads(budget: &Budget) -> Places<String> {
    let max = budget.files / 4;
    Places::new(MAX_DOWNLOADS_PER_SHOP.min(max), MAX_DOWNLOADS.min(max))
}

/// The limits for messages with files. They are lower if this process may open few files.
pub fn uploads(budget: &Budget) -> Places<String> {
    let max = budget.files / 4 / MAX_FILES;
    Places::new(MAX_UPLOADS_PER_SHOP.min(max).max(1), MAX_UPLOADS.min(max).max(1))
}

/// The limits for parallel test events.
pub fn webhook_tests() -> Places<String> {
    Places::new(MAX_WEBHOOK_TESTS_PER_SHOP, MAX_WEBHOOK_TESTS)
}

/// The memory for the bodies of calls. One body of the greatest size always fits.
pub fn bodies(config: &Config) -> Memory<String> {
    let megabytes = usize::try_from(config.api.bodies_megabytes).unwrap_or(usize::MAX);
    Memory::new(megabytes.saturating_mul(1_000_000), config.invoice.limits.file_bytes())
}

/// Identifies one call in the log, in the answer, and in what the call causes.
#[derive(Clone, Debug)]
struct RequestId(String);

/// Returns the routes: `/api/v1/…` for shops, and `/health/…` for monitoring.
pub fn router(state: ApiState) -> Router {
    let answers = Router::new()
        .route("/api/v1/transactions", get(transactions::list).post(transactions::create))
        .route("/api/v1/transactions/{id}", get(transactions::show).patch(transactions::change))
        .route("/api/v1/transactions/{id}/entries", get(entries::list))
        .route("/api/v1/transactions/{id}/invitations", post(invitations::create))
        .route("/api/v1/transactions/{id}/payments", get(payments::list).post(payments::add))
        .route(
            "/api/v1/transactions/{id}/payments/{payment}",
            get(payments::show).delete(payments::take_back),
        )
        .route(
            "/api/v1/transactions/{id}/messages/{message}",
            get(messages::show).delete(messages::discard),
        )
        .route("/api/v1/transactions/{id}/held-mails", get(held_mails::list))
        .route("/api/v1/transactions/{id}/held-mails/{mail}/release", post(held_mails::release))
        .route("/api/v1/transactions/{id}/held-mails/{mail}/discard", post(held_mails::discard))
        .route("/api/v1/transactions/{id}/notes", get(notes::list).post(notes::add))
        .route("/api/v1/transactions/{id}/notes/{note}", get(notes::show).delete(notes::remove))
        .route("/api/v1/invoices/check", post(check::check))
        .route("/api/v1/transactions/{id}/invoice.xml", get(invoice_xml::show))
        .route("/api/v1/transactions/{id}/links", get(links::list).post(links::create))
        .route("/api/v1/transactions/{id}/links/{link}", delete(links::revoke))
        .route(
            "/api/v1/transactions/{id}/{party}/contacts",
            get(contacts::list).post(contacts::add),
        )
        .route(
            "/api/v1/transactions/{id}/{party}/contacts/{contact}",
            get(contacts::show).patch(contacts::change_one).delete(contacts::remove),
        )
        .route("/api/v1/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/api/v1/webhooks/{webhook}",
            get(webhooks::show).patch(webhooks::change).delete(webhooks::remove),
        )
        .route("/api/v1/webhooks/{webhook}/secrets", post(webhooks::add_secret))
        .route("/api/v1/webhooks/{webhook}/test", post(webhooks::test))
        .route("/api/v1/webhooks/{webhook}/deliveries", get(webhooks::deliveries))
        .route("/api/v1/webhooks/{webhook}/deliveries/{event}/replay", post(webhooks::replay))
        .route("/api/v1/webhooks/{webhook}/replay", post(webhooks::replay_dead))
        .route("/api/v1/silenced-addresses/{address}", delete(silenced::remove))
        .route("/api/v1/audit", get(audit::list))
        .layer(middleware::from_fn(not_modified::compare))
        .layer(middleware::from_fn_with_state(state.clone(), repeated::once));
    // Files in these bodies go to the disk while they arrive, so `repeated::once`, which needs the whole body, is not here.
    let uploads = Router::new().route("/api/v1/transactions/{id}/messages", post(messages::create));
    let files = Router::new()
        .route("/api/v1/entries", get(search::list))
        .route("/api/v1/events", get(events::list))
        .route("/api/v1/transactions/{id}/export", get(export::show))
        .route("/api/v1/transactions/{id}/files/{sha256}", get(files::show))
        .route("/api/v1/transactions/{id}/attachments/{place}", get(originals::show_attachment))
        .route("/api/v1/transactions/{id}/invoice.pdf", get(paper::show))
        .route("/api/v1/transactions/{id}/original", get(originals::show))
        .route("/api/v1/transactions/{id}/original.xml", get(originals::show_xml))
        .layer(middleware::from_fn(not_modified::compare));
    let shops = compressed::compressed(answers)
        .merge(files)
        .merge(uploads)
        // `body` has its own limit, which also answers clients that are still sending.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), authentication::require_key));
    let no_such_method = async || Problem::method_not_allowed();
    let mut api = shops
        .route("/api/v1/invoice.schema.json", get(schema::show))
        .route("/api/v1/openapi.json", get(openapi::show))
        .route("/api/v1/docs", get(openapi::show_page))
        .route("/api/v1/docs/style.css", get(openapi::style))
        .route("/api/v1/docs/script.js", get(openapi::script))
        .method_not_allowed_fallback(no_such_method);
    if let Some(cors) = cors::layer(&state.config.api) {
        api = api.layer(cors);
    }
    Router::new()
        .merge(api)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(async || Problem::not_found("There is nothing at this address."))
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(correlate))
        .with_state(state)
}

/// Gives the call an id, or uses the caller's id, and adds it to the log lines and the answer.
async fn correlate(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = match given {
        Some(id) if !id.is_empty() && id.len() <= MAX_REQUEST_ID_BYTES => id.to_owned(),
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
        // Monitoring asks every few seconds, which would fill the log.
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
