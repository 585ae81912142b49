//! The endpoint that invites contacts again.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ruma::OwnedUserId;
use serde::Deserialize;

use super::parameters::Path;
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, body, present};
use crate::access::{Action, Origin};
use crate::transaction;

/// The body of the call: the contacts to invite again.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvitationRequest {
    /// One contact. If it is left out, all contacts who are not in the room are invited.
    #[serde(default)]
    matrix: Option<OwnedUserId>,
}

/// `POST /api/v1/transactions/{id}/invitations`
pub(super) async fn create(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let bytes = body::optional_json(request).await?;
    let again: InvitationRequest = match bytes.is_empty() {
        true => InvitationRequest::default(),
        false => transaction::json(&bytes).map_err(|problems| Problem::content(&problems))?,
    };
    if let Some(user) = &again.matrix
        && !transaction.terms.matrix_contacts().any(|(_, contact)| contact == user)
    {
        let detail = format!(
            "{user} is not a contact of this transaction. Name one of its contacts, or add this \
             one with PATCH."
        );
        return Err(Problem::content(&[crate::invoice::Problem::at("/matrix", detail)]));
    }
    let line = origin.does(Action::ContactsInvited, &shop).to(id);
    state.store.invite_again(id, again.matrix.as_deref(), &correlation, line).await?;
    tracing::info!(transaction = %id, "contacts are invited again");
    let shown = present::present(&state.store, &state.config, &transaction).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}
