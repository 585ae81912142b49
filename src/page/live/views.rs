//! The records that open pages show. A task for each of them tells all its pages.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use ulid::Ulid;

use super::look::look_forever;
use super::news::News;
use super::reading::Reading;
use super::watched::{NewsFeed, Watched};
use crate::page::PageState;
use crate::page::session::Session;

/// The greatest number of [`News`] that may wait for a page. If a page takes them more slowly, its
/// stream is closed, and its browser has to connect again.
const MAX_UNTAKEN_NEWS: usize = 16;

/// Everything that is shown on open pages.
#[derive(Debug, Default)]
pub struct Views {
    records: Mutex<HashMap<Ulid, Record>>,
    /// Whether the task runs that looks for what was written without a hint.
    is_looking: AtomicBool,
}

/// A record that at least one open page shows.
#[derive(Debug)]
struct Record {
    watched: Arc<Watched>,
    news: broadcast::Sender<Arc<News>>,
}

impl Views {
    /// Adds a page. If it is the first page of the record, reading begins at the present end of the
    /// record.
    pub(super) fn join(state: &PageState, session: &Session) -> NewsFeed {
        if !state.views.is_looking.swap(true, Ordering::Relaxed) {
            tokio::spawn(look_forever(state.clone()));
        }
        let mut records = state.views.records();
        let record = match records.entry(session.transaction.id) {
            Entry::Occupied(record) => record.into_mut(),
            Entry::Vacant(place) => {
                let watched = Arc::new(Watched::new(state.clone(), session.transaction.id));
                let news = broadcast::channel(MAX_UNTAKEN_NEWS).0;
                let reading = Reading::of(Arc::clone(&watched));
                let publisher = Publisher { watched: Arc::clone(&watched), news: news.clone() };
                tokio::spawn(publisher.run(reading));
                place.insert(Record { watched, news })
            }
        };
        record.watched.add_page(session, &record.news)
    }

    /// Returns the transactions that open pages show.
    pub(super) fn watched(&self) -> BTreeSet<Ulid> {
        self.records().keys().copied().collect()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Ulid, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
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
                Ok(Some(news)) => self.watched.publish(news, &self.news),
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
