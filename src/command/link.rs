//! `tallyroom link`: creates a link to an invoice page, for operators who help a person to get in.

use anyhow::Context;
use ulid::Ulid;

use super::open_store;
use super::system_user::origin;
use crate::config::Config;
use crate::link::token::TokenKey;
use crate::link::{LinkRequest, make_link};
use crate::seal::SigningKey;

/// Creates a link to the page of the transaction `id` and prints it.
///
/// # Errors
/// If there is no such transaction, contact or page, or the database fails.
pub async fn run(config: &Config, id: Ulid, request: &LinkRequest) -> anyhow::Result<()> {
    let key = SigningKey::load_or_make(&config.record.signing_key, config.bot_user_id())?;
    let store = open_store(config).await?;
    let transaction =
        store.transaction(id).await?.with_context(|| format!("there is no transaction {id}"))?;
    let key = TokenKey::from(&key);
    let link =
        make_link(&store, config, &key, &transaction, request, Ulid::new(), &origin()).await?;
    store.close().await;
    println!("{}", link.url);
    Ok(())
}
