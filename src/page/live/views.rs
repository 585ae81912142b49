//! Readings that pages share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use ulid::Ulid;

use super::Stands;
use super::reading::{Look, Reading, Waiting};
use crate::page::PageState;
use crate::page::session::Session;
use crate::store::StoreError;

/// How many looks a page may be behind in taking them. Whoever is further behind has to come back.
const MOST_BEHIND: usize = 16;
/// Pages that are told at once ...
const TOLD_AT_ONCE: usize = 16;
/// ... before the next ones are: a thousand pages take a quarter of a second, in which others are
/// answered, too.
const TELLING_PAUSE: Duration = Duration::from_millis(4);

/// What pages have in common that show the same: the transaction, the grant, and the language.
type Same = (Ulid, Ulid, String);

/// What is looked at, for whom.
#[derive(Debug, Default)]
pub struct Views(Mutex<HashMap<Same, View>>);

#[derive(Debug, Default)]
struct View {
    /// Names it among those that had the same key before.
    id: Ulid,
    pages: Vec<mpsc::Sender<Arc<Look>>>,
    last: Option<Arc<Look>>,
    waiting: Waiting,
}

/// The looks at one view, for one page.
#[derive(Debug)]
pub(super) struct Looks {
    looks: mpsc::Receiver<Arc<Look>>,
    waiting: Waiting,
}

impl Looks {
    /// The next one; none if there will be no more.
    pub(super) async fn next(&mut self) -> Option<Arc<Look>> {
        self.looks.recv().await
    }

    /// Lines whose files these looks wait for.
    pub(super) fn waiting(&self) -> Waiting {
        Arc::clone(&self.waiting)
    }
}

impl Views {
    /// Tells one more page, from the last look on. The first one has the reading begin where it
    /// stands.
    pub(super) async fn join(
        state: &PageState,
        session: &Session,
        stands: Stands,
    ) -> Result<Looks, StoreError> {
        let locale = session.reader.locale.tag();
        let same = (session.transaction.id, session.grant, locale);
        if let Some(view) = state.views.views().get_mut(&same) {
            return Ok(view.page());
        }
        let waiting = Waiting::default();
        let reading = Reading::of(state.clone(), session, stands, Arc::clone(&waiting)).await?;
        let mut views = state.views.views();
        match views.entry(same.clone()) {
            // Another page was faster.
            Entry::Occupied(mut view) => Ok(view.get_mut().page()),
            Entry::Vacant(place) => {
                let id = Ulid::new();
                let view = View { id, waiting, ..View::default() };
                let looks = place.insert(view).page();
                tokio::spawn(Telling { state: state.clone(), same, id }.tell(reading));
                Ok(looks)
            }
        }
    }

    fn views(&self) -> MutexGuard<'_, HashMap<Same, View>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn page(&mut self) -> Looks {
        let (page, looks) = mpsc::channel(MOST_BEHIND);
        if let Some(last) = &self.last {
            page.try_send(Arc::clone(last)).ok();
        }
        self.pages.push(page);
        Looks { looks, waiting: Arc::clone(&self.waiting) }
    }
}

/// Looks as long as there are pages, and tells them. Whatever ends it, the pages end with it, and
/// their browsers come back.
struct Telling {
    state: PageState,
    same: Same,
    id: Ulid,
}

impl Telling {
    async fn tell(self, mut reading: Reading) {
        while !self.is_left() {
            let look = tokio::select! {
                () = self.state.stop.cancelled() => return,
                look = reading.next() => look,
            };
            match look {
                Ok(Some(look)) => {
                    let is_over = look.closed.is_some();
                    self.publish(&Arc::new(look)).await;
                    if is_over {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "open pages could not be told their news");
                    return;
                }
            }
        }
    }

    /// Whether all pages are closed; then there is no such view any more.
    fn is_left(&self) -> bool {
        let mut views = self.state.views.views();
        let Some(view) = views.get_mut(&self.same) else { return true };
        view.pages.retain(|page| !page.is_closed());
        let is_left = view.pages.is_empty();
        if is_left {
            views.remove(&self.same);
        }
        is_left
    }

    async fn publish(&self, look: &Arc<Look>) {
        let pages = {
            let mut views = self.state.views.views();
            let Some(view) = views.get_mut(&self.same) else { return };
            // Who joins from now on has it from here.
            view.last = Some(Arc::clone(look));
            view.pages.clone()
        };
        let mut slow = Vec::new();
        for some in pages.chunks(TOLD_AT_ONCE) {
            let is_slow = |page: &&mpsc::Sender<_>| page.try_send(Arc::clone(look)).is_err();
            slow.extend(some.iter().filter(is_slow));
            if pages.len() > TOLD_AT_ONCE {
                tokio::time::sleep(TELLING_PAUSE).await;
            }
        }
        if !slow.is_empty()
            && let Some(view) = self.state.views.views().get_mut(&self.same)
        {
            view.pages.retain(|page| !slow.iter().any(|it| it.same_channel(page)));
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let mut views = self.state.views.views();
        if views.get(&self.same).is_some_and(|view| view.id == self.id) {
            views.remove(&self.same);
        }
    }
}
