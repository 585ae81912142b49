//! The ways in: a signed link, a Matrix account, the shop's own sign-in; and the way out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use ulid::Ulid;

use super::PageState;
use super::headers::Nonce;
use super::model::{Chat, Reader};
use super::openid::OpenId;
use super::refusal::Refusal;
use super::session::{Session, is_secure, session_cookie};
use super::shop_sign_in::ShopClaims;
use super::token::Purpose;
use super::view::Closed;
use super::{gather, shop_sign_in, view};
use crate::room::Guest;
use crate::store::{NewGrant, Way, now};
use crate::transaction::{PartyRole, Transaction, Visitor};

/// How long a session lasts that began with a sign-in, in milliseconds.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;

/// What the widget shows itself with from then on: a frame may not keep our cookie.
const TOKEN_HEADER: &str = "tallyroom-token";

/// `GET /l/{token}`: the link becomes a cookie, and leaves the address bar.
pub(super) async fn link(
    State(state): State<PageState>,
    Path(token): Path<String>,
    Extension(nonce): Extension<Nonce>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let reader = Reader::of(&state, &headers, None, &nonce);
    let closed = |why| Refusal::closed(why, &reader, &headers);
    let grant = state.key.verify(Purpose::Link, &token).ok_or_else(|| closed(Closed::Wrong))?;
    let row = state.store.grant(grant).await?.ok_or_else(|| closed(Closed::Wrong))?;
    let id = Ulid::from_string(&row.transaction_id).map_err(|_| closed(Closed::Wrong))?;
    if let Err(why) = super::session::admit(&state, id, grant).await? {
        return Err(closed(why));
    }
    state.store.grant_used(&row.id).await?;
    Ok(let_in(&state, id, grant, row.expires_at))
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
    Extension(nonce): Extension<Nonce>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let reader = Reader::of(&state, &headers, None, &nonce);
    let refuse = |id| Refusal::problem(StatusCode::FORBIDDEN, &reader, id);
    let token: OpenIdToken = serde_json::from_slice(&body)
        .map_err(|_| Refusal::problem(StatusCode::BAD_REQUEST, &reader, "problem-openid-form"))?;
    let user = state.openid.verify(&token.matrix_server_name, &token.access_token).await;
    let user = user.map_err(|error| {
        tracing::warn!(%error, "a Matrix account was not proven");
        refuse("problem-openid")
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
    let bearer = state.key.sign(Purpose::Bearer, grant);
    let cookie = [(header::SET_COOKIE, cookie(&state, transaction.id, grant, expires_at))];
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let guest = Guest::of(
            transaction.id,
            &transaction.terms,
            &visitor,
            &state.config.homeserver.domain,
        );
        let guest = guest.ok_or_else(|| refuse("problem-openid"))?;
        let correlation = String::new();
        let session = Session { transaction, visitor, guest, grant, reader, correlation };
        let page = gather::page(&state, &session, Chat::default()).await?;
        let html = Html(view::widget_invoice(&page).into_string());
        return Ok((cookie, [(TOKEN_HEADER, bearer)], html).into_response());
    }
    Ok((cookie, Json(json!({ "token": bearer, "expires_at": expires_at }))).into_response())
}

#[derive(Deserialize)]
pub(super) struct ShopToken {
    token: String,
}

/// `GET /t/{id}/sign-in/shop?token=…`: as a redirect of the shop's.
pub(super) async fn shop(
    state: State<PageState>,
    id: Path<String>,
    nonce: Extension<Nonce>,
    headers: HeaderMap,
    Query(token): Query<ShopToken>,
) -> Result<Response, Refusal> {
    sign_in_from_shop(state, id, nonce, headers, token).await
}

/// The same as a form, which leaves the token out of every address.
pub(super) async fn shop_form(
    state: State<PageState>,
    id: Path<String>,
    nonce: Extension<Nonce>,
    headers: HeaderMap,
    Form(token): Form<ShopToken>,
) -> Result<Response, Refusal> {
    sign_in_from_shop(state, id, nonce, headers, token).await
}

async fn sign_in_from_shop(
    State(state): State<PageState>,
    Path(id): Path<String>,
    Extension(nonce): Extension<Nonce>,
    headers: HeaderMap,
    ShopToken { token }: ShopToken,
) -> Result<Response, Refusal> {
    let reader = Reader::of(&state, &headers, None, &nonce);
    let closed = || Refusal::closed(Closed::Wrong, &reader, &headers);
    let claims = shop_sign_in::verify(&state.config.page.sign_in, &token, now());
    let claims = claims.map_err(|error| {
        tracing::warn!(%error, "a shop's sign-in was refused");
        closed()
    })?;
    let transaction = match Ulid::from_string(&id) {
        Ok(id) => state.store.transaction_of(&claims.shop, id).await?,
        Err(_) => None,
    };
    let Some(transaction) = transaction.filter(|it| claims.are_about(it)) else {
        tracing::warn!(shop = claims.shop, "a shop's sign-in names another transaction");
        return Err(closed());
    };
    let Some(visitor) = named(&claims, &transaction) else {
        tracing::warn!(shop = claims.shop, "a shop's sign-in names no contact");
        return Err(closed());
    };
    match open(&state, &transaction, &visitor, claims.grant_id, Way::Shop).await? {
        Some(expires_at) => Ok(let_in(&state, transaction.id, claims.grant_id, expires_at)),
        None => Err(closed()),
    }
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

/// `POST /t/{id}/leave`: for computers that others use, too.
pub(super) async fn leave(State(state): State<PageState>, session: Session) -> Response {
    let cookie = cookie(&state, session.transaction.id, session.grant, 0);
    let page = view::closed(Closed::SignedOut, &session.reader).into_string();
    ([(header::SET_COOKIE, cookie)], Html(page)).into_response()
}

fn let_in(state: &PageState, id: Ulid, grant: Ulid, expires_at: i64) -> Response {
    let cookie = cookie(state, id, grant, expires_at);
    let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, format!("/t/{id}"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn cookie(state: &PageState, id: Ulid, grant: Ulid, expires_at: i64) -> String {
    let token = state.key.sign(Purpose::Session, grant);
    let seconds = expires_at.saturating_sub(now()).max(0) / 1000;
    let secure = if is_secure(state) { "; Secure" } else { "" };
    let name = session_cookie(state);
    format!("{name}={token}; Path=/t/{id}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
