//! The endpoint that has a shop write to an e-mail address again.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;

use super::parameters::Path;
use super::problem::Problem;
use super::{ApiState, Shop, authentication};
use crate::access::{Action, Origin};

/// `DELETE /api/v1/silenced-addresses/{address}`
pub(super) async fn remove(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path(address): Path<String>,
) -> Result<StatusCode, Problem> {
    let line = origin.does(Action::AddressWrittenToAgain, &shop);
    // No database stores a text with a zero in it.
    if address.contains('\0') || !state.store.write_to_address_again(&shop, &address, line).await? {
        return Err(Problem::not_found(
            "This address is written to already, if it is a contact's.",
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}
