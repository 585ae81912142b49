//! The endpoints with which a shop makes and changes its webhooks, and sees what became of the deliveries.

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::{Path, limit, one_of};
use super::problem::{Problem, repeated};
use super::{ApiState, Shop, authentication, body, precondition};
use crate::access::Origin;
use crate::clock::{HOUR_MS, iso, now};
use crate::event::{EventId, EventKind};
use crate::invoice;
use crate::store::{
    Attempt, DeliveryRow, DeliveryState, MAX_WEBHOOK_SECRETS, MAX_WEBHOOKS_PER_SHOP,
    NewSecretOutcome, NewWebhook, NewWebhookOutcome, Webhook, WebhookChange, WebhookChanged,
};
use crate::transaction;
use crate::webhook::{Verdict, send_test_event};

const DEFAULT_PAGE_SIZE: i64 = 100;
const MAX_PAGE_SIZE: i64 = 500;
/// For how many hours the secrets before a new one go on signing, if the call does not say it.
const DEFAULT_OVERLAP_HOURS: u32 = 24;
/// The greatest number of these hours.
const MAX_OVERLAP_HOURS: u32 = 720;
/// An answer with a secret must not be cached.
const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    url: String,
    #[serde(default)]
    types: Option<Vec<String>>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    #[serde(default)]
    url: Option<String>,
    /// The inner `None` means all types.
    #[serde(default, deserialize_with = "named")]
    types: Option<Option<Vec<String>>>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// Distinguishes null from a member that is missing.
fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    #[serde(default)]
    overlap_hours: Option<u32>,
}

/// The query of a list of deliveries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveriesQuery {
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// `POST /api/v1/webhooks`
pub(super) async fn create(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    request: Request,
) -> Result<Response, Problem> {
    let bytes = body::json(request).await?;
    let wanted: New = transaction::json(&bytes).map_err(|it| invalid(&it))?;
    check_url(&state, &wanted.url)?;
    let types = types(wanted.types.unwrap_or_default())?;
    let id = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let new =
        NewWebhook { id, shop: &shop, url: &wanted.url, types: &types, is_on: wanted.enabled };
    let webhook = match state.store.add_webhook(&new, &origin).await? {
        NewWebhookOutcome::Made(webhook) => webhook,
        NewWebhookOutcome::Deleted => {
            let detail = "This call made a webhook before, which was deleted since. Send it with a new \
                          Idempotency-Key to make another one.";
            return Err(Problem::conflict("webhook-deleted", detail));
        }
        NewWebhookOutcome::TooMany => {
            let detail =
                format!("A shop may have {MAX_WEBHOOKS_PER_SHOP} webhooks. Delete one first.");
            return Err(Problem::conflict("too-many-webhooks", detail));
        }
    };
    tracing::info!(webhook = %id, "made a webhook");
    let tag = tag(&webhook);
    let mut shown = shown(&webhook);
    // The one that was made with it, also if this call is a repeat.
    let secret = webhook.secrets.iter().find(|it| it.id == id.to_string());
    shown["secret"] = json!(secret.map(|it| it.secret.expose()));
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{id}"))];
    Ok((StatusCode::CREATED, NO_STORE, tag, location, Json(shown)).into_response())
}

/// `GET /api/v1/webhooks`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
) -> Result<Json<Value>, Problem> {
    let webhooks = state.store.webhooks(Some(&shop)).await?;
    Ok(Json(json!({ "webhooks": webhooks.iter().map(shown).collect::<Vec<_>>() })))
}

/// `GET /api/v1/webhooks/{webhook}`
pub(super) async fn show(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(webhook): Path<String>,
) -> Result<Response, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    Ok((tag(&found), Json(shown(&found))).into_response())
}

/// `PATCH /api/v1/webhooks/{webhook}`
pub(super) async fn change(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path(webhook): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let before = find(&state, &shop, &webhook).await?;
    let headers = request.headers().clone();
    let bytes = body::json(request).await?;
    let changes: Changes = transaction::json(&bytes).map_err(|it| invalid(&it))?;
    if before.in_config && (changes.url.is_some() || changes.types.is_some()) {
        return Err(in_config());
    }
    if let Some(url) = &changes.url {
        check_url(&state, url)?;
    }
    let types = changes.types.map(|it| types(it.unwrap_or_default())).transpose()?;
    let change = WebhookChange { url: changes.url, types, is_on: changes.enabled };
    let is_as_wanted = |it: &Webhook| precondition::allows(&headers, version(it));
    let changed = state.store.change_webhook(&shop, before.id, change, &origin, is_as_wanted);
    let changed = done(changed.await?, &webhook)?;
    tracing::info!(webhook = %before.id, "changed a webhook");
    Ok((tag(&changed), Json(shown(&changed))).into_response())
}

/// `DELETE /api/v1/webhooks/{webhook}`
pub(super) async fn remove(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path(webhook): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    if found.in_config {
        return Err(in_config());
    }
    let is_as_wanted = |it: &Webhook| precondition::allows(&headers, version(it));
    let deleted = state.store.delete_webhook(&shop, found.id, &origin, is_as_wanted);
    done(deleted.await?, &webhook)?;
    tracing::info!(webhook = %found.id, "deleted a webhook");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/webhooks/{webhook}/secrets`
pub(super) async fn add_secret(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    attempt: Option<Extension<Attempt>>,
    Path(webhook): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    let headers = request.headers().clone();
    let bytes = body::optional_json(request).await?;
    let wanted = match bytes.is_empty() {
        true => NewSecret::default(),
        false => transaction::json(&bytes).map_err(|it| invalid(&it))?,
    };
    if found.in_config {
        return Err(in_config());
    }
    let hours = wanted.overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS);
    if hours > MAX_OVERLAP_HOURS {
        let detail = format!("It must be a number from 0 to {MAX_OVERLAP_HOURS}.");
        return Err(invalid(&[invoice::Problem::at("/overlap_hours", detail)]));
    }
    let until = now() + i64::from(hours) * HOUR_MS;
    let id = attempt.map_or_else(Ulid::new, |Extension(attempt)| attempt.id);
    let is_as_wanted = |it: &Webhook| precondition::allows(&headers, version(it));
    let made = state.store.add_webhook_secret(&shop, found.id, id, until, &origin, is_as_wanted);
    let made = match made.await? {
        NewSecretOutcome::Made(made) => made,
        NewSecretOutcome::Missing => return Err(missing(&webhook)),
        NewSecretOutcome::Refused => return Err(changed_meanwhile()),
        NewSecretOutcome::TooMany => {
            let detail = format!(
                "A webhook may have {MAX_WEBHOOK_SECRETS} secrets that sign. Wait until one ends, or end all before the \
                 new one with `\"overlap_hours\": 0`."
            );
            return Err(Problem::conflict("too-many-secrets", detail));
        }
    };
    tracing::info!(webhook = %found.id, "made a new secret of a webhook");
    let after = find(&state, &shop, &webhook).await?;
    let mut shown = shown(&after);
    shown["secret"] = json!(made.secret.expose());
    Ok((StatusCode::CREATED, NO_STORE, tag(&after), Json(shown)).into_response())
}

/// `POST /api/v1/webhooks/{webhook}/test`
pub(super) async fn test(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(webhook): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    let place = state.webhook_tests.take(&shop);
    let _place = place.map_err(|too_many| {
        Problem::too_many(too_many, "Other test events are being sent. Try again later.")
    })?;
    let (id, answer) = send_test_event(&state.webhooks, &found).await;
    Ok(Json(json!({
        "id": id,
        "delivered": answer.verdict == Verdict::Taken,
        "status": answer.status,
        "problem": answer.problem,
        "took_ms": u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
    })))
}

/// `GET /api/v1/webhooks/{webhook}/deliveries?state=dead&cursor=&limit=`
pub(super) async fn deliveries(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(webhook): Path<String>,
    query: Result<Query<DeliveriesQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query?;
    let found = find(&state, &shop, &webhook).await?;
    let wanted = one_of("state", query.state.as_deref(), &DeliveryState::ALL)?;
    let before = match query.cursor.as_deref() {
        None => i64::MAX,
        Some(text) => EventId::from_text(text).map(|it| it.0).ok_or_else(|| {
            Problem::parameter("cursor", "`cursor` must be the `next` of the page before.")
        })?,
    };
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let mut rows = state.store.deliveries(found.id, wanted, before, limit + 1).await?;
    let is_more = i64::try_from(rows.len()).is_ok_and(|count| count > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| is_more).map(|it| EventId(it.event_id).to_string());
    let shown: Vec<Value> = rows.iter().map(delivery).collect();
    Ok(Json(json!({ "deliveries": shown, "next": next })))
}

/// `POST /api/v1/webhooks/{webhook}/deliveries/{event}/replay`
pub(super) async fn replay(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path((webhook, event)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    let missing =
        || Problem::not_found(format!("This webhook has no delivery of {:?}.", repeated(&event)));
    let event = EventId::from_text(&event).ok_or_else(missing)?;
    if !state.store.replay_delivery((&shop, found.id), event.0, &origin).await? {
        return Err(missing());
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "replayed": 1 }))).into_response())
}

/// `POST /api/v1/webhooks/{webhook}/replay`
pub(super) async fn replay_dead(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(origin): Extension<Origin>,
    Path(webhook): Path<String>,
) -> Result<Response, Problem> {
    let found = find(&state, &shop, &webhook).await?;
    let (count, more) = state.store.replay_dead((&shop, found.id), &origin).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "replayed": count, "more": more }))).into_response())
}

/// Returns a delivery as JSON. It says nothing of what people said, and nothing that the receiver answered but its status.
pub fn delivery(row: &DeliveryRow) -> Value {
    json!({
        "event": EventId(row.event_id).to_string(),
        "type": row.kind,
        "transaction": row.transaction_id,
        "state": row.state(),
        "since": iso(row.since),
        "tries": row.tries,
        "tried_at": row.tried_at.and_then(iso),
        "status": row.status,
        "took_ms": row.took_ms,
        "problem": row.problem,
    })
}

/// Returns a webhook as JSON, without its secrets.
pub fn shown(webhook: &Webhook) -> Value {
    let types: Vec<&str> = webhook.types.split(',').filter(|it| !it.is_empty()).collect();
    let secrets = webhook.secrets.iter();
    json!({
        "id": webhook.id.to_string(),
        "url": webhook.url,
        "types": (!types.is_empty()).then_some(types),
        "enabled": webhook.off_since.is_none(),
        "disabled_at": webhook.off_since.and_then(iso),
        "disabled_because": webhook.off_because,
        "failures": webhook.failures,
        "secrets": secrets.map(|it| json!({ "until": it.until.and_then(iso) })).collect::<Vec<_>>(),
        "in_config": webhook.in_config,
        "created_at": iso(webhook.created_at),
    })
}

/// Returns a text that is another one after each change of a webhook. Tries that fail change nothing in this sense.
fn version(webhook: &Webhook) -> String {
    let secrets: Vec<_> = webhook.secrets.iter().map(|it| (&it.id, it.until)).collect();
    let Webhook { url, types, off_since, off_because, .. } = webhook;
    precondition::digest(
        json!([url, types, off_since, off_because, secrets]).to_string().as_bytes(),
    )
}

/// Returns the header with the tag of a webhook.
fn tag(webhook: &Webhook) -> [(header::HeaderName, String); 1] {
    let shown = shown(webhook).to_string();
    [(header::ETAG, precondition::etag(version(webhook), shown.as_bytes()))]
}

/// Returns the webhook that was changed or deleted.
fn done(changed: WebhookChanged, id: &str) -> Result<Webhook, Problem> {
    match changed {
        WebhookChanged::Done(webhook) => Ok(*webhook),
        WebhookChanged::Refused => Err(changed_meanwhile()),
        WebhookChanged::Missing => Err(missing(id)),
    }
}

fn changed_meanwhile() -> Problem {
    Problem::changed_meanwhile("webhook", "at another version")
}

async fn find(state: &ApiState, shop: &str, id: &str) -> Result<Webhook, Problem> {
    let parsed = Ulid::from_string(id).map_err(|_| missing(id))?;
    state.store.webhook(shop, parsed).await?.ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Problem {
    Problem::not_found(format!("There is no webhook {:?}.", repeated(id)))
}

fn in_config() -> Problem {
    let detail = "This webhook is in the config (`webhooks.endpoints`). The operator changes and removes it there; \
                  here it can only be switched off and on (`enabled`).";
    Problem::conflict("webhook-in-config", detail)
}

fn check_url(state: &ApiState, url: &str) -> Result<(), Problem> {
    let checked = state.webhooks.check(url);
    checked.map(drop).map_err(|detail| invalid(&[invoice::Problem::at("/url", detail)]))
}

/// Returns the names of types as they are stored.
fn types(names: Vec<String>) -> Result<String, Problem> {
    if let Err((place, _)) = EventKind::named(names.iter().map(String::as_str)) {
        let known: Vec<_> = EventKind::names().map(|it| format!("`{it}`")).collect();
        let detail = format!("There is no such type. The types are {}.", known.join(", "));
        return Err(invalid(&[invoice::Problem::at(format!("/types/{place}"), detail)]));
    }
    let mut names = names;
    names.sort_unstable();
    names.dedup();
    Ok(names.join(","))
}

fn invalid(problems: &[invoice::Problem]) -> Problem {
    Problem::invalid_content("The webhook cannot be accepted as it is", problems)
}
