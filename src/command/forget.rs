//! `tallyroom forget`: erases everything that a person wrote from all records.

use std::collections::BTreeSet;

use anyhow::Context;
use ruma::UserId;

use super::{open_store, system_user};
use crate::config::Config;
use crate::intake::derive_all;
use crate::store::{Deriving, ErasureRequest, Forgotten};

/// Erases everything that `user` wrote. The sender, the time and the hashes stay, so that the
/// chains can be verified. The record also keeps who requested the erasure, and the reason.
///
/// # Errors
/// If `user` is no Matrix ID or the database fails. What was erased before the failure stays
/// erased.
pub async fn run(config: &Config, user: &str, asked: &ErasureRequest) -> anyhow::Result<()> {
    let user = UserId::parse(user)
        .with_context(|| format!("{user:?} is not a Matrix ID such as @anna:example.org"))?;
    let store = open_store(config).await?;
    // Events in the journal that have no entry so far would otherwise not be erased.
    let deriving = Deriving::of(config);
    derive_all(&store, &deriving).await?;
    let bot = config.bot_user_id();
    let (mut erased, origin, mut told) =
        (Forgotten::default(), system_user::origin(), BTreeSet::new());
    loop {
        let Forgotten { entries, notes } =
            store.forget(user.as_str(), &bot, asked, &origin, &mut told).await?;
        if (entries, notes) == (0, 0) {
            break;
        }
        erased.entries += entries;
        erased.notes += notes;
    }
    store.close().await;
    println!("{} entries and {} notes of {user} erased", erased.entries, erased.notes);
    println!(
        "Not erased: data about this person in transactions, messages of others about them, \
         earlier exports, and the homeserver's own copy."
    );
    Ok(())
}
