//! Finds out who makes a request, from the cookie that a sign-in has set, or from the token of the
//! widget.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use std::collections::HashMap;
use ulid::Ulid;

use super::PageState;
use super::headers::Correlation;
use super::model::{Address, Reader};
use super::refusal::Refusal;
use super::speaker::{self, Choice, MAX_TICKETS_PER_TRANSACTION, Named, Ticket};
use super::ticket::{self, CookieTickets, cookie_tickets};
use super::view::Closed;
use crate::door::Key;
use crate::link::token::Purpose;
use crate::room::{Guest, speaker};
use crate::store::{GrantRow, StoreError};
use crate::transaction::{PartyRole, Transaction, Visitor};

/// A person who may see a transaction, at the moment of a request.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) transaction: Transaction,
    pub(super) visitor: Visitor,
    /// The Matrix user through whom they speak.
    pub(super) guest: Guest,
    /// The grant by which they were let in.
    pub(super) grant: Ulid,
    /// The id of the session, which ends when they sign out.
    pub(super) id: Ulid,
    /// Whether the request names its grant. A request that writes always does.
    pub(super) is_named: bool,
    pub(super) reader: Reader,
    /// Identifies the request in the log and in what it causes.
    pub(super) correlation: String,
}

impl Session {
    /// Returns the address of their page.
    pub(super) fn address(&self) -> Address {
        Address { transaction: self.transaction.id, grant: self.grant }
    }

    /// Returns the ticket that their browser holds.
    pub(super) fn ticket(&self) -> Ticket {
        Ticket { transaction: self.transaction.id, grant: self.grant, session: self.id }
    }
}

/// The transaction that is opened, the person who is let in, and the guest through whom they speak.
type Admitted = (Transaction, Visitor, Guest);

impl FromRequestParts<PageState> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &PageState,
    ) -> Result<Self, Self::Rejection> {
        let correlation = parts.extensions.get::<Correlation>().cloned();
        let Ok(reader) = Reader::from_request_parts(parts, state).await;
        let id = transaction_id(parts, state).await.ok_or(Closed::SignedOut)?;
        let Presented { named, held, has_forged } =
            presented(state, &parts.headers, &parts.uri, id);
        if held.is_empty() && has_forged {
            return Err(Refusal::from(Closed::SignedOut).for_wrong(Key::Session));
        }
        let only_reads = matches!(parts.method, Method::GET | Method::HEAD);
        let (held, (transaction, visitor, guest)) = match speaker::choose(named, &held, only_reads)
        {
            Choice::Ticket(held) => (held, admit(state, &held).await??),
            Choice::Newest => newest(state, &held).await??,
            // A browser without an open grant learns only that it is signed out.
            Choice::Refused(why) => {
                newest(state, &held).await?.map_err(|_| Closed::SignedOut)?;
                return Err(why.into());
            }
        };
        let is_named = named != Named::Nobody;
        let correlation = correlation.map(|correlation| correlation.0).unwrap_or_default();
        let (grant, id) = (held.grant, held.session);
        Ok(Self { transaction, visitor, guest, grant, id, is_named, reader, correlation })
    }
}

/// Returns the id of the transaction from the path of a request.
async fn transaction_id(parts: &mut Parts, state: &PageState) -> Option<Ulid> {
    let ids = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
    ids.ok().and_then(|ids| Ulid::from_string(ids.get("id")?).ok())
}

/// Returns the grant that a request names, if its browser holds a ticket of it. Only the database
/// knows whether the grant is still open.
pub(super) async fn named_grant(parts: &mut Parts, state: &PageState) -> Option<Ulid> {
    let id = transaction_id(parts, state).await?;
    let Presented { named, held, .. } = presented(state, &parts.headers, &parts.uri, id);
    match speaker::choose(named, &held, true) {
        Choice::Ticket(held) => Some(held.grant),
        Choice::Newest | Choice::Refused(_) => None,
    }
}

/// Returns the newest of these tickets whose grant is open now.
async fn newest(
    state: &PageState,
    held: &[Ticket],
) -> Result<Result<(Ticket, Admitted), Closed>, StoreError> {
    let mut reason = Closed::SignedOut;
    for held in held.iter().take(MAX_TICKETS_PER_TRANSACTION) {
        match admit(state, held).await? {
            Ok(admitted) => return Ok(Ok((*held, admitted))),
            // The reason that counts is that of the newest ticket that has one.
            Err(why) if reason == Closed::SignedOut => reason = why,
            Err(_) => {}
        }
    }
    Ok(Err(reason))
}

/// The credentials of a request.
struct Presented {
    named: Named,
    /// The valid tickets for the transaction.
    held: Vec<Ticket>,
    /// Whether there is a ticket that this service did not make.
    has_forged: bool,
}

/// Reads the credentials of a request. A ticket in the `Authorization` header names its grant by
/// itself.
fn presented(state: &PageState, headers: &HeaderMap, uri: &Uri, transaction: Ulid) -> Presented {
    let named = speaker::named(uri.query());
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let mut presented = match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        None => {
            let CookieTickets { held, has_forged } =
                cookie_tickets(&state.key, is_secure(state), headers);
            Presented { named, held, has_forged }
        }
        Some(token) => match ticket::read(&state.key, Purpose::Bearer, token) {
            Some(held) => {
                let names_none = named == Named::Nobody;
                let named = if names_none { Named::Grant(held.grant) } else { named };
                Presented { named, held: vec![held], has_forged: false }
            }
            None => Presented { named, held: Vec::new(), has_forged: true },
        },
    };
    presented.held.retain(|held| held.transaction == transaction);
    presented
}

/// Whether people reach this service over TLS.
pub(super) fn is_secure(state: &PageState) -> bool {
    state.config.page.url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// Checks in the database whether a ticket lets somebody in now.
pub(super) async fn admit(
    state: &PageState,
    held: &Ticket,
) -> Result<Result<Admitted, Closed>, StoreError> {
    match state.store.grant_of_session(held.session, held.grant).await? {
        Some((row, transaction)) => {
            let open = check_open(held.transaction, &row);
            Ok(open.and_then(|()| admit_to(state, transaction, &row)))
        }
        None => Ok(Err(Closed::SignedOut)),
    }
}

/// Checks whether a grant opens a transaction now.
pub(super) async fn admit_by(
    state: &PageState,
    id: Ulid,
    row: &GrantRow,
) -> Result<Result<Admitted, Closed>, StoreError> {
    if let Err(why) = check_open(id, row) {
        return Ok(Err(why));
    }
    let transaction = state.store.transaction(id).await?;
    Ok(transaction.ok_or(Closed::SignedOut).and_then(|it| admit_to(state, it, row)))
}

/// Checks whether a grant is for this transaction and still open.
fn check_open(id: Ulid, row: &GrantRow) -> Result<(), Closed> {
    if row.transaction_id != id.to_string() {
        return Err(Closed::SignedOut);
    }
    if row.revoked_at.is_some() {
        return Err(Closed::Revoked);
    }
    if row.is_open() { Ok(()) } else { Err(Closed::Expired) }
}

/// Checks whether the transaction still has the contact or party for whom an open grant was made.
fn admit_to(
    state: &PageState,
    transaction: Transaction,
    row: &GrantRow,
) -> Result<Admitted, Closed> {
    let contact = row.contact.as_deref();
    let visitor = row.role().and_then(|role| visitor_of(state, &transaction, role, contact));
    visitor.map(|(visitor, guest)| (transaction, visitor, guest)).ok_or(Closed::Revoked)
}

/// Returns the visitor of a transaction with this role and contact key, and the guest through whom
/// they speak. Returns `None` if the shop does not name them any more.
pub(super) fn visitor_of(
    state: &PageState,
    transaction: &Transaction,
    role: PartyRole,
    contact: Option<&str>,
) -> Option<(Visitor, Guest)> {
    speaker(&state.config, transaction, role, contact)
}
