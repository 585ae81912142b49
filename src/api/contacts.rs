//! The endpoints that list, add, change and remove the contacts of a party, one at a time.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::Path;
use super::problem::{Problem, repeated};
use super::transactions::{find, missing, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, body, precondition};
use crate::access::{Action, Origin};
use crate::invoice;
use crate::store::{Attempt, Change, Changed, InviteAgain};
use crate::transaction::{
    self, Contact, ContactPatch, Party, PartyPatch, PartyRole, Patch, Transaction,
};

/// `GET /api/v1/transactions/{id}/{party}/contacts`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, party)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (id, role) = (transaction_id(&id)?, party_role(&party)?);
    let transaction = find(&state, &shop, id).await?;
    let contacts = json!({ "contacts": transaction.terms.party(role).contacts });
    Ok(answer(StatusCode::OK, Some(transaction.revision), &contacts))
}

/// `GET /api/v1/transactions/{id}/{party}/contacts/{contact}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, party, contact)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (id, role) = (transaction_id(&id)?, party_role(&party)?);
    let transaction = find(&state, &shop, id).await?;
    let place = place_of(transaction.terms.party(role), role, &contact)?;
    let contact = &transaction.terms.party(role).contacts[place];
    Ok(answer(StatusCode::OK, Some(transaction.revision), &json!(contact)))
}

/// `POST /api/v1/transactions/{id}/{party}/contacts`
pub(super) async fn add(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    Path((id, party)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (id, role) = (transaction_id(&id)?, party_role(&party)?);
    find(&state, &shop, id).await?;
    let headers = request.headers().clone();
    let bytes = body::json(request).await?;
    let new: Contact = transaction::json(&bytes).map_err(|it| Problem::content(&it))?;
    let is_repeat = attempt.is_some_and(|Extension(attempt)| attempt.is_repeat);
    let call = Call { headers: &headers, correlation: &correlation, origin: &origin, is_repeat };
    let changed = change(&state, &shop, id, call, |current| {
        let mut contacts = current.terms.party(role).contacts.clone();
        match contacts.iter().find(|it| it.key() == new.key()) {
            Some(there) if *there == new => return Ok(None),
            Some(_) => {
                let detail = format!(
                    "The {} has a contact {:?} already, with other content. To change it, PATCH it.",
                    role.as_str(),
                    repeated(new.key())
                );
                return Err(Problem::conflict("contact-exists", detail));
            }
            None => contacts.push(new.clone()),
        }
        let place = contacts.len() - 1;
        let invite_again = new.matrix.clone().map_or(InviteAgain::Nobody, InviteAgain::Only);
        Ok(Some(Wanted { role, contacts, place: Some(place), invite_again }))
    });
    let Done { tagged, is_new } = changed.await?;
    // If it is there already, an earlier attempt of this call may have added it.
    let status = if is_new || is_repeat { StatusCode::CREATED } else { StatusCode::OK };
    let key: String = form_urlencoded::byte_serialize(new.key().as_bytes()).collect();
    // A blank is a plus sign in forms only.
    let key = key.replace('+', "%20");
    let location = format!("/api/v1/transactions/{id}/{}/contacts/{key}", role.as_str());
    Ok(([(header::LOCATION, location)], answer(status, tagged, &json!(new))).into_response())
}

/// `PATCH /api/v1/transactions/{id}/{party}/contacts/{contact}`
pub(super) async fn change_one(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, party, contact)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (id, role) = (transaction_id(&id)?, party_role(&party)?);
    find(&state, &shop, id).await?;
    let headers = request.headers().clone();
    let bytes = body::json(request).await?;
    let patch: ContactPatch = transaction::json(&bytes).map_err(|it| Problem::content(&it))?;
    let mut result = None;
    let call =
        Call { headers: &headers, correlation: &correlation, origin: &origin, is_repeat: false };
    let changed = change(&state, &shop, id, call, |current| {
        let mut contacts = current.terms.party(role).contacts.clone();
        let place = place_of(current.terms.party(role), role, &contact)?;
        let before = contacts[place].clone();
        let after = patch.apply(&before).map_err(|it| Problem::content(&it))?;
        let invite_again = match &after.matrix {
            Some(user) if after.matrix != before.matrix => InviteAgain::Only(user.clone()),
            _ => InviteAgain::Nobody,
        };
        result = Some(after.clone());
        contacts[place] = after;
        Ok(Some(Wanted { role, contacts, place: Some(place), invite_again }))
    });
    let Done { tagged, .. } = changed.await?;
    Ok(answer(StatusCode::OK, tagged, &json!(result.unwrap_or_default())))
}

/// `DELETE /api/v1/transactions/{id}/{party}/contacts/{contact}`
pub(super) async fn remove(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, party, contact)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let (id, role) = (transaction_id(&id)?, party_role(&party)?);
    let call =
        Call { headers: &headers, correlation: &correlation, origin: &origin, is_repeat: false };
    let changed = change(&state, &shop, id, call, |current| {
        let mut contacts = current.terms.party(role).contacts.clone();
        contacts.remove(place_of(current.terms.party(role), role, &contact)?);
        Ok(Some(Wanted { role, contacts, place: None, invite_again: InviteAgain::Nobody }))
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The circumstances of a change.
#[derive(Clone, Copy)]
struct Call<'a> {
    headers: &'a HeaderMap,
    correlation: &'a str,
    origin: &'a Origin,
    /// Whether an earlier attempt of the same call may have changed everything already.
    is_repeat: bool,
}

/// What a call has done.
#[derive(Clone, Copy)]
struct Done {
    /// The revision of the transaction, if the caller knows all that is in it: they have named the one before. Anybody
    /// else would overwrite what they have not seen, if they used its tag to replace the whole list.
    tagged: Option<i64>,
    /// Whether anything was changed.
    is_new: bool,
}

/// A new list of contacts.
struct Wanted {
    role: PartyRole,
    contacts: Vec<Contact>,
    /// The place of the contact that the call is about.
    place: Option<usize>,
    invite_again: InviteAgain,
}

/// Changes the contacts of a transaction. `decide` gets the current transaction, which nobody else changes
/// meanwhile, and returns none if nothing has to change.
async fn change(
    state: &ApiState,
    shop: &str,
    id: Ulid,
    call: Call<'_>,
    decide: impl FnOnce(&Transaction) -> Result<Option<Wanted>, Problem>,
) -> Result<Done, Problem> {
    let limits = state.config.invoice.limits.clone();
    let mut seen = 0;
    let decide = |transaction: &Transaction| {
        seen = transaction.revision;
        let wanted = decide(transaction);
        // A repeated call does not fail because its first attempt has changed the revision.
        let is_done = call.is_repeat && matches!(wanted, Ok(None));
        if !is_done && !precondition::allows(call.headers, transaction.revision) {
            return Err(Problem::precondition(transaction.revision));
        }
        let Some(wanted) = wanted? else { return Ok(None) };
        let Wanted { role, contacts, place, invite_again } = wanted;
        let party = Some(PartyPatch { contacts: Some(Some(contacts)), ..PartyPatch::default() });
        let (buyer, seller) = match role {
            PartyRole::Buyer => (party, None),
            PartyRole::Seller => (None, party),
        };
        let patch = Patch { buyer, seller, limits, ..Patch::default() };
        // This runs inside the tx that locks the row, so it cannot move to another task.
        let apply = || patch.apply(&transaction.terms, &transaction.warnings);
        let applied = tokio::task::block_in_place(apply);
        let (terms, warnings) = applied.map_err(|them| {
            let them: Vec<_> = them.into_iter().map(|it| in_contact(it, role, place)).collect();
            Problem::content(&them)
        })?;
        let is_new = terms != transaction.terms;
        Ok(is_new.then_some(Change { terms, warnings, invite_again }))
    };
    let Call { correlation, origin, .. } = call;
    let changed =
        state.store.change_transaction(shop, id, None, correlation, origin, decide).await?;
    let tagged = |revision| precondition::names(call.headers, seen).then_some(revision);
    match changed {
        Changed::To(revision) => {
            tracing::info!(transaction = %id, revision, "changed the contacts of a transaction");
            Ok(Done { tagged: tagged(revision), is_new: true })
        }
        Changed::Same => {
            // The answer shows the contact all the same.
            state.traces.read(origin.does(Action::TransactionRead, shop).to(id));
            Ok(Done { tagged: tagged(seen), is_new: false })
        }
        Changed::Refused(problem) => Err(problem),
        Changed::Missing => Err(missing(&id.to_string())),
    }
}

/// The same problem, with a pointer into the contact that was sent.
fn in_contact(
    problem: invoice::Problem,
    role: PartyRole,
    place: Option<usize>,
) -> invoice::Problem {
    let at = format!("/{}/contacts/{}", role.as_str(), place.unwrap_or_default());
    let pointer = match problem.pointer.strip_prefix(&at) {
        Some(pointer) => pointer.to_owned(),
        // A contact of the other party has the same account.
        None if problem.pointer.ends_with("/matrix") => "/matrix".to_owned(),
        None => String::new(),
    };
    invoice::Problem { pointer, ..problem }
}

fn party_role(text: &str) -> Result<PartyRole, Problem> {
    PartyRole::from_text(text).ok_or_else(|| {
        Problem::not_found(format!(
            "There is no party {:?}. The parties of a transaction are `buyer` and `seller`.",
            repeated(text)
        ))
    })
}

/// The place of the contact of a party with this key, or else of the only one with this Matrix ID, e-mail address or
/// name. So the address of a contact always names that contact.
fn place_of(party: &Party, role: PartyRole, text: &str) -> Result<usize, Problem> {
    let (role, text_shown) = (role.as_str(), repeated(text));
    let with_key = party.contact(text).map_or_else(|| party.contact_called(text), Ok);
    let found = with_key.map_err(|count| match count {
        0 => Problem::not_found(format!("The {role} has no contact {text_shown:?}.")),
        _ => Problem::conflict(
            "several-contacts",
            format!(
                "{count} contacts of the {role} are called {text_shown:?}. Name one by its Matrix ID or \
                 e-mail address, or replace the list with a PATCH of the transaction."
            ),
        ),
    })?;
    Ok(party.contacts.iter().position(|it| std::ptr::eq(it, found)).unwrap_or_default())
}

/// An answer in JSON, with the tag of this revision.
fn answer(status: StatusCode, revision: Option<i64>, body: &Value) -> Response {
    let body = body.to_string();
    let tag = revision.map(|it| [(header::ETAG, precondition::etag(it, body.as_bytes()))]);
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    match tag {
        Some(tag) => (status, content_type, tag, body).into_response(),
        None => (status, content_type, body).into_response(),
    }
}
