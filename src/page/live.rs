//! News for an open page, as server-sent events (HTML standard, "Server-sent events").
//!
//! The id of an event is the record's seq up to which everything was told, so that a browser that
//! comes back (`Last-Event-ID`) misses nothing, whichever process it reaches.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use maud::Markup;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use ulid::Ulid;

use super::chat::{self, Cast, is_line};
use super::limits::Taken;
use super::model::{Chat, ChatLine, Named, Side};
use super::people::{Others, replies_in};
use super::session::{Session, admit};
use super::speaker::Held;
use super::view::Closed;
use super::{PageState, gather, refusal::Refusal, view};
use crate::clock::now;
use crate::moment::Looking;
use crate::record::{Entry, Kind};
use crate::store::StoreError;

/// A comment in between keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked who is there.
const LOOK_AROUND: Duration = Duration::from_secs(5);
/// When that is done first: the homeserver was asked who is there when the page was opened.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How often the database is asked even if nothing told of news: another process may have some.
const LOOK_ANYWAY: Duration = Duration::from_secs(30);
/// How long after news a page looks for more at the earliest. Whoever reads does not notice, and
/// what comes in a rush is told together.
const NEWS_PAUSE: Duration = Duration::from_millis(250);
/// Entries looked at in one go.
const BATCH: i64 = 200;
/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Where a page stands.
#[derive(Debug, Deserialize)]
pub(super) struct Stands {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    revision: i64,
}

/// `GET /t/{id}/live`
pub(super) async fn stream(
    State(state): State<PageState>,
    session: Session,
    method: Method,
    headers: HeaderMap,
    Query(stands): Query<Stands>,
) -> Result<Response, Refusal> {
    if !session.is_named {
        return Err(Closed::Nameless.into());
    }
    let place = state.limits.stream(session.grant, &session.transaction.shop)?;
    if method == Method::HEAD {
        // Only whether there would be news.
        return Ok([(header::CONTENT_TYPE, "text/event-stream")].into_response());
    }
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last.and_then(|id| id.parse().ok()).unwrap_or(stands.after);
    let page = OpenPage::of(state, session, place, (after, stands.revision)).await?;
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

/// A page that somebody has open. It holds no more of the transaction than it must: thousands may
/// be open.
struct OpenPage {
    state: PageState,
    transaction: Ulid,
    held: Held,
    /// When that is over.
    ends: Instant,
    reader: super::model::Reader,
    others: Others,
    /// Told up to this seq.
    after: i64,
    revision: i64,
    /// What was told last of each kind that is told as a whole.
    told: Told,
    /// Lines whose files were not there yet.
    waiting: BTreeSet<String>,
    news: watch::Receiver<()>,
    cast: Option<Cast>,
    replies_in: Option<i64>,
    room: Option<String>,
    typing: Option<watch::Receiver<()>>,
    look_anyway: Instant,
    /// No news is looked for earlier.
    not_before: Instant,
    next_look: Instant,
    is_first: bool,
    is_over: bool,
    _looking: Looking,
    _place: Taken,
}

#[derive(Default, PartialEq)]
struct Told {
    people: String,
    unsent: String,
    typing: Vec<Named>,
    seen: Option<(String, Named)>,
}

enum Woken {
    News,
    Typing,
    Time,
}

impl OpenPage {
    async fn of(
        state: PageState,
        session: Session,
        place: Taken,
        (after, revision): (i64, i64),
    ) -> Result<Self, StoreError> {
        let transaction = session.transaction.id;
        let others = Others::of(&state, &session);
        others.ask(&state);
        let expires_at = state.store.grant(session.grant).await?.map_or(0, |it| it.expires_at);
        let left = u64::try_from(expires_at.saturating_sub(now())).unwrap_or(0);
        let mut page = Self {
            transaction,
            held: session.held(),
            ends: Instant::now() + Duration::from_millis(left),
            others,
            after,
            revision,
            // The page may have been made before something on it changed: it is told all once.
            told: Told { unsent: "?".to_owned(), ..Told::default() },
            waiting: BTreeSet::new(),
            news: state.store.hints().watch(transaction),
            cast: None,
            replies_in: None,
            room: None,
            typing: None,
            look_anyway: Instant::now(),
            not_before: Instant::now(),
            next_look: Instant::now() + FIRST_LOOK,
            is_first: true,
            is_over: false,
            _looking: state.moment.look(transaction, session.guest.user_id.as_str()),
            _place: place,
            reader: session.reader,
            state,
        };
        page.find_room().await?;
        Ok(page)
    }

    async fn find_room(&mut self) -> Result<(), StoreError> {
        let room = self.state.store.room(self.transaction).await?.and_then(|it| it.room_id);
        self.typing = room.as_deref().map(|room| self.state.moment.watch(room));
        self.room = room;
        Ok(())
    }

    /// The next events; none at the end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.is_over {
            let woken =
                if std::mem::take(&mut self.is_first) { Woken::News } else { self.wait().await? };
            let events = match woken {
                Woken::Typing => Ok(self.typing_now().into_iter().collect()),
                Woken::Time if Instant::now() < self.look_anyway => {
                    Ok(self.look_around().into_iter().flatten().collect())
                }
                Woken::Time | Woken::News => self.all_news().await,
            };
            match events {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Some(events),
                Err(error) => {
                    // The browser comes back, and goes on from where it was.
                    tracing::error!(%error, "an open page could not be told its news");
                    return None;
                }
            }
        }
        None
    }

    async fn wait(&mut self) -> Option<Woken> {
        let news = async {
            tokio::time::sleep_until(self.not_before).await;
            self.news.changed().await
        };
        let typing = async {
            match &mut self.typing {
                Some(typing) => typing.changed().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.state.stop.cancelled() => None,
            news = news => news.ok().map(|()| Woken::News),
            told = typing => told.map(|()| Woken::Typing),
            () = tokio::time::sleep_until(self.next_look) => {
                self.next_look = Instant::now() + LOOK_AROUND;
                Some(Woken::Time)
            }
        }
    }

    async fn all_news(&mut self) -> Result<Vec<Event>, StoreError> {
        // Pages share the connections of the database with those that write.
        let limits = Arc::clone(&self.state.limits);
        let _look = limits.look().await;
        self.look_anyway = (Instant::now() + LOOK_ANYWAY).min(self.ends);
        self.not_before = Instant::now() + NEWS_PAUSE;
        let admitted = admit(&self.state, &self.held).await?;
        let (transaction, visitor, guest) = match admitted {
            Ok(admitted) => admitted,
            Err(why) => {
                self.is_over = true;
                let html = view::closed_notice(why, &self.reader).into_string();
                return Ok(vec![event("closed", &json!({ "html": html }))]);
            }
        };
        let session = Session {
            transaction,
            visitor,
            guest,
            grant: self.held.grant,
            id: self.held.session,
            is_named: true,
            reader: self.reader.clone(),
            correlation: String::new(),
        };
        if self.room.is_none() {
            self.find_room().await?;
        }
        let cast = Cast::of(&self.state, &session).await?;
        let mut events = self.new_lines(&session, &cast).await?;
        events.extend(self.new_terms(&session).await?);
        events.extend(self.unsent_now(&session).await?);
        events.extend(self.seen_now(&session, &cast).await?);
        self.cast = Some(cast);
        self.replies_in = replies_in(&self.state, &session).await?;
        events.extend(self.typing_now());
        events.extend(self.people_now());
        Ok(events)
    }

    /// Lines that are new, or read differently now.
    async fn new_lines(
        &mut self,
        session: &Session,
        cast: &Cast,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        let waiting: Vec<String> = waiting.into_iter().collect();
        for line in self.lines_of(session, cast, &waiting).await? {
            if !self.waiting.contains(&line.event) {
                events.push(self.told_line(session, line, false).await?);
            }
        }
        loop {
            let entries = self.state.store.entries(self.transaction, self.after, BATCH).await?;
            let Some(last) = entries.last().map(|entry| entry.fixed.seq) else { break };
            let affected = self.affected(&entries).await?;
            for line in self.lines_of(session, cast, &affected).await? {
                let is_new = entries.iter().any(|entry| entry.fixed.event_id == line.event);
                events.push(self.told_line(session, line, is_new).await?);
            }
            self.after = last;
        }
        if let Some(last) = events.pop() {
            events.push(last.id(self.after.to_string()));
        }
        Ok(events)
    }

    /// The lines that these entries are, or are about.
    async fn affected(&self, entries: &[Entry]) -> Result<Vec<String>, StoreError> {
        let mut lines: Vec<String> = Vec::new();
        let mut targets = Vec::new();
        for entry in entries {
            match &entry.relates_to {
                _ if is_line(entry) => lines.push(entry.fixed.event_id.clone()),
                Some(relation) => targets.push(relation.event_id.clone()),
                None => {}
            }
        }
        // What is about a reaction or an edit is about its message.
        for target in self.state.store.entries_of_events(self.transaction, &targets).await? {
            if let (Kind::Reaction | Kind::Edit, Some(relation)) = (target.kind, &target.relates_to)
            {
                targets.push(relation.event_id.clone());
            }
        }
        lines.extend(targets);
        lines.sort();
        lines.dedup();
        Ok(lines)
    }

    async fn lines_of(
        &mut self,
        session: &Session,
        cast: &Cast,
        events: &[String],
    ) -> Result<Vec<ChatLine>, StoreError> {
        let mut entries = self.state.store.entries_of_events(self.transaction, events).await?;
        entries.retain(is_line);
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let lines = chat::lines(&self.state, session, cast, entries).await?;
        for line in &lines {
            if line.files.iter().any(|file| file.state == "wanted") {
                self.waiting.insert(line.event.clone());
            }
        }
        Ok(lines)
    }

    async fn told_line(
        &self,
        session: &Session,
        line: ChatLine,
        is_new: bool,
    ) -> Result<Event, StoreError> {
        let announce =
            (is_new && line.side != Side::Mine).then(|| view::announced(&line, &self.reader));
        let html = view::line(&line, &self.reader, &session.address());
        let json = json!({
            "event": line.event,
            "at": line.at,
            "outgoing": line.outgoing,
            "html": html.into_string(),
            "announce": announce,
        });
        Ok(event("line", &json))
    }

    /// The invoice, if the shop said something new about it.
    async fn new_terms(&mut self, session: &Session) -> Result<Vec<Event>, StoreError> {
        let revision = session.transaction.revision;
        if revision == self.revision {
            return Ok(Vec::new());
        }
        let page = gather::page(&self.state, session, Chat::default()).await?;
        let html = view::update(&page).into_string();
        self.revision = revision;
        self.others = Others::of(&self.state, session);
        Ok(vec![event("invoice", &json!({ "revision": revision, "html": html }))])
    }

    async fn unsent_now(&mut self, session: &Session) -> Result<Option<Event>, StoreError> {
        let unsent = gather::unsent(&self.state.store, session).await?;
        let html = view::unsent(&unsent, &self.reader, &session.address());
        Ok(changed(&mut self.told.unsent, html, "unsent"))
    }

    async fn seen_now(
        &mut self,
        session: &Session,
        cast: &Cast,
    ) -> Result<Option<Event>, StoreError> {
        let seen = gather::seen_by(&self.state, session, cast).await?;
        if seen == self.told.seen {
            return Ok(None);
        }
        self.told.seen = seen.clone();
        Ok(seen.map(|(line, who)| {
            let text = view::seen_text(&who, &self.reader);
            event("seen", &json!({ "event": line, "text": text }))
        }))
    }

    fn typing_now(&mut self) -> Option<Event> {
        let typing = match (&self.room, &self.cast) {
            (Some(room), Some(cast)) => gather::typing_in(&self.state, cast, room),
            _ => Vec::new(),
        };
        if typing == self.told.typing {
            return None;
        }
        let text = view::typing_text(&typing, &self.reader);
        self.told.typing = typing;
        Some(event("typing", &json!({ "text": text })))
    }

    /// What changes with time alone, and what the homeserver was asked for.
    fn look_around(&mut self) -> [Option<Event>; 2] {
        self.others.ask(&self.state);
        // Somebody may have stopped typing without a word.
        [self.typing_now(), self.people_now()]
    }

    fn people_now(&mut self) -> Option<Event> {
        let people = self.others.people(&self.state);
        let html = view::people(&people, self.replies_in, &self.reader);
        changed(&mut self.told.people, html, "people")
    }
}

/// An event with this HTML, if it is not what was told last.
fn changed(told: &mut String, html: Markup, name: &str) -> Option<Event> {
    let html = html.into_string();
    if html == *told {
        return None;
    }
    told.clone_from(&html);
    Some(event(name, &json!({ "html": html })))
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
