//! Reads what is new in a record, once for all its open pages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::faces::Face;
use super::lines::{self, NewLines, WrittenLines};
use super::news::{FaceNews, Grants, News, Part};
use super::wakeups::{Wakeup, Wakeups};
use super::watched::Watched;
use crate::clock::now;
use crate::page::cast::Cast;
use crate::page::model::{Person, Reader};
use crate::page::people::{Contacts, replies_in};
use crate::page::session::Session;
use crate::page::view::Closed;
use crate::page::{PageState, gather, view};
use crate::store::{Outgoing, StoreError, Surroundings};
use crate::transaction::{PartyRole, Transaction};

/// The time until awaited files are looked for, at first and at most. It doubles each time.
const FILE_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Reads again and again what is new, from where it stopped before.
pub(super) struct Reading {
    watched: Arc<Watched>,
    wakeups: Wakeups,
    people: People,
    grants: Arc<Grants>,
    file_pause: Duration,
    /// What was read last.
    last: News,
    /// The `upto` of the last news that was told.
    told_upto: i64,
    /// Whether the record was read at least once.
    has_begun: bool,
}

/// The people of the conversation, as far as they were found so far.
#[derive(Default)]
struct People {
    /// The contacts, as each side sees them.
    contacts: BTreeMap<PartyRole, ShownContacts>,
    /// The users as each face sees them, by the number of the face.
    casts: HashMap<usize, (Arc<Face>, Cast)>,
    /// The Matrix id of the room; `None` as long as there is no room.
    room: Option<String>,
}

/// The contacts of a record, as one side sees them.
struct ShownContacts {
    contacts: Contacts,
    /// How long the other side usually takes to reply, in milliseconds.
    reply_time: Option<i64>,
    /// The people as they were shown last.
    shown: Vec<Person>,
}

/// What is written once for all who see the same.
#[derive(Default)]
struct Written {
    lines: WrittenLines,
    seen: BTreeMap<(PartyRole, String), Option<Part>>,
    /// The sides for which the contacts were read.
    sides: BTreeSet<PartyRole>,
}

/// What was read of a record.
struct Found {
    surroundings: Surroundings,
    unsent: Vec<Outgoing>,
    lists: Vec<NewLines>,
    has_new_revision: bool,
}

impl News {
    /// Returns what a page gets that is opened later.
    pub(super) fn for_later(&self) -> Self {
        let faces = self.faces.iter().map(|(number, face)| {
            let (lines, invoice) = (Arc::default(), None);
            (*number, FaceNews { lines, invoice, parts: face.parts.clone(), closed: face.closed })
        });
        Self { from: self.upto, grants: None, faces: faces.collect(), ..*self }
    }
}

impl People {
    fn typing(&self, state: &PageState, cast: &Cast, reader: &Reader) -> Part {
        let room = self.room.as_deref();
        let typing = room.map(|room| gather::typing_in(state, cast, room)).unwrap_or_default();
        if typing.is_empty() {
            return Part::nobody_typing();
        }
        Part::new("typing", &json!({ "text": view::typing_text(&typing, reader) }))
    }
}

impl ShownContacts {
    /// Returns them as the visitor of this face sees them, who is this one of the cast.
    fn part(&self, cast: &Cast, face: &Face) -> Part {
        let Face { role, reader, .. } = face;
        let people = view::people(&self.shown, self.reply_time, *role, cast.own_guest(), reader);
        Part::html("people", people)
    }
}

impl Reading {
    /// Begins to read a record. The first read finds where the record ends, and only what is written
    /// after that is read for all pages. The positions of the pages play no part in it, because
    /// browsers send them, and a wrong one must not affect the other pages.
    pub(super) fn of(watched: Arc<Watched>) -> Self {
        let began = Instant::now();
        let hints = watched.state.store.hints().watch(watched.transaction);
        Self {
            watched,
            wakeups: Wakeups::new(hints, began),
            people: People::default(),
            grants: Arc::default(),
            file_pause: FILE_PAUSE.0,
            told_upto: 0,
            has_begun: false,
            last: News {
                began,
                grants: None,
                from: 0,
                upto: 0,
                revision: 0,
                faces: HashMap::new(),
            },
        }
    }

    /// Waits until there may be something new, and reads it. Returns `None` if nothing has changed.
    pub(super) async fn next(&mut self) -> Result<Option<News>, StoreError> {
        let wakeup = self.wakeups.next(&self.watched.joined).await;
        let news = match wakeup {
            // Most of the time nothing is read, so the memory for it is taken only now.
            Wakeup::Everything => Box::pin(self.read_everything()).await?,
            Wakeup::Typing => self.read_typing(),
            Wakeup::Presence => self.read_presence(),
        };
        let shows_more = |(number, face): (&usize, &FaceNews)| {
            let last = self.last.faces.get(number);
            !face.lines.is_empty()
                || last.is_none_or(|it| (it.closed, &it.parts) != (face.closed, &face.parts))
        };
        let has_changed = news.revision != self.last.revision
            || news.grants.as_ref().is_some_and(|grants| *grants != self.grants)
            || news.faces.iter().any(shows_more);
        self.last = news.for_later();
        if let Some(grants) = &news.grants {
            self.grants = Arc::clone(grants);
        }
        if has_changed {
            self.told_upto = news.upto;
        }
        Ok(has_changed.then_some(news))
    }

    /// Returns news in which nothing is new.
    fn nothing_new(&self) -> News {
        // A page may have been let in just before its grant was revoked.
        let grants = self.has_begun.then(|| Arc::clone(&self.grants));
        News { from: self.told_upto, grants, ..self.last.clone() }
    }

    fn read_typing(&self) -> News {
        let mut news = self.nothing_new();
        for (number, (face, cast)) in &self.people.casts {
            let typing = self.people.typing(&self.watched.state, cast, &face.reader);
            news.replace(*number, &typing);
        }
        news
    }

    fn read_presence(&mut self) -> News {
        let mut news = self.nothing_new();
        let state = &self.watched.state;
        for (role, side) in &mut self.people.contacts {
            side.contacts.ask(state);
            let people = side.contacts.people(state);
            if side.shown == people {
                continue;
            }
            side.shown = people;
            for (number, (face, cast)) in &self.people.casts {
                if face.role == *role {
                    news.replace(*number, &side.part(cast, face));
                }
            }
        }
        news
    }

    async fn read_everything(&mut self) -> Result<News, StoreError> {
        // Live pages may use only some of the connections to the database. People wait for the
        // answers of other requests.
        let watched = Arc::clone(&self.watched);
        let (state, id) = (&watched.state, watched.transaction);
        let _permit = state.limits.news_read().await;
        let began = Instant::now();
        self.wakeups.reads(began);
        // What was read before still holds the faces of pages that are closed by now.
        self.people.casts.clear();
        let faces = watched.faces();
        let grants = Grants::of(state.store.grants_with_sessions(id).await?);
        if let Some(end) = grants.next_end() {
            let left = u64::try_from(end.saturating_sub(now())).unwrap_or(0);
            self.wakeups.read_by(Instant::now() + Duration::from_millis(left));
        }
        let mut news = News {
            began,
            grants: Some(Arc::new(grants)),
            faces: HashMap::new(),
            ..self.nothing_new()
        };
        let Some(transaction) = state.store.transaction(id).await? else {
            let closed = |face: &Arc<Face>| (face.number, FaceNews::closed(Closed::SignedOut));
            news.faces = faces.iter().map(closed).collect();
            return Ok(news);
        };
        let found = self.find(&transaction, &mut news).await?;
        let (mut written, mut casts) = (Written::default(), HashMap::new());
        let mut known: Option<Cast> = None;
        // The transaction may be large, so it is handed on from face to face.
        let mut transaction = transaction;
        for face in faces {
            let session = match face.session(state, transaction) {
                Ok(session) => session,
                Err(back) => {
                    transaction = *back;
                    news.faces.insert(face.number, FaceNews::closed(Closed::Revoked));
                    continue;
                }
            };
            let Surroundings { guests, members, .. } = &found.surroundings;
            let known = known.get_or_insert_with(|| Cast::with(state, &session, guests, members));
            let cast = known.for_visitor(&session);
            let face_news = self.write(&found, &face, (&session, &cast), &mut written).await?;
            news.faces.insert(face.number, face_news);
            casts.insert(face.number, (face, cast));
            transaction = session.transaction;
            // Others may be waiting for this thread.
            tokio::task::yield_now().await;
        }
        self.people.casts = casts;
        let shown = |role: &PartyRole| self.people.casts.values().any(|(it, _)| it.role == *role);
        self.people.contacts.retain(|role, _| shown(role));
        Ok(news)
    }

    /// Reads what is new of the record.
    async fn find(
        &mut self,
        transaction: &Transaction,
        news: &mut News,
    ) -> Result<Found, StoreError> {
        let watched = Arc::clone(&self.watched);
        let (state, id) = (&watched.state, watched.transaction);
        // What the pages wrote is read for all of them, and the bot writes on no page.
        let nobody = state.config.bot_user_id();
        let surroundings = state.store.surroundings(id, &nobody, None).await?;
        let unsent = state.store.unsent_of_all(id).await?;
        if self.people.room != surroundings.room_id {
            self.people.room.clone_from(&surroundings.room_id);
            let room = self.people.room.as_deref();
            self.wakeups.typing = room.map(|room| state.moment.watch(room));
        }
        if !self.has_begun {
            self.has_begun = true;
            (news.from, news.upto) = (surroundings.seq, surroundings.seq);
            news.revision = transaction.version();
        }
        let mut lists = Vec::new();
        let awaited = std::mem::take(&mut *watched.awaited_files());
        let had_awaited = !awaited.is_empty();
        if had_awaited {
            lists.extend(NewLines::with_files(&state.store, id, awaited).await?);
        }
        if surroundings.seq > news.upto {
            let before = lists.len();
            lists.extend(NewLines::after(&state.store, id, &mut news.upto).await?);
            let mut new = lists.iter().skip(before);
            if new.any(|list| list.awaiting_files().next().is_some()) {
                self.file_pause = FILE_PAUSE.0;
            }
        }
        for list in &lists {
            watched.awaited_files().extend(list.awaiting_files().map(str::to_owned));
        }
        if !watched.awaited_files().is_empty() {
            self.wakeups.read_by(Instant::now() + self.file_pause);
            self.file_pause = (self.file_pause * 2).min(FILE_PAUSE.1);
        }
        let has_new_revision = transaction.version() != news.revision;
        news.revision = transaction.version();
        Ok(Found { surroundings, unsent, lists, has_new_revision })
    }

    /// Writes what was found as one face sees it.
    async fn write(
        &mut self,
        found: &Found,
        face: &Face,
        (session, cast): (&Session, &Cast),
        written: &mut Written,
    ) -> Result<FaceNews, StoreError> {
        let watched = Arc::clone(&self.watched);
        let (state, reader) = (&watched.state, &session.reader);
        let Found { surroundings, unsent, lists, has_new_revision } = found;
        if written.sides.insert(face.role) {
            self.read_contacts(surroundings, session).await?;
        }
        let people = self.people.contacts.get(&face.role).map(|it| it.part(cast, face));
        let write = || write_seen(surroundings, cast, reader);
        let seen = written.seen.entry((face.role, reader.locale.tag())).or_insert_with(write);
        let seen = seen.clone();
        let guest = session.guest.user_id.as_str();
        let own = unsent.iter().filter(|it| it.user_id == guest);
        let own = gather::unsent_of(own, surroundings, state, session);
        let unsent = view::unsent(&own, reader, &session.address());
        let mut parts = vec![Part::html("unsent", unsent), self.people.typing(state, cast, reader)];
        parts.extend(people);
        parts.extend(seen);
        let invoice = if *has_new_revision {
            Some(lines::invoice(state, (session, cast)).await?)
        } else {
            None
        };
        let lines = lines::write_for(lists, face, (session, cast), &mut written.lines);
        Ok(FaceNews { closed: None, lines, invoice, parts })
    }

    /// Reads the contacts as the side of this session sees them.
    async fn read_contacts(
        &mut self,
        surroundings: &Surroundings,
        session: &Session,
    ) -> Result<(), StoreError> {
        let state = &self.watched.state;
        let Surroundings { members, strangers, .. } = surroundings;
        let contacts = Contacts::of(state, session, members).with_strangers(state, strangers);
        let contacts = contacts.with_silenced(state, session).await?;
        if !self.people.contacts.contains_key(&session.visitor.role) {
            contacts.ask(state);
        }
        let reply_time = replies_in(surroundings, session);
        let shown = ShownContacts { shown: contacts.people(state), contacts, reply_time };
        self.people.contacts.insert(session.visitor.role, shown);
        Ok(())
    }
}

/// Writes how far the other party has read, which is the same for all of a party.
fn write_seen(surroundings: &Surroundings, cast: &Cast, reader: &Reader) -> Option<Part> {
    let (line, who) = gather::newest_seen(&surroundings.last_reads, cast)?;
    let text = view::seen_text(&who, reader);
    Some(Part::new("seen", &json!({ "event": line, "text": text })))
}
