//! Invites and removes people. If that fails for one person, the room and the others do not wait.

use std::time::Duration;

use ruma::{OwnedUserId, UserId};

use super::perform::{Obstacle, View, Worker};
use super::{Installation, backoff, time_after};
use crate::clock::now;
use crate::homeserver::CallFailure;
use crate::room::removal_reason;

/// The shortest pause before the next check of an account that does not exist. The pauses double.
const MIN_LOOK_UP_PAUSE: Duration = Duration::from_secs(30);
/// The longest such pause.
const MAX_LOOK_UP_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);

impl Worker {
    /// Checks whether a contact's account exists, and stores when to check again. A contact without
    /// an account stays invited, since the account may be created later.
    pub(super) async fn look_up(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        let Installation { homeserver, tells_account_status, .. } = &*self.installation;
        let exists = homeserver.has_account(user, *tells_account_status).await?;
        let since = self.store.missing_since(view.id(), user).await?;
        let missing = since.map_or(Duration::ZERO, |since| {
            Duration::from_millis(u64::try_from(now().saturating_sub(since)).unwrap_or_default())
        });
        // A pause as long as the account has been missing so far doubles that time.
        let pause = missing.clamp(MIN_LOOK_UP_PAUSE, MAX_LOOK_UP_PAUSE);
        Ok(self.store.looked_up(view.id(), user, exists, time_after(pause)).await?)
    }

    /// Hands an invitation over to [`super::far_invitations`].
    pub(super) async fn hand_over(&self, view: &View, user: &UserId) -> Result<(), Obstacle> {
        Ok(self.store.hand_over(view.id(), user).await?)
    }

    pub(super) async fn invite(&self, view: &View, user: &OwnedUserId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let failure = match homeserver.invite(room_id, user).await {
            Ok(()) => return self.store_membership(view, user, "invite").await,
            Err(failure) => failure,
        };
        // After any failure, the user may be in the room or invited nevertheless.
        let failure = match homeserver.membership(room_id, user).await?.as_deref() {
            // Only the bot decides who takes part, and the shop wants this user to take part.
            Some("ban") => {
                let again = async {
                    homeserver.lift_ban(room_id, user).await?;
                    homeserver.invite(room_id, user).await
                };
                match again.await {
                    Ok(()) => return self.store_membership(view, user, "invite").await,
                    Err(failure) => failure,
                }
            }
            Some("leave" | "knock") | None => failure,
            Some(membership) => return self.store_membership(view, user, membership).await,
        };
        self.person_failed(view, user, &failure).await
    }

    pub(super) async fn remove(&self, view: &View, user: &OwnedUserId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let room_id = view.room_id()?;
        let reason = removal_reason(&self.installation.locale(&view.transaction));
        let failure = match homeserver.remove(room_id, user, &reason).await {
            Ok(()) => return self.store_membership(view, user, "leave").await,
            Err(failure) => failure,
        };
        match homeserver.membership(room_id, user).await? {
            None => self.store_membership(view, user, "leave").await,
            Some(gone) if gone == "leave" || gone == "ban" => {
                self.store_membership(view, user, &gone).await
            }
            Some(_) => self.person_failed(view, user, &failure).await,
        }
    }

    /// Stores a membership that the homeserver returned, unless a newer event has changed it.
    pub(super) async fn store_membership(
        &self,
        view: &View,
        user: &UserId,
        membership: &str,
    ) -> Result<(), Obstacle> {
        let seen_at = view.seen_at(user);
        Ok(self.store.set_membership(view.id(), user, membership, seen_at).await?)
    }

    /// Stores that a person could not be invited or removed, and when to retry that.
    async fn person_failed(
        &self,
        view: &View,
        user: &UserId,
        failure: &CallFailure,
    ) -> Result<(), Obstacle> {
        let id = view.id();
        let retry_at = match failure {
            CallFailure::Refused(_) => None,
            CallFailure::RateLimited(Some(wait)) => Some(time_after(*wait)),
            CallFailure::RateLimited(None) | CallFailure::Unknown { .. } => {
                Some(time_after(backoff(self.store.member_failures(id, user).await?)))
            }
        };
        tracing::warn!(user = %user, %failure, retry_at, "a person cannot be invited or removed");
        let problem = failure.to_string();
        Ok(self.store.member_failed(id, user, retry_at, &problem, view.seen_at(user)).await?)
    }
}
