//! Floor: reads all rows of a query, and does nothing with them.

use std::time::Instant;

use clap::Args;
use futures_util::TryStreamExt;
use serde_json::json;
use sqlx::{AssertSqlSafe, Row as _, ValueRef as _};
use tokio::runtime::Runtime;

use crate::store::{Database, Store};
use crate::times::Times;

/// The options of the subcommand.
#[derive(Args)]
pub struct Read {
    #[command(flatten)]
    database: Database,
    /// The query.
    #[arg(long)]
    query: String,
    /// The number of timed readings. One more comes before them.
    #[arg(long, default_value_t = 5)]
    count: usize,
}

/// What was read.
#[derive(Default)]
struct Amount {
    rows: usize,
    bytes: usize,
}

impl Read {
    /// Measures, and prints the result.
    ///
    /// # Errors
    /// If no database is named, or if it fails.
    pub fn run(self, runtime: &Runtime) -> anyhow::Result<()> {
        let mut store = runtime.block_on(Store::of(&self.database))?;
        let mut amount = read(&mut store, &self.query, runtime)?;
        let mut times = Times::default();
        for _ in 0..self.count {
            let started = Instant::now();
            amount = read(&mut store, &self.query, runtime)?;
            times.add(started.elapsed());
        }
        let (rows, bytes) = (amount.rows, amount.bytes);
        println!("{}", json!({ "times": times.summary(), "rows": rows, "bytes": bytes }));
        Ok(())
    }
}

fn read(store: &mut Store, query: &str, runtime: &Runtime) -> anyhow::Result<Amount> {
    match store {
        Store::Sqlite(connection) => read_sqlite(connection, query),
        Store::Postgres(connection, _) => runtime.block_on(read_postgres(connection, query)),
    }
}

fn read_sqlite(connection: &rusqlite::Connection, query: &str) -> anyhow::Result<Amount> {
    use rusqlite::types::ValueRef;
    let mut amount = Amount::default();
    let mut statement = connection.prepare(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        amount.rows += 1;
        for column in 0..columns {
            amount.bytes += match row.get_ref(column)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
                _ => size_of::<i64>(),
            };
        }
    }
    Ok(amount)
}

async fn read_postgres(connection: &mut sqlx::PgConnection, query: &str) -> anyhow::Result<Amount> {
    let mut amount = Amount::default();
    let mut rows = sqlx::query(AssertSqlSafe(query)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        amount.rows += 1;
        for column in 0..row.len() {
            let value = row.try_get_raw(column)?;
            if !value.is_null() {
                amount.bytes += value.as_bytes().map_or(0, <[u8]>::len);
            }
        }
    }
    Ok(amount)
}
