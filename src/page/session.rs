//! Who is looking: from the cookie that a link or a sign-in left, or the widget's token.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use std::collections::HashMap;
use ulid::Ulid;

use super::PageState;
use super::headers::{Correlation, Nonce};
use super::model::Reader;
use super::reader::cookie;
use super::refusal::Refusal;
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
    pub(super) reader: Reader,
    /// Names the request.
    pub(super) correlation: String,
}

#[derive(Deserialize)]
struct Chosen {
    lang: Option<String>,
}

impl FromRequestParts<PageState> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &PageState,
    ) -> Result<Self, Self::Rejection> {
        let nonce = parts.extensions.get::<Nonce>().cloned();
        let nonce = nonce.unwrap_or_else(|| Nonce(String::new()));
        let correlation = parts.extensions.get::<Correlation>().cloned();
        let chosen = Query::<Chosen>::try_from_uri(&parts.uri).ok().and_then(|it| it.0.lang);
        let reader = Reader::of(state, &parts.headers, chosen.as_deref(), &nonce);
        let ids = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let closed = |why| Refusal::closed(why, &reader, &parts.headers);
        let id = ids.ok().and_then(|ids| Ulid::from_string(ids.get("id")?).ok());
        let id = id.ok_or_else(|| closed(Closed::SignedOut))?;
        let grant = presented(&parts.headers, state).ok_or_else(|| closed(Closed::SignedOut))?;
        let (transaction, visitor, guest) = match admit(state, id, grant).await? {
            Ok(admitted) => admitted,
            Err(why) => return Err(closed(why)),
        };
        let correlation = correlation.map(|it| it.0).unwrap_or_default();
        Ok(Self { transaction, visitor, guest, grant, reader, correlation })
    }
}

/// The grant that a request names, by a token that only we can have made.
fn presented(headers: &HeaderMap, state: &PageState) -> Option<Ulid> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        return state.key.verify(Purpose::Bearer, token);
    }
    let token = cookie(headers, session_cookie(state))?;
    state.key.verify(Purpose::Session, &token)
}

/// The cookie's name: behind TLS, one that browsers only take over TLS.
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
) -> Result<Result<(Transaction, Visitor, Guest), Closed>, StoreError> {
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
