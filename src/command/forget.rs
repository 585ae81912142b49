//! `tallyroom forget`: erases what a person said from all records.

use anyhow::Context;
use ruma::UserId;

use super::open_store;
use crate::config::Config;
use crate::store::{Deriving, ErasureRequest};

/// Rooms looked at in one go.
const ROOMS: i64 = 64;

/// Erases everything that `user` said. Who they are, when they spoke and the hashes stay, so that
/// the chains verify; so does who asked for it, and why.
///
/// # Errors
/// When `user` is no Matrix ID or the database fails; what was erased until then stays erased.
pub async fn run(config: &Config, user: &str, asked: &ErasureRequest) -> anyhow::Result<()> {
    let user = UserId::parse(user)
        .with_context(|| format!("{user:?} is no Matrix ID, such as @anna:example.org"))?;
    let store = open_store(config).await?;
    // What has arrived but is not in a record yet would otherwise outlast this.
    let deriving = Deriving::of(config);
    loop {
        let mut derived = 0;
        for room in store.underived(ROOMS).await? {
            derived += store.derive_room(&room.transaction_id, &room.room_id, &deriving).await?;
        }
        if derived == 0 {
            break;
        }
    }
    let mut erased = 0;
    loop {
        match store.forget(user.as_str(), asked).await? {
            0 => break,
            count => erased += count,
        }
    }
    store.close().await;
    println!("{erased} entries of {user} erased");
    println!(
        "Not touched: what the shop wrote about them in transactions, what others wrote about \
         them, exports made before, and the homeserver's own copy."
    );
    Ok(())
}
