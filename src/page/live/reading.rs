//! What there is to tell pages that show the same: of one transaction, to one grant, in one language.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maud::Markup;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use ulid::Ulid;

use super::Stands;
use crate::clock::now;
use crate::page::chat::{self, Cast, is_line};
use crate::page::model::{Chat, ChatLine, Reader, Side};
use crate::page::people::{Others, replies_in};
use crate::page::session::{Session, admit_by};
use crate::page::view::Closed;
use crate::page::{PageState, gather, view};
use crate::record::{Entry, Kind};
use crate::store::StoreError;

/// How often it is looked who is there.
const LOOK_AROUND: Duration = Duration::from_secs(5);
/// When that is done first: the homeserver was asked who is there when the page was opened.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How often the database is asked even if nothing told of news: another process may have some.
const LOOK_ANYWAY: Duration = Duration::from_secs(30);
/// How long after news it is looked for more at the earliest. Whoever reads does not notice, and
/// what comes in a rush is told together.
const NEWS_PAUSE: Duration = Duration::from_millis(250);
/// Entries looked at in one go.
const BATCH: i64 = 200;

/// What was found at one moment.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// When it began.
    pub(super) began: Instant,
    /// Why nobody may see anything any more.
    pub(super) closed: Option<Closed>,
    /// Who is signed in by the grant.
    pub(super) sessions: BTreeSet<Ulid>,
    /// Lines that are new or read differently after this seq ...
    pub(super) from: i64,
    /// ... up to this one.
    pub(super) upto: i64,
    pub(super) lines: Vec<Told>,
    pub(super) revision: i64,
    /// The invoice at this revision, if it came since the first look.
    pub(super) invoice: Option<Arc<str>>,
    /// What is told as a whole whenever it changes: names of events, and their data.
    pub(super) whole: Vec<(&'static str, Arc<str>)>,
}

/// A line, as data of an event.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Of the newest entry that makes it read like this; [`i64::MAX`] if it is no entry's doing.
    pub(super) seq: i64,
    pub(super) data: Arc<str>,
}

/// Lines whose files were not there when they were told.
pub(super) type Waiting = Arc<Mutex<BTreeSet<String>>>;

/// Looks, and where they stand.
pub(super) struct Reading {
    state: PageState,
    transaction: Ulid,
    grant: Ulid,
    reader: Reader,
    /// When the grant is over.
    ends: Instant,
    others: Others,
    waiting: Waiting,
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
    last: Look,
    /// Up to where the last look was that had something to tell.
    told_upto: i64,
}

enum Woken {
    News,
    Typing,
    Time,
}

impl Reading {
    /// Of what this session sees, from where a page stands.
    pub(super) async fn of(
        state: PageState,
        session: &Session,
        Stands { after, revision }: Stands,
        waiting: Waiting,
    ) -> Result<Self, StoreError> {
        let transaction = session.transaction.id;
        let others = Others::of(&state, session);
        others.ask(&state);
        let now = Instant::now();
        let mut reading = Self {
            transaction,
            grant: session.grant,
            reader: session.reader.clone(),
            ends: now + LOOK_ANYWAY,
            others,
            waiting,
            news: state.store.hints().watch(transaction),
            cast: None,
            replies_in: None,
            room: None,
            typing: None,
            look_anyway: now,
            not_before: now,
            next_look: now + FIRST_LOOK,
            is_first: true,
            told_upto: after,
            last: Look {
                began: now,
                closed: None,
                sessions: BTreeSet::new(),
                from: after,
                upto: after,
                lines: Vec::new(),
                revision,
                invoice: None,
                whole: Vec::new(),
            },
            state,
        };
        reading.find_room().await?;
        Ok(reading)
    }

    async fn find_room(&mut self) -> Result<(), StoreError> {
        let room = self.state.store.room(self.transaction).await?.and_then(|it| it.room_id);
        self.typing = room.as_deref().map(|room| self.state.moment.watch(room));
        self.room = room;
        Ok(())
    }

    /// Waits for something to look at, and looks; none if there is nothing to tell.
    pub(super) async fn next(&mut self) -> Result<Option<Look>, StoreError> {
        let is_first = std::mem::take(&mut self.is_first);
        let woken = if is_first { Woken::News } else { self.wait().await };
        let look = match woken {
            Woken::Typing => self.same(),
            Woken::Time if Instant::now() < self.look_anyway => {
                self.others.ask(&self.state);
                self.same()
            }
            Woken::Time | Woken::News => self.look().await?,
        };
        let is_news = is_first
            || look.closed.is_some()
            || !look.lines.is_empty()
            || look.sessions != self.last.sessions
            || look.revision != self.last.revision
            || look.whole != self.last.whole;
        self.last = look.clone();
        if !is_news {
            return Ok(None);
        }
        self.told_upto = look.upto;
        Ok(Some(look))
    }

    async fn wait(&mut self) -> Woken {
        let news = async {
            tokio::time::sleep_until(self.not_before).await;
            // Its sender lives as long as somebody listens.
            self.news.changed().await.ok();
        };
        let typing = async {
            match &mut self.typing {
                // Its sender lives as long as somebody listens.
                Some(typing) => typing.changed().await.ok(),
                None => std::future::pending().await,
            };
        };
        tokio::select! {
            () = news => Woken::News,
            () = typing => Woken::Typing,
            () = tokio::time::sleep_until(self.next_look) => {
                self.next_look = Instant::now() + LOOK_AROUND;
                Woken::Time
            }
        }
    }

    /// What only this moment knows, with what was found before of all else.
    fn same(&self) -> Look {
        let whole = self.last.whole.iter().map(|(name, data)| match *name {
            "typing" => self.typing_now(),
            "people" => self.people_now(),
            _ => (*name, Arc::clone(data)),
        });
        let (whole, lines) = (whole.collect(), Vec::new());
        Look { from: self.told_upto, lines, whole, ..self.last.clone() }
    }

    /// Looks at everything.
    pub(super) async fn look(&mut self) -> Result<Look, StoreError> {
        // Pages share the connections of the database with others that wait for an answer.
        let limits = Arc::clone(&self.state.limits);
        let _look = limits.look().await;
        let now = Instant::now();
        self.not_before = now + NEWS_PAUSE;
        let mut look = self.last.clone();
        (look.began, look.from, look.lines) = (now, self.told_upto, Vec::new());
        look.sessions = self.state.store.sessions_of(self.grant).await?;
        let session = match self.session().await? {
            Ok(session) => session,
            Err(why) => return Ok(Look { closed: Some(why), ..look }),
        };
        self.look_anyway = (now + LOOK_ANYWAY).min(self.ends);
        if self.room.is_none() {
            self.find_room().await?;
        }
        self.reader = self.reader.clone().of_today();
        let cast = Cast::of(&self.state, &session).await?;
        self.read_lines(&session, &cast, &mut look).await?;
        if session.transaction.revision != look.revision {
            look.revision = session.transaction.revision;
            look.invoice = Some(self.invoice(&session).await?);
        }
        let unsent = gather::unsent(&self.state.store, &session).await?;
        let unsent = view::unsent(&unsent, &self.reader, &session.address());
        let seen = gather::seen_by(&self.state, &session, &cast).await?.map(|(line, who)| {
            let text = view::seen_text(&who, &self.reader);
            ("seen", json!({ "event": line, "text": text }).to_string().into())
        });
        self.cast = Some(cast);
        self.replies_in = replies_in(&self.state, &session).await?;
        look.whole = vec![html("unsent", unsent), self.typing_now(), self.people_now()];
        look.whole.extend(seen);
        Ok(look)
    }

    /// What may be seen now, as somebody whom the grant lets in.
    async fn session(&mut self) -> Result<Result<Session, Closed>, StoreError> {
        let Some(row) = self.state.store.grant(self.grant).await? else {
            return Ok(Err(Closed::SignedOut));
        };
        let left = u64::try_from(row.expires_at.saturating_sub(now())).unwrap_or(0);
        self.ends = Instant::now() + Duration::from_millis(left);
        let admitted = admit_by(&self.state, self.transaction, &row).await?;
        Ok(admitted.map(|(transaction, visitor, guest)| Session {
            transaction,
            visitor,
            guest,
            grant: self.grant,
            // Nobody's: what is read here is for all of them.
            id: Ulid::nil(),
            is_named: true,
            reader: self.reader.clone(),
            correlation: String::new(),
        }))
    }

    /// Lines that are new, or read differently now.
    async fn read_lines(
        &mut self,
        session: &Session,
        cast: &Cast,
        look: &mut Look,
    ) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut *self.waiting());
        let waiting: BTreeMap<String, i64> = waiting.into_iter().map(|it| (it, i64::MAX)).collect();
        for line in self.lines_of(session, cast, &waiting).await? {
            if !self.waiting().contains(&line.event) {
                look.lines.push(self.told(session, &line, i64::MAX, false));
            }
        }
        loop {
            let entries = self.state.store.entries(self.transaction, look.upto, BATCH).await?;
            let Some(last) = entries.last().map(|entry| entry.fixed.seq) else { break };
            let affected = self.affected(&entries).await?;
            for line in self.lines_of(session, cast, &affected).await? {
                let is_new = entries.iter().any(|entry| entry.fixed.event_id == line.event);
                let seq = affected.get(&line.event).copied().unwrap_or(last);
                look.lines.push(self.told(session, &line, seq, is_new));
            }
            look.upto = last;
        }
        Ok(())
    }

    /// The lines that these entries are, or are about; each with the seq of the last of them.
    async fn affected(&self, entries: &[Entry]) -> Result<BTreeMap<String, i64>, StoreError> {
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
        // What is about a reaction or an edit is about its message.
        let events: Vec<String> = targets.keys().cloned().collect();
        for target in self.state.store.entries_of_events(self.transaction, &events).await? {
            if let (Kind::Reaction | Kind::Edit, Some(relation)) = (target.kind, &target.relates_to)
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

    async fn lines_of(
        &self,
        session: &Session,
        cast: &Cast,
        events: &BTreeMap<String, i64>,
    ) -> Result<Vec<ChatLine>, StoreError> {
        let events: Vec<String> = events.keys().cloned().collect();
        let mut entries = self.state.store.entries_of_events(self.transaction, &events).await?;
        entries.retain(is_line);
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let lines = chat::lines(&self.state, session, cast, entries).await?;
        let is_waiting = |line: &&ChatLine| line.files.iter().any(|file| file.state == "wanted");
        self.waiting().extend(lines.iter().filter(is_waiting).map(|line| line.event.clone()));
        Ok(lines)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, session: &Session, line: &ChatLine, seq: i64, is_new: bool) -> Told {
        let announce =
            (is_new && line.side != Side::Mine).then(|| view::announced(line, &self.reader));
        let html = view::line(line, &self.reader, &session.address());
        let json = json!({
            "event": line.event,
            "at": line.at,
            "outgoing": line.outgoing,
            "html": html.into_string(),
            "announce": announce,
        });
        Told { seq, data: json.to_string().into() }
    }

    async fn invoice(&mut self, session: &Session) -> Result<Arc<str>, StoreError> {
        let page = gather::page(&self.state, session, Chat::default()).await?;
        let html = view::update(&page).into_string();
        self.others = Others::of(&self.state, session);
        let revision = session.transaction.revision;
        Ok(json!({ "revision": revision, "html": html }).to_string().into())
    }

    fn typing_now(&self) -> (&'static str, Arc<str>) {
        let typing = match (&self.room, &self.cast) {
            (Some(room), Some(cast)) => gather::typing_in(&self.state, cast, room),
            _ => Vec::new(),
        };
        ("typing", json!({ "text": view::typing_text(&typing, &self.reader) }).to_string().into())
    }

    fn people_now(&self) -> (&'static str, Arc<str>) {
        let people = self.others.people(&self.state);
        html("people", view::people(&people, self.replies_in, &self.reader))
    }
}

fn html(name: &'static str, html: Markup) -> (&'static str, Arc<str>) {
    (name, json!({ "html": html.into_string() }).to_string().into())
}
