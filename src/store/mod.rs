//! All SQL, one file per group of tables. One set of queries serves SQLite and PostgreSQL.

mod audits;
mod chat;
mod columns;
mod entries;
mod erasure;
mod facts;
mod far;
mod files;
mod foreign;
mod grants;
mod heads;
mod hints;
mod journal;
mod members;
mod outgoing;
mod polls;
mod problems;
mod revisions;
mod rooms;
mod search;
mod sends;
mod snapshot;
mod successors;
mod transactions;
mod unsolved;
mod watching;

pub use audits::KnownEvent;
pub use chat::Receipt;
pub use entries::Deriving;
pub use far::FarInvitation;
pub use files::{DueFile, FileRow};
pub use foreign::{Departure, FOREIGN_EVENTS, FOREIGN_ROOMS_LEFT};
pub use grants::{GrantRow, NewGrant, Way};
pub use heads::HeadRow;
pub use hints::Hints;
pub use journal::{Arrival, Gap, JournalRow, Kept, Source, Underived};
pub use members::Person;
pub use outgoing::{GuestRow, NewOutgoing, Outgoing};
pub use problems::RoomProblem;
pub use revisions::PastTerms;
pub use rooms::{RoomRow, new_alias};
pub use search::{SearchPage, SearchRequest};
pub use sends::SendState;
pub use snapshot::Snapshot;
pub use successors::{LostSuccessor, RecordRoom};
pub use transactions::{Change, Changed, Created, NewRevision, Original, Page, RevisionRow};
pub use unsolved::{Problem, TakenUp};

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, Executor};

use crate::config::{DatabaseConfig, DatabaseKind};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Gone with an uncommitted one: nothing happened.
pub type Tx = sqlx::Transaction<'static, Any>;

/// What the database answered when it could not do as asked.
pub type StoreError = sqlx::Error;

/// How long a call may wait for a free connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    kind: DatabaseKind,
    hints: Arc<Hints>,
}

impl Store {
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
        let pool = AnyPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
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
            .connect_with(options)
            .await?;
        MIGRATIONS.run(&pool).await?;
        let store = Self { pool, kind, hints: Arc::default() };
        store.prepare_search().await?;
        Ok(store)
    }

    /// Begins a tx that will write.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.pool
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

    /// Answers if the database does.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(drop)
    }

    /// Waits for running queries and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
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

/// Milliseconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
