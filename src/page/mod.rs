//! The invoice page with its chat: HTTP requests of people.
//!
//! The server writes the HTML, which can be read and used without scripts. What is written on the
//! page goes into the database and from there, like everything else, into the room. What the page
//! shows comes from the record.

mod cast;
mod chat;
mod composing;
mod downloads;
mod finding;
mod form;
mod gather;
mod headers;
pub mod limits;
pub mod live;
pub mod model;
mod notes;
pub mod openid;
mod people;
mod reader;
pub mod readings;
mod refusal;
mod rest;
mod session;
mod session_cookie;
pub mod shop_sign_in;
mod show;
mod sign_in;
pub mod speaker;
mod steps;
mod subscribing;
pub mod ticket;
mod unsubscribe;
pub mod view;
mod widget;
mod writing;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use self::limits::Limits;
use self::live::Views;
use self::openid::OpenId;
use self::readings::Readings;
use crate::caller::Caller;
use crate::config::Config;
use crate::door::WrongKeys;
use crate::export::Exporter;
use crate::files::Vault;
use crate::homeserver::Homeserver;
use crate::link::token::TokenKey;
use crate::moment::Moment;
use crate::paper::Papers;
use crate::store::Store;
use crate::web_push::ServiceKey;

/// The state that the handlers of the page share.
#[derive(Clone, Debug)]
pub struct PageState {
    /// The database.
    pub store: Store,
    /// The files.
    pub vault: Vault,
    /// Who is typing, and who is present.
    pub moment: Moment,
    /// The homeserver, for typing, receipts and presence. Nothing depends on these calls.
    pub homeserver: Homeserver,
    /// The whole configuration.
    pub config: Arc<Config>,
    /// The key that signs links and sessions.
    pub key: TokenKey,
    /// Verifies the OpenID tokens of Matrix users.
    pub openid: OpenId,
    /// The time zone of times of day that no script adjusts.
    pub time_zone: TimeZone,
    /// Invoices as PDF.
    pub papers: Papers,
    /// Writes conversations as files.
    pub exporter: Exporter,
    /// What was read from revisions.
    pub readings: Arc<Readings>,
    /// Counts wrong links and other wrong credentials.
    pub wrong_keys: WrongKeys,
    /// Limits what each visitor may do.
    pub limits: Arc<Limits>,
    /// Sends news to open pages.
    pub views: Arc<Views>,
    /// Tells browsers of answers. None if the config does not allow it.
    pub web_push: Option<WebPush>,
    /// Ends the open streams.
    pub stop: CancellationToken,
}

/// What is needed to take the wish of a browser to be told of answers.
#[derive(Clone, Debug)]
pub struct WebPush {
    /// Says which push services are called.
    pub caller: Caller,
    /// The key by which they recognise this service.
    pub key: ServiceKey,
}

/// Returns the routes: `/t/…` for people, `/l/…` for their links, `/u/…` to end mails, `/widget/…` for Matrix clients.
pub fn router(state: PageState) -> Router {
    let writing = Router::new()
        .route("/t/{id}/messages", post(writing::messages))
        // The handler limits each file by itself.
        .layer(DefaultBodyLimit::disable());
    let sign_ins = Router::new()
        .route("/t/{id}/sign-in", post(sign_in::matrix))
        .route("/t/{id}/sign-in/link", post(sign_in::link_form))
        .route("/t/{id}/sign-in/ask", post(sign_in::ask))
        .route("/t/{id}/sign-in/shop", get(sign_in::shop).post(sign_in::shop_form))
        .layer(DefaultBodyLimit::max(sign_in::MAX_PROOF_BYTES));
    let pages = Router::new()
        .route("/l/{token}", get(sign_in::link))
        .route("/u/{token}", get(unsubscribe::page).post(unsubscribe::confirm))
        .route("/t/{id}", get(show::page))
        .route("/t/{id}/lines", get(show::lines))
        .route("/t/{id}/invoice", get(show::invoice))
        .route("/t/{id}/leave", post(sign_in::leave))
        .route("/t/{id}/status", post(steps::set))
        .route("/t/{id}/notes", post(notes::add))
        .route("/t/{id}/notes/remove", post(notes::remove))
        .route("/t/{id}/remove", post(writing::remove))
        .route("/t/{id}/react", post(writing::react))
        .route("/t/{id}/vote", post(writing::vote))
        .route("/t/{id}/retry", post(writing::retry))
        .route("/t/{id}/discard", post(writing::discard))
        .route("/t/{id}/notifications", post(subscribing::begin))
        .route("/t/{id}/notifications/end", post(subscribing::end))
        .route("/t/{id}/typing", post(writing::typing))
        .route("/t/{id}/seen", post(writing::seen))
        .route("/t/{id}/invoice.pdf", get(downloads::pdf))
        .route("/t/{id}/invoice.xml", get(downloads::xml))
        .route("/t/{id}/attachments/{place}", get(downloads::attached))
        .route("/t/{id}/conversation.zip", get(downloads::conversation))
        .route("/t/{id}/original", get(downloads::original))
        .route("/t/{id}/original.xml", get(downloads::original_xml))
        .route("/t/{id}/files/{sha256}", get(downloads::file))
        .route("/t/{id}/files/{sha256}/first-page", get(downloads::first_page))
        .route("/widget/{id}", get(widget::page))
        .route("/assets/{name}", get(downloads::asset))
        .route(subscribing::WORKER_PATH, get(subscribing::worker))
        .route("/robots.txt", get(downloads::robots))
        .merge(writing)
        .merge(sign_ins)
        .fallback(refusal::not_found)
        .layer(CompressionLayer::new());
    // Compression would delay the lines of a stream.
    let streams = Router::new().route("/t/{id}/live", get(live::stream));
    pages
        .merge(streams)
        .layer(middleware::from_fn_with_state(state.clone(), headers::guard))
        .with_state(state)
}
