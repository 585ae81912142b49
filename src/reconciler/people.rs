//! People are invited and removed. One person in trouble never holds up the room or the others.

use std::time::Duration;

use ruma::{OwnedUserId, UserId};

use super::perform::{Obstacle, View, Worker};
use super::{Installation, back_off, later};
use crate::clock::now;
use crate::homeserver::CallFailure;

/// Shortest pause before an account that does not exist is looked for again. The pauses double.
const SHORTEST_PAUSE: Duration = Duration::from_secs(30);
/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);

impl Worker {
    /// Asks whether a contact's account exists, again after growing pauses. They are invited all the
    /// same: the account may come.
    pub(super) async fn look_up(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        let Installation { homeserver, tells_account_status, .. } = &*self.installation;
        let exists = homeserver.has_account(user, *tells_account_status).await?;
        let since = self.store.missing_since(view.id(), user).await?;
        let missing = since.map_or(Duration::ZERO, |since| {
            Duration::from_millis(u64::try_from(now().saturating_sub(since)).unwrap_or_default())
        });
        let pause = missing.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        Ok(self.store.looked_up(view.id(), user, exists, later(pause)).await?)
    }

    /// Hands an invitation over to [`super::far`].
    pub(super) async fn hand_over(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        Ok(self.store.hand_over(view.id(), user).await?)
    }

    pub(super) async fn invite(&self, view: &View, user: &OwnedUserId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let failure = match homeserver.invite(room_id, user).await {
            Ok(()) => return self.stands(view, user, "invite").await,
            Err(failure) => failure,
        };
        // Refused or unknown: they may be in the room, or invited, all the same.
        let failure = match homeserver.membership(room_id, user).await?.as_deref() {
            // Nobody but the bot decides who takes part, and the shop asks for them.
            Some("ban") => {
                let again = async {
                    homeserver.lift_ban(room_id, user).await?;
                    homeserver.invite(room_id, user).await
                };
                match again.await {
                    Ok(()) => return self.stands(view, user, "invite").await,
                    Err(failure) => failure,
                }
            }
            Some("leave" | "knock") | None => failure,
            Some(membership) => return self.stands(view, user, membership).await,
        };
        self.person_failed(view, user, &failure).await
    }

    pub(super) async fn remove(&self, view: &View, user: &OwnedUserId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let reason = "No longer a contact for this transaction";
        let failure = match homeserver.remove(room_id, user, reason).await {
            Ok(()) => return self.stands(view, user, "leave").await,
            Err(failure) => failure,
        };
        match homeserver.membership(room_id, user).await? {
            None => self.stands(view, user, "leave").await,
            Some(gone) if gone == "leave" || gone == "ban" => self.stands(view, user, &gone).await,
            Some(_) => self.person_failed(view, user, &failure).await,
        }
    }

    pub(super) async fn stands(
        &self,
        view: &View,
        user: &UserId,
        membership: &str,
    ) -> Result<(), Obstacle> {
        let seen_at = view.seen_at(user);
        Ok(self.store.set_membership(view.id(), user, membership, seen_at).await?)
    }

    async fn person_failed(
        &self,
        view: &View,
        user: &UserId,
        failure: &CallFailure,
    ) -> Result<(), Obstacle> {
        let id = view.id();
        let retry_at = match failure {
            CallFailure::Refused(_) => None,
            CallFailure::RateLimited(Some(wait)) => Some(later(*wait)),
            CallFailure::RateLimited(None) | CallFailure::Unknown { .. } => {
                Some(later(back_off(self.store.member_failures(id, user).await?)))
            }
        };
        tracing::warn!(user = %user, %failure, retry_at, "could not be invited or removed");
        let problem = failure.to_string();
        Ok(self.store.member_failed(id, user, retry_at, &problem, view.seen_at(user)).await?)
    }
}
