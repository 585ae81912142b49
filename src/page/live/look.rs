//! Looks for what was written about the records of open pages without a hint.
//!
//! This process gives itself hints ([`Hints`](crate::store::Hints)), and on PostgreSQL it hears those of
//! others. On SQLite, a command such as `tallyroom forget` cannot give any, and a notice may be lost.
//! So all records with open pages are looked at together, with one statement for each 500. It costs
//! the same whether one page shows a record or a thousand do.

use std::collections::HashMap;
use std::time::Duration;

use ulid::Ulid;

use crate::page::PageState;
use crate::store::Marks;

/// How often the records are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Looks at the records again and again, and gives a hint for each one that has changed.
pub(super) async fn look_forever(state: PageState) {
    let mut known: HashMap<Ulid, Marks> = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = state.stop.cancelled() => return,
        }
        let watched = state.views.watched();
        known.retain(|id, _| watched.contains(id));
        if watched.is_empty() {
            continue;
        }
        let watched: Vec<Ulid> = watched.into_iter().collect();
        match state.store.marks(&watched).await {
            Ok(marks) => {
                for (id, marks) in marks {
                    // What is looked at for the first time may have changed since its page was
                    // opened.
                    if known.insert(id, marks) != Some(marks) {
                        state.store.hints().changed_elsewhere(id);
                    }
                }
            }
            Err(error) => tracing::error!(%error, "cannot look for news of open pages"),
        }
    }
}
