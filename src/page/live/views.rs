//! Pages that show the same share one reading.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use ulid::Ulid;

use super::Position;
use super::reading::{AwaitedFiles, News, Reading};
use crate::page::PageState;
use crate::page::session::Session;
use crate::store::StoreError;

/// The greatest number of [`News`] that may wait for a page. If a page takes them more slowly, its
/// stream is closed, and its browser has to connect again.
const MAX_UNTAKEN_NEWS: usize = 16;
/// The number of pages that get the news before the next pause.
const PAGES_PER_PAUSE: usize = 16;
/// The pause between two groups of pages. A thousand pages take a quarter of a second, and other
/// requests are answered in the pauses.
const PUBLISH_PAUSE: Duration = Duration::from_millis(4);

/// What pages that show the same have in common: the transaction, the grant, and the language.
type ViewKey = (Ulid, Ulid, String);

/// Everything that is shown on open pages.
#[derive(Debug, Default)]
pub struct Views(Mutex<HashMap<ViewKey, View>>);

/// What is shown on open pages of one transaction, grant and language.
#[derive(Debug, Default)]
struct View {
    /// Distinguishes this view from earlier ones with the same key.
    id: Ulid,
    pages: Vec<mpsc::Sender<Arc<News>>>,
    last: Option<Arc<News>>,
    awaited_files: AwaitedFiles,
}

/// The news of one view, for one page.
#[derive(Debug)]
pub(super) struct NewsFeed {
    news: mpsc::Receiver<Arc<News>>,
    awaited_files: AwaitedFiles,
}

impl NewsFeed {
    /// Waits for the next news. Returns `None` when there will be no more.
    pub(super) async fn next(&mut self) -> Option<Arc<News>> {
        self.news.recv().await
    }

    /// Returns the lines whose files are awaited.
    pub(super) fn awaited_files(&self) -> AwaitedFiles {
        Arc::clone(&self.awaited_files)
    }
}

impl Views {
    /// Adds a page, which first gets the last news. If it is the first page of the view, reading
    /// begins at its position.
    pub(super) async fn join(
        state: &PageState,
        session: &Session,
        position: Position,
    ) -> Result<NewsFeed, StoreError> {
        let locale = session.reader.locale.tag();
        let key = (session.transaction.id, session.grant, locale);
        if let Some(view) = state.views.views().get_mut(&key) {
            return Ok(view.add_page());
        }
        let awaited_files = AwaitedFiles::default();
        let files = Arc::clone(&awaited_files);
        let reading = Reading::of(state.clone(), session, position, files).await?;
        let mut views = state.views.views();
        match views.entry(key.clone()) {
            // Another page has made the view in the meantime.
            Entry::Occupied(mut view) => Ok(view.get_mut().add_page()),
            Entry::Vacant(place) => {
                let id = Ulid::new();
                let view = View { id, awaited_files, ..View::default() };
                let feed = place.insert(view).add_page();
                tokio::spawn(Publisher { state: state.clone(), key, id }.run(reading));
                Ok(feed)
            }
        }
    }

    fn views(&self) -> MutexGuard<'_, HashMap<ViewKey, View>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn add_page(&mut self) -> NewsFeed {
        let (page, news) = mpsc::channel(MAX_UNTAKEN_NEWS);
        if let Some(last) = &self.last {
            page.try_send(Arc::clone(last)).ok();
        }
        self.pages.push(page);
        NewsFeed { news, awaited_files: Arc::clone(&self.awaited_files) }
    }
}

/// Sends news to the pages of a view as long as there are any. When it ends for any reason, the
/// streams of the pages end as well, and their browsers connect again.
struct Publisher {
    state: PageState,
    key: ViewKey,
    id: Ulid,
}

impl Publisher {
    async fn run(self, mut reading: Reading) {
        while !self.has_ended() {
            let news = tokio::select! {
                () = self.state.stop.cancelled() => return,
                news = reading.next() => news,
            };
            match news {
                Ok(Some(news)) => {
                    let is_over = news.closed.is_some();
                    self.publish(&Arc::new(news)).await;
                    if is_over {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot read the news of open pages");
                    return;
                }
            }
        }
    }

    /// Removes the view if all its pages are closed. Returns whether there is no view any more.
    fn has_ended(&self) -> bool {
        let mut views = self.state.views.views();
        let Some(view) = views.get_mut(&self.key) else { return true };
        view.pages.retain(|page| !page.is_closed());
        let has_ended = view.pages.is_empty();
        if has_ended {
            views.remove(&self.key);
        }
        has_ended
    }

    /// Sends news to every page, and closes the streams of the pages that are too slow.
    async fn publish(&self, news: &Arc<News>) {
        let pages = {
            let mut views = self.state.views.views();
            let Some(view) = views.get_mut(&self.key) else { return };
            // A page that is added from now on gets the news from here.
            view.last = Some(Arc::clone(news));
            view.pages.clone()
        };
        let mut slow = Vec::new();
        for group in pages.chunks(PAGES_PER_PAUSE) {
            let is_slow = |page: &&mpsc::Sender<_>| page.try_send(Arc::clone(news)).is_err();
            slow.extend(group.iter().filter(is_slow));
            if pages.len() > PAGES_PER_PAUSE {
                tokio::time::sleep(PUBLISH_PAUSE).await;
            }
        }
        if !slow.is_empty()
            && let Some(view) = self.state.views.views().get_mut(&self.key)
        {
            view.pages.retain(|page| !slow.iter().any(|slow| slow.same_channel(page)));
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let mut views = self.state.views.views();
        if views.get(&self.key).is_some_and(|view| view.id == self.id) {
            views.remove(&self.key);
        }
    }
}
