//! Authenticates the shop that calls, by its API key.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ApiState, problem::Problem};
use crate::door::Key;
use crate::invoice::Strictness;

/// The shop whose key the caller holds. Handlers see only this shop's transactions.
#[derive(Clone, Debug)]
pub(super) struct Shop(pub(super) String);

/// What happens to an invoice of this caller that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules(pub(super) Strictness);

/// Middleware that passes on calls with a valid key, together with the key's shop. It answers all
/// other calls itself with 401 or 429.
pub(super) async fn require_key(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let entry = bearer(request.headers()).and_then(|key| state.config.api.entry_of(key));
    let Some(entry) = entry else {
        let tried =
            state.wrong_keys.count_attempt(Key::Api, request.headers(), request.extensions());
        let problem = match tried {
            Ok(()) => Problem::no_key(),
            Err(too_many) => Problem::too_many(
                too_many,
                "There were too many calls without a valid key. Check the key, and try again later.",
            ),
        };
        return problem.into_response();
    };
    let (shop, rules) = (Shop(entry.shop.clone()), Rules(state.config.strictness(entry)));
    request.extensions_mut().insert(shop);
    request.extensions_mut().insert(rules);
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    // A proxy before us could read another one of several headers than we do.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.as_bytes();
    let (scheme, key) = value.split_at_checked(7)?;
    // The scheme's name is case-insensitive (RFC 9110, section 11.1).
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
}
