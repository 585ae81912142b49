//! All SQL statements, one file for each group of tables. The same statements serve SQLite and
//! PostgreSQL.

mod acts;
mod admin_room;
mod adoption;
mod alias;
mod api_keys;
mod arrival;
mod arrived_mails;
mod attached_files;
mod audit_log;
mod audits;
mod bot_rooms;
mod chat;
mod columns;
mod commit;
mod condition;
mod contacts;
mod database_file;
mod deriving;
mod due_rooms;
mod effects;
mod entries;
mod entry_columns;
mod entry_row;
mod erasure;
mod event_subjects;
mod events;
mod facts;
mod far_invitations;
mod file_acts;
mod files;
mod first_pages;
mod foreign;
mod gaps;
mod grants;
mod heads;
mod hints;
mod indexing;
mod journal;
mod known_rooms;
mod leases;
mod link_requests;
mod listing;
mod mail_contacts;
mod mail_events;
mod mails;
mod many_rows;
mod members;
mod notes;
mod notices;
mod old_rows;
mod outgoing;
mod overdue;
mod own_connection;
mod packed_rows;
mod payments;
mod polls;
mod problem_list;
mod progress;
mod questions;
mod read_once;
mod receipts;
mod redundant_columns;
mod refused_steps;
mod reminders;
mod repeated_calls;
mod replies;
mod restores;
mod revision_dates;
mod revisions;
mod room_changes;
#[cfg(test)]
mod room_columns;
mod room_commands;
mod room_row;
mod rooms;
mod rush;
mod search;
mod search_rows;
mod send_key;
mod sends;
mod sessions;
mod settled;
mod shop_messages;
mod shown_lines;
mod silenced_addresses;
mod snapshot;
mod stored_values;
mod subscriptions;
mod successors;
mod surroundings;
mod transaction_changes;
mod transaction_row;
mod transactions;
mod tx;
mod unread;
mod watched;
mod webhook_clearing;
mod webhook_deliveries;
mod webhook_events;
mod webhook_queues;
#[cfg(test)]
mod webhook_samples;
mod webhooks;
mod witnessings;
mod write_ahead_log;
mod writers;

pub use acts::ErasureRequest;
pub use admin_room::{AdminRequest, ListedTransaction, ProblemMessage};
pub use alias::new_alias;
pub use api_keys::{ApiKeyRow, NewApiKey};
pub use arrival::Arrival;
pub use arrived_mails::{ArrivedMail, Full, HeldBecause, MailPart, NewMail, Silent, Taken};
pub use audit_log::AuditRow;
pub use audits::KnownEvent;
pub use bot_rooms::{ADMINS, BotRoom};
pub use chat::LastRead;
pub use columns::is_unreadable;
pub use condition::{Condition, RecordCondition};
pub use database_file::ServiceLock;
pub use deriving::Deriving;
pub use effects::Effects;
pub use erasure::Forgotten;
pub use event_subjects::{HeadOfRecord, KeptFileRow, StatusRow};
pub use events::{EventFilter, EventPage, EventRow, Lost};
pub use far_invitations::FarInvitation;
pub use files::{AfterFailure, DueFile, FailedTry, FileRow};
pub use foreign::{Departure, FOREIGN_EVENTS, FOREIGN_ROOMS_LEFT};
pub use gaps::Gap;
pub use grants::{GrantRow, NewGrant, Way};
pub use heads::HeadRow;
pub use hints::{Hint, Hints};
pub use indexing::Unindexed;
pub use journal::{JournalRow, Kept, Source, Underived};
pub use leases::{LEASE_CONNECTIONS, Lease};
pub use link_requests::{LINK_REQUEST_INTERVAL_MS, LinkRequest};
pub use listing::{ListContact, ListCursor, ListOrder, ListRequest, Page};
pub use mail_contacts::MailContact;
pub use mails::{DueMail, MailFate, MailKind};
pub use members::{Person, RoomMember};
pub use notes::{MAX_NOTES, NewNote, Note, NoteAdded, NoteBy, NotesOfSide, SideNote};
pub use notices::NOTICE_CONNECTIONS;
pub use old_rows::Retention;
pub use outgoing::{GuestRow, NewOutgoing, Outgoing};
pub use overdue::BecameOverdue;
pub use payments::{MAX_PAYMENTS, PaymentAdded};
pub use problem_list::{Problem, TakenUp};
pub use progress::Progress;
pub use read_once::{ReadOnce, Weight};
pub use receipts::ReadUpTo;
pub use refused_steps::RoomProblem;
pub use repeated_calls::{Attempt, KeptAnswer, RepeatedCall};
pub use revisions::PastTerms;
pub use room_commands::BotMessage;
pub use room_row::RoomRow;
pub use search::{SearchPage, SearchRequest};
pub use send_key::SendKey;
pub use sends::SendState;
pub use shop_messages::{
    DISCARDED, MAX_QUEUED, MAX_SHOP_NAMES, MessagePart, NewShopMessage, Said, ShopMessage,
};
pub use shown_lines::{Around, ShownEntry};
pub use silenced_addresses::{Silence, folded};
pub use snapshot::Snapshot;
pub use subscriptions::{DueSubscription, NewSubscription, Unread};
pub use successors::{LostSuccessor, RecordRoom};
pub use surroundings::Surroundings;
pub use transaction_changes::{
    Change, Changed, Created, InviteAgain, NewRevision, Original, SetBy,
};
pub use tx::Tx;
pub use watched::{GrantSession, Marks};
pub use webhook_deliveries::{DeliveryRow, DeliveryState, Fate, Tried};
pub use webhook_queues::{
    DueWebhook, LONGEST_PAUSE_MS, LONGEST_PAUSE_OF_WORKING_MS, NextDelivery, WebhookQueue,
};
pub use webhooks::{
    MAX_WEBHOOK_SECRETS, MAX_WEBHOOKS_PER_SHOP, NewSecretOutcome, NewWebhook, NewWebhookOutcome,
    Webhook, WebhookChange, WebhookChanged, WebhookSecret,
};
pub use witnessings::Witnessing;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, SqlSafeStr};

use self::known_rooms::PREPARE_PUSHED_ON_SQLITE;
use self::leases::Leases;
use self::notices::Post;
use self::rush::Rush;
use self::settled::Settled;
use self::transaction_row::RevisionData;
use self::writers::{Rank, Writers};
use crate::clock::now;
use crate::config::{DatabaseConfig, DatabaseKind};
use crate::quota::Places;

/// The type of an id that the database counts, as migrations write it.
const COUNTED_ID: &str = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
/// The same on SQLite.
const COUNTED_ID_ON_SQLITE: &str = "INTEGER PRIMARY KEY AUTOINCREMENT";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// In this table, sqlx notes which of them were carried out.
const SELECT_NEWEST_MIGRATION: &str =
    "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success";

/// The error of a database call.
pub type StoreError = sqlx::Error;

/// How long a call waits for a free connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that was not used for so long is tested before it is used again. A shorter time
/// would cost a round trip in front of every call.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// FULL: a commit survives a power failure. `secure_delete`: erased content does not stay in free pages of the file.
const SETTINGS_OF_SQLITE: &str = "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON";
/// The size of the page cache of each connection that reads from SQLite, in KiB. It is empty after each commit of the
/// writer, and the system has the pages in its own cache. By default it would be 2 MiB.
const READER_CACHE_KIB: u32 = 512;
/// All statements look up rows by indexes: each row of a list for itself, whatever the length of the list or
/// the size of the tables. PostgreSQL plans by what it last counted in a table, and by how many rows it expects.
/// So it would read the whole of a table that was nearly empty when it was counted, or for a list whose length it
/// overestimates. Nothing takes so long that it would be worth to compile it, or to start processes that share the
/// work.
const PLANS_OF_LOOKUPS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; \
     SET enable_mergejoin = off; SET jit = off; SET max_parallel_workers_per_gather = 0";
/// The statements of pushes and of other work are planned once for a connection. A search is planned each time,
/// because rare and frequent words need different plans.
const PLANNED_ONCE: &str = "SET plan_cache_mode = force_generic_plan";
/// The default time from a new entry or act to the signature of the head, in milliseconds.
const SIGN_AFTER_MS: i64 = 60 * 60_000;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    writing: Writing,
    /// The places for txs that add to the audit log of a shop, so that one shop leaves connections to the others.
    audited: Places<String>,
    /// The place of this handle's users in the queue of the writers.
    rank: Rank,
    kind: DatabaseKind,
    hints: Arc<Hints>,
    leases: Leases,
    /// What other processes are told.
    post: Arc<Post>,
    /// The cache of revisions.
    revisions: Arc<ReadOnce<RevisionData>>,
    /// The time from a new entry or act to the signature of the head, in milliseconds.
    sign_after: i64,
    /// Up to where events can be read.
    settled: Arc<Settled>,
    /// The pushes that this process answers.
    rush: Rush,
}

/// The connections of those who write.
#[derive(Clone, Debug)]
enum Writing {
    /// Those of the work, or of those who use this handle.
    Pool(AnyPool),
    /// The single one for SQLite.
    Queue(Writers),
}

impl Store {
    /// Sets the time from a new entry or act to the signature of the head, in milliseconds.
    #[must_use]
    pub fn signing_after(self, milliseconds: i64) -> Self {
        Self { sign_after: milliseconds, ..self }
    }

    /// Opens the database with durable commits, and brings its schema up to date.
    ///
    /// # Errors
    /// If the database cannot be reached or opened, or if its schema is newer than this program.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        let store = Self::connect(config).await?;
        let migrations = migrations_for(store.kind);
        match &store.writing {
            Writing::Pool(pool) => migrations.run(pool).await?,
            // What the connection of the writers has for itself names tables that a migration may replace.
            Writing::Queue(writers) => {
                let mut connection = writers.open_bare().await?;
                migrations.run(&mut connection).await?;
                connection.close().await?;
            }
        }
        store.prepare_search().await?;
        Ok(store)
    }

    /// Opens the database with durable commits, and leaves its schema as it is.
    ///
    /// # Errors
    /// If the database cannot be reached or opened, or if its schema is not that of this program.
    pub async fn open_as_it_is(config: &DatabaseConfig) -> anyhow::Result<Self> {
        let store = Self::connect(config).await?;
        let newest: i64 =
            sqlx::query_scalar(SELECT_NEWEST_MIGRATION).fetch_one(&store.pool).await?;
        if MIGRATIONS.iter().map(|it| it.version).max() != Some(newest) {
            anyhow::bail!("its schema is that of another version of Tallyroom");
        }
        Ok(store)
    }

    async fn connect(config: &DatabaseConfig) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let kind = config.url.kind();
        database_file::make_private(&config.url)?;
        let options = AnyConnectOptions::from_str(config.url.expose())?;
        // The pool would retry until the timeout, and would not report the cause.
        let first = tokio::time::timeout(ACQUIRE_TIMEOUT, AnyConnection::connect_with(&options));
        first
            .await
            .context("The database did not answer in time. Check database.url and the network.")??
            .close()
            .await?;
        let pool = pool_options(kind, Use::Work, config.max_connections);
        let pool = pool.connect_lazy_with(options.clone());
        let writing = match kind {
            DatabaseKind::Sqlite => Writing::Queue(Writers::new(options, PREPARE_PUSHED_ON_SQLITE)),
            DatabaseKind::Postgres => Writing::Pool(pool.clone()),
        };
        let post = Post::of(&config.url);
        Ok(Self {
            pool,
            writing,
            audited: places_of_shops(config.max_connections),
            rank: Rank::Other,
            kind,
            hints: Arc::new(Hints::told_by(post.outbox().clone())),
            leases: Leases::of(config)?,
            post: Arc::new(post),
            revisions: Arc::default(),
            sign_after: SIGN_AFTER_MS,
            settled: Arc::default(),
            rush: Rush::default(),
        })
    }

    /// Returns the same database for pushes, with `connections` connections of its own. On SQLite,
    /// where one connection writes for everybody, pushes go first.
    ///
    /// # Errors
    /// If the URL of the database is invalid.
    pub fn for_pushes(
        &self,
        config: &DatabaseConfig,
        connections: u32,
    ) -> Result<Self, StoreError> {
        Ok(Self { rank: Rank::Push, ..self.with_pool(config, Use::Work, connections)? })
    }

    /// Returns the same database for people, who read all kinds of lists, with `connections` connections of its
    /// own, so that nobody else can take them. They are opened when they are needed.
    ///
    /// # Errors
    /// If the URL of the database is invalid.
    pub fn for_people(
        &self,
        config: &DatabaseConfig,
        connections: u32,
    ) -> Result<Self, StoreError> {
        self.with_pool(config, Use::People, connections)
    }

    fn with_pool(
        &self,
        config: &DatabaseConfig,
        purpose: Use,
        connections: u32,
    ) -> Result<Self, StoreError> {
        let options = AnyConnectOptions::from_str(config.url.expose())?;
        let pool = pool_options(self.kind, purpose, connections).connect_lazy_with(options);
        let writing = match self.kind {
            DatabaseKind::Sqlite => self.writing.clone(),
            DatabaseKind::Postgres => Writing::Pool(pool.clone()),
        };
        Ok(Self { pool, writing, audited: places_of_shops(connections), ..self.clone() })
    }

    /// Returns what lets pushes go first.
    pub fn rush(&self) -> &Rush {
        &self.rush
    }

    /// Returns the hints that there is work.
    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Writes something that takes space, to check that the database can be written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn write_something(&self) -> Result<(), StoreError> {
        match self.kind {
            // Every write makes the write-ahead log longer.
            DatabaseKind::Sqlite => self.set_fact("written_at", &now().to_string()).await,
            // On a full disk, an update of a row can still succeed, because it reuses the space of
            // an older version of the row. A new table needs a new file, and a running backup
            // cannot hold a lock on it.
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

    /// Sends what other processes are still to be told, waits for running queries, and closes all
    /// connections.
    pub async fn close(&self) {
        self.post.close().await;
        if let Writing::Queue(writers) = &self.writing {
            writers.close().await;
        }
        self.pool.close().await;
    }
}

/// Returns the migrations as this kind of database reads them. An id that the database counts, and never gives twice, is
/// the one thing for which both have no common words.
fn migrations_for(kind: DatabaseKind) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|migration| {
        let mut migration = migration.clone();
        if kind == DatabaseKind::Sqlite && migration.sql.as_str().contains(COUNTED_ID) {
            let sql = migration.sql.as_str().replace(COUNTED_ID, COUNTED_ID_ON_SQLITE);
            // The checksum stays that of the file.
            migration.sql = AssertSqlSafe(sql).into_sql_str();
        }
        migration
    });
    Migrator::with_migrations(migrations.collect())
}

/// Returns the places for txs that make those of the same shop wait: half of the connections for one shop.
fn places_of_shops(connections: u32) -> Places<String> {
    let connections = usize::try_from(connections).unwrap_or(usize::MAX).max(1);
    Places::new((connections / 2).max(1), connections)
}

/// What the connections of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Pushes and other work that looks up rows by indexes. On SQLite, nothing can be written with them. So nobody
    /// writes without standing in the queue of the writers.
    Work,
    /// What people read. PostgreSQL may plan a statement anew for other words.
    People,
}

/// Returns the settings of a pool of connections.
fn pool_options(kind: DatabaseKind, purpose: Use, connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // SQLite rolls back a tx by itself if the disk is full or fails. sqlx still counts the tx
        // as open, so every later tx on this connection would fail.
        .after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // A dropped tx is rolled back before the ping is answered.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                match kind {
                    DatabaseKind::Sqlite => {
                        connection.execute(SETTINGS_OF_SQLITE).await?;
                        let more = format!(
                            "PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE_KIB}"
                        );
                        connection.execute(AssertSqlSafe(more)).await?;
                    }
                    DatabaseKind::Postgres => {
                        connection.execute("SET synchronous_commit = on").await?;
                        connection.execute(PLANS_OF_LOOKUPS).await?;
                        if purpose == Use::Work {
                            connection.execute(PLANNED_ONCE).await?;
                        }
                    }
                }
                Ok(())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::writers::Turn;
    use super::*;
    use crate::access::Origin;

    pub(super) async fn opened(folder: &std::path::Path) -> Store {
        let file = folder.join("tallyroom.db");
        let config: DatabaseConfig = serde_json::from_value(serde_json::json!({
            "url": format!("sqlite:{}", file.display()), "max_connections": 2,
        }))
        .unwrap();
        Store::open(&config).await.unwrap()
    }

    /// Waits for the turn to write.
    pub(super) async fn turn(store: &Store) -> Turn {
        let Writing::Queue(writers) = &store.writing else { unreachable!() };
        writers.turn(Rank::Other, ACQUIRE_TIMEOUT).await.unwrap()
    }

    /// Somebody who does what the audit log is told of.
    pub(super) fn root() -> Origin {
        Origin::Command { user: "root".to_owned() }
    }

    #[tokio::test]
    async fn when_there_is_space_again_every_connection_works_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        for _ in 0..3 {
            let mut tx = store.begin().await.unwrap();
            // The file may not grow, as on a full disk. SQLite then rolls back by itself.
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
