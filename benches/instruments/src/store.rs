//! The least that is durable: one table, one index, one commit for each push.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rusqlite::{TransactionBehavior, params};
use sqlx::{Connection, Executor};
use tokio::runtime::Handle;

use crate::rows::Row;

const SQLITE_SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, room_id TEXT NOT NULL, \
       event_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, type TEXT NOT NULL, \
       sent_at INTEGER NOT NULL, event TEXT NOT NULL); \
     CREATE INDEX IF NOT EXISTS entry_room ON entry (room_id, seq);";
const SQLITE_INSERT: &str = "INSERT INTO entry (room_id, event_id, sender, type, sent_at, event) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (event_id) DO NOTHING";
const POSTGRES_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS entry (seq BIGSERIAL PRIMARY KEY, \
       room_id TEXT NOT NULL, event_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, \
       type TEXT NOT NULL, sent_at BIGINT NOT NULL, event TEXT NOT NULL); \
     CREATE INDEX IF NOT EXISTS entry_room ON entry (room_id, seq);";
const POSTGRES_INSERT: &str = "INSERT INTO entry (room_id, event_id, sender, type, sent_at, event) SELECT * FROM \
     UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) \
     ON CONFLICT (event_id) DO NOTHING";

/// Which database a floor uses.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub struct Database {
    /// A file of SQLite.
    #[arg(long)]
    pub sqlite: Option<PathBuf>,
    /// The address of a database of PostgreSQL, such as postgres://user@host:5432/name.
    #[arg(long)]
    pub postgres: Option<String>,
}

/// A connection to one of the databases.
pub enum Store {
    Sqlite(rusqlite::Connection),
    Postgres(sqlx::PgConnection, Handle),
}

impl Store {
    /// Connects, or returns `None` if no database was named.
    ///
    /// # Errors
    /// If the database does not open.
    pub async fn open(database: &Database) -> anyhow::Result<Option<Self>> {
        if let Some(file) = &database.sqlite {
            return Ok(Some(Self::Sqlite(rusqlite::Connection::open(file)?)));
        }
        let Some(address) = &database.postgres else { return Ok(None) };
        let connection = sqlx::PgConnection::connect(address).await.context("PostgreSQL")?;
        Ok(Some(Self::Postgres(connection, Handle::current())))
    }

    /// Connects.
    ///
    /// # Errors
    /// If no database was named, or if it does not open.
    pub async fn of(database: &Database) -> anyhow::Result<Self> {
        Self::open(database).await?.context("name a database with --sqlite or --postgres")
    }

    /// Makes the floor's table, unless it is there. A commit waits for the disk from now on.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn make_table(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(SQLITE_SCHEMA)?,
            Self::Postgres(connection, _) => {
                connection.execute(POSTGRES_SCHEMA).await?;
            }
        }
        Ok(())
    }

    /// Stores the rows in one commit. It blocks, so it must not be called by an async task.
    ///
    /// # Errors
    /// If the database fails.
    pub fn insert(&mut self, rows: &[Row]) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => insert_into_sqlite(connection, rows)?,
            Self::Postgres(connection, runtime) => {
                runtime.block_on(insert_into_postgres(connection, rows))?;
            }
        }
        Ok(())
    }
}

fn insert_into_sqlite(connection: &mut rusqlite::Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = tx.prepare_cached(SQLITE_INSERT)?;
        for row in rows {
            insert.execute(params![
                row.room_id,
                row.event_id,
                row.sender,
                row.event_type,
                row.sent_at,
                row.event
            ])?;
        }
    }
    tx.commit()
}

async fn insert_into_postgres(
    connection: &mut sqlx::PgConnection,
    rows: &[Row],
) -> Result<(), sqlx::Error> {
    let column =
        |of: fn(&Row) -> &String| rows.iter().map(|row| of(row).clone()).collect::<Vec<_>>();
    sqlx::query(POSTGRES_INSERT)
        .bind(column(|row| &row.room_id))
        .bind(column(|row| &row.event_id))
        .bind(column(|row| &row.sender))
        .bind(column(|row| &row.event_type))
        .bind(rows.iter().map(|row| row.sent_at).collect::<Vec<_>>())
        .bind(column(|row| &row.event))
        .execute(connection)
        .await?;
    Ok(())
}
