//! Sets the cookie of a session when somebody signs in, and deletes it when they sign out.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use ulid::Ulid;

use super::PageState;
use super::session::is_secure;
use super::speaker::{self, Ticket};
use super::ticket::{self, cookie_name, cookie_tickets};
use crate::clock::now;
use crate::link::token::Purpose;
use crate::store::StoreError;

/// Opens a session, and adds its cookie to the response. Ends the sessions that the new one
/// replaces, and the oldest ones if the browser holds too many. Returns the ticket of the new
/// session.
pub(super) async fn sign_in(
    state: &PageState,
    headers: &HeaderMap,
    response: &mut Response,
    transaction: Ulid,
    (grant, expires_at): (Ulid, i64),
) -> Result<Ticket, StoreError> {
    let session = state.store.open_session(transaction, grant, expires_at).await?;
    let new = Ticket { transaction, grant, session };
    let seconds = expires_at.saturating_sub(now()).max(0) / 1000;
    let text = ticket::write(&state.key, Purpose::Session, &new);
    set_cookie(response, &cookie(state, grant, &text, seconds));
    let held = cookie_tickets(&state.key, is_secure(state), headers).held;
    for old in held.iter().filter(|old| old.grant == grant) {
        state.store.end_session(old.transaction, old.session).await?;
    }
    for old in speaker::surplus_tickets(&held, &new) {
        sign_out(state, response, &old).await?;
    }
    Ok(new)
}

/// Ends a session, and deletes its cookie.
pub(super) async fn sign_out(
    state: &PageState,
    response: &mut Response,
    held: &Ticket,
) -> Result<(), StoreError> {
    state.store.end_session(held.transaction, held.session).await?;
    set_cookie(response, &cookie(state, held.grant, "", 0));
    Ok(())
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn cookie(state: &PageState, grant: Ulid, value: &str, seconds: i64) -> String {
    let is_secure = is_secure(state);
    let (name, secure) = (cookie_name(is_secure, grant), if is_secure { "; Secure" } else { "" });
    // The prefix `__Host-` requires this path, and forbids a domain.
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
