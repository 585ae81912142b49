//! Reads what is new for pages that show the same: one transaction, to one grant, in one language.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use maud::Markup;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use ulid::Ulid;

use super::Position;
use crate::clock::now;
use crate::page::cast::Cast;
use crate::page::chat::{self, is_line};
use crate::page::model::{Chat, ChatLine, Person, Reader, Side};
use crate::page::people::{Others, usual_reply_time};
use crate::page::session::{Session, admit_by};
use crate::page::view::Closed;
use crate::page::{PageState, gather, view};
use crate::record::Entry;
use crate::store::StoreError;

/// How often the presence of the people is checked.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(5);
/// When the presence is checked for the first time. The homeserver was asked about it when the page
/// was opened.
const FIRST_PRESENCE_CHECK: Duration = Duration::from_secs(1);
/// How often the database is read even if this process got no hint. Another process may have
/// written something.
const MAX_READ_INTERVAL: Duration = Duration::from_secs(30);
/// The shortest time between two reads of the database. People do not notice the delay, and news
/// that arrives in a rush is sent together.
const MIN_READ_INTERVAL: Duration = Duration::from_millis(250);
/// The number of entries that are read at once.
const ENTRY_BATCH: i64 = 200;

/// What was found at one moment.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// When reading began.
    pub(super) began: Instant,
    /// The reason why nobody may see the transaction by this grant any more.
    pub(super) closed: Option<Closed>,
    /// The sessions of the grant.
    pub(super) sessions: BTreeSet<Ulid>,
    /// The seq after which `lines` begin.
    pub(super) from: i64,
    /// The seq of the last entry that `lines` cover.
    pub(super) upto: i64,
    /// The lines that are new or changed.
    pub(super) lines: Vec<LineNews>,
    pub(super) revision: i64,
    /// The invoice at this revision, if it has changed since the first read.
    pub(super) invoice: Option<Arc<str>>,
    /// The parts of the page that are always sent as a whole.
    pub(super) parts: Vec<Part>,
}

/// A line, as the data of an event.
#[derive(Clone, Debug)]
pub(super) struct LineNews {
    /// The seq of the newest entry that changed the line; [`i64::MAX`] if no entry changed it.
    pub(super) seq: i64,
    pub(super) data: Arc<str>,
}

/// A part of the page that is sent as a whole whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The name of the event.
    pub(super) name: &'static str,
    /// The data of the event.
    pub(super) data: Arc<str>,
}

/// The event ids of the lines whose files had not been fetched when the lines were sent.
pub(super) type AwaitedFiles = Arc<Mutex<BTreeSet<String>>>;

/// Reads again and again what is new, from where it stopped before.
pub(super) struct Reading {
    state: PageState,
    subject: Subject,
    awaited_files: AwaitedFiles,
    wakeups: Wakeups,
    people: People,
    is_first: bool,
    last: News,
    /// The `upto` of the last news that was sent.
    sent_upto: i64,
}

/// What is read, and for whom.
struct Subject {
    transaction: Ulid,
    grant: Ulid,
    reader: Reader,
}

/// The people of the conversation, as far as they were found so far.
struct People {
    others: Others,
    /// See [`usual_reply_time`].
    reply_time: Option<i64>,
    /// `None` before the database was read for the first time.
    cast: Option<Cast>,
    /// The Matrix id of the room; `None` as long as there is no room.
    room: Option<String>,
}

/// Decides when to read again.
struct Wakeups {
    /// Changes when something is written about the transaction.
    hints: watch::Receiver<()>,
    /// Changes when somebody begins or stops typing; `None` as long as there is no room.
    typing: Option<watch::Receiver<()>>,
    /// The database is not read before this time.
    not_before: Instant,
    /// The database is read at the first presence check after this time, even without a hint.
    read_at: Instant,
    /// The time of the next presence check.
    presence_at: Instant,
}

/// What has to be read.
enum Wakeup {
    /// Everything, from the database.
    Everything,
    /// Who is typing, from memory.
    Typing,
    /// Who is present, from memory.
    Presence,
}

impl Wakeups {
    fn new(hints: watch::Receiver<()>, now: Instant) -> Self {
        Self {
            hints,
            typing: None,
            not_before: now,
            read_at: now,
            presence_at: now + FIRST_PRESENCE_CHECK,
        }
    }

    /// Waits until there may be something new.
    async fn next(&mut self) -> Wakeup {
        // Neither sender is dropped as long as there is a receiver.
        let hint = async {
            tokio::time::sleep_until(self.not_before).await;
            self.hints.changed().await.ok();
        };
        let typing = async {
            match &mut self.typing {
                Some(typing) => typing.changed().await.ok(),
                None => std::future::pending().await,
            };
        };
        tokio::select! {
            () = hint => Wakeup::Everything,
            () = typing => Wakeup::Typing,
            () = tokio::time::sleep_until(self.presence_at) => {
                let now = Instant::now();
                self.presence_at = now + PRESENCE_INTERVAL;
                if now < self.read_at { Wakeup::Presence } else { Wakeup::Everything }
            }
        }
    }
}

impl People {
    fn typing(&self, state: &PageState, reader: &Reader) -> Part {
        let typing = match (&self.room, &self.cast) {
            (Some(room), Some(cast)) => gather::typing_in(state, cast, room),
            _ => Vec::new(),
        };
        let data = json!({ "text": view::typing_text(&typing, reader) }).to_string().into();
        Part { name: "typing", data }
    }

    fn list(&self, state: &PageState, reader: &Reader) -> Part {
        let people: Vec<Person> = self.others.people(state);
        Part::html("people", view::people(&people, self.reply_time, reader))
    }
}

impl Part {
    fn html(name: &'static str, html: Markup) -> Self {
        Self { name, data: json!({ "html": html.into_string() }).to_string().into() }
    }
}

impl Reading {
    /// Begins to read what this session may see, from the position of a page.
    pub(super) async fn of(
        state: PageState,
        session: &Session,
        Position { after, revision }: Position,
        awaited_files: AwaitedFiles,
    ) -> Result<Self, StoreError> {
        let transaction = session.transaction.id;
        let others = Others::of(&state, session);
        others.ask(&state);
        let now = Instant::now();
        let mut reading = Self {
            subject: Subject { transaction, grant: session.grant, reader: session.reader.clone() },
            awaited_files,
            wakeups: Wakeups::new(state.store.hints().watch(transaction), now),
            people: People { others, reply_time: None, cast: None, room: None },
            is_first: true,
            sent_upto: after,
            last: News {
                began: now,
                closed: None,
                sessions: BTreeSet::new(),
                from: after,
                upto: after,
                lines: Vec::new(),
                revision,
                invoice: None,
                parts: Vec::new(),
            },
            state,
        };
        reading.find_room().await?;
        Ok(reading)
    }

    async fn find_room(&mut self) -> Result<(), StoreError> {
        let room = self.state.store.room(self.subject.transaction).await?.and_then(|it| it.room_id);
        self.wakeups.typing = room.as_deref().map(|room| self.state.moment.watch(room));
        self.people.room = room;
        Ok(())
    }

    /// Waits until there may be something new, and reads it. Returns `None` if nothing has changed.
    pub(super) async fn next(&mut self) -> Result<Option<News>, StoreError> {
        let is_first = std::mem::take(&mut self.is_first);
        let wakeup = if is_first { Wakeup::Everything } else { self.wakeups.next().await };
        let news = match wakeup {
            Wakeup::Typing => self.read_memory(),
            Wakeup::Presence => {
                self.people.others.ask(&self.state);
                self.read_memory()
            }
            Wakeup::Everything => self.read_everything().await?,
        };
        let has_changed = is_first
            || news.closed.is_some()
            || !news.lines.is_empty()
            || news.sessions != self.last.sessions
            || news.revision != self.last.revision
            || news.parts != self.last.parts;
        self.last = news.clone();
        if !has_changed {
            return Ok(None);
        }
        self.sent_upto = news.upto;
        Ok(Some(news))
    }

    /// Reads again the parts that come from memory, and keeps the rest of the last news.
    fn read_memory(&self) -> News {
        let parts = self.last.parts.iter().map(|part| match part.name {
            "typing" => self.people.typing(&self.state, &self.subject.reader),
            "people" => self.people.list(&self.state, &self.subject.reader),
            _ => part.clone(),
        });
        let (parts, lines) = (parts.collect(), Vec::new());
        News { from: self.sent_upto, lines, parts, ..self.last.clone() }
    }

    /// Reads everything.
    pub(super) async fn read_everything(&mut self) -> Result<News, StoreError> {
        // Live pages may use only some of the connections to the database. People wait for the
        // answers of other requests.
        let limits = Arc::clone(&self.state.limits);
        let _permit = limits.news_read().await;
        let now = Instant::now();
        self.wakeups.not_before = now + MIN_READ_INTERVAL;
        let mut news = self.last.clone();
        (news.began, news.from, news.lines) = (now, self.sent_upto, Vec::new());
        news.sessions = self.state.store.sessions_of(self.subject.grant).await?;
        let (session, grant_ends) = match self.admit().await? {
            Ok(admitted) => admitted,
            Err(why) => return Ok(News { closed: Some(why), ..news }),
        };
        self.wakeups.read_at = (now + MAX_READ_INTERVAL).min(grant_ends);
        if self.people.room.is_none() {
            self.find_room().await?;
        }
        self.subject.reader = self.subject.reader.clone().of_today();
        let cast = Cast::of(&self.state, &session).await?;
        self.read_lines(&session, &cast, &mut news).await?;
        if session.transaction.revision != news.revision {
            news.revision = session.transaction.revision;
            news.invoice = Some(self.invoice(&session).await?);
        }
        let unsent = gather::unsent(&self.state.store, &session).await?;
        let seen_by = gather::seen_by(&self.state, &session, &cast).await?;
        self.people.cast = Some(cast);
        self.people.reply_time = usual_reply_time(&self.state, &session).await?;
        let reader = &self.subject.reader;
        news.parts = vec![
            Part::html("unsent", view::unsent(&unsent, reader, &session.address())),
            self.people.typing(&self.state, reader),
            self.people.list(&self.state, reader),
        ];
        news.parts.extend(seen_by.map(|(line, who)| {
            let text = view::seen_text(&who, reader);
            let data = json!({ "event": line, "text": text }).to_string().into();
            Part { name: "seen", data }
        }));
        Ok(news)
    }

    /// Returns a session of the grant, and the time when the grant ends; or the reason why the
    /// grant lets nobody in any more.
    async fn admit(&self) -> Result<Result<(Session, Instant), Closed>, StoreError> {
        let Some(row) = self.state.store.grant(self.subject.grant).await? else {
            return Ok(Err(Closed::SignedOut));
        };
        let left = u64::try_from(row.expires_at.saturating_sub(now())).unwrap_or(0);
        let ends = Instant::now() + Duration::from_millis(left);
        let admitted = admit_by(&self.state, self.subject.transaction, &row).await?;
        Ok(admitted.map(|(transaction, visitor, guest)| {
            let session = Session {
                transaction,
                visitor,
                guest,
                grant: self.subject.grant,
                // What is read here is for all sessions of the grant.
                id: Ulid::nil(),
                is_named: true,
                reader: self.subject.reader.clone(),
                correlation: String::new(),
            };
            (session, ends)
        }))
    }

    /// Adds the lines that are new or changed.
    async fn read_lines(
        &mut self,
        session: &Session,
        cast: &Cast,
        news: &mut News,
    ) -> Result<(), StoreError> {
        self.read_lines_with_files(session, cast, news).await?;
        loop {
            let transaction = self.subject.transaction;
            let entries = self.state.store.entries(transaction, news.upto, ENTRY_BATCH).await?;
            let Some(last) = entries.last().map(|entry| entry.fixed.seq) else { break };
            let affected = self.affected_lines(&entries).await?;
            let events = affected.keys().cloned().collect();
            for line in self.lines_of(session, cast, events).await? {
                let is_new = entries.iter().any(|entry| entry.fixed.event_id == line.event);
                let seq = affected.get(&line.event).copied().unwrap_or(last);
                news.lines.push(self.line_news(session, &line, seq, is_new));
            }
            news.upto = last;
        }
        Ok(())
    }

    /// Adds the lines whose files are no longer awaited. [`Self::lines_of`] puts the others back
    /// into `awaited_files`.
    async fn read_lines_with_files(
        &self,
        session: &Session,
        cast: &Cast,
        news: &mut News,
    ) -> Result<(), StoreError> {
        let awaited = std::mem::take(&mut *self.awaited_files());
        for line in self.lines_of(session, cast, awaited.into_iter().collect()).await? {
            if !self.awaited_files().contains(&line.event) {
                news.lines.push(self.line_news(session, &line, i64::MAX, false));
            }
        }
        Ok(())
    }

    /// Returns the event ids of the lines that these entries are, or are about. The value is the
    /// seq of the last such entry.
    async fn affected_lines(&self, entries: &[Entry]) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut lines = BTreeMap::new();
        let mut targets = BTreeMap::new();
        for entry in entries {
            match &entry.relates_to {
                _ if is_line(entry) => {
                    lines.insert(entry.fixed.event_id.clone(), entry.fixed.seq);
                }
                Some(relation) => {
                    targets.insert(relation.event_id.clone(), entry.fixed.seq);
                }
                None => {}
            }
        }
        // An entry about a reaction, an edit or a vote changes the line that these are about.
        let events: Vec<String> = targets.keys().cloned().collect();
        for target in self.state.store.entries_of_events(self.subject.transaction, &events).await? {
            if !is_line(&target)
                && let Some(relation) = &target.relates_to
                && let Some(seq) = targets.get(&target.fixed.event_id).copied()
            {
                let of_message = targets.entry(relation.event_id.clone()).or_default();
                *of_message = seq.max(*of_message);
            }
        }
        for (event, seq) in targets {
            let of_line = lines.entry(event).or_default();
            *of_line = seq.max(*of_line);
        }
        Ok(lines)
    }

    /// Reads the lines among these events. Remembers those whose files have not been fetched yet.
    async fn lines_of(
        &self,
        session: &Session,
        cast: &Cast,
        events: Vec<String>,
    ) -> Result<Vec<ChatLine>, StoreError> {
        let mut entries =
            self.state.store.entries_of_events(self.subject.transaction, &events).await?;
        entries.retain(is_line);
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let lines = chat::lines(&self.state, session, cast, entries).await?;
        let awaits_file = |line: &&ChatLine| line.files.iter().any(|file| file.state == "wanted");
        self.awaited_files()
            .extend(lines.iter().filter(awaits_file).map(|line| line.event.clone()));
        Ok(lines)
    }

    fn awaited_files(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.awaited_files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line_news(&self, session: &Session, line: &ChatLine, seq: i64, is_new: bool) -> LineNews {
        let reader = &self.subject.reader;
        let announce =
            (is_new && line.side != Side::Mine).then(|| view::announcement(line, reader));
        let html = view::line(line, reader, &session.address());
        let json = json!({
            "event": line.event,
            "at": line.at,
            "outgoing": line.outgoing,
            "html": html.into_string(),
            "announce": announce,
        });
        LineNews { seq, data: json.to_string().into() }
    }

    async fn invoice(&mut self, session: &Session) -> Result<Arc<str>, StoreError> {
        let page = gather::page(&self.state, session, Chat::default()).await?;
        let html = view::update(&page).into_string();
        self.people.others = Others::of(&self.state, session);
        let revision = session.transaction.revision;
        Ok(json!({ "revision": revision, "html": html }).to_string().into())
    }
}
