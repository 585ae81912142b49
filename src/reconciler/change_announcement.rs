//! Sends a message to the room that says what a revision changed.

use ruma::OwnedUserId;

use super::perform::{Obstacle, View, Worker};
use super::summary::MESSAGE;
use crate::room::{Message, announcement, content_with_mentions};
use crate::store::SendKey;

/// A message about a change.
pub(super) struct News {
    /// The newest revision that the message covers.
    revision: i64,
    message: Message,
}

impl Worker {
    /// Returns the message about everything that changed since the last announced revision, or
    /// `None` if no such change needs to be announced.
    ///
    /// An announcement of unknown outcome is finished first, with the same revision. Only then all
    /// later revisions are announced together.
    pub(super) async fn news(&self, view: &View) -> Result<Option<News>, Obstacle> {
        let told = view.room.told_revision;
        let revision = view.room.telling_revision.unwrap_or(view.transaction.revision);
        if revision <= told {
            return Ok(None);
        }
        let before = self.store.terms_at(view.id(), told).await?;
        let after = self.store.terms_at(view.id(), revision).await?;
        let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
        let message = announcement(&before, &after, &self.installation.locale(&view.transaction));
        Ok(message.map(|message| News { revision, message }))
    }

    /// Sends the message, and stores the revision that it covers.
    pub(super) async fn announce_change(&self, view: &View) -> Result<(), Obstacle> {
        let Some(News { revision, message }) = self.news(view).await? else { return Ok(()) };
        self.store.set_telling_revision(view.id(), Some(revision)).await?;
        let contacts = view.transaction.terms.matrix_contacts();
        let people: Vec<OwnedUserId> = contacts.map(|(_, user)| user.clone()).collect();
        let bot = self.installation.homeserver.bot_user_id();
        let content = |send_id: &str| content_with_mentions(&message, &people, send_id);
        // If somebody removed the message, the key has to change, because the homeserver accepts the
        // same send id only once.
        let key = SendKey::Change { revision, retold: view.room.retold }.to_string();
        match self.send_once(view, bot, &key, MESSAGE, content).await {
            Ok(_) => Ok(self.store.set_told_revision(view.id(), revision).await?),
            Err(refused @ Obstacle::Refused(_)) => {
                // Nothing was sent, so a later revision may be announced instead.
                self.store.set_telling_revision(view.id(), None).await?;
                Err(refused)
            }
            Err(obstacle) => Err(obstacle),
        }
    }
}
