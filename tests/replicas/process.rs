//! A process on a database, as far as notices are concerned.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tallyroom::notices::{Notice, Work};
use tallyroom::store::{Hint, Store};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use ulid::Ulid;

use crate::bench::{self, Bench};

/// Longer than any story takes.
const MAX_TIME: Duration = Duration::from_secs(120);
/// How long a worker at least waits for a hint if it hears the other processes.
const LONG_PATIENCE: Duration = Duration::from_secs(5);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs a story on a new PostgreSQL database.
pub fn on_postgres(story: impl AsyncFn(&str)) {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        tokio::time::timeout(MAX_TIME, story(&url)).await.expect("the story does not end");
    });
}

pub struct Process {
    pub bench: Bench,
    pub store: Store,
    heard: mpsc::UnboundedReceiver<Notice>,
    _stop: DropGuard,
}

impl Process {
    /// Starts a process, and waits until it hears the others.
    pub async fn start(url: &str) -> Self {
        let bench = Bench::open(url).await;
        let (store, stop) = (bench.store.clone(), CancellationToken::new());
        let (sender, heard) = mpsc::unbounded_channel();
        tokio::spawn(store.clone().send_notices_forever(stop.clone()));
        let hear = move |_, notice| drop(sender.send(notice));
        tokio::spawn(store.clone().hear_notices_forever(hear, stop.clone()));
        // Whoever begins to listen looks for everything.
        for work in Work::ALL {
            store.hints().of(work).notified().await;
        }
        let process = Self { bench, store, heard, _stop: stop.drop_guard() };
        process.until_it_hears().await;
        process
    }

    /// Waits until the process knows that it hears the others, because it heard its own beat.
    pub async fn until_it_hears(&self) {
        while self.store.hints().patience() < LONG_PATIENCE {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Opens the database as a command does, which neither hears nor sends by itself.
    pub async fn without_tasks(url: &str) -> Self {
        let bench = Bench::open(url).await;
        let (store, stop) = (bench.store.clone(), CancellationToken::new());
        Self { bench, store, heard: mpsc::unbounded_channel().1, _stop: stop.drop_guard() }
    }

    pub fn hint(&self, work: Work) -> &Hint {
        self.store.hints().of(work)
    }

    /// Returns what an open page of a transaction waits for.
    pub fn page(&self, transaction: Ulid) -> watch::Receiver<()> {
        let mut page = self.store.hints().watch(transaction);
        page.mark_unchanged();
        page
    }

    /// Returns what another process says next, without the beats.
    pub async fn next(&mut self) -> Notice {
        loop {
            match self.heard.recv().await.unwrap() {
                Notice::Beat => {}
                notice => return notice,
            }
        }
    }

    /// Waits until another process says this.
    pub async fn until(&mut self, expected: &Notice) {
        while self.next().await != *expected {}
    }

    /// Returns what was heard since, without the beats.
    pub fn heard_so_far(&mut self) -> Vec<Notice> {
        let heard = std::iter::from_fn(|| self.heard.try_recv().ok());
        heard.filter(|notice| *notice != Notice::Beat).collect()
    }

    /// Ends all connections of the database whose last statement is like this.
    pub async fn lose_connections(&self, statement: &str) {
        self.sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'tallyroom notices' \
             AND query LIKE '{statement}'"
        ))
        .await;
    }

    /// Executes a statement with a connection of its own.
    pub async fn sql(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.bench.url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}
