//! Handles invitations of the bot. It accepts those to rooms of ours and declines all others. By
//! such an invitation, a contact who left a room asks to be invited again.

use ruma::UserId;

use super::deriver;
use crate::store::{Deriving, Store, StoreError};

/// Handles one invitation of the bot to a room. If the room is not ours, the caller has to decline
/// the invitation.
///
/// `/sync` tells of an invitation only once, and only as long as it is open. If a push made the bot
/// decline it, the sync might not tell who asked. So pushes call this function only if there is no
/// sync.
pub(super) async fn handle_invitation(
    store: &Store,
    deriving: &Deriving,
    room: &str,
    inviter: Option<&UserId>,
    correlation: &str,
) -> Result<(), StoreError> {
    store.bot_invited(room, &deriving.bot, correlation).await?;
    let Some(inviter) = inviter else { return Ok(()) };
    let rooms = invite_again(store, deriving, inviter, correlation).await?;
    if rooms > 0 {
        tracing::info!(%inviter, rooms, "a contact asked the bot for new invitations");
    }
    Ok(())
}

/// Invites a contact again to the rooms that the contact left before asking for it, and returns
/// their number. The journal of those rooms is derived first, since it may have the events of
/// leaving.
///
/// # Errors
/// Returns an error if the database fails. Then nobody was invited.
pub async fn invite_again(
    store: &Store,
    deriving: &Deriving,
    user: &UserId,
    correlation: &str,
) -> Result<usize, StoreError> {
    deriver::derive_all_of(store, user, deriving).await?;
    store.invite_back(user, correlation).await
}
