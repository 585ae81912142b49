//! The endpoints that create, list and revoke links to the invoice page.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::Path;
use super::problem::{Problem, repeated};
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication, body};
use crate::access::{Action, Origin};
use crate::clock::iso;
use crate::invoice;
use crate::link::{LinkRequest, NoLink, make_link};
use crate::store::{Attempt, GrantRow};
use crate::transaction;

/// `POST /api/v1/transactions/{id}/links`
pub(super) async fn create(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let bytes = body::json(request).await?;
    let wanted: LinkRequest =
        transaction::json(&bytes).map_err(|problems| invalid_link(&problems))?;
    let new_id = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let link = make_link(
        &state.store,
        &state.config,
        &state.token_key,
        &transaction,
        &wanted,
        new_id,
        &origin,
    )
    .await?;
    tracing::info!(transaction = %id, link = %link.id, party = wanted.party.as_str(), "created a link");
    let shown = json!({
        "id": link.id.to_string(),
        "url": link.url,
        "party": wanted.party,
        "contact": link.contact,
        "expires_at": iso(link.expires_at),
    });
    // The answer contains the link, which is a secret, so it must not be cached.
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(shown)).into_response())
}

/// `GET /api/v1/transactions/{id}/links`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let links = state.store.links_of(id).await?;
    Ok(Json(json!({ "links": links.iter().map(shown).collect::<Vec<_>>() })))
}

/// `DELETE /api/v1/transactions/{id}/links/{link}`
pub(super) async fn revoke(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path((id, link)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let missing =
        || Problem::not_found(format!("This transaction has no link {:?}.", repeated(&link)));
    let link = Ulid::from_string(&link).map_err(|_| missing())?;
    let line = origin.does(Action::LinkRevoked, &shop).to(id).with(link);
    if !state.store.revoke_grant(id, link, line).await? {
        return Err(missing());
    }
    tracing::info!(transaction = %id, %link, "revoked a link");
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a link as JSON, without its URL: only the answer to its creation contains that.
fn shown(link: &GrantRow) -> Value {
    json!({
        "id": link.id,
        "party": link.party,
        "contact": link.contact,
        "created_at": iso(link.created_at),
        "expires_at": iso(link.expires_at),
        "revoked_at": link.revoked_at.and_then(iso),
        "used_at": link.used_at.and_then(iso),
    })
}

fn invalid_link(problems: &[invoice::Problem]) -> Problem {
    Problem::invalid_content("The link cannot be created as requested", problems)
}

impl From<NoLink> for Problem {
    fn from(why: NoLink) -> Self {
        let detail = why.to_string();
        let pointer = match why {
            NoLink::NoPage => return Self::conflict("no-page", detail),
            NoLink::Over { .. } => return Self::conflict("link-over", detail),
            NoLink::Store(error) => return error.into(),
            NoLink::Contact { .. } => "/contact",
            NoLink::Lifetime => "/expires_in",
        };
        invalid_link(&[invoice::Problem::at(pointer, detail)])
    }
}
