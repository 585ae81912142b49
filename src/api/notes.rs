//! The endpoints for notes of one side, which the other side never sees.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::{Path, limit};
use super::problem::{Problem, repeated};
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication, body};
use crate::access::Origin;
use crate::clock::iso;
use crate::invoice;
use crate::record::{MAX_NAME_CHARS, plain_name};
use crate::room::message_content::{MAX_TEXT_BYTES, tidy_text};
use crate::store::{Attempt, MAX_NOTES, NewNote, Note, NoteAdded, NoteBy};
use crate::transaction::{self, PartyRole, Terms};

const DEFAULT_PAGE_SIZE: i64 = 100;
const MAX_PAGE_SIZE: i64 = 1_000;

/// A note as the shop hands it in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SentNote {
    text: String,
    /// The name that is shown as its author. Without it, that of the party.
    #[serde(default)]
    author: Option<String>,
    /// The side whose note it is. Without it, the seller's.
    #[serde(default)]
    party: Option<PartyRole>,
}

/// A note that was checked.
#[derive(Debug, PartialEq, Eq)]
struct CheckedNote {
    text: String,
    author: String,
    party: PartyRole,
}

impl SentNote {
    /// Checks a note for a transaction with these terms.
    fn checked(self, terms: &Terms) -> Result<CheckedNote, Problem> {
        let refuse = |pointer, detail: &str| Err(invalid(&[invoice::Problem::at(pointer, detail)]));
        let text = tidy_text(&self.text).trim_end().to_owned();
        if text.is_empty() {
            return refuse("/text", "A note needs a text.");
        }
        if text.len() > MAX_TEXT_BYTES {
            let detail = format!("A note has at most {MAX_TEXT_BYTES} bytes. Shorten it.");
            return refuse("/text", &detail);
        }
        let party = self.party.unwrap_or(PartyRole::Seller);
        let given = self.author.filter(|author| !author.is_empty());
        if given.as_ref().is_some_and(|it| it.chars().count() > MAX_NAME_CHARS) {
            let detail = format!("A name has at most {MAX_NAME_CHARS} characters. Shorten it.");
            return refuse("/author", &detail);
        }
        let given = given.as_deref().unwrap_or(&terms.party(party).name);
        match plain_name(given) {
            Some(author) => Ok(CheckedNote { text, author, party }),
            None => refuse("/author", "A name needs a visible character."),
        }
    }
}

/// `POST /api/v1/transactions/{id}/notes`
pub(super) async fn add(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let bytes = body::json(request).await?;
    let sent: SentNote = transaction::json(&bytes).map_err(|it| invalid(&it))?;
    let CheckedNote { text, author, party } = sent.checked(&transaction.terms)?;
    let note = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let new = NewNote { id: note, party, author: &author, text: &text };
    if state.store.add_note(id, new, NoteBy::Shop(&shop, &origin)).await? == NoteAdded::TooMany {
        let detail = format!(
            "A side has at most {MAX_NOTES} notes at one transaction, with those that were removed."
        );
        return Err(Problem::conflict("too-many-notes", detail));
    }
    tracing::info!(transaction = %id, %note, "took in a note");
    let stored = state.store.note(id, note).await?;
    let shown = stored.as_ref().map(shown).unwrap_or_default();
    let location = format!("/api/v1/transactions/{id}/notes/{note}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)).into_response())
}

/// The query of a list of notes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotesQuery {
    after: Option<String>,
    limit: Option<String>,
}

/// `GET /api/v1/transactions/{id}/notes?after=NOTE&limit=N`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
    query: Result<Query<NotesQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query?;
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let after = match query.after {
        None => None,
        Some(note) => {
            let malformed =
                |_| Problem::parameter("after", "`after` must be the `next` of the page before.");
            Ulid::from_string(&note).map_err(malformed)?;
            Some(find_note(&state, id, &note).await?.1)
        }
    };
    let position = after.as_ref().map_or(0, |note| note.position);
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let mut notes = state.store.notes(id, position, limit + 1).await?;
    let more = i64::try_from(notes.len()).is_ok_and(|count| count > limit);
    notes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // `next` is present even on the last page. It is the id of a note and not its position, because the position also
    // counts notes that the shop may not see.
    let next = notes.last().or(after.as_ref()).map(|note| &note.id);
    let shown: Vec<Value> = notes.iter().map(shown).collect();
    Ok(Json(json!({ "notes": shown, "next": next, "more": more })))
}

/// `GET /api/v1/transactions/{id}/notes/{note}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, note)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    Ok(Json(shown(&find_note(&state, id, &note).await?.1)))
}

/// `DELETE /api/v1/transactions/{id}/notes/{note}`
pub(super) async fn remove(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path((id, note)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let (note, found) = find_note(&state, id, &note).await?;
    if state.store.remove_note(id, note, &found.party, NoteBy::Shop(&shop, &origin)).await? {
        tracing::info!(transaction = %id, %note, "removed a note");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn find_note(state: &ApiState, id: Ulid, note: &str) -> Result<(Ulid, Note), Problem> {
    let missing = || {
        let note = repeated(note);
        Problem::not_found(format!("This transaction has no note {note:?} that the shop can see."))
    };
    let note_id = Ulid::from_string(note).map_err(|_| missing())?;
    let found = state.store.note(id, note_id).await?.ok_or_else(missing)?;
    Ok((note_id, found))
}

/// Returns a note as JSON.
fn shown(note: &Note) -> Value {
    let Note { id, party, author, text, created_at, removed_at, position: _ } = note;
    json!({
        "id": id,
        "party": party,
        "author": author,
        "text": text,
        "created_at": iso(*created_at),
        "removed_at": removed_at.and_then(iso),
    })
}

fn invalid(problems: &[invoice::Problem]) -> Problem {
    Problem::invalid_content("The note cannot be accepted as it is", problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::sample;

    fn checked(note: Value) -> Option<CheckedNote> {
        let note: SentNote = serde_json::from_value(note).unwrap();
        note.checked(&sample().terms).ok()
    }

    #[test]
    fn a_note_is_the_sellers_unless_it_says_otherwise() {
        let terms = sample().terms;
        let note = |text: &str, author: &str, party| {
            Some(CheckedNote { text: text.to_owned(), author: author.to_owned(), party })
        };
        let of_seller = checked(json!({ "text": "a\r\nb\0 \n" }));
        assert_eq!(of_seller, note("a\nb\u{fffd}", &terms.seller.name, PartyRole::Seller));
        let of_buyer = checked(json!({ "text": "x", "author": "", "party": "buyer" }));
        assert_eq!(of_buyer, note("x", &terms.buyer.name, PartyRole::Buyer));
        let named = checked(json!({ "text": "x", "author": "Sales\u{202e}" }));
        assert_eq!(named, note("x", "Sales", PartyRole::Seller));
    }

    #[test]
    fn a_note_has_a_text_and_both_are_bounded() {
        let long = "x".repeat(MAX_TEXT_BYTES);
        assert!(checked(json!({ "text": long })).is_some());
        for refused in [
            json!({ "text": " \n" }),
            json!({ "text": format!("{long}x") }),
            json!({ "text": "x", "author": "n".repeat(MAX_NAME_CHARS + 1) }),
            json!({ "text": "x", "author": "\u{200b}" }),
        ] {
            assert!(checked(refused.clone()).is_none(), "{refused}");
        }
    }
}
