//! The endpoints that the homeserver calls (Application Service API).

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use ruma::{OwnedUserId, UserId};
use serde_json::json;
use ulid::Ulid;

use super::{arrivals, invitations};
use crate::config::Secret;
use crate::door::{self, Key, WrongKeys};
use crate::homeserver::Pings;
use crate::moment::{Moment, Reading, events_of_push};
use crate::room::{Sign, sign};
use crate::store::{Arrival, Deriving, Kept, Source, Store, StoreError};

/// Largest push taken. 100 events of 64 KiB are 6.4 MB, ephemeral data comes on top; anything
/// refused here would be sent again for ever, with everything else behind it.
const MAX_PUSH_BYTES: usize = 32 * 1024 * 1024;

/// What the push endpoints need.
#[derive(Clone, Debug)]
pub struct PushState {
    /// Where events go.
    pub store: Store,
    /// What is going on at this moment.
    pub moment: Moment,
    /// What the homeserver asked for to see whether it reaches us.
    pub pings: Pings,
    /// What the homeserver proves itself with.
    pub hs_token: Arc<Secret>,
    /// Who tried wrong ones.
    pub wrong_keys: WrongKeys,
    /// The bot's Matrix user id: by it our rooms are told from others.
    pub bot: OwnedUserId,
    /// Given if pushes are the only intake. Else the sync tells who invites the bot.
    pub without_sync: Option<Deriving>,
}

/// The routes below `/_matrix/app/v1`, and the older ones without that prefix.
pub fn router(state: PushState) -> Router {
    Router::new()
        .route("/_matrix/app/v1/transactions/{push_id}", put(take_push))
        .route("/transactions/{push_id}", put(take_push))
        .route("/_matrix/app/v1/ping", post(take_ping))
        .route("/_matrix/app/v1/users/{user}", get(async || unknown_here()))
        .route("/users/{user}", get(async || unknown_here()))
        .route("/_matrix/app/v1/rooms/{alias}", get(async || unknown_here()))
        .route("/rooms/{alias}", get(async || unknown_here()))
        .fallback(async || {
            matrix_error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "No such endpoint")
        })
        .layer(middleware::from_fn_with_state(state.clone(), require_token))
        .with_state(state)
}

/// Commits the push before it answers: a 200 means that it is on disk (promise 1).
async fn take_push(
    State(state): State<PushState>,
    Path(push_id): Path<String>,
    request: Request,
) -> Response {
    let arrival = request.extensions().get::<door::Arrival>().cloned().unwrap_or_default();
    let body = match to_bytes(request.into_body(), MAX_PUSH_BYTES).await {
        Ok(body) => body,
        Err(_) if arrival.is_given_up() => {
            tracing::error!(push_id, "a push stopped coming; it will come again");
            return matrix_error(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "Send it again");
        }
        Err(error) => {
            tracing::error!(push_id, %error, "a push could not be read");
            return matrix_error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "M_TOO_LARGE",
                "The body could not be read",
            );
        }
    };
    let arrivals = match arrivals::events_of_push(&body) {
        Ok(arrivals) => arrivals,
        Err(error) => {
            tracing::error!(push_id, %error, "a push is not JSON");
            return matrix_error(StatusCode::BAD_REQUEST, "M_NOT_JSON", "The body is not a push");
        }
    };
    // Push ids are reused after restarts, so they only ever help reading the log.
    let correlation = format!("push-{}", Ulid::new());
    if arrivals.is_empty() {
        notice(&state, &body).await;
        return done();
    }
    match take(&state, &arrivals, &correlation).await {
        Ok(Kept { new, foreign }) => {
            let events = arrivals.len();
            tracing::info!(correlation, push_id, events, new, foreign, "push committed");
            notice(&state, &body).await;
            done()
        }
        Err(error) => {
            tracing::error!(correlation, push_id, %error, "push not committed; it will come again");
            matrix_error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "M_UNKNOWN",
                "The push could not be stored; send it again",
            )
        }
    }
}

/// Commits what came, and without a sync also what somebody asks by inviting the bot.
async fn take(
    state: &PushState,
    arrivals: &[Arrival],
    correlation: &str,
) -> Result<Kept, StoreError> {
    let PushState { store, bot, .. } = state;
    let kept = store.journal(arrivals, Source::Push, correlation, bot).await?;
    let Some(deriving) = &state.without_sync else { return Ok(kept) };
    for arrival in arrivals {
        if let Sign::Invites(inviter) = sign(&arrival.raw, bot) {
            let inviter = UserId::parse(inviter).ok();
            let room = &arrival.room_id;
            invitations::take(store, deriving, room, inviter.as_deref(), correlation).await?;
            store.decline(room, bot.as_str()).await?;
        }
    }
    Ok(kept)
}

/// Takes over who types, who is there and who has read what. Nothing is lost if that fails.
async fn notice(state: &PushState, body: &[u8]) {
    let told = events_of_push(body);
    state.moment.learn(&told);
    for Reading { room_id, user, event, at } in told.reading {
        let seen = async {
            match state.store.transaction_of_room(&room_id).await? {
                Some(id) => state.store.see(id, &user, &event, at).await,
                None => Ok(()),
            }
        };
        if let Err(error) = seen.await {
            tracing::warn!(%error, "a read receipt was not noted");
        }
    }
}

/// Turns away whoever does not hold the hs_token, before anything of the body is read.
async fn require_token(State(state): State<PushState>, request: Request, next: Next) -> Response {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let token = match (headers.next(), headers.next()) {
        (Some(only), None) => only.as_bytes().strip_prefix(b"Bearer "),
        // None, or several that may differ: nobody we know sends that.
        _ => None,
    };
    if token.is_some_and(|token| state.hs_token.matches(token)) {
        return next.run(request).await;
    }
    let tried =
        state.wrong_keys.count_attempt(Key::HsToken, request.headers(), request.extensions());
    if let Err(too_many) = tried {
        let code = StatusCode::TOO_MANY_REQUESTS;
        let answer = matrix_error(code, "M_LIMIT_EXCEEDED", "Too many calls with a wrong token");
        return ([(header::RETRY_AFTER, too_many.seconds().to_string())], answer).into_response();
    }
    matrix_error(StatusCode::FORBIDDEN, "M_FORBIDDEN", "Bad or missing hs_token")
}

async fn take_ping(State(state): State<PushState>) -> Response {
    state.pings.arrived();
    done()
}

/// Users and rooms of our namespaces exist before anyone can ask for them, so what the homeserver
/// has to ask for does not exist.
fn unknown_here() -> Response {
    matrix_error(StatusCode::NOT_FOUND, "M_NOT_FOUND", "Not one of ours")
}

fn done() -> Response {
    axum::Json(json!({})).into_response()
}

fn matrix_error(status: StatusCode, errcode: &str, error: &str) -> Response {
    (status, axum::Json(json!({ "errcode": errcode, "error": error }))).into_response()
}
