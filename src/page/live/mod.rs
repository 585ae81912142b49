//! News for an open page, as server-sent events (HTML standard, "Server-sent events").
//!
//! The id of an event is the record's seq up to which everything was told, so that a browser that
//! comes back (`Last-Event-ID`) misses nothing, whichever process it reaches.
//!
//! Pages that show the same are told of one reading ([`views`]), so that a thousand of them ask
//! the database no more than one.

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

use self::reading::{Look, Reading};
use self::views::Looks;
use super::limits::Taken;
use super::session::{Session, named_grant};
use super::view::Closed;
use super::{PageState, refusal::Refusal, view};
use crate::moment::Looking;
use crate::quota::Place;
use crate::store::StoreError;

/// A comment in between keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Where a page stands: told up to this seq, with the invoice at this revision.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Stands {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    revision: i64,
}

/// A place among those of its grant, for a request that names one which its browser holds. It is
/// taken before the database is asked for anything: most of a crowd find none.
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

/// `GET /t/{id}/live`
pub(super) async fn stream(
    State(state): State<PageState>,
    PlaceOfGrant(place): PlaceOfGrant,
    session: Session,
    method: Method,
    headers: HeaderMap,
    Query(mut stands): Query<Stands>,
) -> Result<Response, Refusal> {
    // Whoever names nobody is let in to read, but not told of news.
    let place = place.filter(|_| session.is_named).ok_or(Closed::Nameless)?;
    let place = (place, state.limits.stream_of_shop(&session.transaction.shop)?);
    if method == Method::HEAD {
        // Only whether there would be news.
        return Ok([(header::CONTENT_TYPE, "text/event-stream")].into_response());
    }
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    stands.after = last.and_then(|id| id.parse().ok()).unwrap_or(stands.after);
    let page = OpenPage::of(state, session, place, stands).await?;
    let news = stream::unfold(page, async |mut page| {
        let events = page.next().await?;
        Some((stream::iter(events.into_iter().map(Ok::<_, Infallible>)), page))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let hello = stream::iter([Ok(Event::default().retry(RECONNECT).comment("here"))]);
    let mut response = Sse::new(hello.chain(news.flatten())).keep_alive(keep_alive).into_response();
    let no_buffer = header::HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no_buffer);
    Ok(response)
}

/// A page that somebody has open.
struct OpenPage {
    state: PageState,
    session: Session,
    since: Instant,
    stands: Stands,
    /// What was told last of each kind that is told as a whole.
    told: HashMap<&'static str, Arc<str>>,
    looks: Looks,
    is_over: bool,
    _looking: Looking,
    _place: Taken,
}

impl OpenPage {
    async fn of(
        state: PageState,
        session: Session,
        place: Taken,
        stands: Stands,
    ) -> Result<Self, StoreError> {
        let looking = state.moment.look(session.transaction.id, session.guest.user_id.as_str());
        let looks = Views::join(&state, &session, stands).await?;
        // Nobody types on a page that was just opened.
        let told = HashMap::from([("typing", json!({ "text": "" }).to_string().into())]);
        let (since, is_over) = (Instant::now(), false);
        Ok(Self {
            state,
            session,
            since,
            stands,
            told,
            looks,
            is_over,
            _looking: looking,
            _place: place,
        })
    }

    /// The next events; none at the end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.is_over {
            let look = tokio::select! {
                () = self.state.stop.cancelled() => return None,
                look = self.looks.next() => look?,
            };
            let events = match self.is_behind(&look) {
                false => self.tell(&look),
                true => match self.catch_up().await {
                    Ok(look) => self.tell(&look),
                    Err(error) => {
                        // The browser comes back, and goes on from where it was.
                        tracing::error!(%error, "an open page could not be told its news");
                        return None;
                    }
                },
            };
            if !events.is_empty() {
                return Some(events);
            }
        }
        None
    }

    /// Whether a look leaves out something that the page does not have.
    fn is_behind(&self, look: &Look) -> bool {
        let lacks_invoice = look.revision > self.stands.revision && look.invoice.is_none();
        look.closed.is_none() && (look.from > self.stands.after || lacks_invoice)
    }

    /// A look of its own, from where it stands.
    async fn catch_up(&self) -> Result<Look, StoreError> {
        let (state, waiting) = (self.state.clone(), self.looks.waiting());
        Reading::of(state, &self.session, self.stands, waiting).await?.look().await
    }

    /// Tells what of a look the page does not have.
    fn tell(&mut self, look: &Look) -> Vec<Event> {
        // A look from before it was opened may not know its session yet.
        let is_out = look.began > self.since && !look.sessions.contains(&self.session.id);
        if let Some(why) = look.closed.or(is_out.then_some(Closed::SignedOut)) {
            self.is_over = true;
            let html = view::closed_notice(why, &self.session.reader).into_string();
            return vec![event("closed", &json!({ "html": html }).to_string())];
        }
        let new = look.lines.iter().filter(|line| line.seq > self.stands.after);
        let mut events: Vec<Event> = new.map(|line| event("line", &line.data)).collect();
        self.stands.after = self.stands.after.max(look.upto);
        if let Some(last) = events.pop() {
            events.push(last.id(self.stands.after.to_string()));
        }
        if let Some(invoice) = &look.invoice
            && look.revision > self.stands.revision
        {
            self.stands.revision = look.revision;
            events.push(event("invoice", invoice));
        }
        for (name, data) in &look.whole {
            if self.told.get(name) != Some(data) {
                self.told.insert(name, Arc::clone(data));
                events.push(event(name, data));
            }
        }
        events
    }
}

fn event(name: &str, data: &str) -> Event {
    Event::default().event(name).data(data)
}
