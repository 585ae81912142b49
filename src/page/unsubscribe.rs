//! Ends the mails to a contact. Mail programs do so with one call, without cookie and script (RFC 8058).

use axum::extract::{Path, State};
use axum::response::Html;
use ulid::Ulid;

use super::PageState;
use super::model::Reader;
use super::refusal::Refusal;
use super::view::{self, Closed};
use crate::door::Key;
use crate::link::token::Purpose;
use crate::store::Silence;

/// `GET /u/{token}`: shows a page whose button ends the mails. The request itself changes nothing, so that scanners of
/// mails end none.
pub(super) async fn page(
    State(state): State<PageState>,
    Path(token): Path<String>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    contact(&state, &token)?;
    Ok(Html(view::unsubscribe(&token, &reader).into_string()))
}

/// `POST /u/{token}`: ends the mails. What the body says does not matter.
pub(super) async fn confirm(
    State(state): State<PageState>,
    Path(token): Path<String>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    let contact = contact(&state, &token)?;
    if !state.store.silence_mail_contact(contact, Silence::Asked).await? {
        return Err(Closed::NotFound.into());
    }
    Ok(Html(view::unsubscribed(&reader).into_string()))
}

fn contact(state: &PageState, token: &str) -> Result<Ulid, Refusal> {
    let wrong = || Refusal::from(Closed::NotFound).for_wrong(Key::Link);
    let [contact] = state.key.verify(Purpose::Unsubscribe, token).ok_or_else(wrong)?;
    Ok(contact)
}
