//! Who is looking: from the cookie that a link or a sign-in left, or the widget's token.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use std::collections::HashMap;
use ulid::Ulid;

use super::PageState;
use super::headers::Correlation;
use super::model::{Address, Reader};
use super::reader::cookies;
use super::refusal::Refusal;
use super::speaker::{self, Choice, Held, MAX_HELD, Named};
use super::token::Purpose;
use super::view::Closed;
use crate::room::Guest;
use crate::store::StoreError;
use crate::transaction::{Transaction, Visitor};

/// Somebody who may see a transaction, at the moment of a request.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) transaction: Transaction,
    pub(super) visitor: Visitor,
    /// Through whom they speak.
    pub(super) guest: Guest,
    /// The way by which they came.
    pub(super) grant: Ulid,
    /// Whether the request said for whom it is made; a request that writes always does.
    pub(super) is_named: bool,
    pub(super) reader: Reader,
    /// Names the request.
    pub(super) correlation: String,
}

impl Session {
    /// Where their page is.
    pub(super) fn address(&self) -> Address {
        Address { transaction: self.transaction.id, grant: self.grant }
    }
}

/// Who is let in, to what, and through whom they speak there.
type Admitted = (Transaction, Visitor, Guest);

impl FromRequestParts<PageState> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &PageState,
    ) -> Result<Self, Self::Rejection> {
        let correlation = parts.extensions.get::<Correlation>().cloned();
        let Ok(reader) = Reader::from_request_parts(parts, state).await;
        let ids = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let id = ids.ok().and_then(|ids| Ulid::from_string(ids.get("id")?).ok());
        let id = id.ok_or(Closed::SignedOut)?;
        let (named, held) = presented(state, &parts.headers, &parts.uri);
        let only_reads = matches!(parts.method, Method::GET | Method::HEAD);
        let (grant, (transaction, visitor, guest)) = match speaker::choose(named, &held, only_reads)
        {
            Choice::This(grant) => (grant, admit(state, id, grant).await??),
            Choice::Newest => newest(state, id, &held).await??,
            // Whoever is not let in at all learns only that.
            Choice::Refused(why) => {
                newest(state, id, &held).await?.map_err(|_| Closed::SignedOut)?;
                return Err(why.into());
            }
        };
        let is_named = named != Named::Nobody;
        let correlation = correlation.map(|it| it.0).unwrap_or_default();
        Ok(Self { transaction, visitor, guest, grant, is_named, reader, correlation })
    }
}

/// The newest of these ways that is open now.
async fn newest(
    state: &PageState,
    id: Ulid,
    held: &[Held],
) -> Result<Result<(Ulid, Admitted), Closed>, StoreError> {
    let mut reason = Closed::SignedOut;
    for Held { grant, .. } in held.iter().take(MAX_HELD) {
        match admit(state, id, *grant).await? {
            Ok(admitted) => return Ok(Ok((*grant, admitted))),
            // Of the newest that was for this transaction.
            Err(why) if reason == Closed::SignedOut => reason = why,
            Err(_) => {}
        }
    }
    Ok(Err(reason))
}

/// Whom a request names, and the ways that it proves by tokens that only we can have made. A
/// token in the header names its grant by itself.
fn presented(state: &PageState, headers: &HeaderMap, uri: &Uri) -> (Named, Vec<Held>) {
    let named = speaker::named(uri.query());
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
        return (named, held(state, headers));
    };
    match (state.key.verify(Purpose::Bearer, token), named) {
        (Some(grant), Named::Nobody) => (Named::Grant(grant), vec![Held { grant, since: 0 }]),
        (Some(grant), named) => (named, vec![Held { grant, since: 0 }]),
        (None, named) => (named, Vec::new()),
    }
}

/// The ways that a browser's cookies prove, newest first.
pub(super) fn held(state: &PageState, headers: &HeaderMap) -> Vec<Held> {
    let name = session_cookie(state);
    let ours = cookies(headers).filter(|(key, _)| {
        key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    let proven = ours.filter_map(|(_, value)| {
        let (token, since) = value.split_once('.').unwrap_or((value, "0"));
        let grant = state.key.verify(Purpose::Session, token)?;
        Some(Held { grant, since: since.parse().ok()? })
    });
    speaker::in_order(proven.collect())
}

/// What the names of cookies begin with: behind TLS, one that browsers only take over TLS. Alone,
/// it is the name of the one cookie that there was before each grant had its own.
pub(super) fn session_cookie(state: &PageState) -> &'static str {
    if is_secure(state) { "__Secure-tallyroom" } else { "tallyroom" }
}

/// Whether people reach us over TLS.
pub(super) fn is_secure(state: &PageState) -> bool {
    state.config.page.url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// Whether a grant opens a transaction now, for whom, and through whom they speak.
pub(super) async fn admit(
    state: &PageState,
    id: Ulid,
    grant: Ulid,
) -> Result<Result<Admitted, Closed>, StoreError> {
    let Some(row) = state.store.grant(grant).await? else { return Ok(Err(Closed::SignedOut)) };
    if row.transaction_id != id.to_string() {
        return Ok(Err(Closed::SignedOut));
    }
    if row.revoked_at.is_some() {
        return Ok(Err(Closed::Revoked));
    }
    if !row.is_open() {
        return Ok(Err(Closed::Expired));
    }
    let Some(transaction) = state.store.transaction(id).await? else {
        return Ok(Err(Closed::SignedOut));
    };
    let role = row.role();
    let visitor = role.and_then(|role| transaction.terms.visitor(role, row.contact.as_deref()));
    let admitted = visitor.and_then(|visitor| {
        let server = &state.config.homeserver.domain;
        let guest = Guest::of(transaction.id, &transaction.terms, &visitor, server)?;
        Some((transaction, visitor, guest))
    });
    Ok(admitted.ok_or(Closed::Revoked))
}
