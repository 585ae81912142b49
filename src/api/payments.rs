//! The endpoints that hand in, list and take back payments.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::Path;
use super::present::standing;
use super::problem::{Problem, repeated};
use super::transactions::{find, missing, transaction_id};
use super::{ApiState, RequestId, Shop, authentication, body, precondition};
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
    let shown = shown(&state, id, &new_id.to_string()).await?;
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

/// `GET /api/v1/transactions/{id}/payments/{payment}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path((id, payment)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    shown(&state, id, &payment).await.map(Json)
}

/// Returns a payment of a transaction as JSON, or 404.
async fn shown(state: &ApiState, id: Ulid, payment: &str) -> Result<Value, Problem> {
    let payments = state.store.payments(id).await?;
    let found = payments.iter().find(|it| it.content.payment == payment);
    found.map(feed::payment).ok_or_else(|| {
        let detail = format!("This transaction has no payment {:?}.", repeated(payment));
        Problem::not_found(detail)
    })
}

/// `DELETE /api/v1/transactions/{id}/payments/{payment}`
pub(super) async fn take_back(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(RequestId(correlation)): Extension<RequestId>,
    Extension(origin): Extension<Origin>,
    Path((id, payment)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    // All that can change is that it is taken back, which two can do at once.
    let before = shown(&state, id, &payment).await?.to_string();
    if !precondition::allows(&headers, precondition::digest(before.as_bytes())) {
        return Err(Problem::changed_meanwhile("payment", "in another state"));
    }
    if state.store.take_back_payment(&shop, id, &payment, &correlation, &origin).await? {
        tracing::info!(transaction = %id, payment, "took back a payment");
    }
    Ok(StatusCode::NO_CONTENT)
}
