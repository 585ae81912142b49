//! The ways in: a signed link, a Matrix account, the shop's own sign-in; and the way out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Form, Path, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use ulid::Ulid;

use super::PageState;
use super::model::{Address, Chat, Reader};
use super::openid::{OpenId, Refused as NotProven};
use super::refusal::Refusal;
use super::session::{Session, admit_by};
use super::session_cookie::{sign_in, sign_out};
use super::shop_sign_in::ShopClaims;
use super::ticket::written;
use super::token::Purpose;
use super::view::Closed;
use super::{gather, shop_sign_in, view};
use crate::clock::now;
use crate::door::Key;
use crate::room::Guest;
use crate::store::{GrantRow, NewGrant, StoreError, Way};
use crate::transaction::{PartyRole, Transaction, Visitor};

/// Largest body that proves who somebody is: they may be anybody, and send many.
pub(super) const MAX_PROOF_BYTES: usize = 16 * 1024;
/// How long a session lasts that began with a sign-in, in milliseconds.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;

/// What the widget shows itself with from then on: a frame may not keep our cookie.
const TOKEN_HEADER: &str = "tallyroom-token";

/// `GET /l/{token}`: a page whose form opens the link. To look at it changes nothing.
pub(super) async fn link(
    State(state): State<PageState>,
    Path(token): Path<String>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    let (id, _) = linked(&state, &token).await?;
    let action = format!("/t/{id}/sign-in/link");
    Ok(Html(view::entrance(&action, &token, &reader).into_string()))
}

/// `POST /t/{id}/sign-in/link`: the link becomes a cookie.
pub(super) async fn link_form(
    State(state): State<PageState>,
    headers: HeaderMap,
    Form(ProofToken { token }): Form<ProofToken>,
) -> Result<Response, Refusal> {
    let (id, row) = linked(&state, &token).await?;
    let grant = Ulid::from_string(&row.id).map_err(|_| Closed::Wrong)?;
    state.store.grant_used(&row.id).await?;
    Ok(let_in(&state, &headers, id, grant, row.expires_at).await?)
}

/// The transaction that a link opens now, and its grant.
async fn linked(state: &PageState, token: &str) -> Result<(Ulid, GrantRow), Refusal> {
    let wrong = || Refusal::from(Closed::Wrong).for_wrong(Key::Link);
    let [grant] = state.key.verify(Purpose::Link, token).ok_or_else(wrong)?;
    state.limits.open(grant)?;
    let row = state.store.grant(grant).await?.ok_or(Closed::Wrong)?;
    let id = Ulid::from_string(&row.transaction_id).map_err(|_| Closed::Wrong)?;
    admit_by(state, id, &row).await??;
    Ok((id, row))
}

/// What a Matrix client gets from `POST /user/{userId}/openid/request_token`.
#[derive(Deserialize)]
pub(super) struct OpenIdToken {
    matrix_server_name: String,
    access_token: String,
}

/// `POST /t/{id}/sign-in`: a Matrix account proves itself; for the widget, and for any client.
pub(super) async fn matrix(
    State(state): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Result<Response, Refusal> {
    let refuse = |id| Refusal::problem(StatusCode::FORBIDDEN, id);
    let token: OpenIdToken = serde_json::from_slice(&body)
        .map_err(|_| Refusal::problem(StatusCode::BAD_REQUEST, "problem-openid-form"))?;
    state.wrong_keys.count_lookup(&headers, &extensions)?;
    let user = state.openid.verify(&token.matrix_server_name, &token.access_token).await;
    let user = user.map_err(|error| {
        tracing::info!(%error, "a Matrix account was not proven");
        match error {
            // The server may know it when it answers again.
            NotProven::NoAnswer { .. } => refuse("problem-openid"),
            _ => refuse("problem-openid").for_wrong(Key::OpenId),
        }
    })?;
    let transaction = match Ulid::from_string(&id) {
        Ok(id) => state.store.transaction(id).await?,
        Err(_) => None,
    };
    let visitor = transaction.and_then(|transaction| {
        let visitor = transaction.terms.visitor_with_account(&user)?;
        Some((transaction, visitor))
    });
    let Some((transaction, visitor)) = visitor else {
        tracing::info!(%user, "somebody who is no contact asked for a transaction");
        return Err(refuse("problem-no-contact"));
    };
    let grant = OpenId::grant_id(&token.matrix_server_name, &token.access_token);
    let opened = open(&state, &transaction, &visitor, grant, Way::Matrix).await?;
    let expires_at = opened.ok_or_else(|| refuse("problem-openid"))?;
    let mut signed = Response::default();
    let held = sign_in(&state, &headers, &mut signed, transaction.id, (grant, expires_at)).await?;
    let bearer = written(&state.key, Purpose::Bearer, &held);
    let id = transaction.id;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let mut response = if accept.is_some_and(|accept| accept.contains("text/html")) {
        let server = &state.config.homeserver.domain;
        let guest = Guest::of(id, &transaction.terms, &visitor, server);
        let guest = guest.ok_or_else(|| refuse("problem-openid"))?;
        let (is_named, correlation) = (true, String::new());
        let id = held.session;
        let session =
            Session { transaction, visitor, guest, grant, id, is_named, reader, correlation };
        let page = gather::page(&state, &session, Chat::default()).await?;
        let html = Html(view::widget_invoice(&page).into_string());
        ([(TOKEN_HEADER, bearer)], html).into_response()
    } else {
        let grant = grant.to_string();
        Json(json!({ "token": bearer, "expires_at": expires_at, "grant": grant })).into_response()
    };
    response.headers_mut().extend(signed.headers_mut().drain());
    Ok(response)
}

/// What proves who somebody is.
#[derive(Deserialize)]
pub(super) struct ProofToken {
    token: String,
}

/// `GET /t/{id}/sign-in/shop?token=…`: where a shop sends its users. To look at it changes
/// nothing: its form signs in.
pub(super) async fn shop(
    State(state): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
    Query(ProofToken { token }): Query<ProofToken>,
) -> Result<Html<String>, Refusal> {
    let (transaction, _, claims) = vouched_for(&state, &id, &token).await?;
    if state.store.grant(claims.grant_id).await?.is_some() {
        tracing::warn!(shop = claims.shop, "a shop's sign-in was used before");
        return Err(Closed::Wrong.into());
    }
    let action = format!("/t/{}/sign-in/shop", transaction.id);
    Ok(Html(view::entrance(&action, &token, &reader).into_string()))
}

/// `POST /t/{id}/sign-in/shop`: the token is taken, once.
pub(super) async fn shop_form(
    State(state): State<PageState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(ProofToken { token }): Form<ProofToken>,
) -> Result<Response, Refusal> {
    let (transaction, visitor, claims) = vouched_for(&state, &id, &token).await?;
    let opened = open(&state, &transaction, &visitor, claims.grant_id, Way::Shop).await?;
    let expires_at = opened.ok_or(Closed::Wrong)?;
    Ok(let_in(&state, &headers, transaction.id, claims.grant_id, expires_at).await?)
}

/// What a shop's token says, if it is good now.
async fn vouched_for(
    state: &PageState,
    id: &str,
    token: &str,
) -> Result<(Transaction, Visitor, ShopClaims), Refusal> {
    let claims = shop_sign_in::verify(&state.config.page.sign_in, token, now());
    let claims = claims.map_err(|error| {
        tracing::info!(%error, "a shop's sign-in was refused");
        Refusal::from(Closed::Wrong).for_wrong(Key::ShopSignIn)
    })?;
    let transaction = match Ulid::from_string(id) {
        Ok(id) => state.store.transaction_of(&claims.shop, id).await?,
        Err(_) => None,
    };
    let Some(transaction) = transaction.filter(|it| claims.are_about(it)) else {
        tracing::warn!(shop = claims.shop, "a shop's sign-in names another transaction");
        return Err(Closed::Wrong.into());
    };
    let Some(visitor) = named(&claims, &transaction) else {
        tracing::warn!(shop = claims.shop, "a shop's sign-in names no contact");
        return Err(Closed::Wrong.into());
    };
    Ok((transaction, visitor, claims))
}

/// Whom a shop vouches for; none if it is nobody that it named as a contact.
fn named(claims: &ShopClaims, transaction: &Transaction) -> Option<Visitor> {
    let party = transaction.terms.party(claims.party);
    let contact = match &claims.contact {
        Some(text) => Some(party.contact_called(text).ok()?.clone()),
        None => None,
    };
    Some(Visitor { role: claims.party, contact })
}

/// Opens a way for what was proven just now; none if that proof was used before.
async fn open(
    state: &PageState,
    transaction: &Transaction,
    visitor: &Visitor,
    grant: Ulid,
    way: Way,
) -> Result<Option<i64>, Refusal> {
    let expires_at = now().saturating_add(SESSION_MS);
    let role: PartyRole = visitor.role;
    let grant = NewGrant {
        id: grant,
        transaction: transaction.id,
        role,
        contact: visitor.key(),
        way,
        expires_at,
    };
    Ok(state.store.open_grant(&grant).await?.then_some(expires_at))
}

/// `POST /t/{id}/leave`: for computers that others use, too. Their session ends, so that a copy of
/// its cookie is worth nothing; whoever else is signed in stays so.
pub(super) async fn leave(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let page = view::closed(Closed::SignedOut, &session.reader, false).into_string();
    let mut response = Html(page).into_response();
    sign_out(&state, &mut response, &session.held()).await?;
    Ok(response)
}

/// To the page, as who they are. In the history it takes the place of where they came from.
async fn let_in(
    state: &PageState,
    headers: &HeaderMap,
    id: Ulid,
    grant: Ulid,
    expires_at: i64,
) -> Result<Response, StoreError> {
    let to = Address { transaction: id, grant }.page();
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    sign_in(state, headers, &mut response, id, (grant, expires_at)).await?;
    Ok(response)
}
