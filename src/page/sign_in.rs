//! Signs people in, by a signed link, a Matrix account or the shop's own sign-in, and signs them
//! out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use ruma::UserId;
use serde::Deserialize;
use serde_json::json;
use ulid::Ulid;

use super::PageState;
use super::form::Form;
use super::model::{Address, Chat, Reader};
use super::openid::{OpenId, Refused as OpenIdRefused};
use super::refusal::Refusal;
use super::session::{Session, admit_by};
use super::session_cookie::{sign_in, sign_out};
use super::shop_sign_in::ShopClaims;

use super::view::{Ask, Closed};
use super::{gather, shop_sign_in, ticket, view};
use crate::clock::now;
use crate::door::Key;
use crate::link::token::Purpose;
use crate::room::Guest;
use crate::store::{GrantRow, NewGrant, StoreError, Way, folded};
use crate::transaction::{PartyRole, Transaction, Visitor};

/// The greatest length of the body of a sign-in request, in bytes. It is small because anybody may
/// send such requests.
pub(super) const MAX_PROOF_BYTES: usize = 16 * 1024;
/// The lifetime of a grant that is opened by a Matrix account or by a shop, in milliseconds.
const SIGN_IN_LIFETIME_MS: i64 = 12 * 60 * 60 * 1000;

/// The greatest length of an e-mail address, in bytes (RFC 5321, section 4.5.3.1.3).
const MAX_ADDRESS_BYTES: usize = 254;

/// How a link says that it leads to the download of the conversation.
const CONVERSATION: &str = "conversation";

/// The response header with the bearer token of the widget. A frame may not keep our cookie.
const TOKEN_HEADER: &str = "tallyroom-token";

/// Where a link leads, if not to the page.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Goal {
    /// The download of the conversation.
    Conversation,
}

/// The query of a link.
#[derive(Deserialize)]
pub(super) struct LinkQuery {
    to: Option<Goal>,
}

/// The form that opens a link.
#[derive(Deserialize)]
pub(super) struct LinkForm {
    token: String,
    to: Option<Goal>,
}

/// `GET /l/{token}?to=conversation`: shows a page whose form opens the link. The request itself changes nothing.
pub(super) async fn link(
    State(state): State<PageState>,
    Path(token): Path<String>,
    Query(LinkQuery { to }): Query<LinkQuery>,
    reader: Reader,
) -> Result<Html<String>, Refusal> {
    let (id, _) = open_link(&state, &token).await?;
    let action = format!("/t/{id}/sign-in/link");
    let to = to.map(|Goal::Conversation| CONVERSATION);
    Ok(Html(view::entrance(&action, &token, to, &reader).into_string()))
}

/// `POST /t/{id}/sign-in/link`: opens the link, and sets a cookie.
pub(super) async fn link_form(
    State(state): State<PageState>,
    headers: HeaderMap,
    Form(LinkForm { token, to }): Form<LinkForm>,
) -> Result<Response, Refusal> {
    let (id, row) = open_link(&state, &token).await?;
    let grant = Ulid::from_string(&row.id).map_err(|_| Closed::Wrong)?;
    state.store.grant_used(&row.id).await?;
    let address = Address { transaction: id, grant };
    let to = match to {
        None => address.page(),
        Some(Goal::Conversation) => address.part("conversation.zip"),
    };
    Ok(let_in(&state, &headers, address, row.expires_at, &to).await?)
}

/// Checks a link, and returns the transaction that it opens, and its grant.
async fn open_link(state: &PageState, token: &str) -> Result<(Ulid, GrantRow), Refusal> {
    let wrong = || Refusal::from(Closed::Wrong).for_wrong(Key::Link);
    let [grant] = state.key.verify(Purpose::Link, token).ok_or_else(wrong)?;
    state.limits.open(grant)?;
    let row = state.store.grant(grant).await?.ok_or(Closed::Wrong)?;
    let id = Ulid::from_string(&row.transaction_id).map_err(|_| Closed::Wrong)?;
    admit_by(state, id, &row).await?.map_err(|why| Refusal::from(why).about(id))?;
    Ok((id, row))
}

/// The part of the answer that a Matrix client gets from `POST
/// /user/{userId}/openid/request_token`.
#[derive(Deserialize)]
pub(super) struct OpenIdToken {
    matrix_server_name: String,
    access_token: String,
}

/// `POST /t/{id}/sign-in`: signs a Matrix account in, for the widget or for any client.
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
        tracing::info!(%error, "the OpenID token of a Matrix account was refused");
        match error {
            // The token may be right, so it does not count as a wrong key.
            OpenIdRefused::NoAnswer { .. } => refuse("problem-openid"),
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
        tracing::info!(%user, "a Matrix user who is not a contact of the transaction tried to sign in");
        return Err(refuse("problem-no-contact"));
    };
    let grant = OpenId::grant_id(&token.matrix_server_name, &token.access_token);
    let opened = open_grant(&state, &transaction, &visitor, grant, Way::Matrix).await?;
    let expires_at = opened.ok_or_else(|| refuse("problem-openid"))?;
    let mut cookies = Response::default();
    let held = sign_in(&state, &headers, &mut cookies, transaction.id, (grant, expires_at)).await?;
    let bearer = ticket::write(&state.key, Purpose::Bearer, &held);
    let id = transaction.id;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let mut response = if accept.is_some_and(|accept| accept.contains("text/html")) {
        let server = &state.config.homeserver.domain;
        let locale = state.config.locale_of(&transaction);
        let guest = Guest::of(id, &transaction.terms, &visitor, server, &locale);
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
    response.headers_mut().extend(cookies.headers_mut().drain());
    Ok(response)
}

/// The token of a link or of a shop.
#[derive(Deserialize)]
pub(super) struct ProofToken {
    token: String,
}

/// `GET /t/{id}/sign-in/shop?token=…`: the address to which a shop sends its users. Shows a page
/// whose form signs the user in. The request itself changes nothing.
pub(super) async fn shop(
    State(state): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
    Query(ProofToken { token }): Query<ProofToken>,
) -> Result<Html<String>, Refusal> {
    let (transaction, _, claims) = check_shop_token(&state, &id, &token).await?;
    if state.store.grant(claims.grant_id).await?.is_some() {
        tracing::warn!(shop = claims.shop, "the sign-in token of a shop was used before");
        return Err(Closed::Wrong.into());
    }
    let action = format!("/t/{}/sign-in/shop", transaction.id);
    Ok(Html(view::entrance(&action, &token, None, &reader).into_string()))
}

/// `POST /t/{id}/sign-in/shop`: signs the user in. Each token is accepted once.
pub(super) async fn shop_form(
    State(state): State<PageState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(ProofToken { token }): Form<ProofToken>,
) -> Result<Response, Refusal> {
    let (transaction, visitor, claims) = check_shop_token(&state, &id, &token).await?;
    let opened = open_grant(&state, &transaction, &visitor, claims.grant_id, Way::Shop).await?;
    let expires_at = opened.ok_or(Closed::Wrong)?;
    let address = Address { transaction: transaction.id, grant: claims.grant_id };
    Ok(let_in(&state, &headers, address, expires_at, &address.page()).await?)
}

/// Verifies the token of a shop, and finds its transaction and visitor.
async fn check_shop_token(
    state: &PageState,
    id: &str,
    token: &str,
) -> Result<(Transaction, Visitor, ShopClaims), Refusal> {
    let claims = shop_sign_in::verify(&state.config.page.sign_in, token, now());
    let claims = claims.map_err(|error| {
        tracing::info!(%error, "the sign-in token of a shop was refused");
        Refusal::from(Closed::Wrong).for_wrong(Key::ShopSignIn)
    })?;
    let transaction = match Ulid::from_string(id) {
        Ok(id) => state.store.transaction_of(&claims.shop, id).await?,
        Err(_) => None,
    };
    let Some(transaction) = transaction.filter(|transaction| claims.are_about(transaction)) else {
        tracing::warn!(
            shop = claims.shop,
            "the sign-in token of a shop names another transaction than the address"
        );
        return Err(Closed::Wrong.into());
    };
    let Some(visitor) = visitor_named_by(&claims, &transaction) else {
        tracing::warn!(
            shop = claims.shop,
            "the sign-in token of a shop does not name exactly one contact"
        );
        return Err(Closed::Wrong.into());
    };
    Ok((transaction, visitor, claims))
}

/// Returns the visitor whom the claims name. Returns `None` if they do not name exactly one
/// contact.
fn visitor_named_by(claims: &ShopClaims, transaction: &Transaction) -> Option<Visitor> {
    let party = transaction.terms.party(claims.party);
    let contact = match &claims.contact {
        Some(text) => Some(party.contact_called(text).ok()?.clone()),
        None => None,
    };
    Some(Visitor { role: claims.party, contact })
}

/// Opens a grant, and returns when it expires, in milliseconds since 1970. Returns `None` if the
/// grant was opened before, by the same token.
async fn open_grant(
    state: &PageState,
    transaction: &Transaction,
    visitor: &Visitor,
    grant: Ulid,
    way: Way,
) -> Result<Option<i64>, Refusal> {
    let expires_at = now().saturating_add(SIGN_IN_LIFETIME_MS);
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

/// The Matrix ID or e-mail address of somebody who asks for a link.
#[derive(Deserialize)]
pub(super) struct AskedFor {
    user: String,
}

/// `POST /t/{id}/sign-in/ask`: has a link sent to a contact, in a direct message or by e-mail. Answer and work are the same
/// whether there is such a contact, or such a transaction: who it is for is found out later, where the link is sent.
pub(super) async fn ask(
    State(state): State<PageState>,
    Path(id): Path<String>,
    reader: Reader,
    headers: HeaderMap,
    extensions: Extensions,
    Form(AskedFor { user }): Form<AskedFor>,
) -> Result<Html<String>, Refusal> {
    state.wrong_keys.count_link_request(&headers, &extensions)?;
    let by_mail = state.config.mail.smtp.is_some();
    let user = asked_for(&user, by_mail).ok_or_else(|| {
        let problem = if by_mail { "problem-matrix-or-mail" } else { "problem-matrix-id" };
        Refusal::problem(StatusCode::UNPROCESSABLE_ENTITY, problem)
    })?;
    let id = Ulid::from_string(&id).map_err(|_| Closed::NotFound)?;
    state.store.ask_for_link(id, &user, &format!("page-{}", Ulid::new())).await?;
    let bot = state.config.bot_user_id();
    Ok(Html(view::asked(&user, bot.as_str(), &reader).into_string()))
}

/// Reads a Matrix ID, whose `@` may be missing, or with `by_mail` an e-mail address.
fn asked_for(text: &str, by_mail: bool) -> Option<String> {
    let text = text.trim();
    if by_mail
        && text.len() <= MAX_ADDRESS_BYTES
        && !text.starts_with('@')
        && text.parse::<lettre::Address>().is_ok()
    {
        return Some(folded(text));
    }
    let user = if text.starts_with('@') { text.to_owned() } else { format!("@{text}") };
    UserId::parse(user).ok().map(|user| user.to_string())
}

/// `POST /t/{id}/leave`: signs the visitor out, for computers that several people use. The session
/// ends, so that a copy of its cookie is useless. Other people in the same browser stay signed in.
pub(super) async fn leave(
    State(state): State<PageState>,
    session: Session,
) -> Result<Response, Refusal> {
    let by_mail = state.config.mail.smtp.is_some();
    let ask = Ask { transaction: session.transaction.id, by_mail };
    let page = view::closed(Closed::SignedOut, &session.reader, false, Some(ask)).into_string();
    let mut response = Html(page).into_response();
    sign_out(&state, &mut response, &session.ticket()).await?;
    Ok(response)
}

/// Opens a session, sets its cookie, and redirects to an address.
async fn let_in(
    state: &PageState,
    headers: &HeaderMap,
    Address { transaction, grant }: Address,
    expires_at: i64,
    to: &str,
) -> Result<Response, StoreError> {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    sign_in(state, headers, &mut response, transaction, (grant, expires_at)).await?;
    Ok(response)
}
