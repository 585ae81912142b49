//! All SQL, one file per group of tables. One set of queries serves SQLite and PostgreSQL.

mod acts;
mod adoption;
mod audits;
mod chat;
mod columns;
mod contacts;
mod entries;
mod entry_columns;
mod entry_row;
mod erasure;
mod facts;
mod far;
mod file_acts;
mod files;
mod foreign;
mod gaps;
mod grants;
mod heads;
mod hints;
mod journal;
mod members;
mod outgoing;
mod polls;
mod problems;
mod read_once;
mod restores;
mod revisions;
mod room_row;
mod rooms;
mod search;
mod send_key;
mod sends;
mod sessions;
mod snapshot;
mod stored_values;
mod successors;
mod transaction_changes;
mod transaction_row;
mod transactions;
mod twice_kept;
mod unsolved;
mod watching;
mod witnessings;

pub use acts::Asked;
pub use audits::KnownEvent;
pub use chat::Receipt;
pub use entries::Deriving;
pub use far::FarInvitation;
pub use files::{DueFile, FileRow};
pub use foreign::{Departure, FOREIGN_EVENTS, FOREIGN_ROOMS_LEFT};
pub use gaps::Gap;
pub use grants::{GrantRow, NewGrant, Way};
pub use heads::HeadRow;
pub use hints::Hints;
pub use journal::{Arrival, JournalRow, Kept, Source, Underived};
pub use members::Person;
pub use outgoing::{GuestRow, NewOutgoing, Outgoing};
pub use problems::RoomProblem;
pub use read_once::{ReadOnce, Weight};
pub use revisions::PastTerms;
pub use room_row::RoomRow;
pub use rooms::new_alias;
pub use search::{SearchPage, SearchRequest};
pub use send_key::SendKey;
pub use sends::SendState;
pub use snapshot::Snapshot;
pub use successors::{LostSuccessor, RecordRoom};
pub use transaction_changes::{Change, Changed, Created, NewRevision, Original};
pub use transactions::Page;
pub use unsolved::{Problem, TakenUp};
pub use witnessings::Witnessing;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor};

use self::transaction_row::Said;
use crate::clock::now;
use crate::config::{DatabaseConfig, DatabaseKind};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Gone with an uncommitted one: nothing happened.
pub type Tx = sqlx::Transaction<'static, Any>;

/// What the database answered when it could not do as asked.
pub type StoreError = sqlx::Error;

/// How long a call may wait for a free connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long after something new a head is signed, unless the config says something else.
const SIGN_AFTER_MS: i64 = 60 * 60_000;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    /// For whatever is begun. SQLite lets one write at a time, and has the others look again and again
    /// whether it is their turn: here they wait in line for its one connection.
    writing: AnyPool,
    kind: DatabaseKind,
    hints: Arc<Hints>,
    /// What shops said, as it was read.
    said: Arc<ReadOnce<Said>>,
    /// How long after something new a head is signed, in milliseconds.
    sign_after: i64,
}

impl Store {
    /// The same database; heads are signed so long after something new, in milliseconds.
    #[must_use]
    pub fn signing_after(self, milliseconds: i64) -> Self {
        Self { sign_after: milliseconds, ..self }
    }

    /// Opens the database, makes it durable, and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached or opened, or its schema is newer than this program.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let kind = config.url.kind();
        if kind == DatabaseKind::Sqlite {
            make_private_file(config.url.expose())?;
        }
        let options = AnyConnectOptions::from_str(config.url.expose())?;
        // The pool would try again until a call has waited for too long, and not say why.
        let first = tokio::time::timeout(ACQUIRE_TIMEOUT, AnyConnection::connect_with(&options));
        first.await.context("no answer in time")??.close().await?;
        let pool = pool_options(kind, config.max_connections).connect_with(options.clone()).await?;
        let writing = match kind {
            DatabaseKind::Sqlite => pool_options(kind, 1).connect_lazy_with(options),
            DatabaseKind::Postgres => pool.clone(),
        };
        MIGRATIONS.run(&pool).await?;
        let store = Self {
            pool,
            writing,
            kind,
            hints: Arc::default(),
            said: Arc::default(),
            sign_after: SIGN_AFTER_MS,
        };
        store.prepare_search().await?;
        Ok(store)
    }

    /// The same database, by so many connections that nobody else takes. They are opened when they
    /// are needed.
    ///
    /// # Errors
    /// When there can be no such database.
    pub fn apart(&self, config: &DatabaseConfig, connections: u32) -> Result<Self, StoreError> {
        let options = AnyConnectOptions::from_str(config.url.expose())?;
        let pool = pool_options(self.kind, connections).connect_lazy_with(options);
        let writing = match self.kind {
            DatabaseKind::Sqlite => self.writing.clone(),
            DatabaseKind::Postgres => pool.clone(),
        };
        Ok(Self { pool, writing, ..self.clone() })
    }

    /// Begins a tx that will write.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.writing
            .begin_with(match self.kind {
                // Take the write lock at once; a read that upgrades later may find it gone.
                DatabaseKind::Sqlite => "BEGIN IMMEDIATE",
                DatabaseKind::Postgres => "BEGIN",
            })
            .await
    }

    /// Hints that there is work.
    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Writes something that takes space, to see whether that can be done.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn write_something(&self) -> Result<(), StoreError> {
        match self.kind {
            // Whatever is written makes the write-ahead log longer.
            DatabaseKind::Sqlite => self.set_fact("written_at", &now().to_string()).await,
            // What only changes a row finds space on a full disk, too: that of an older version of
            // it. A new table needs a new file, and is nothing that a backup could hold a lock on.
            DatabaseKind::Postgres => {
                let mut tx = self.begin().await?;
                for write in [
                    "CREATE TABLE write_probe (filling BIGINT)",
                    "INSERT INTO write_probe VALUES (1)",
                    "DROP TABLE write_probe",
                ] {
                    tx.execute(write).await?;
                }
                tx.commit().await
            }
        }
    }

    /// Waits for running queries and closes all connections.
    pub async fn close(&self) {
        self.writing.close().await;
        self.pool.close().await;
    }
}

/// How connections are kept.
fn pool_options(kind: DatabaseKind, connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // SQLite rolls a tx back by itself when the disk is full or fails, and sqlx still counts it
        // as open then: every later tx on that connection would fail.
        .after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // What was dropped uncommitted is rolled back before this is answered.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                match kind {
                    // FULL: a commit that returned survives a power cut. secure_delete: what is
                    // erased is not left in free pages of the file.
                    DatabaseKind::Sqlite => {
                        connection
                            .execute(
                                "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; \
                                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                                 PRAGMA secure_delete = ON",
                            )
                            .await?;
                    }
                    DatabaseKind::Postgres => {
                        connection.execute("SET synchronous_commit = on").await?;
                    }
                }
                Ok(())
            })
        })
}

/// Makes the database file on first use, for its owner only: it holds what people said. SQLite
/// gives the files beside it the same mode.
fn make_private_file(url: &str) -> std::io::Result<()> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    // As `DatabaseUrl` wrote them.
    let path = &path.replace("%3F", "?").replace("%23", "#").replace("%25", "%");
    if path.is_empty() || path == ":memory:" {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) async fn opened(folder: &std::path::Path) -> Store {
        let file = folder.join("tallyroom.db");
        let config: DatabaseConfig = serde_json::from_value(serde_json::json!({
            "url": format!("sqlite:{}", file.display()), "max_connections": 2,
        }))
        .unwrap();
        Store::open(&config).await.unwrap()
    }

    #[tokio::test]
    async fn when_there_is_space_again_every_connection_works_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        for _ in 0..3 {
            let mut tx = store.begin().await.unwrap();
            // As if the disk were full: the file may not grow. SQLite rolls back by itself then.
            sqlx::query("PRAGMA max_page_count = 1").execute(&mut *tx).await.unwrap();
            let write = "INSERT INTO facts (name, value) VALUES ($1, $2)";
            let mut outcome = Ok(());
            for number in 0..10_000 {
                let write = sqlx::query(write).bind(format!("n{number}")).bind("x".repeat(2_000));
                if let Err(error) = write.execute(&mut *tx).await {
                    outcome = Err(error);
                    break;
                }
            }
            assert!(outcome.unwrap_err().to_string().contains("full"));
            drop(tx);
        }
        for _ in 0..10 {
            store.set_fact("after", "all").await.unwrap();
            store.begin().await.unwrap().commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_opened_is_told_at_once() {
        let config: DatabaseConfig = serde_json::from_value(serde_json::json!({
            "url": "postgres://nobody@127.0.0.1:1/nothing", "max_connections": 1,
        }))
        .unwrap();
        let before = std::time::Instant::now();
        let error = Store::open(&config).await.unwrap_err();
        assert!(before.elapsed() < Duration::from_secs(10));
        assert!(format!("{error:#}").contains("refused"), "{error:#}");
    }
}
