//! The endpoint that lists the entries of a record.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameters::{Path, limit, number};
use super::problem::Problem;
use super::transactions::{find, transaction_id};
use super::{ApiState, Shop, authentication};
use crate::feed;
use crate::record::Entry;

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
        Some(text) => number(text).ok_or_else(|| {
            Problem::parameter("after", "`after` must be the `seq` of an entry, or 0.")
        })?,
    };
    let with_raw = match query.include.as_deref() {
        None => false,
        Some("raw") => true,
        Some(_) => return Err(Problem::parameter("include", "`include` can only be `raw`.")),
    };
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let mut read = match with_raw {
        true => state.store.entries_with_raw(id, after, limit + 1).await?,
        false => {
            let entries = state.store.entries(id, after, limit + 1).await?;
            entries.into_iter().map(|entry| (entry, None)).collect()
        }
    };
    let more = i64::try_from(read.len()).is_ok_and(|count| count > limit);
    read.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let (entries, raws): (Vec<Entry>, Vec<Option<String>>) = read.into_iter().unzip();
    // `next` is present even on the last page, so that the caller can ask later for new entries.
    let next = entries.last().map_or(after, |entry| entry.fixed.seq);
    let mut naming = entries.iter().filter(|it| !it.attachments.is_empty()).map(|it| it.fixed.seq);
    let files = match naming.next() {
        Some(first) => state.store.files_of_entries(id, first, next).await?,
        None => Vec::new(),
    };
    let effects = state.store.effects_in(id, &entries).await?;
    let shown = entries.iter().zip(raws).map(|(entry, raw)| {
        let (objection, choices) = (effects.objection(entry), effects.choices(entry));
        let mut json = feed::entry(entry, objection, choices.as_deref(), &files);
        if with_raw {
            json["raw"] = raw.as_deref().map_or(Value::Null, raw_event);
        }
        json
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Json(json!({ "entries": shown, "next": next, "more": more })))
}

/// The raw event as JSON, or as a string if it is not valid JSON or is nested too deeply.
fn raw_event(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_else(|_| Value::String(raw.to_owned()))
}
