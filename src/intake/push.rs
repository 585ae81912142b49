//! Serves the endpoints that the homeserver calls (Application Service API).

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

use super::arrivals::{Push, read_push};
use super::invitations;
use crate::config::Secret;
use crate::door::{self, Key, WrongKeys};
use crate::homeserver::Pings;
use crate::moment::{Moment, Reading};
use crate::room::{Sign, sign};
use crate::store::{Arrival, Deriving, Kept, ReadUpTo, Store, StoreError};

/// The greatest size of a push. 100 events of 64 KiB are 6.4 MB, and ephemeral data is added to
/// that. The limit is generous, since the homeserver repeats a refused push for ever and sends no
/// later one.
const MAX_PUSH_BYTES: usize = 32 * 1024 * 1024;

/// What the push endpoints need.
#[derive(Clone, Debug)]
pub struct PushState {
    /// The database that events are written to.
    pub store: Store,
    /// Typing and presence, which are kept in memory only.
    pub moment: Moment,
    /// The count of the homeserver's pings.
    pub pings: Pings,
    /// The token with which the homeserver authenticates itself.
    pub hs_token: Arc<Secret>,
    /// The count of wrong tokens by source.
    pub wrong_keys: WrongKeys,
    /// The bot's Matrix user ID, which distinguishes our rooms from foreign ones.
    pub bot: OwnedUserId,
    /// Set if there is no sync. With a sync, the sync handles the invitations of the bot.
    pub without_sync: Option<Deriving>,
}

/// Returns the routes below `/_matrix/app/v1`, and the legacy routes without that prefix.
pub fn router(state: PushState) -> Router {
    Router::new()
        .route("/_matrix/app/v1/transactions/{push_id}", put(handle_push))
        .route("/transactions/{push_id}", put(handle_push))
        .route("/_matrix/app/v1/ping", post(handle_ping))
        .route("/_matrix/app/v1/users/{user}", get(async || not_found()))
        .route("/users/{user}", get(async || not_found()))
        .route("/_matrix/app/v1/rooms/{alias}", get(async || not_found()))
        .route("/rooms/{alias}", get(async || not_found()))
        .fallback(async || {
            matrix_error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "There is no such endpoint")
        })
        .layer(middleware::from_fn_with_state(state.clone(), require_token))
        .with_state(state)
}

/// Commits the push before it answers. A 200 means that the push is on disk.
async fn handle_push(
    State(state): State<PushState>,
    Path(push_id): Path<String>,
    request: Request,
) -> Response {
    let _in_progress = state.store.rush().push();
    let arrival = request.extensions().get::<door::Arrival>().cloned().unwrap_or_default();
    let body = match to_bytes(request.into_body(), MAX_PUSH_BYTES).await {
        Ok(body) => body,
        Err(_) if arrival.is_given_up() => {
            tracing::error!(push_id, "the body of a push stalled; the homeserver repeats it");
            let error = "The body stalled. Send the request again";
            return matrix_error(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", error);
        }
        Err(error) => {
            tracing::error!(push_id, %error, "cannot read the body of a push");
            let error = "The body cannot be read";
            return matrix_error(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", error);
        }
    };
    let Push { arrivals, ephemeral } = match read_push(&body) {
        Ok(push) => push,
        Err(error) => {
            tracing::error!(push_id, %error, "the body of a push is not a JSON object with events");
            let error = "The body is not a JSON object with events";
            return matrix_error(StatusCode::BAD_REQUEST, "M_NOT_JSON", error);
        }
    };
    state.moment.learn(&ephemeral);
    if arrivals.is_empty() && ephemeral.reading.is_empty() {
        return empty_answer();
    }
    // The homeserver reuses push ids after a restart, so they are used in the log only.
    let correlation = format!("push-{}", Ulid::new());
    match commit_push(&state, &arrivals, ephemeral.reading, &correlation).await {
        Ok(Kept { new, foreign }) => {
            let events = arrivals.len();
            if events > 0 {
                // The homeserver need not wait for the line: the task has its turn when the answer is on its way.
                tokio::spawn(async move {
                    tracing::info!(correlation, push_id, events, new, foreign, "push committed");
                });
            }
            empty_answer()
        }
        Err(error) => {
            tracing::error!(
                correlation, push_id, %error,
                "cannot commit a push; the homeserver repeats it"
            );
            matrix_error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "M_UNKNOWN",
                "The push cannot be stored. Send it again",
            )
        }
    }
}

/// Commits the events and the read receipts. The invitations of the bot among the events are left to
/// the sync, which is hinted, or are handled here if there is no sync.
async fn commit_push(
    state: &PushState,
    arrivals: &[Arrival],
    receipts: Vec<Reading>,
    correlation: &str,
) -> Result<Kept, StoreError> {
    let PushState { store, bot, .. } = state;
    let receipts: Vec<ReadUpTo> = receipts.into_iter().map(read_up_to).collect();
    let kept = store.journal_push(arrivals, &receipts, correlation, bot).await?;
    // Most events are no invitations, and need not be parsed to see that.
    for arrival in arrivals.iter().filter(|arrival| arrival.raw.contains("\"invite\"")) {
        if let Sign::Invites(inviter) = sign(&arrival.raw, bot) {
            let Some(deriving) = &state.without_sync else {
                store.hints().invitations.notify_one();
                continue;
            };
            let inviter = UserId::parse(inviter).ok();
            let room = &arrival.room_id;
            let inviter = inviter.as_deref();
            invitations::handle_invitation(store, deriving, room, inviter, correlation).await?;
            store.decline(room, bot.as_str()).await?;
        }
    }
    Ok(kept)
}

fn read_up_to(reading: Reading) -> ReadUpTo {
    let Reading { room_id, user, event, at } = reading;
    ReadUpTo { room_id, user_id: user, event_id: event, at }
}

/// Refuses requests without the right hs_token, before anything of the body is read.
async fn require_token(State(state): State<PushState>, request: Request, next: Next) -> Response {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let token = match (headers.next(), headers.next()) {
        (Some(only), None) => only.as_bytes().strip_prefix(b"Bearer "),
        // A homeserver sends exactly one Authorization header.
        _ => None,
    };
    if token.is_some_and(|token| state.hs_token.matches(token)) {
        return next.run(request).await;
    }
    let tried =
        state.wrong_keys.count_attempt(Key::HsToken, request.headers(), request.extensions());
    if let Err(too_many) = tried {
        let code = StatusCode::TOO_MANY_REQUESTS;
        let answer =
            matrix_error(code, "M_LIMIT_EXCEEDED", "There were too many calls with a wrong token");
        return ([(header::RETRY_AFTER, too_many.seconds().to_string())], answer).into_response();
    }
    matrix_error(StatusCode::FORBIDDEN, "M_FORBIDDEN", "The hs_token is missing or wrong")
}

async fn handle_ping(State(state): State<PushState>) -> Response {
    state.pings.arrived();
    empty_answer()
}

/// Answers a query for a user or an alias of our namespaces. They are all created before anybody
/// can query them, so one that the homeserver does not know does not exist.
fn not_found() -> Response {
    matrix_error(StatusCode::NOT_FOUND, "M_NOT_FOUND", "There is no such user or alias")
}

fn empty_answer() -> Response {
    axum::Json(json!({})).into_response()
}

fn matrix_error(status: StatusCode, errcode: &str, error: &str) -> Response {
    (status, axum::Json(json!({ "errcode": errcode, "error": error }))).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use ruma::user_id;

    use super::*;

    #[tokio::test]
    async fn an_invitation_of_the_bot_hints_the_sync_that_handles_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tallyroom.db");
        let database = json!({
            "url": format!("sqlite:{}", database.display()), "max_connections": 2,
        });
        let store = Store::open(&serde_json::from_value(database).unwrap()).await.unwrap();
        let bot = user_id!("@_tallyroom_bot:example.org");
        let state = PushState {
            store: store.clone(),
            moment: Moment::default(),
            pings: Pings::default(),
            hs_token: Arc::new(Secret::new("token")),
            wrong_keys: WrongKeys::new(Vec::new()),
            bot: bot.to_owned(),
            without_sync: None,
        };
        let member = |user: &UserId| {
            let event = json!({
                "type": "m.room.member", "state_key": user, "sender": "@ann:example.org",
                "event_id": format!("${}", user.localpart()), "room_id": "!room:example.org",
                "content": { "membership": "invite" },
            });
            let push = json!({ "events": [event] }).to_string();
            read_push(push.as_bytes()).unwrap().arrivals
        };
        let hint = || store.hints().invitations.notified().now_or_never();
        commit_push(&state, &member(user_id!("@bob:example.org")), vec![], "1").await.unwrap();
        assert_eq!(hint(), None);
        commit_push(&state, &member(bot), vec![], "2").await.unwrap();
        assert_eq!(hint(), Some(()));
        store.close().await;
    }
}
