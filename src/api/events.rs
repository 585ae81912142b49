//! The events of a shop, as a list that can wait for the next ones, and as a stream (HTML standard, "Server-sent
//! events").
//!
//! Who waits holds no connection to the database.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::authentication::{self, Holder};
use super::parameters::{limit, number};
use super::problem::Problem;
use super::transactions::find;
use super::{ApiState, Shop};
use crate::access::{Scope, Scopes};
use crate::door::{Budget, Lasting};
use crate::event::{EventId, EventKind};
use crate::feed;
use crate::quota::{Place, Places};
use crate::store::{EventFilter, EventPage, EventRow, Lost, Store, StoreError};

const DEFAULT_PAGE_SIZE: i64 = 100;
const MAX_PAGE_SIZE: i64 = 1_000;
/// The greatest number of seconds that a call may wait. Many proxies end a request without an answer after 60.
const MAX_WAIT_SECONDS: i64 = 50;
/// The number of events that a stream reads at a time.
const STREAM_PAGE_SIZE: i64 = 100;
/// The time after which a stream without events shows that it is alive, and whether its key still is.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);
/// The greatest number of streams and of calls that wait, with one key.
const MAX_WAITING_PER_KEY: usize = 16;
/// The same for one shop.
const MAX_WAITING_PER_SHOP: usize = 64;
/// The same for all shops together.
const MAX_WAITING: usize = 1_024;
/// What stands for the newest event, as a cursor.
const LATEST: &str = "latest";
const EVENT_STREAM: &str = "text/event-stream";
static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The query of a part of the feed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    after: Option<String>,
    types: Option<String>,
    transaction: Option<String>,
    limit: Option<String>,
    wait: Option<String>,
}

/// How many streams and calls may wait, by key and by shop.
#[derive(Clone, Debug)]
pub struct WaitingPlaces {
    keys: Places<String>,
    shops: Places<String>,
}

/// A place to wait. It is free again when it is dropped.
type WaitingPlace = (Place<String>, Place<String>);

impl WaitingPlaces {
    /// The limits. They are lower if this process may open few files, because each client has a connection.
    pub fn new(budget: &Budget) -> Self {
        let max = budget.files / 4;
        let places = |each: usize| Places::new(each.min(max), MAX_WAITING.min(max));
        Self { keys: places(MAX_WAITING_PER_KEY), shops: places(MAX_WAITING_PER_SHOP) }
    }

    fn take(&self, key: &str, shop: &str) -> Result<WaitingPlace, Problem> {
        let taken = self
            .keys
            .take(&key.to_owned())
            .and_then(|of_key| Ok((of_key, self.shops.take(&shop.to_owned())?)));
        taken.map_err(|too_many| {
            let detail = "Too many streams and calls wait for events with this key or of this shop. \
                          One program that passes them on to the others needs one.";
            Problem::too_many(too_many, detail)
        })
    }
}

/// `GET /api/v1/events?after=CURSOR&types=…&transaction=ID&limit=N&wait=SECONDS`, as JSON or as a stream
pub(super) async fn list(
    State(state): State<ApiState>,
    Extension(authentication::Shop(shop)): Shop,
    Extension(holder): Extension<Holder>,
    method: Method,
    headers: HeaderMap,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let wanted = EventFilter {
        kinds: kinds(query.types.as_deref())?,
        transaction: transaction(query.transaction.as_deref())?,
    };
    let limit = limit(query.limit.as_deref(), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let wait = wait(query.wait.as_deref())?;
    let is_stream = wants_stream(&headers);
    let after = match headers.get(&LAST_EVENT_ID).filter(|_| is_stream) {
        Some(last) => cursor("Last-Event-ID", last.to_str().unwrap_or_default())?,
        None => query.after.as_deref().map_or(Ok(Cursor::Oldest), |it| cursor("after", it))?,
    };
    if let Some(id) = wanted.transaction {
        find(&state, &shop, id).await?;
    }
    let after = match after {
        Cursor::Oldest => 0,
        Cursor::After(EventId(id)) => id,
        Cursor::Latest => state.store.settled_end().await?,
    };
    // Those who find no place are told so before anything is read.
    let waits = is_stream || !wait.is_zero();
    let place = waits.then(|| state.waiting.take(&holder.key, &shop)).transpose()?;
    let follower = Follower {
        news: state.news.of(&shop),
        store: state.store.clone(),
        stop: state.stop.clone(),
        shop,
        wanted,
        after,
        told: after,
        digest: holder.digest,
        place,
    };
    if is_stream {
        return streamed(&state, follower, &method).await;
    }
    listed(&state, follower, limit, wait).await
}

/// Answers a page. If it would be empty, it waits for an event for so long.
async fn listed(
    state: &ApiState,
    mut follower: Follower,
    limit: i64,
    wait: Duration,
) -> Result<Response, Problem> {
    let until = Instant::now() + wait;
    let mut page = follower.page(state, limit).await?;
    while page.events.is_empty() && Instant::now() < until {
        // A filter may have left out all that was looked at, and there is more.
        if page.is_last && !follower.news_until(until).await {
            break;
        }
        page = follower.page(state, limit).await?;
    }
    if !wait.is_zero() && !follower.is_allowed().await? {
        return Err(Problem::no_key());
    }
    let events = feed::bodies(&state.store, &page.events).await?;
    let next = EventId(page.upto).to_string();
    Ok(Json(json!({ "events": events, "next": next, "more": !page.is_last })).into_response())
}

/// Answers a stream.
async fn streamed(
    state: &ApiState,
    mut follower: Follower,
    method: &Method,
) -> Result<Response, Problem> {
    let first = follower.page(state, STREAM_PAGE_SIZE).await?;
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    if method == Method::HEAD {
        return Ok(headers.into_response());
    }
    let hello = format!("retry: {}\n: here\n\n", RECONNECT_DELAY.as_millis());
    let pages = stream::unfold((follower, Some(first)), async |(mut follower, first)| {
        let text = follower.next_of_stream(first).await?;
        Some((Bytes::from(text), (follower, None)))
    });
    let body = stream::iter([Bytes::from(hello)]).chain(pages).map(Ok::<_, Infallible>);
    Ok((headers, Extension(Lasting), Body::from_stream(body)).into_response())
}

/// Somebody who reads the feed, from page to page.
struct Follower {
    store: Store,
    news: watch::Receiver<()>,
    stop: CancellationToken,
    shop: String,
    wanted: EventFilter,
    /// Up to where was read.
    after: i64,
    /// Up to where the client of a stream knows that it has everything.
    told: i64,
    /// The digest of the key, if it is one that can be revoked.
    digest: Option<String>,
    #[expect(dead_code, reason = "it is held, and given back when the follower is dropped")]
    place: Option<WaitingPlace>,
}

impl Follower {
    /// Reads the next page.
    ///
    /// # Errors
    /// 410 if events that followed are missing.
    async fn page(&mut self, state: &ApiState, limit: i64) -> Result<EventPage, Problem> {
        let page = self.read(limit).await?;
        match page.lost {
            None => Ok(page),
            Some(lost) => {
                let latest = EventId(self.store.settled_end().await?);
                Err(gone(lost, latest, state.config.api.keep_events_days))
            }
        }
    }

    async fn read(&mut self, limit: i64) -> Result<EventPage, StoreError> {
        self.news.mark_unchanged();
        let page = self.store.events_after(&self.shop, self.after, &self.wanted, limit).await?;
        self.after = page.upto;
        Ok(page)
    }

    /// Waits for news, but not after `until`. Returns whether there may be some.
    async fn news_until(&mut self, until: Instant) -> bool {
        tokio::select! {
            changed = timeout_at(until, self.news.changed()) => matches!(changed, Ok(Ok(()))),
            () = self.stop.cancelled() => false,
        }
    }

    /// Whether the key may still be used for this.
    async fn is_allowed(&self) -> Result<bool, StoreError> {
        let Some(digest) = &self.digest else { return Ok(true) };
        let key = self.store.api_key(digest).await?;
        Ok(key.is_some_and(|it| Scopes::stored(&it.scopes).allow(Scope::Events)))
    }

    /// Returns the next part of a stream, or none at its end: at a stop, if the key was revoked, if the database does
    /// not answer, or if events were deleted that the client was too slow to take. The client connects again, and
    /// gets the rest, or learns why not.
    async fn next_of_stream(&mut self, first: Option<EventPage>) -> Option<String> {
        let mut page = first;
        loop {
            let read = match page.take() {
                Some(page) => page,
                None if self.stop.is_cancelled() => return None,
                None => self.read(STREAM_PAGE_SIZE).await.map_err(|error| warn(&error)).ok()?,
            };
            if read.lost.is_some() {
                return None;
            }
            if !read.events.is_empty() {
                if !self.is_allowed().await.map_err(|error| warn(&error)).ok()? {
                    return None;
                }
                self.told = read.events.last().map_or(self.told, |it| it.id);
                return self.text(&read.events).await.map_err(|error| warn(&error)).ok();
            }
            if !read.is_last {
                continue;
            }
            if !self.news_until(Instant::now() + KEEP_ALIVE_INTERVAL).await {
                if self.stop.is_cancelled()
                    || !self.is_allowed().await.map_err(|error| warn(&error)).ok()?
                {
                    return None;
                }
                // The place moves on although nothing of what is there was wanted.
                let moved =
                    (self.after > self.told).then(|| format!("id: {}\n", EventId(self.after)));
                self.told = self.after;
                return Some(format!(": still here\n{}\n", moved.unwrap_or_default()));
            }
        }
    }

    async fn text(&self, events: &[EventRow]) -> Result<String, StoreError> {
        let mut text = String::new();
        for (event, body) in events.iter().zip(feed::bodies(&self.store, events).await?) {
            // JSON has no line breaks. Writing to a String cannot fail.
            let id = EventId(event.id);
            let _ = write!(text, "id: {id}\nevent: {}\ndata: {body}\n\n", event.kind);
        }
        Ok(text)
    }
}

fn warn(error: &StoreError) {
    tracing::warn!(%error, "a stream of events ends because the database failed");
}

/// A place in the feed, as the caller names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    /// Before all that is kept.
    Oldest,
    /// After this event.
    After(EventId),
    /// After all that is there now.
    Latest,
}

fn cursor(name: &str, text: &str) -> Result<Cursor, Problem> {
    match EventId::from_text(text) {
        _ if text == LATEST => Ok(Cursor::Latest),
        Some(EventId(0)) => Ok(Cursor::Oldest),
        Some(id) => Ok(Cursor::After(id)),
        None => Err(Problem::parameter(
            name,
            format!(
                "`{name}` must be the `next` of an answer, the `id` of an event, or `{LATEST}`."
            ),
        )),
    }
}

fn kinds(text: Option<&str>) -> Result<Vec<EventKind>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    EventKind::list(text).map_err(|_| {
        let known: Vec<_> = EventKind::names().collect();
        let detail = "`types` must be names of types with commas between them. `known` lists all \
                      names.";
        Problem::parameter("types", detail).with("known", json!(known))
    })
}

fn transaction(text: Option<&str>) -> Result<Option<Ulid>, Problem> {
    text.map(Ulid::from_string).transpose().map_err(|_| {
        Problem::parameter("transaction", "`transaction` must be the id of a transaction.")
    })
}

fn wait(text: Option<&str>) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(Duration::ZERO) };
    let seconds = number(text).filter(|it| (0..=MAX_WAIT_SECONDS).contains(it));
    let seconds = seconds.and_then(|it| u64::try_from(it).ok());
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let detail = format!("`wait` must be a number of seconds from 0 to {MAX_WAIT_SECONDS}.");
        Problem::parameter("wait", detail)
    })
}

/// Whether the caller asks for a stream.
fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok());
    accepted.flat_map(|it| it.split(',')).any(|it| {
        let name = it.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(EVENT_STREAM)
    })
}

/// 410: events that followed the cursor are missing.
fn gone(lost: Lost, latest: EventId, days: Option<u32>) -> Problem {
    let how = "To go on, take `latest` as `after`, and read the transactions again (`GET \
               /api/v1/transactions`).";
    match lost {
        Lost::Expired(oldest) => {
            let days = days.map_or_else(String::new, |it| {
                format!(" Events are kept for {it} days (`api.keep_events_days`).")
            });
            let detail = format!(
                "Events that followed this cursor were deleted because they were old.{days} {how} \
                 With `oldest` you get all events that are kept."
            );
            let oldest = Value::String(EventId(oldest).to_string());
            Problem::gone("cursor-expired", detail).with("oldest", oldest)
        }
        Lost::Ahead => {
            let detail = format!(
                "There is no such event: the cursor is after the newest one. The database was \
                 probably restored from a backup. {how}"
            );
            Problem::gone("cursor-ahead", detail)
        }
    }
    .with("latest", Value::String(latest.to_string()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cursor_is_an_id_or_a_word() {
        assert_eq!(cursor("after", "latest").unwrap(), Cursor::Latest);
        assert_eq!(cursor("after", &EventId(0).to_string()).unwrap(), Cursor::Oldest);
        let seven = EventId(7);
        assert_eq!(cursor("after", &seven.to_string()).unwrap(), Cursor::After(seven));
        for wrong in ["", "7", "newest", "evt_7"] {
            assert!(cursor("after", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn types_are_named_and_an_unknown_one_is_refused() {
        assert_eq!(kinds(None).unwrap(), []);
        let two = [EventKind::HeadSigned, EventKind::EntryCreated];
        assert_eq!(kinds(Some("head.signed, entry.created")).unwrap(), two);
        for wrong in ["", "entry", "entry.created,", "entry.*", "Entry.created"] {
            assert!(kinds(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn waiting_is_bounded() {
        assert_eq!(wait(Some("50")).unwrap(), Duration::from_secs(50));
        assert_eq!(wait(None).unwrap(), Duration::ZERO);
        for wrong in ["51", "-1", "1.5", "", "long"] {
            assert!(wait(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stream_is_asked_for_by_its_media_type() {
        for (accept, is_stream) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_stream(&headers), is_stream, "{accept}");
        }
        assert!(!wants_stream(&HeaderMap::new()));
    }
}
