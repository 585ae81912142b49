//! The subcommands of the command line, one file or folder each.

pub mod audit;
pub mod check;
pub mod check_invoice;
pub mod convert_invoice;
pub mod export;
pub mod first_page;
pub mod forget;
pub mod generate_registration;
pub mod import;
pub mod key;
pub mod link;
pub mod mail_in;
pub mod problems;
pub mod rederive;
mod registration;
pub mod run;
mod system_user;
mod table;
pub mod verify;
pub mod webhook;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, DatabaseConfig};
use crate::store::Store;

/// Opens the database for a command, which tells the running processes what it does.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    Ok(telling(open_store_with(config, config.database.max_connections).await?))
}

/// Lets a database tell the running processes what a command does.
fn telling(store: Store) -> Store {
    // It ends with the command. What is left then is sent when the store is closed.
    tokio::spawn(store.clone().send_notices_forever(CancellationToken::new()));
    store
}

/// Opens the database with this number of connections.
async fn open_store_with(config: &Config, connections: u32) -> anyhow::Result<Store> {
    let database = DatabaseConfig { max_connections: connections, ..config.database.clone() };
    let store = Store::open(&database)
        .await
        .with_context(|| format!("the database {} cannot be opened", config.database.url))?;
    Ok(store.signing_after(config.record.sign_after_ms()))
}
