//! Sends news to open pages, as server-sent events (HTML standard, "Server-sent events").
//!
//! The id of an event is the seq of the record up to which everything was sent. A browser that
//! connects again sends it back (`Last-Event-ID`) and so misses nothing, whichever process answers.
//!
//! Pages that show the same share one reading ([`views`]), so that a thousand of them cause no more
//! queries than one.

mod reading;
mod views;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use ulid::Ulid;

pub use self::views::Views;

use self::reading::{News, Part, Reading};
use self::views::NewsFeed;
use super::limits::PlacePair;
use super::session::{Session, named_grant};
use super::view::Closed;
use super::{PageState, refusal::Refusal, view};
use crate::door::Lasting;
use crate::moment::Looking;
use crate::quota::Place;
use crate::store::StoreError;

/// How often a comment is sent, so that proxies do not close the connection.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// What a page has got so far.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Position {
    /// The seq of the last entry that the page has got.
    #[serde(default)]
    after: i64,
    /// The revision of the invoice that the page shows.
    #[serde(default)]
    revision: i64,
}

/// A place in the limit of open pages of a grant, if the request names a grant and the browser
/// holds its cookie. It is taken before the database is used, because in a crowd most requests get
/// no place.
pub(super) struct PlaceOfGrant(Option<Place<Ulid>>);

impl FromRequestParts<PageState> for PlaceOfGrant {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &PageState,
    ) -> Result<Self, Self::Rejection> {
        let grant = named_grant(parts, state).await;
        Ok(Self(grant.map(|grant| state.limits.stream(grant)).transpose()?))
    }
}

/// `GET /t/{id}/live`: streams the news of a page.
pub(super) async fn stream(
    State(state): State<PageState>,
    PlaceOfGrant(place): PlaceOfGrant,
    session: Session,
    method: Method,
    headers: HeaderMap,
    Query(mut position): Query<Position>,
) -> Result<Response, Refusal> {
    // A request without a grant may read a page, but gets no news.
    let place = place.filter(|_| session.is_named).ok_or(Closed::Nameless)?;
    let place = (place, state.limits.stream_of_shop(&session.transaction.shop)?);
    if method == Method::HEAD {
        // The client only asks whether there would be a stream.
        return Ok([(header::CONTENT_TYPE, "text/event-stream")].into_response());
    }
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    position.after = last.and_then(|id| id.parse().ok()).unwrap_or(position.after);
    let page = OpenPage::of(state, session, place, position).await?;
    let news = stream::unfold(page, async |mut page| {
        let events = page.next().await?;
        Some((stream::iter(events.into_iter().map(Ok::<_, Infallible>)), page))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_INTERVAL);
    let hello = stream::iter([Ok(Event::default().retry(RECONNECT_DELAY).comment("here"))]);
    let mut response = Sse::new(hello.chain(news.flatten())).keep_alive(keep_alive).into_response();
    let no_buffer = header::HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no_buffer);
    response.extensions_mut().insert(Lasting);
    Ok(response)
}

/// A page that somebody has open.
struct OpenPage {
    state: PageState,
    session: Session,
    opened_at: Instant,
    position: Position,
    /// The data that was sent last for each part that is sent as a whole.
    sent_parts: HashMap<&'static str, Arc<str>>,
    feed: NewsFeed,
    is_over: bool,
    _looking: Looking,
    _place: PlacePair,
}

impl OpenPage {
    async fn of(
        state: PageState,
        session: Session,
        place: PlacePair,
        position: Position,
    ) -> Result<Self, StoreError> {
        let looking = state.moment.look(session.transaction.id, session.guest.user_id.as_str());
        let feed = Views::join(&state, &session, position).await?;
        // A page that was just opened shows nobody typing.
        let sent_parts = HashMap::from([("typing", json!({ "text": "" }).to_string().into())]);
        Ok(Self {
            state,
            session,
            opened_at: Instant::now(),
            position,
            sent_parts,
            feed,
            is_over: false,
            _looking: looking,
            _place: place,
        })
    }

    /// Waits for the next events. Returns `None` at the end of the stream.
    async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.is_over {
            let news = tokio::select! {
                () = self.state.stop.cancelled() => return None,
                news = self.feed.next() => news?,
            };
            let events = if self.has_gap_before(&news) {
                // Most pages never catch up, so its memory is taken only then.
                match Box::pin(self.catch_up()).await {
                    Ok(news) => self.events_of(&news),
                    Err(error) => {
                        // The browser connects again, with its position.
                        tracing::error!(%error, "cannot read the news of an open page");
                        return None;
                    }
                }
            } else {
                self.events_of(&news)
            };
            if !events.is_empty() {
                return Some(events);
            }
        }
        None
    }

    /// Whether there is something that the page lacks and that this news does not contain either.
    fn has_gap_before(&self, news: &News) -> bool {
        let lacks_invoice = news.revision > self.position.revision && news.invoice.is_none();
        news.closed.is_none() && (news.from > self.position.after || lacks_invoice)
    }

    /// Reads everything that is new since the position of this page.
    async fn catch_up(&self) -> Result<News, StoreError> {
        let (state, awaited_files) = (self.state.clone(), self.feed.awaited_files());
        let reading = Reading::of(state, &self.session, self.position, awaited_files);
        reading.await?.read_everything().await
    }

    /// Returns the events for the part of the news that the page lacks.
    fn events_of(&mut self, news: &News) -> Vec<Event> {
        // News that was read before the page was opened may lack the session of the page.
        let is_signed_out =
            news.began > self.opened_at && !news.sessions.contains(&self.session.id);
        if let Some(why) = news.closed.or(is_signed_out.then_some(Closed::SignedOut)) {
            self.is_over = true;
            let html = view::closed_notice(why, &self.session.reader).into_string();
            return vec![event("closed", &json!({ "html": html }).to_string())];
        }
        let new = news.lines.iter().filter(|line| line.seq > self.position.after);
        let mut events: Vec<Event> = new.map(|line| event("line", &line.data)).collect();
        self.position.after = self.position.after.max(news.upto);
        if let Some(last) = events.pop() {
            events.push(last.id(self.position.after.to_string()));
        }
        if let Some(invoice) = &news.invoice
            && news.revision > self.position.revision
        {
            self.position.revision = news.revision;
            events.push(event("invoice", invoice));
        }
        for Part { name, data } in &news.parts {
            if self.sent_parts.get(name) != Some(data) {
                self.sent_parts.insert(name, Arc::clone(data));
                events.push(event(name, data));
            }
        }
        events
    }
}

fn event(name: &str, data: &str) -> Event {
    Event::default().event(name).data(data)
}
