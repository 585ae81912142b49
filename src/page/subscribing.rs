//! Takes the wish of a browser to be told of answers (Web Push), and its end.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::PageState;
use super::form::Form;
use super::refusal::Refusal;
use super::session::Session;
use crate::store::NewSubscription;
use crate::web_push::Receiver;

/// The script that shows what the browser is told of. It has to lie at the root, so that it may do so for all pages.
pub(super) const WORKER_PATH: &str = "/notifications.js";
const WORKER: &str = include_str!("../../assets/page/notifications.js");

/// What the browser has from its push service.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    endpoint: String,
    p256dh: String,
    auth: String,
}

/// `POST /t/{id}/notifications`: this browser is told of what is said from now on, as long as its session lasts.
pub(super) async fn begin(
    State(state): State<PageState>,
    session: Session,
    Form(Wish { endpoint, p256dh, auth }): Form<Wish>,
) -> Result<StatusCode, Refusal> {
    state.limits.write(session.grant, 1)?;
    let refused = || Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, "problem-form");
    let push = state.web_push.as_ref().ok_or_else(refused)?;
    // Whoever looks at the page could otherwise make us call an address in our own network.
    let endpoint = push.caller.check(&endpoint).map_err(|_| refused())?;
    Receiver::read(&p256dh, &auth).map_err(|_| refused())?;
    let subscription = NewSubscription {
        transaction: session.transaction.id,
        grant: session.grant,
        session: session.id,
        user_id: session.guest.user_id.as_str(),
        endpoint: endpoint.as_str(),
        public_key: &p256dh,
        auth: &auth,
        language: &session.reader.locale.tag(),
    };
    state.store.subscribe(subscription).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The address of a browser.
#[derive(Debug, Deserialize)]
pub(super) struct Unwished {
    endpoint: String,
}

/// `POST /t/{id}/notifications/end`
pub(super) async fn end(
    State(state): State<PageState>,
    session: Session,
    Form(Unwished { endpoint }): Form<Unwished>,
) -> Result<StatusCode, Refusal> {
    state.limits.write(session.grant, 1)?;
    if let Ok(endpoint) = Url::parse(&endpoint) {
        let user = session.guest.user_id.as_str();
        state.store.unsubscribe(session.transaction.id, user, endpoint.as_str()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /notifications.js`
pub(super) async fn worker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, WORKER).into_response()
}
