//! An open page: what it has got so far, and what it gets next.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use ulid::Ulid;

use super::Position;
use super::faces::Face;
use super::lines::Missed;
use super::news::{FaceNews, GRANT_PLACEHOLDER, LineNews, News, Part};
use super::views::Views;
use super::watched::{NewsFeed, Watched};
use crate::moment::Looking;
use crate::page::PageState;
use crate::page::limits::PlacePair;
use crate::page::session::Session;
use crate::page::view::{self, Closed};

/// How often a comment is sent, so that proxies do not close the connection.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// A comment, which browsers ignore.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// A page that somebody has open.
pub(super) struct OpenPage {
    watched: Arc<Watched>,
    face: Arc<Face>,
    grant: Ulid,
    session: Ulid,
    opened_at: Instant,
    position: Position,
    /// The parts that are sent as a whole, as they were sent last.
    sent_parts: Vec<Part>,
    /// What was told before the page was opened.
    first: Option<Arc<News>>,
    news: Receiver<Arc<News>>,
    is_over: bool,
    _looking: Looking,
    _place: PlacePair,
}

impl OpenPage {
    pub(super) fn of(
        state: &PageState,
        session: &Session,
        place: PlacePair,
        position: Position,
    ) -> Self {
        // What is read from now on includes the session and everything that the page has got.
        let opened_at = Instant::now();
        let looking = state.moment.look(session.transaction.id, session.guest.user_id.as_str());
        let NewsFeed { watched, face, last, news } = Views::join(state, session);
        Self {
            watched,
            face,
            grant: session.grant,
            session: session.id,
            opened_at,
            position,
            sent_parts: vec![Part::nobody_typing()],
            first: last,
            news,
            is_over: false,
            _looking: looking,
            _place: place,
        }
    }

    /// Waits for the next events. Returns `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let keep_alive_at = Instant::now() + KEEP_ALIVE_INTERVAL;
        while !self.is_over {
            let news = match self.first.take() {
                Some(first) => first,
                None => tokio::select! {
                    news = self.news.recv() => match news {
                        Ok(news) => news,
                        // The page takes the news too slowly, or its record is not read any more.
                        // The browser connects again, with its position.
                        Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
                    },
                    () = tokio::time::sleep_until(keep_alive_at) => {
                        return Some(Bytes::from_static(KEEP_ALIVE));
                    }
                },
            };
            let mut events = Events::default();
            self.correct_position(&news);
            if self.has_gap_before(&news) {
                // Few pages ever miss something, so the memory for it is taken only then.
                match Box::pin(Missed::read(&self.watched, &self.face, self.position)).await {
                    Ok(missed) => {
                        let is_all = missed.is_all;
                        self.add_missed(missed, &mut events);
                        if !is_all {
                            // This news comes after the pieces that are still missing.
                            self.first = Some(news);
                            match events.for_grant(self.grant) {
                                Some(events) => return Some(events),
                                None => continue,
                            }
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot read the news of an open page");
                        return None;
                    }
                }
            }
            self.add_news(&news, &mut events);
            if let Some(events) = events.for_grant(self.grant) {
                return Some(events);
            }
        }
        None
    }

    /// Corrects a position that the record has not reached. A browser may send such a position after
    /// the database was restored from a backup.
    fn correct_position(&mut self, news: &News) {
        // The record may have had less when older news was read.
        if !self.is_newer(news) {
            return;
        }
        if self.position.after > news.upto {
            self.position.after = news.from;
        }
        if self.position.revision > news.revision {
            self.position.revision = 0;
        }
    }

    /// Whether all of this news was read after the page was opened.
    fn is_newer(&self, news: &News) -> bool {
        news.began > self.opened_at
    }

    /// Whether there is something that the page lacks and that this news does not contain either.
    fn has_gap_before(&self, news: &News) -> bool {
        let Some(face) = news.faces.get(&self.face.number) else { return false };
        let lacks_invoice = news.revision > self.position.revision && face.invoice.is_none();
        self.refusal(news, face).is_none()
            && face.closed.is_none()
            && (news.from > self.position.after || lacks_invoice)
    }

    /// Returns why this page is closed.
    fn refusal(&self, news: &News, face: &FaceNews) -> Option<Closed> {
        let of_grant = || news.grants.as_ref()?.refusal(self.grant, self.session);
        let why = of_grant().or(face.closed);
        // What was read before the page was opened may lack its session. Everything else is final.
        why.filter(|why| *why != Closed::SignedOut || self.is_newer(news))
    }

    fn add_missed(&mut self, missed: Missed, events: &mut Events) {
        self.add_lines(&missed.lines, missed.upto, events);
        self.add_invoice(missed.invoice.as_deref(), missed.revision, events);
    }

    /// Adds the events for the part of the news that the page lacks.
    fn add_news(&mut self, news: &News, events: &mut Events) {
        let Some(face) = news.faces.get(&self.face.number) else { return };
        if let Some(why) = self.refusal(news, face) {
            self.is_over = true;
            let html = view::closed_notice(why, &self.face.reader).into_string();
            events.add("closed", &serde_json::json!({ "html": html }).to_string());
            return;
        }
        if face.closed.is_some() {
            return;
        }
        self.add_lines(&face.lines, news.upto, events);
        self.add_invoice(face.invoice.as_deref(), news.revision, events);
        for part in &face.parts {
            match self.sent_parts.iter_mut().find(|sent| sent.name == part.name) {
                Some(sent) if sent == part => continue,
                Some(sent) => sent.clone_from(part),
                None => self.sent_parts.push(part.clone()),
            }
            events.add(part.name, &part.data);
        }
    }

    fn add_lines(&mut self, lines: &[LineNews], upto: i64, events: &mut Events) {
        let new = lines.iter().filter(|line| line.seq > self.position.after);
        let mut new = new.peekable();
        let after = self.position.after.max(upto);
        while let Some(line) = new.next() {
            match new.peek() {
                Some(_) => events.add("line", &line.data),
                None => events.add_with_id("line", &line.data, after),
            }
        }
        drop(new);
        self.position.after = after;
    }

    fn add_invoice(&mut self, invoice: Option<&str>, revision: i64, events: &mut Events) {
        if let Some(invoice) = invoice
            && revision > self.position.revision
        {
            self.position.revision = revision;
            events.add("invoice", invoice);
        }
    }
}

/// Events in the form in which they are sent (HTML standard, "Interpreting an event stream").
#[derive(Default)]
struct Events(String);

impl Events {
    /// Adds an event. JSON has no line breaks, so its data is one line.
    fn add(&mut self, name: &str, data: &str) {
        for text in ["event: ", name, "\ndata: ", data, "\n\n"] {
            self.0.push_str(text);
        }
    }

    fn add_with_id(&mut self, name: &str, data: &str, id: i64) {
        self.0.push_str(&format!("id: {id}\n"));
        self.add(name, data);
    }

    /// Returns the events for the page of a grant, if there are any.
    fn for_grant(self, grant: Ulid) -> Option<Bytes> {
        let events = (!self.0.is_empty()).then_some(self.0)?;
        let (placeholder, grant) = (GRANT_PLACEHOLDER.to_string(), grant.to_string());
        Some(events.replace(&placeholder, &grant).into())
    }
}
