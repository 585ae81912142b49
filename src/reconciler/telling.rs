//! What a revision changed is told in the room.

use ruma::OwnedUserId;

use super::perform::{Obstacle, View, Worker};
use super::summary_sending::MESSAGE;
use crate::room::{Message, announcement, mentioning};
use crate::store::SendKey;

/// A message that tells a change.
pub(super) struct News {
    /// The revision that it tells.
    revision: i64,
    message: Message,
}

impl Worker {
    /// What has changed since the last revision that was told; none if nothing needs to be told.
    ///
    /// A telling whose outcome is not known is finished as it began. Only then later revisions are
    /// told, all together.
    pub(super) async fn news(&self, view: &View) -> Result<Option<News>, Obstacle> {
        let told = view.room.told_revision;
        let revision = view.room.telling_revision.unwrap_or(view.transaction.revision);
        if revision <= told {
            return Ok(None);
        }
        let before = self.store.terms_at(view.id(), told).await?;
        let after = self.store.terms_at(view.id(), revision).await?;
        let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
        let message = announcement(&before, &after);
        Ok(message.map(|message| News { revision, message }))
    }

    pub(super) async fn tell_change(&self, view: &View) -> Result<(), Obstacle> {
        let Some(News { revision, message }) = self.news(view).await? else { return Ok(()) };
        self.store.telling(view.id(), Some(revision)).await?;
        let contacts = view.transaction.terms.matrix_contacts();
        let people: Vec<OwnedUserId> = contacts.map(|(_, user)| user.clone()).collect();
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| mentioning(&message, &people, send_id);
        // Somebody may have removed what was told, and the homeserver takes the same send only once.
        let key = SendKey::Change { revision, retold: view.room.retold }.to_string();
        match self.send_once(view, bot, &key, MESSAGE, content).await {
            Ok(_) => Ok(self.store.told(view.id(), revision).await?),
            Err(refused @ Obstacle::Refused(_)) => {
                // Nothing was sent, so a later revision may be told in its place.
                self.store.telling(view.id(), None).await?;
                Err(refused)
            }
            Err(obstacle) => Err(obstacle),
        }
    }
}
