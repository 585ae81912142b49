//! Takes the statuses that visitors set with buttons: a buyer accepts or disputes, a seller ships or settles.
//!
//! Status and message are committed together. What is said with the status is a message of the visitor like any other.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use ulid::Ulid;

use super::PageState;
use super::form::Form;
use super::reader::is_script;
use super::refusal::Refusal;
use super::session::Session;
use super::writing::check_writable;
use crate::language::Locale;
use crate::room::message_content::{self, MAX_TEXT_BYTES, Relation, tidy_text};
use crate::store::{Changed, NewOutgoing, SetBy};
use crate::transaction::{Status, Transaction};
use crate::wording;

/// The fields of a form.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    status: String,
    #[serde(default)]
    reason: String,
}

/// `POST /t/{id}/status`
pub(super) async fn set(
    State(state): State<PageState>,
    session: Session,
    headers: HeaderMap,
    Form(step): Form<Step>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    let Session { transaction, visitor, guest, correlation, .. } = &session;
    let rules = &state.config.status;
    let refuse = |code, id| Refusal::problem(code, id);
    let Some(status) = Status::from_text(&step.status) else {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "problem-form"));
    };
    if !rules.may_set(visitor.role).contains(&status) {
        return Err(refuse(StatusCode::FORBIDDEN, "problem-step"));
    }
    let reason = tidy_text(step.reason.trim());
    if status.needs_reason() && reason.is_empty() {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "problem-reason"));
    }
    if reason.len() > MAX_TEXT_BYTES {
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "problem-long"));
    }
    check_writable(&state, &session).await?;
    let locale = state.config.locale_of(transaction);
    let content = message_content::message(&said(status, &reason, &locale), &Relation::default());
    let client_id = Ulid::new().to_string();
    let message = NewOutgoing {
        id: Ulid::new(),
        client_id: &client_id,
        event_type: "m.room.message",
        content: &content,
        sha256: None,
        message: None,
    };
    let today = session.reader.today;
    // A form that is sent twice says it once.
    let decide = |current: &Transaction| rules.decide(visitor.role, status, current, today);
    let id = transaction.id;
    match state
        .store
        .set_status(id, &guest.user_id, SetBy::Page(visitor, guest, message), correlation, decide)
        .await?
    {
        Changed::To(revision) => {
            tracing::info!(transaction = %id, revision, status = status.as_str(), "a visitor set a status");
        }
        Changed::Same => {}
        Changed::Refused(_) => return Err(refuse(StatusCode::CONFLICT, "problem-step")),
        Changed::Missing => return Err(refuse(StatusCode::NOT_FOUND, "problem-form")),
    }
    if is_script(&headers) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let to = format!("{}#invoice", session.address().page());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// What the visitor says in the room with a status, in the language of the room.
fn said(status: Status, reason: &str, locale: &Locale) -> String {
    let label = locale.text("status");
    let status = wording::status(status.as_str(), locale);
    let said = locale.labelled(&label, &status);
    if reason.is_empty() { said } else { format!("{said}\n\n{reason}") }
}
