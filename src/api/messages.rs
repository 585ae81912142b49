//! The endpoints by which the shop itself says something in the room, and learns whether it was said.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use ulid::Ulid;

use super::message_form::{self, Message};
use super::parameters::Path;
use super::problem::{Problem, repeated};
use super::repeated::read_once;
use super::transactions::{find, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, precondition};
use crate::access::Origin;
use crate::clock::iso;
use crate::quota::TooMany;
use crate::room::message_content::{self, Relation};
use crate::store::{
    Attempt, DISCARDED, MAX_QUEUED, MAX_SHOP_NAMES, MessagePart, NewOutgoing, NewShopMessage, Said,
    ShopMessage,
};
use crate::transaction::Transaction;

/// When a shop that has said too much may try again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// `POST /api/v1/transactions/{id}/messages`
pub(super) async fn create(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let transaction = find(&state, &shop, transaction_id(&id)?).await?;
    let (parts, sent) = request.into_parts();
    let request = Request::from_parts(parts.clone(), sent);
    let message = message_form::read(&state, &shop, request).await?;
    let content = message.content();
    read_once(&state, &shop, &parts, &content, |attempt| {
        take_in(&state, &transaction, message, attempt, &correlation, &origin)
    })
    .await
}

/// Commits a message to be sent.
async fn take_in(
    state: &ApiState,
    transaction: &Transaction,
    message: Message,
    attempt: Option<Attempt>,
    correlation: &str,
    origin: &Origin,
) -> Result<Response, Problem> {
    let is_repeat = attempt.as_ref().is_some_and(|it| it.is_repeat);
    let message_id = attempt.map_or_else(Ulid::new, |it| it.id);
    if is_repeat && let Some(earlier) = state.store.shop_message(transaction.id, message_id).await?
    {
        return Ok(accepted(transaction.id, message_id, &earlier));
    }
    let guest = message.guest(transaction, &state.config.homeserver.domain)?;
    check_writable(state, transaction).await?;
    let mut contents = Vec::new();
    for (name, file) in message.files {
        let media_type = file.media_type.unwrap_or("application/octet-stream");
        let description = message.description.as_deref();
        let content = message_content::file(&name, media_type, file.size, file.pixels, description);
        state.vault.put(&file.sha256, file.file).await.map_err(|error| {
            tracing::error!(%error, "cannot store a file of a shop's message");
            Problem::try_again("The file cannot be stored at the moment. Send the same call again.")
        })?;
        contents.push((content, Some(file.sha256)));
    }
    if !message.text.is_empty() {
        contents.push((message_content::message(&message.text, &Relation::default()), None));
    }
    // The ids follow each other, so the parts are sent in this order.
    let ids = std::iter::successors(Some(message_id), Ulid::increment);
    let ids: Vec<(Ulid, String)> =
        ids.take(contents.len()).map(|id| (id, id.to_string())).collect();
    let new = contents.iter().zip(&ids).map(|((content, sha256), (id, client_id))| NewOutgoing {
        id: *id,
        client_id,
        event_type: "m.room.message",
        content,
        sha256: sha256.as_deref(),
        message: Some(message_id),
    });
    let new: Vec<NewOutgoing<'_>> = new.collect();
    let Transaction { id, shop, .. } = transaction;
    let whole = NewShopMessage { id: message_id, guest: &guest, parts: &new };
    match state.store.say(shop, *id, whole, correlation, origin).await? {
        Said::Queued => {}
        Said::TooManyQueued => {
            let detail = "Too many messages wait for this room. Send the same call again later.";
            tracing::debug!(most = MAX_QUEUED, "too many messages of a shop wait");
            return Err(Problem::too_many(TooMany { retry_after: RETRY_AFTER }, detail));
        }
        Said::TooManyNames => {
            let detail = format!(
                "A shop uses at most {MAX_SHOP_NAMES} names in one room. Use one of those that it has used."
            );
            return Err(Problem::conflict("too-many-names", detail));
        }
    }
    tracing::info!(transaction = %id, message = %message_id, parts = new.len(), "took in a message of the shop");
    let stored = state.store.shop_message(*id, message_id).await?;
    let stored = stored.ok_or_else(|| {
        Problem::damaged("The message was stored and is not there. Ask the operator.")
    })?;
    Ok(accepted(*id, message_id, &stored))
}

/// Checks that the room takes messages of guests.
pub(super) async fn check_writable(
    state: &ApiState,
    transaction: &Transaction,
) -> Result<(), Problem> {
    if state.config.standing(transaction).is_closed {
        let detail =
            "The transaction is closed, so its room is read-only. Another status opens it again.";
        return Err(Problem::conflict("closed", detail));
    }
    let room = state.store.room(transaction.id).await?;
    if room.is_some_and(|room| room.encrypted_at.is_some()) {
        let detail = "The room is encrypted, so nothing can be said there by the API.";
        return Err(Problem::conflict("encrypted", detail));
    }
    Ok(())
}

fn accepted(transaction: Ulid, id: Ulid, message: &ShopMessage) -> Response {
    let location = format!("/api/v1/transactions/{transaction}/messages/{id}");
    let body = Json(shown(id, message));
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response()
}

/// `GET /api/v1/transactions/{id}/messages/{message}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let (message, found) = find_message(&state, id, &message).await?;
    Ok(Json(shown(message, &found)))
}

/// `DELETE /api/v1/transactions/{id}/messages/{message}`
pub(super) async fn discard(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let (message_id, _) = find_message(&state, id, &message).await?;
    let is_as_wanted = |before: &ShopMessage| {
        let before = shown(message_id, before).to_string();
        precondition::allows(&headers, precondition::digest(before.as_bytes()))
    };
    let (correlation, store) = (correlation.as_str(), &state.store);
    let discarded =
        store.discard_shop_message(&shop, id, message_id, correlation, &origin, is_as_wanted);
    let Some(discarded) = discarded.await? else {
        return Err(Problem::changed_meanwhile("message", "in another state"));
    };
    tracing::info!(transaction = %id, message = %message_id, parts = discarded, "discarded a message");
    let (_, after) = find_message(&state, id, &message).await?;
    Ok(Json(shown(message_id, &after)))
}

/// Returns a message of the shop in a transaction, or 404.
async fn find_message(
    state: &ApiState,
    id: Ulid,
    text: &str,
) -> Result<(Ulid, ShopMessage), Problem> {
    let missing = || {
        let message = repeated(text);
        Problem::not_found(format!("The shop has written no message {message:?} here."))
    };
    let message = Ulid::from_string(text).map_err(|_| missing())?;
    let found = state.store.shop_message(id, message).await?.ok_or_else(missing)?;
    Ok((message, found))
}

/// Returns a message as JSON.
fn shown(id: Ulid, message: &ShopMessage) -> Value {
    let ShopMessage { name, written_at, parts } = message;
    let part = |part: &MessagePart| {
        json!({
            "state": state_of(part),
            "event_id": part.event_id,
            "seq": part.seq,
            "reason": part.problem.as_deref().map(reason),
        })
    };
    let states: Vec<&str> = parts.iter().map(state_of).collect();
    let state =
        ["failed", "queued", "discarded", "sent"].into_iter().find(|it| states.contains(it));
    json!({
        "id": id.to_string(),
        "name": name,
        "state": state,
        "created_at": iso(*written_at),
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn state_of(part: &MessagePart) -> &'static str {
    match (&part.event_id, &part.problem) {
        (Some(_), _) => "sent",
        (None, Some(problem)) if problem == DISCARDED => "discarded",
        (None, Some(_)) => "failed",
        (None, None) => "queued",
    }
}

/// Returns a sentence about why a part was not sent.
fn reason(problem: &str) -> &'static str {
    match problem {
        DISCARDED => "It was discarded.",
        "file" => "The file is no longer in the file store.",
        "too-large" => "The file is too large for the homeserver.",
        "not-in-room" => "The user under whose name it is said cannot be in the room.",
        _ => "The homeserver refused it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_sent_once_each_part_is_and_failed_as_soon_as_one_is() {
        let part = |event: Option<&str>, problem: Option<&str>| MessagePart {
            event_id: event.map(str::to_owned),
            seq: None,
            problem: problem.map(str::to_owned),
        };
        let state = |parts: &[MessagePart]| {
            let (name, parts) = ("Acme".to_owned(), parts.to_vec());
            let shown = shown(Ulid::nil(), &ShopMessage { name, written_at: 0, parts });
            shown["state"].as_str().unwrap().to_owned()
        };
        let (sent, queued) = (part(Some("$1"), None), part(None, None));
        let (failed, discarded) = (part(None, Some("too-large")), part(None, Some(DISCARDED)));
        assert_eq!(state(std::slice::from_ref(&sent)), "sent");
        assert_eq!(state(&[sent.clone(), queued.clone()]), "queued");
        assert_eq!(state(&[sent.clone(), queued, failed]), "failed");
        assert_eq!(state(&[sent, discarded]), "discarded");
    }
}
