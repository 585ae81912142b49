//! The endpoint that lists the entries of a record.

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Problem;
use super::transactions::{find, limit, transaction_id};
use super::{ApiState, Shop, authentication, present};

const DEFAULT_PAGE_SIZE: i64 = 100;
const MAX_PAGE_SIZE: i64 = 1_000;

/// The query of a list of entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntriesQuery {
    after: Option<String>,
    limit: Option<String>,
    include: Option<String>,
}

/// `GET /api/v1/transactions/{id}/entries?after=SEQ&limit=N&include=raw`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Path(id): Path<String>,
    query: Result<Query<EntriesQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query?;
    let id = transaction_id(&id)?;
    find(&state, &shop, id).await?;
    let after = match query.after.as_deref() {
        None => 0,
        Some(text) => text.parse().ok().filter(|seq: &i64| *seq >= 0).ok_or_else(|| {
            Problem::parameter("after", "`after` must be the `seq` of an entry, or 0.")
        })?,
    };
    let with_raw = match query.include.as_deref() {
        None | Some("") => false,
        Some("raw") => true,
        Some(_) => return Err(Problem::parameter("include", "`include` can only be `raw`.")),
    };
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let mut entries = state.store.entries(id, after, limit + 1).await?;
    let more = i64::try_from(entries.len()).is_ok_and(|count| count > limit);
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // `next` is present even on the last page, so that the caller can ask later for new entries.
    let next = entries.last().map_or(after, |entry| entry.fixed.seq);
    let files = match entries.first() {
        Some(first) => state.store.files_of_entries(id, first.fixed.seq, next).await?,
        None => Vec::new(),
    };
    let mut shown = Vec::with_capacity(entries.len());
    for entry in &entries {
        let objection = state.store.objection(entry).await?;
        let ballots = state.store.ballots_of_vote(entry).await?;
        let choices = ballots.and_then(|it| it.choices(&entry.fixed.event_id));
        let mut json = present::entry(entry, objection, choices.as_deref(), &files);
        if with_raw {
            let raw = state.store.raw(&entry.fixed.room_id, &entry.fixed.event_id).await?;
            json["raw"] = raw.as_deref().map_or(Value::Null, raw_event);
        }
        shown.push(json);
    }
    Ok(Json(json!({ "entries": shown, "next": next, "more": more })))
}

/// The raw event as JSON, or as a string if it is not valid JSON or is nested too deeply.
fn raw_event(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_else(|_| Value::String(raw.to_owned()))
}
