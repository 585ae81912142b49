//! The endpoint that shows a shop who used its keys for what.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::{limit, number};
use super::problem::Problem;
use super::{ApiState, Shop, authentication};
use crate::clock::iso;
use crate::store::AuditRow;

const DEFAULT_PAGE_SIZE: i64 = 100;
const MAX_PAGE_SIZE: i64 = 1_000;

/// The query of a part of the audit log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    after: Option<String>,
    transaction: Option<String>,
    limit: Option<String>,
}

/// `GET /api/v1/audit?after=POSITION&transaction=ID&limit=N`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query?;
    let after = match query.after.as_deref() {
        None => 0,
        Some(text) => number(text).ok_or_else(|| {
            Problem::parameter("after", "`after` must be the `position` of a line, or 0.")
        })?,
    };
    let transaction = query.transaction.as_deref().map(Ulid::from_string).transpose();
    let transaction = transaction.map_err(|_| {
        Problem::parameter("transaction", "`transaction` must be the id of a transaction.")
    })?;
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let mut lines = state.store.audit_log_of(&shop, after, transaction, limit + 1).await?;
    let more = i64::try_from(lines.len()).is_ok_and(|count| count > limit);
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // `next` is present even on the last page, so that the caller can ask later for new lines.
    let next = lines.last().map_or(after, |line| line.position);
    let shown: Vec<Value> = lines.iter().map(audit_line).collect();
    Ok(Json(json!({ "lines": shown, "next": next, "more": more })))
}

/// Returns a line of the audit log as JSON, without its shop.
pub fn audit_line(line: &AuditRow) -> Value {
    json!({
        "position": line.position,
        "at": iso(line.at),
        "way": line.way,
        "actor": line.actor,
        "action": line.action,
        "transaction": line.transaction_id,
        "subject": line.subject,
        "address": line.address,
        "request_id": line.request_id,
    })
}
