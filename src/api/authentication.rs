//! Authenticates the shop that calls, by its API key, and checks that the key may be used for the call.

use axum::RequestExt;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{Extensions, HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::calls::{needs_and_reads, transaction_in};
use super::problem::{Problem, repeated};
use super::{ApiState, RequestId};
use crate::access::{self, Origin, Scopes};
use crate::config::name_of_key;
use crate::door::Key;
use crate::invoice::Strictness;
use crate::quota::TooMany;

/// The shop whose key the caller holds. Handlers see only this shop's transactions.
#[derive(Clone, Debug)]
pub(super) struct Shop(pub(super) String);

/// The key with which the caller calls.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// Identifies the key: its id, or its name in the config.
    pub(super) key: String,
    /// The SHA-256 of the key, if it is one that can be revoked while the process runs.
    pub(super) digest: Option<String>,
}

/// What happens to an invoice of this caller that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules(pub(super) Strictness);

/// Who calls.
#[derive(Clone, Debug)]
struct Caller {
    shop: Shop,
    holder: Holder,
    /// The name of the key.
    name: String,
    rules: Rules,
    scopes: Scopes,
}

/// Middleware that passes on calls with a valid key that may be used for them, together with the key's shop.
/// It answers all other calls itself with 401, 403 or 429.
pub(super) async fn require_key(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let caller = match caller(&state, request.headers(), request.extensions()).await {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let counted = state.call_rate.count(&caller.holder.key);
    let mut response = match counted.left {
        Ok(_) => answer(&state, caller, request, next).await,
        Err(too_many) => {
            let detail = "This key has made as many calls as `api.requests_per_minute` of the config allows.";
            Problem::too_many(too_many, detail).into_response()
        }
    };
    counted.tell(response.headers_mut());
    response
}

/// Passes on a call whose key may be used for it. If it reads, the audit log will say so.
async fn answer(state: &ApiState, caller: Caller, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let call = route.and_then(|it| needs_and_reads(request.method(), it.as_str()));
    // Without a scope there is no such call, which is answered with 405. If a route were missing in the
    // table, its handler would find no shop, and could answer nothing.
    let Some((needed, read)) = call else { return next.run(request).await };
    if !caller.scopes.allow(needed) {
        return Problem::scope(needed, &caller.scopes).into_response();
    }
    if let Err(refusal) = without_nul(request.uri()) {
        return refusal.into_response();
    }
    let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
    let origin = Origin::Call {
        key: caller.name,
        address: state.wrong_keys.caller(request.headers(), request.extensions()),
        request_id: request_id.unwrap_or_default(),
    };
    let line = match read {
        Some(read) => {
            let line = origin.does(read, &caller.shop.0);
            let parameters = request.extract_parts::<RawPathParams>().await;
            Some(match parameters.ok().as_ref().and_then(transaction_in) {
                Some(transaction) => line.to(transaction),
                None => line,
            })
        }
        None => None,
    };
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(caller.shop);
    request.extensions_mut().insert(caller.holder);
    request.extensions_mut().insert(caller.rules);
    let response = next.run(request).await;
    // What was refused was not read.
    if let Some(line) = line
        && !response.status().is_client_error()
        && !response.status().is_server_error()
    {
        state.traces.read(line);
    }
    response
}

/// Refuses an address with the character NUL in it. Nothing that is kept has one, and PostgreSQL cannot even be asked
/// for such a text.
fn without_nul(uri: &Uri) -> Result<(), Problem> {
    const NUL: &str = "%00";
    if uri.path().contains(NUL) {
        return Err(Problem::not_found("There is nothing at this address."));
    }
    let parameter = uri.query().unwrap_or_default().split('&').find(|it| it.contains(NUL));
    parameter.map_or(Ok(()), |parameter| {
        let name = repeated(parameter.split('=').next().unwrap_or_default());
        let detail = format!("`{name}` must not contain the character NUL.");
        Err(Problem::parameter(&name, detail))
    })
}

/// Returns who holds the key of a call: one of the config, or one that was made by a command. All keys of the
/// config are compared before the database is asked, and only for what has the form of our keys. It is not asked
/// about a key that opened nothing lately while its source is refused because of too many wrong ones.
///
/// # Errors
/// The answer to a call without a valid key, which is counted for its source.
async fn caller(
    state: &ApiState,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, Problem> {
    let no_key = || refusal(state, headers, extensions);
    let key = bearer(headers).ok_or_else(no_key)?;
    if let Some(entry) = state.config.api.entry_of(key) {
        let place = state.config.api.keys.iter().position(|it| std::ptr::eq(it, entry));
        let key = name_of_key(place.unwrap_or_default());
        return Ok(Caller {
            holder: Holder { key, digest: None },
            name: name_of_key(place.unwrap_or_default()),
            shop: Shop(entry.shop.clone()),
            rules: Rules(state.config.strictness(entry)),
            scopes: Scopes::all(),
        });
    }
    let digest = access::digest(key).ok_or_else(no_key)?;
    if !state.known_keys.knows(&digest) {
        state.wrong_keys.still_refused(Key::Api, headers, extensions).map_err(too_many_wrong)?;
    }
    let row = state.store.api_key(&digest).await?;
    state.known_keys.note(digest.clone(), row.is_some());
    let row = row.ok_or_else(no_key)?;
    state.traces.key_used(&row);
    Ok(Caller {
        rules: Rules(state.config.strictness_of_shop(&row.shop)),
        scopes: Scopes::stored(&row.scopes),
        shop: Shop(row.shop),
        holder: Holder { key: row.id, digest: Some(digest) },
        name: row.name,
    })
}

/// Returns the answer to a call without a valid key, and counts it for its source.
fn refusal(state: &ApiState, headers: &HeaderMap, extensions: &Extensions) -> Problem {
    let tried = state.wrong_keys.count_attempt(Key::Api, headers, extensions);
    match tried {
        Ok(()) => Problem::no_key(),
        Err(too_many) => too_many_wrong(too_many),
    }
}

fn too_many_wrong(too_many: TooMany) -> Problem {
    let detail =
        "There were too many calls without a valid key. Check the key, and try again later.";
    Problem::too_many(too_many, detail)
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
