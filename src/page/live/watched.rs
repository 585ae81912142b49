//! What the pages of a record and the task that tells them have in common.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast};
use ulid::Ulid;

use super::faces::{Face, Faces};
use super::news::News;
use crate::page::PageState;
use crate::page::session::Session;

/// A record that at least one open page shows.
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

impl Watched {
    pub(super) fn new(state: PageState, transaction: Ulid) -> Self {
        let (shown, awaited_files) = (Mutex::default(), Mutex::default());
        Self { state, transaction, shown, awaited_files, joined: Notify::new() }
    }

    /// Adds a page, which first gets what was told last.
    pub(super) fn add_page(
        self: &Arc<Self>,
        session: &Session,
        news: &broadcast::Sender<Arc<News>>,
    ) -> NewsFeed {
        let mut shown = self.shown();
        let face = shown.faces.of(session);
        let news_of_face = shown.last.as_ref().and_then(|last| last.faces.get(&face.number));
        if news_of_face.is_none_or(|news| news.closed.is_some()) {
            self.joined.notify_one();
        }
        // Nothing is told in between, because telling takes the same lock.
        let (last, news) = (shown.last.clone(), news.subscribe());
        NewsFeed { watched: Arc::clone(self), face, last, news }
    }

    /// Tells the news to every page.
    pub(super) fn publish(&self, news: News, pages: &broadcast::Sender<Arc<News>>) {
        let mut shown = self.shown();
        shown.last = Some(Arc::new(news.for_later()));
        // It fails if there is no page any more.
        pages.send(Arc::new(news)).ok();
    }

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
