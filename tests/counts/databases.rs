//! Runs a counted story on each database, one story at a time.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::Runtime;

use crate::bench::{self, Bench};
use crate::commits::Commits;
use crate::counting::{self, Counted, Seen};

/// Everything in this process is counted, so the next story waits.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A new database whose statements and commits can be counted.
pub struct Database {
    pub bench: Bench,
    commits: Commits,
    url: String,
}

impl Database {
    async fn open(url: &str) -> Self {
        let bench = Bench::open(url).await;
        Self { bench, commits: Commits::of(url).await, url: url.to_owned() }
    }

    /// Opens the database once more, as another process does.
    pub async fn opened_elsewhere(&self) -> Bench {
        Bench::open(&self.url).await
    }

    /// Does some work. Returns what it gave and what it took. Nothing else may use a database
    /// meanwhile.
    pub async fn count<T>(&mut self, work: impl Future<Output = T>) -> (T, Counted) {
        let before = self.commits.begin().await;
        counting::begin();
        let done = work.await;
        let Seen { statements, notices } = counting::end();
        let commits = self.commits.end().await - before;
        (done, Counted { statements, commits, notices })
    }
}

/// Runs a story on SQLite, and on PostgreSQL if `TALLYROOM_TEST_POSTGRES` names a server.
pub fn on_each_database(story: impl AsyncFn(&mut Database)) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    run(&bench::sqlite(folder.path()), &story);
    if has_postgres() {
        run(&bench::postgres(), &story);
    }
}

/// Runs a story on PostgreSQL if `TALLYROOM_TEST_POSTGRES` names a server.
pub fn on_postgres(story: impl AsyncFn(&mut Database)) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if has_postgres() {
        run(&bench::postgres(), &story);
    }
}

fn has_postgres() -> bool {
    std::env::var_os("TALLYROOM_TEST_POSTGRES").is_some()
}

fn run(url: &str, story: &impl AsyncFn(&mut Database)) {
    let (kind, _) = url.split_once(':').unwrap();
    println!("on {kind}:");
    Runtime::new().unwrap().block_on(async {
        let mut database = Database::open(url).await;
        story(&mut database).await;
        database.bench.store.close().await;
    });
}
