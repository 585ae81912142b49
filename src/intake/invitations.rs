//! Somebody invites the bot: to a room of ours, where it goes, or to another one, which it declines.
//! By such an invitation, a contact who left asks to be let in again.

use ruma::UserId;

use super::deriver;
use crate::store::{Deriving, Store, StoreError};

/// Takes over one invitation of the bot to a room; whoever calls this has the bot decline it, if the
/// room is not ours.
///
/// `/sync` tells of an invitation once, and only as long as it is open. So pushes lead here only where
/// there is no sync: a bot that declined because of a push could do so before the sync tells who asked.
pub(super) async fn take(
    store: &Store,
    deriving: &Deriving,
    room: &str,
    inviter: Option<&UserId>,
    correlation: &str,
) -> Result<(), StoreError> {
    store.bot_invited(room, &deriving.bot, correlation).await?;
    let Some(inviter) = inviter else { return Ok(()) };
    let rooms = let_in_again(store, deriving, inviter, correlation).await?;
    if rooms > 0 {
        tracing::info!(%inviter, rooms, "a contact asked the bot to be let in again");
    }
    Ok(())
}

/// Invites a contact again to the rooms that they left before they asked for it; how many. What the
/// journal has of those rooms is recorded first: that they left may not be known yet.
///
/// # Errors
/// When the database does not answer; then nobody was invited.
pub async fn let_in_again(
    store: &Store,
    deriving: &Deriving,
    user: &UserId,
    correlation: &str,
) -> Result<usize, StoreError> {
    while deriver::derive(store, &store.underived_of(user).await?, deriving).await {}
    store.come_back(user, correlation).await
}
