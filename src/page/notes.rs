//! Takes the notes of the visitor's side. The other side never sees them: they are in no room and in no record, and
//! `live` knows nothing of them.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use ulid::Ulid;

use super::PageState;
use super::form::Form;
use super::model::{Notes, PageNote};
use super::refusal::Refusal;
use super::session::Session;
use crate::link::token::grant_id;
use crate::record::plain_name;
use crate::room::message_content::{MAX_TEXT_BYTES, tidy_text};
use crate::store::{NewNote, NoteAdded, NoteBy, NotesOfSide, SideNote};

/// The number of notes on a page.
const NOTES_PER_PAGE: usize = 30;
/// The greatest length of the id of a form, in bytes.
const MAX_FORM_ID_BYTES: usize = 100;

/// Which notes the page of this visitor shows: those before the note with the id `before`, or the newest ones. What is no
/// id counts as none.
pub(super) fn wanted(session: &Session, before: Option<&str>) -> NotesOfSide {
    let before = before.and_then(|it| Ulid::from_string(it).ok());
    let most = i64::try_from(NOTES_PER_PAGE + 1).unwrap_or_default();
    NotesOfSide { party: session.visitor.role, before, most }
}

/// Returns these notes, newest first, as the page shows them.
pub(super) fn shown(session: &Session, mut found: Vec<SideNote>) -> Notes {
    let has_older = found.len() > NOTES_PER_PAGE;
    found.truncate(NOTES_PER_PAGE);
    let own = session.guest.user_id.as_str();
    let note = |SideNote { note, user_id }: SideNote| PageNote {
        is_own: user_id.as_deref() == Some(own),
        id: note.id,
        author: note.author,
        text: note.text,
        at: note.created_at,
    };
    let shown: Vec<PageNote> = found.into_iter().rev().map(note).collect();
    let older = shown.first().filter(|_| has_older).map(|it| it.id.clone());
    Notes { shown, older, form_id: Ulid::new().to_string() }
}

/// The fields of the form for a new note.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    /// The id that the page gave the form. A form that is sent twice with one text is one note.
    form_id: String,
    text: String,
}

/// `POST /t/{id}/notes`
pub(super) async fn add(
    State(state): State<PageState>,
    session: Session,
    Form(Written { form_id, text }): Form<Written>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    let text = tidy_text(&text).trim_end().to_owned();
    if text.trim().is_empty() {
        return Err(Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, "problem-empty"));
    }
    if text.len() > MAX_TEXT_BYTES {
        let refusal = Refusal::problem(StatusCode::PAYLOAD_TOO_LARGE, "problem-long");
        return Ok(refusal.giving_back(text));
    }
    if form_id.len() > MAX_FORM_ID_BYTES {
        return Err(Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, "problem-form"));
    }
    let Session { transaction, visitor, guest, .. } = &session;
    // The browser may send an earlier form with another text, so the text is a part of the id. The guest is, too, so that
    // nobody can use up the id of somebody else's note.
    let id = grant_id(&format!("{}\0{form_id}\0{text}", guest.user_id));
    let author = plain_name(visitor.shown_name(&transaction.terms)).unwrap_or_default();
    let new = NewNote { id, party: visitor.role, author: &author, text: &text };
    let by = NoteBy::Visitor(&guest.user_id, visitor.key());
    match state.store.add_note(transaction.id, new, by).await? {
        NoteAdded::Done => Ok(to_notes(&session)),
        NoteAdded::TooMany => {
            let refusal = Refusal::problem(StatusCode::CONFLICT, "problem-many-notes");
            Ok(refusal.giving_back(text))
        }
    }
}

/// The note that a form is about.
#[derive(Debug, Deserialize)]
pub(super) struct AboutNote {
    note: String,
}

/// `POST /t/{id}/notes/remove`: erases the words of a note that the visitor wrote. A form that is sent twice does so once.
pub(super) async fn remove(
    State(state): State<PageState>,
    session: Session,
    Form(AboutNote { note }): Form<AboutNote>,
) -> Result<Response, Refusal> {
    state.limits.write(session.grant, 1)?;
    if let Ok(note) = Ulid::from_string(&note) {
        let Session { transaction, visitor, guest, .. } = &session;
        let by = NoteBy::Visitor(&guest.user_id, visitor.key());
        state.store.remove_note(transaction.id, note, visitor.role.as_str(), by).await?;
    }
    Ok(to_notes(&session))
}

fn to_notes(session: &Session) -> Response {
    let to = format!("{}#notes", session.address().page());
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
