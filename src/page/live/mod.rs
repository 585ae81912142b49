//! Sends news to open pages, as server-sent events (HTML standard, "Server-sent events").
//!
//! The id of an event is the seq of the record up to which everything was sent. A browser that
//! connects again sends it back (`Last-Event-ID`) and so misses nothing, whichever process answers.
//!
//! One task for each record reads what is new, once for all pages that show it ([`views`],
//! [`reading`]), and writes it once for all who see the same ([`faces`]). A page only selects what
//! it lacks ([`page`]).

mod faces;
mod lines;
mod look;
mod news;
mod page;
mod reading;
mod views;
mod wakeups;
mod watched;

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use ulid::Ulid;

pub use self::views::Views;

use self::page::OpenPage;
use super::session::{Session, named_grant};
use super::view::Closed;
use super::{PageState, refusal::Refusal};
use crate::door::Lasting;
use crate::quota::Place;

/// How long a browser waits before it connects again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);
const CONTENT_TYPE: &str = "text/event-stream";

/// What a page has got so far. The browser sends it, so it may be wrong.
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
        return Ok([(header::CONTENT_TYPE, CONTENT_TYPE)].into_response());
    }
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    position.after = last.and_then(|id| id.parse().ok()).unwrap_or(position.after).max(0);
    let page = OpenPage::of(&state, &session, place, position);
    let hello = format!("retry: {}\n: here\n\n", RECONNECT_DELAY.as_millis());
    let news = stream::unfold(page, async |mut page| Some((page.next().await?, page)));
    let hello = stream::iter([Bytes::from(hello)]);
    let body = Body::from_stream(hello.chain(news).map(Ok::<_, Infallible>));
    let headers = [
        (header::CONTENT_TYPE, CONTENT_TYPE),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Extension(Lasting), body).into_response())
}
