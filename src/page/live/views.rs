//! The records that open pages show. A task for each of them tells all its pages.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast};
use ulid::Ulid;

use super::Position;
use super::faces::{Face, Faces};
use super::look::look_forever;
use super::news::News;
use super::reading::Reading;
use crate::page::PageState;
use crate::page::session::Session;

/// The greatest number of [`News`] that may wait for a page. If a page takes them more slowly, its
/// stream is closed, and its browser has to connect again.
const MAX_UNTAKEN_NEWS: usize = 16;

/// Everything that is shown on open pages.
#[derive(Debug, Default)]
pub struct Views {
    records: Mutex<HashMap<Ulid, Record>>,
    /// Whether the task runs that looks for what other processes wrote.
    is_looking: AtomicBool,
}

/// A record that at least one open page shows.
#[derive(Debug)]
struct Record {
    watched: Arc<Watched>,
    news: broadcast::Sender<Arc<News>>,
}

/// What the pages of a record and its task share.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) state: PageState,
    pub(super) transaction: Ulid,
    shown: Mutex<Shown>,
    /// The event ids of the lines whose files had not been fetched when the lines were sent.
    awaited_files: Mutex<BTreeSet<String>>,
    /// Is notified when a page is opened for which nothing is known so far.
    pub(super) joined: Notify,
}

#[derive(Debug, Default)]
struct Shown {
    faces: Faces,
    /// What was told last, without what is only for those who were there.
    last: Option<Arc<News>>,
}

/// The news of a record, for one page.
pub(super) struct NewsFeed {
    pub(super) watched: Arc<Watched>,
    pub(super) face: Arc<Face>,
    /// What was told last.
    pub(super) last: Option<Arc<News>>,
    pub(super) news: broadcast::Receiver<Arc<News>>,
}

impl Views {
    /// Adds a page. If it is the first page of the record, reading begins at its position.
    pub(super) fn join(state: &PageState, session: &Session, position: Position) -> NewsFeed {
        if !state.views.is_looking.swap(true, Ordering::Relaxed) {
            tokio::spawn(look_forever(state.clone()));
        }
        let mut records = state.views.records();
        let record = match records.entry(session.transaction.id) {
            Entry::Occupied(record) => record.into_mut(),
            Entry::Vacant(place) => {
                let watched = Arc::new(Watched {
                    state: state.clone(),
                    transaction: session.transaction.id,
                    shown: Mutex::default(),
                    awaited_files: Mutex::default(),
                    joined: Notify::new(),
                });
                let news = broadcast::channel(MAX_UNTAKEN_NEWS).0;
                let reading = Reading::of(Arc::clone(&watched), position);
                let publisher = Publisher { watched: Arc::clone(&watched), news: news.clone() };
                tokio::spawn(publisher.run(reading));
                place.insert(Record { watched, news })
            }
        };
        record.add_page(session)
    }

    /// Returns the transactions that open pages show.
    pub(super) fn watched(&self) -> BTreeSet<Ulid> {
        self.records().keys().copied().collect()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Ulid, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn add_page(&self, session: &Session) -> NewsFeed {
        let mut shown = self.watched.shown();
        let (face, _) = shown.faces.of(session);
        let news_of_face = shown.last.as_ref().and_then(|last| last.faces.get(&face.number));
        if news_of_face.is_none_or(|news| news.closed.is_some()) {
            self.watched.joined.notify_one();
        }
        NewsFeed {
            watched: Arc::clone(&self.watched),
            face,
            last: shown.last.clone(),
            // Nothing is told in between, because telling takes the same lock.
            news: self.news.subscribe(),
        }
    }
}

impl Watched {
    /// Returns the faces that pages show.
    pub(super) fn faces(&self) -> Vec<Arc<Face>> {
        self.shown().faces.shown()
    }

    /// Returns the event ids of the lines whose files are awaited.
    pub(super) fn awaited_files(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.awaited_files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the pages of a record the news as long as there are any pages. When it ends for any reason,
/// the streams of the pages end as well, and their browsers connect again.
struct Publisher {
    watched: Arc<Watched>,
    news: broadcast::Sender<Arc<News>>,
}

impl Publisher {
    async fn run(self, mut reading: Reading) {
        while !self.has_ended() {
            let news = tokio::select! {
                () = self.watched.state.stop.cancelled() => return,
                news = reading.next() => news,
            };
            match news {
                Ok(Some(news)) => self.publish(news),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot read the news of open pages");
                    return;
                }
            }
        }
    }

    /// Removes the record if all its pages are closed. Returns whether it did.
    fn has_ended(&self) -> bool {
        let mut records = self.watched.state.views.records();
        let has_ended = self.news.receiver_count() == 0;
        if has_ended {
            self.remove_from(&mut records);
        }
        has_ended
    }

    /// Tells the news to every page.
    fn publish(&self, news: News) {
        let mut shown = self.watched.shown();
        shown.last = Some(Arc::new(news.for_later()));
        // It fails if there is no page any more.
        self.news.send(Arc::new(news)).ok();
    }

    fn remove_from(&self, records: &mut HashMap<Ulid, Record>) {
        let id = self.watched.transaction;
        if records.get(&id).is_some_and(|it| self.news.same_channel(&it.news)) {
            records.remove(&id);
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.remove_from(&mut self.watched.state.views.records());
    }
}
