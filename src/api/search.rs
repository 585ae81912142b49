//! The endpoint for full text search in all records of a shop.

use std::fmt;

use axum::extract::{Query as UrlQuery, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use ulid::Ulid;

use super::parameters::{limit, number, span};
use super::problem::Problem;
use super::{ApiState, Shop, authentication};
use crate::clock::iso;
use crate::feed;
use crate::record::{all_words, in_words};
use crate::search::{Query, snippet};
use crate::store::{SearchPage, SearchRequest};

const DEFAULT_PAGE_SIZE: i64 = 20;
const MAX_PAGE_SIZE: i64 = 100;
const PARTIES: [&str; 4] = ["buyer", "seller", "bot", "other"];

/// The query of a search.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    q: Option<String>,
    party: Option<String>,
    transaction: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// `GET /api/v1/entries?q=WORDS&party=P&transaction=ID&from=T&to=T&limit=N&cursor=C`
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    query: Result<UrlQuery<SearchQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let UrlQuery(query) = query?;
    let words = Query::read(query.q.as_deref().unwrap_or_default())
        .map_err(|why| Problem::parameter("q", format!("`q` is not a valid search: {why}.")))?;
    let party = query.party.as_deref();
    if party.is_some_and(|party| !PARTIES.contains(&party)) {
        let detail = format!("`party` must be one of {}.", PARTIES.join(", "));
        return Err(Problem::parameter("party", detail));
    }
    let transaction = query.transaction.as_deref();
    let transaction = transaction.map(Ulid::from_string).transpose().map_err(|_| {
        Problem::parameter("transaction", "`transaction` must be the id of a transaction.")
    })?;
    let (from, _) = span("from", query.from.as_deref())?.unwrap_or((i64::MIN, i64::MIN));
    let (_, until) = span("to", query.to.as_deref())?.unwrap_or((i64::MAX, i64::MAX));
    let cursor = query.cursor.as_deref().map(cursor).transpose()?;
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let request = SearchRequest {
        shop: &shop,
        query: &words,
        party,
        transaction,
        from,
        until,
        as_of: cursor.map(|cursor| cursor.as_of),
        offset: cursor.map_or(0, |cursor| cursor.offset),
        limit,
    };
    // It is asked first: whatever is indexed in between is found as well. All pages search what the
    // first one searched.
    let searched_until = match cursor {
        Some(cursor) => cursor.searched_until,
        None => state.store.searched_until(&shop).await?,
    };
    let page = state.store.search(&request).await?;
    let found = i64::try_from(page.entries.len()).unwrap_or(i64::MAX);
    let offset = request.offset.saturating_add(found);
    let next = Cursor { as_of: page.as_of, offset, searched_until };
    let next = (found > 0 && offset < page.ranked).then(|| next.to_string());
    let more_unranked = page.more_unranked;
    let entries = shown(&state, &words, page).await?;
    Ok(Json(json!({
        "entries": entries,
        "next": next,
        "older_matches": more_unranked,
        "searched_until": iso(searched_until),
    })))
}

async fn shown(state: &ApiState, words: &Query, page: SearchPage) -> Result<Vec<Value>, Problem> {
    let files = state.store.files_named_by(&page.entries).await?;
    let effects = state.store.effects_of(&page.entries).await?;
    let shown = page.entries.iter().map(|entry| {
        let choices = effects.choices(entry);
        let read = match &choices {
            Some(choices) => in_words(choices),
            None => all_words(
                entry.text.as_deref(),
                entry.html.as_deref(),
                &entry.attachments,
                entry.remark.as_deref(),
            ),
        };
        let objection = effects.objection(entry);
        let mut json = feed::entry(entry, objection, choices.as_deref(), &files);
        json["transaction"] = json!(entry.fixed.transaction);
        json["snippet"] = json!(snippet(&read, words));
        json
    });
    Ok(shown.collect())
}

/// Where the next page of a search begins, as the text of `next`: three numbers.
#[derive(Clone, Copy)]
struct Cursor {
    /// As in [`SearchRequest`].
    as_of: i64,
    /// As in [`SearchRequest`].
    offset: i64,
    /// How far the first page searched, in milliseconds since 1970.
    searched_until: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.as_of, self.offset, self.searched_until)
    }
}

fn cursor(text: &str) -> Result<Cursor, Problem> {
    let parsed = || {
        let mut numbers = text.split('.').map(number);
        let (as_of, offset) = (numbers.next()??, numbers.next()??);
        // A cursor of an older version has no third number.
        let searched_until = numbers.next().map_or(Some(0), |it| it)?;
        let is_valid =
            as_of >= 0 && offset >= 0 && iso(searched_until).is_some() && numbers.next().is_none();
        is_valid.then_some(Cursor { as_of, offset, searched_until })
    };
    parsed().ok_or_else(|| {
        Problem::parameter("cursor", "`cursor` must be the value of `next` in an earlier answer.")
    })
}

#[cfg(test)]
mod tests {
    use super::super::parameters::day;
    use super::*;

    #[test]
    fn a_cursor_is_what_an_answer_says() {
        let answered = Cursor { as_of: 7, offset: 20, searched_until: 1_780_272_000_000 };
        let read = cursor(&answered.to_string()).unwrap();
        assert_eq!((read.as_of, read.offset), (7, 20));
        assert!(cursor("7.20").is_ok(), "as older versions answered it");
        for wrong in ["", "7", "-1.20.0", "7.-1.0", "7.20.0.0", "7.20.x", "7.20.9999999999999999"] {
            assert!(cursor(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_are_whole_days() {
        let start = 1_780_272_000_000;
        assert_eq!(span("from", Some("2026-06-01")).unwrap(), Some((start, start + 86_400_000)));
        let time = span("to", Some("2026-06-01T00:00:01+00:00")).unwrap();
        assert_eq!(time, Some((start + 1_000, start + 1_001)));
        // A time in which zone? It is no whole day either.
        for wrong in
            ["yesterday", "2026-06-01T12:00:00", "2026-06-01 12:00", "20260601", "2026-6-1"]
        {
            assert!(span("to", Some(wrong)).is_err(), "{wrong}");
            assert!(day("to", Some(wrong)).is_err(), "{wrong}");
        }
        let last = 253_402_214_400_000;
        assert_eq!(span("to", Some("9999-12-31")).unwrap(), Some((last, last + 86_400_000)));
        assert!(day("to", Some("9999-12-31")).unwrap().is_some());
        assert_eq!(span("to", None).unwrap(), None);
    }
}
