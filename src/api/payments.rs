//! The endpoints that hand in, list and take back payments.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::Path;
use super::present::standing;
use super::problem::{Problem, repeated};
use super::transactions::{find, missing, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, body};
use crate::access::Origin;
use crate::clock::now;
use crate::feed;
use crate::store::{Attempt, MAX_PAYMENTS, PaymentAdded};
use crate::transaction::{self, NewPayment, Transaction};

/// `POST /api/v1/transactions/{id}/payments`
pub(super) async fn add(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let bytes = body::json(request).await?;
    let new: NewPayment = transaction::json(&bytes).map_err(|it| Problem::content(&it))?;
    let new_id = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let today = state.config.status.date_at(now());
    let decide = |current: &Transaction| new.accept(new_id.to_string(), current, today, now());
    match state.store.add_payment(&shop, id, &correlation, &origin, decide).await? {
        PaymentAdded::Done => {}
        PaymentAdded::Refused(problems) => return Err(Problem::content(&problems)),
        PaymentAdded::Missing => return Err(missing(&id.to_string())),
        PaymentAdded::TooMany => {
            let detail = format!(
                "A transaction has at most {MAX_PAYMENTS} payments. Hand in several small ones as one."
            );
            return Err(Problem::conflict("too-many-payments", detail));
        }
    }
    tracing::info!(transaction = %id, payment = %new_id, "took in a payment");
    let payments = state.store.payments(id).await?;
    let added = payments.iter().find(|it| it.content.payment == new_id.to_string());
    let shown = added.map(feed::payment).unwrap_or_default();
    let location = format!("/api/v1/transactions/{id}/payments/{new_id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)).into_response())
}

/// `GET /api/v1/transactions/{id}/payments`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    let transaction = find(&state, &shop, id).await?;
    let payments = state.store.payments(id).await?;
    Ok(Json(json!({
        "payments": payments.iter().map(feed::payment).collect::<Vec<_>>(),
        "standing": standing(&state.config, &transaction),
    })))
}

/// `DELETE /api/v1/transactions/{id}/payments/{payment}`
pub(super) async fn take_back(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, payment)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let payments = state.store.payments(id).await?;
    if !payments.iter().any(|it| it.content.payment == payment) {
        let detail = format!("This transaction has no payment {:?}.", repeated(&payment));
        return Err(Problem::not_found(detail));
    }
    if state.store.take_back_payment(&shop, id, &payment, &correlation, &origin).await? {
        tracing::info!(transaction = %id, payment, "took back a payment");
    }
    Ok(StatusCode::NO_CONTENT)
}
