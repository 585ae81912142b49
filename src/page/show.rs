//! Serves the page itself, and parts of it for scripts.

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::cast::Cast;
use super::composing::ChatRequest;
use super::gather;
use super::model::{Chat, Page};
use super::people::{Contacts, replies_in};
use super::reader::LANGUAGE_COOKIE;
use super::refusal::Refusal;
use super::session::{Session, is_secure};
use super::{PageState, notes, view};

/// The parameters of the query.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    lang: Option<String>,
    before: Option<String>,
    reply: Option<String>,
    edit: Option<String>,
    again: Option<String>,
    ask: Option<String>,
    find: Option<String>,
    notes: Option<String>,
}

/// `GET /t/{id}`
pub(super) async fn page(
    State(state): State<PageState>,
    session: Session,
    Query(query): Query<PageQuery>,
) -> Result<Response, Refusal> {
    let PageQuery { before, reply, edit, again, ask, find, lang, notes } = query;
    let [before, reply, edit, again, find] = [before, reply, edit, again, find].map(name);
    if find.is_some() {
        state.limits.signal(session.grant)?;
    }
    let ask = ask.and_then(|it| it.parse().ok());
    let request = ChatRequest { before, reply, edit, again, ask, find };
    let wanted = notes::wanted(&session, notes.as_deref());
    let surroundings = gather::surroundings(&state, &session, Some(wanted)).await?;
    let cast = Cast::with(&state, &session, &surroundings.guests, &surroundings.members);
    let chat = gather::chat(&state, &session, &cast, &surroundings, request).await?;
    let contacts = Contacts::of(&state, &session, &surroundings.members)
        .with_strangers(&state, &surroundings.strangers);
    let contacts = contacts.with_silenced(&state, &session).await?;
    contacts.ask(&state);
    let page = Page {
        visitor_name: cast.own_name(),
        people: contacts.people(&state),
        choices: contacts.addressees(&session.guest.user_id),
        replies_in: replies_in(&surroundings, &session),
        notes: notes::shown(&session, surroundings.notes),
        ..gather::page(&state, &session, chat).await?
    };
    let html = view::page(&page).into_string();
    let mut response = Html(html).into_response();
    if lang.is_some() {
        remember_language(&state, &session, &mut response);
    }
    Ok(response)
}

/// Returns what a parameter names. What has a NUL names nothing: no line has one, and PostgreSQL takes none.
fn name(parameter: Option<String>) -> Option<String> {
    parameter.filter(|it| !it.contains('\0'))
}

fn remember_language(state: &PageState, session: &Session, response: &mut Response) {
    let secure = if is_secure(state) { "; Secure" } else { "" };
    let tag = session.reader.locale.tag();
    let cookie = format!(
        "{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}"
    );
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// `GET /t/{id}/lines?before=…`: older lines.
pub(super) async fn lines(
    State(state): State<PageState>,
    session: Session,
    Query(query): Query<PageQuery>,
) -> Result<Html<String>, Refusal> {
    let request = ChatRequest { before: name(query.before), ..ChatRequest::default() };
    let surroundings = gather::surroundings(&state, &session, None).await?;
    let cast = Cast::with(&state, &session, &surroundings.guests, &surroundings.members);
    let chat = gather::chat(&state, &session, &cast, &surroundings, request).await?;
    Ok(Html(view::lines(&chat, &session.reader, &session.address()).into_string()))
}

/// `GET /t/{id}/invoice`: the invoice alone, for the widget.
pub(super) async fn invoice(
    State(state): State<PageState>,
    session: Session,
) -> Result<Html<String>, Refusal> {
    let page = gather::page(&state, &session, Chat::default()).await?;
    Ok(Html(view::widget_invoice(&page).into_string()))
}
