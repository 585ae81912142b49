//! Takes what visitors write: messages, files, reactions and removals. It is committed to the
//! database before the response, and goes into the room from there.

use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ruma::EventId;
use serde::Deserialize;
use serde_json::{Value, json};
use ulid::Ulid;

use super::PageState;
use super::cast::Cast;
use super::chat::ReadLines;
use super::form::Form;
use super::limits::UPLOAD_READ_TIMEOUT;
use super::model::Choice;
use super::people::{Contacts, addressed};
use super::reader::is_script;
use super::refusal::Refusal;
use super::session::Session;
use crate::files::{Arrived, Arriving};
use crate::record::{Entry, Fixed};
use crate::room::message_content::{self, Addressee, MAX_FILES, MAX_TEXT_BYTES, Relation};
use crate::store::{NewOutgoing, StoreError};

/// The greatest length of a field other than the text, in bytes. A description has at most 500 characters.
const MAX_FIELD_BYTES: usize = 2_000;
/// The greatest length of a reaction, in bytes. It may be an emoji of several parts, or a word.
const MAX_REACTION_BYTES: usize = 64;
/// The greatest number of messages of one visitor that are not in the room yet.
const MAX_UNSENT: usize = 200;

/// The fields of a form.
#[derive(Default)]
struct Message {
    client_id: Option<String>,
    text: String,
    reply_to: Option<String>,
    edit: Option<String>,
    description: Option<String>,
    /// The [`Choice`] of those to whom the text is addressed.
    to: Option<String>,
    /// The id of the outgoing message that could not be sent, and that this one replaces.
    instead_of: Option<String>,
    /// The files, with their names.
    files: Vec<(String, Arrived)>,
}

/// `POST /t/{id}/messages`: takes a text, files, or both.
pub(super) async fn messages(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    let message = read_form(&state, &session, form).await?;
    let texts = usize::from(!message.text.trim().is_empty());
    state.limits.write(session.grant, (texts + message.files.len()).saturating_sub(1))?;
    check_open(&state, &session)?;
    check_writable(&state, &session).await?;
    let changed = match &message.edit {
        Some(edit) => Some(check_own(&state, &session, edit).await?),
        None => None,
    };
    if let Some(answered) = &message.reply_to {
        check_known(&state, &session, answered).await?;
    }
    let text = message.text.trim_end();
    let (to, text) = match (&message.to, &changed) {
        (Some(choice), _) => (Some(chosen(&state, &session, choice).await?), text.to_owned()),
        (None, Some(changed)) => still_addressed(&state, &session, changed, text).await?,
        (None, None) => (None, text.to_owned()),
    };
    let client_id = message.client_id.clone().unwrap_or_else(|| Ulid::new().to_string());
    let mut ids = Vec::new();
    for (index, (file_name, file)) in message.files.into_iter().enumerate() {
        let media_type = file.media_type.unwrap_or("application/octet-stream");
        let description = message.description.as_deref();
        let mut content =
            message_content::file(&file_name, media_type, file.size, file.pixels, description);
        // Words beside the files mention them.
        if let Some(to) = to.as_ref().filter(|_| texts == 0) {
            content["m.mentions"] = to.mentions();
        }
        let Arrived { file, sha256, .. } = file;
        state.vault.put(&sha256, file).await.map_err(|error| {
            tracing::error!(%error, "cannot store a file from the page");
            Refusal::try_again()
        })?;
        let id = format!("{client_id}/{index}");
        ids.push(write(&state, &session, &id, "m.room.message", &content, Some(&sha256)).await?);
    }
    if texts > 0 {
        let (reply_to, edit) = (message.reply_to.as_deref(), message.edit.as_deref());
        let relation = Relation { reply_to, edit, to: to.as_ref() };
        let content = message_content::message(&text, &relation);
        ids.push(write(&state, &session, &client_id, "m.room.message", &content, None).await?);
    }
    if ids.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Refusal::problem(status, "problem-empty"));
    }
    if let Some(unsent) = &message.instead_of {
        let Session { transaction, guest, .. } = &session;
        state.store.discard(transaction.id, &guest.user_id, unsent).await?;
    }
    Ok(accepted(&session, &headers, &ids))
}

async fn read_form(
    state: &PageState,
    session: &Session,
    mut form: Multipart,
) -> Result<Message, Refusal> {
    let refuse = Refusal::problem;
    let broken = |_| refuse(StatusCode::BAD_REQUEST, "problem-form");
    let mut message = Message::default();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            // The form of a browser sends an empty file if none was chosen.
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let file = store_upload(state, session, field).await?;
            if file_name.is_empty() && file.size == 0 {
                continue;
            }
            if message.files.len() == MAX_FILES {
                return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "problem-many-files"));
            }
            message.files.push((message_content::file_name(&file_name), file));
            continue;
        }
        let limit = if name == "text" { MAX_TEXT_BYTES } else { MAX_FIELD_BYTES };
        let Some(text) = read_text(field, limit).await.map_err(broken)? else {
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "problem-long"));
        };
        let value = Some(text.clone()).filter(|text| !text.is_empty());
        match name.as_str() {
            "text" => message.text = text.replace("\r\n", "\n"),
            "client_id" => message.client_id = value,
            "reply_to" => message.reply_to = value,
            "edit" => message.edit = value,
            "description" => message.description = value,
            "to" => message.to = value,
            "instead_of" => message.instead_of = value,
            _ => {}
        }
    }
    Ok(message)
}

/// Reads the text of a field. Returns `None` if it has more than `limit` bytes.
async fn read_text(
    mut field: Field<'_>,
    limit: usize,
) -> Result<Option<String>, axum::extract::multipart::MultipartError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Ok(None);
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")))
}

/// Writes the file of a field to disk while it arrives.
async fn store_upload(
    state: &PageState,
    session: &Session,
    mut field: Field<'_>,
) -> Result<Arrived, Refusal> {
    let disk = |error: std::io::Error| {
        tracing::error!(%error, "cannot write a file from the page to disk");
        Refusal::try_again()
    };
    let refuse = Refusal::problem;
    let _place = state.limits.upload(session.grant, &session.transaction.shop)?;
    let mut size = 0;
    let max_bytes = state.config.files.max_megabytes * 1_000_000;
    let mut arriving = Arriving::into(state.vault.temporary_file().map_err(disk)?, max_bytes);
    loop {
        let chunk = tokio::time::timeout(UPLOAD_READ_TIMEOUT, field.chunk()).await;
        let chunk = chunk.map_err(|_| refuse(StatusCode::REQUEST_TIMEOUT, "problem-form"))?;
        let chunk = chunk.map_err(|_| refuse(StatusCode::BAD_REQUEST, "problem-form"))?;
        let Some(chunk) = chunk else { return Ok(arriving.finish()) };
        let before = size;
        size += chunk.len() as u64;
        state.limits.upload_grows(session.grant, before, size)?;
        if !arriving.take(&chunk).map_err(disk)? {
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "problem-large-file"));
        }
    }
}

/// Checks that the record of this transaction has an event, and returns its entry.
async fn check_known(state: &PageState, session: &Session, event: &str) -> Result<Entry, Refusal> {
    let events = [event.to_owned()];
    let entries = state.store.entries_of_events(session.transaction.id, &events).await?;
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let unknown = || Refusal::problem(status, "problem-form");
    entries.into_iter().next().ok_or_else(unknown)
}

/// Checks that the visitor wrote an event on the page, and returns its entry. Only such events can be changed or removed
/// here.
async fn check_own(state: &PageState, session: &Session, event: &str) -> Result<Entry, Refusal> {
    let entry = check_known(state, session, event).await?;
    if entry.fixed.sender == session.guest.user_id.as_str() {
        return Ok(entry);
    }
    Err(Refusal::problem(StatusCode::FORBIDDEN, "problem-not-yours"))
}

/// Returns those whom the visitor chose to address. Only contacts of this transaction can be chosen.
async fn chosen(state: &PageState, session: &Session, choice: &str) -> Result<Addressee, Refusal> {
    let choices = choices(state, session).await?.into_iter();
    let unknown = || Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, "problem-addressee");
    choices.map(|it| (it.id, it.to)).find(|(id, _)| id == choice).map(|it| it.1).ok_or_else(unknown)
}

/// Returns those to whom a changed message is still addressed, and its new text without their name: those to whom it was
/// addressed, as long as the text begins with their name.
async fn still_addressed(
    state: &PageState,
    session: &Session,
    changed: &Entry,
    text: &str,
) -> Result<(Option<Addressee>, String), Refusal> {
    let Fixed { room_id, event_id, .. } = &changed.fixed;
    let raw = state.store.raw(room_id, event_id).await?;
    let event: Value = raw.and_then(|raw| serde_json::from_str(&raw).ok()).unwrap_or_default();
    let mentioned = message_content::mentioned(&event["content"]);
    if !mentioned.is_empty()
        && let Some((choice, rest)) = addressed(&choices(state, session).await?, text, &mentioned)
    {
        return Ok((Some(choice.to.clone()), rest.to_owned()));
    }
    Ok((None, text.to_owned()))
}

/// Returns those whom the visitor can address.
async fn choices(state: &PageState, session: &Session) -> Result<Vec<Choice>, StoreError> {
    let members = state.store.contact_members(session.transaction.id).await?;
    Ok(Contacts::of(state, session, &members).addressees(&session.guest.user_id))
}

/// Checks that the transaction is not closed. The room is read-only then.
fn check_open(state: &PageState, session: &Session) -> Result<(), Refusal> {
    let standing = state.config.status.standing(&session.transaction, session.reader.today);
    match standing.is_closed {
        true => Err(Refusal::problem(StatusCode::CONFLICT, "problem-closed")),
        false => Ok(()),
    }
}

/// Checks that the room is not encrypted, and that not too many messages of the visitor are unsent.
pub(super) async fn check_writable(state: &PageState, session: &Session) -> Result<(), Refusal> {
    if state
        .store
        .room(session.transaction.id)
        .await?
        .is_some_and(|room| room.encrypted_at.is_some())
    {
        return Err(Refusal::problem(StatusCode::CONFLICT, "problem-encrypted"));
    }
    let waiting = state.store.unsent(session.transaction.id, &session.guest.user_id).await?;
    if waiting.len() < MAX_UNSENT {
        return Ok(());
    }
    let status = StatusCode::TOO_MANY_REQUESTS;
    Err(Refusal::problem(status, "problem-too-fast"))
}

/// Commits an event to be sent. Returns its id as an outgoing message.
async fn write(
    state: &PageState,
    session: &Session,
    client_id: &str,
    event_type: &str,
    content: &Value,
    sha256: Option<&str>,
) -> Result<Ulid, Refusal> {
    let new =
        NewOutgoing { id: Ulid::new(), client_id, event_type, content, sha256, message: None };
    let Session { transaction, visitor, guest, correlation, .. } = session;
    Ok(state.store.write_outgoing(transaction.id, visitor, guest, new, correlation).await?)
}

/// Answers that a request was accepted: with 202 for scripts, with a redirect to the page
/// otherwise.
fn accepted(session: &Session, headers: &HeaderMap, ids: &[Ulid]) -> Response {
    if is_script(headers) {
        let ids: Vec<String> = ids.iter().map(Ulid::to_string).collect();
        return (StatusCode::ACCEPTED, Json(json!({ "ids": ids }))).into_response();
    }
    let to = format!("{}#compose", session.address().page());
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

#[derive(Deserialize)]
pub(super) struct AboutEvent {
    event: String,
    #[serde(default)]
    key: String,
}

/// `POST /t/{id}/remove`: redacts what the visitor wrote on the page, also when the transaction is closed.
pub(super) async fn remove(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(about): Form<AboutEvent>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    check_own(&state, &session, &about.event).await?;
    let id = redact(&state, &session, &about.event).await?;
    Ok(accepted(&session, &headers, &[id]))
}

async fn redact(state: &PageState, session: &Session, event: &str) -> Result<Ulid, Refusal> {
    let content = json!({ "redacts": event });
    write(state, session, &format!("remove {event}"), "m.room.redaction", &content, None).await
}

/// `POST /t/{id}/react`: adds a reaction, or redacts it if the visitor has added it before.
pub(super) async fn react(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(AboutEvent { event, key }): Form<AboutEvent>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    check_open(&state, &session)?;
    check_known(&state, &session, &event).await?;
    if key.is_empty() || key.len() > MAX_REACTION_BYTES {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Refusal::problem(status, "problem-form"));
    }
    let events = [event.clone()];
    let about = state.store.entries_about(session.transaction.id, &events).await?;
    let mine = about.iter().find(|it| {
        it.fixed.sender == session.guest.user_id.as_str()
            && it.redacted_by.is_none()
            && it.relates_to.as_ref().is_some_and(|relation| relation.key.as_ref() == Some(&key))
    });
    let sent = match mine {
        Some(reaction) => redact(&state, &session, &reaction.fixed.event_id).await?,
        None => {
            // The number makes the id unique if the same reaction is added again after its
            // redaction.
            let mine = about.iter().filter(|it| it.fixed.sender == session.guest.user_id.as_str());
            let client_id = format!("react {event} {key} {}", mine.count());
            let content = message_content::reaction(&event, &key);
            write(&state, &session, &client_id, "m.reaction", &content, None).await?
        }
    };
    Ok(accepted(&session, &headers, &[sent]))
}

/// `POST /t/{id}/vote`: votes in a poll, in place of an earlier vote. `event` is the poll, and each `answer` the id of an answer.
pub(super) async fn vote(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    check_open(&state, &session)?;
    check_writable(&state, &session).await?;
    let refuse = |id| Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, id);
    let named = |name: &'static str| fields.iter().filter(move |it| it.0 == name).map(|it| &it.1);
    let event = named("event").next().ok_or(refuse("problem-form"))?;
    let answers: Vec<String> = named("answer").cloned().collect();
    let id = session.transaction.id;
    let lines = state.store.shown_events(id, std::slice::from_ref(event)).await?;
    let start = lines.first().map(|it| it.entry.fixed.event_type.clone());
    let read = ReadLines::of(&state.store, id, lines, None).await?;
    let cast = Cast::of(&state, &session).await?;
    let poll = read.shown(&session, &cast).into_iter().find_map(|line| line.poll);
    let (Some(start), Some(poll)) = (start, poll) else { return Err(refuse("problem-form")) };
    let is_valid = |chosen: &String| poll.answers.iter().any(|it| it.id == *chosen);
    let most = poll.max_selections.min(poll.answers.len());
    if poll.ended || answers.len() > most || !answers.iter().all(is_valid) {
        return Err(refuse("problem-poll"));
    }
    let (event_type, content) = message_content::vote(&start, event, &answers);
    // Only the last vote counts, so it does no harm if a form is sent twice.
    let client_id = Ulid::new().to_string();
    let sent = write(&state, &session, &client_id, event_type, &content, None).await?;
    Ok(accepted(&session, &headers, &[sent]))
}

#[derive(Deserialize)]
pub(super) struct AboutOutgoing {
    id: String,
}

/// `POST /t/{id}/retry`: tries again to send a message that could not be sent.
pub(super) async fn retry(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(AboutOutgoing { id }): Form<AboutOutgoing>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    check_open(&state, &session)?;
    let Session { transaction, guest, correlation, .. } = &session;
    state.store.retry(transaction.id, &guest.user_id, &id, correlation).await?;
    Ok(accepted(&session, &headers, &[]))
}

/// `POST /t/{id}/discard`: discards a message that could not be sent.
pub(super) async fn discard(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(AboutOutgoing { id }): Form<AboutOutgoing>,
) -> Result<Response, Refusal> {
    state.store.discard(session.transaction.id, &session.guest.user_id, &id).await?;
    Ok(accepted(&session, &headers, &[]))
}

#[derive(Deserialize)]
pub(super) struct Typing {
    typing: bool,
}

/// `POST /t/{id}/typing`: shows others that the visitor is typing. Nothing depends on it.
pub(super) async fn typing(
    State(state): State<PageState>,
    session: Session,
    Form(Typing { typing }): Form<Typing>,
) -> Result<StatusCode, Refusal> {
    state.limits.signal(session.grant)?;
    if let Some(room) = state.store.room(session.transaction.id).await?.and_then(|it| it.room()) {
        // A guest who has written nothing yet is not in the room, so this call fails.
        if let Err(failure) =
            state.homeserver.typing_as(&session.guest.user_id, &room, typing).await
        {
            tracing::debug!(%failure, "cannot show that a guest is typing");
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /t/{id}/seen`: stores that the visitor has read up to this line, and sends a receipt.
pub(super) async fn seen(
    State(state): State<PageState>,
    session: Session,
    Form(AboutEvent { event, .. }): Form<AboutEvent>,
) -> Result<StatusCode, Refusal> {
    state.limits.signal(session.grant)?;
    let id = session.transaction.id;
    let known = state.store.entries_of_events(id, std::slice::from_ref(&event)).await?;
    let (Some(_), Ok(event)) = (known.first(), EventId::parse(event)) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let user = &session.guest.user_id;
    state.store.note_receipt(id, user.as_str(), event.as_str(), crate::clock::now()).await?;
    if let Some(room) = state.store.room(id).await?.and_then(|it| it.room())
        && let Err(failure) = state.homeserver.read_as(user, &room, &event).await
    {
        tracing::debug!(%failure, "cannot send the read receipt of a guest");
    }
    Ok(StatusCode::NO_CONTENT)
}
