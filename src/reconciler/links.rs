//! Sends people links of their own to the invoice page, in a direct message.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ruma::{OwnedUserId, UserId};

use super::perform::{Obstacle, View, Worker};
use super::send_once::send_id;
use crate::access::Origin;
use crate::clock::now;
use crate::language::Locale;
use crate::link::token::grant_id;
use crate::link::{Link, LinkRequest, NoLink, make_link};
use crate::room::{LinkFor, with_link};
use crate::store::SendKey;

/// After this time, in milliseconds, nobody tries any more to invite somebody to a direct room.
pub(super) const MAX_INVITING_MS: i64 = 10 * 60_000;

impl Worker {
    /// Sends the link for which somebody asked on the page, if the user is a contact of the transaction, and stores that
    /// this is done. All of it can be repeated safely.
    pub(super) async fn answer_link_request(
        &self,
        view: &View,
        user: &str,
    ) -> Result<(), Obstacle> {
        let request = self.store.next_link_request(view.id()).await?;
        let Some(request) = request.filter(|it| it.user_id == user) else { return Ok(()) };
        let contact = UserId::parse(user).ok().and_then(|user| {
            let visitor = view.transaction.terms.visitor_with_account(&user)?;
            Some((user, visitor))
        });
        let Some((contact, visitor)) = contact else {
            return Ok(self.store.forget_link_request(view.id(), user).await?);
        };
        let wanted =
            LinkRequest { party: visitor.role, contact: Some(user.to_owned()), expires_in: None };
        // The same request always leads to the same link.
        let id = grant_id(&format!("{}\0{user}\0{}", view.id(), request.asked_at));
        let origin = Origin::Room { actor: visitor.role.as_str().to_owned() };
        let (config, key) = (&self.installation.config, &self.token_key);
        let link = make_link(&self.store, config, key, &view.transaction, &wanted, id, &origin);
        match link.await {
            Ok(link) => {
                let locale = self.installation.locale(&view.transaction);
                let key = SendKey::AskedLink(request.asked_at);
                match self.write_link(view, &key, &contact, (&link, LinkFor::Page), &locale).await {
                    Ok(()) => {}
                    // The homeserver of the user may take long. That holds up nothing else in this room.
                    Err(Obstacle::Later { problem, .. })
                        if request.asked_at > now() - MAX_INVITING_MS =>
                    {
                        return Err(Obstacle::Blocked(problem));
                    }
                    Err(Obstacle::Refused(failure)) => {
                        tracing::warn!(%failure, "a link could not be sent directly");
                    }
                    Err(Obstacle::Later { problem, .. }) => {
                        tracing::warn!(problem, "a link could not be sent directly");
                    }
                    Err(obstacle) => return Err(obstacle),
                }
            }
            Err(NoLink::Store(error)) => return Err(error.into()),
            // It was revoked before it was sent, or the config was changed.
            Err(
                NoLink::NoPage | NoLink::Over { .. } | NoLink::Contact { .. } | NoLink::Lifetime,
            ) => {}
        }
        Ok(self.store.link_request_answered(view.id(), &request).await?)
    }

    /// Writes the message with the link. If a try of unknown outcome is repeated after the homeserver forgot it, the
    /// message stands there twice, with the same link.
    pub(super) async fn write_link(
        &self,
        view: &View,
        key: &SendKey<'_>,
        user: &OwnedUserId,
        (link, what): (&Link, LinkFor),
        locale: &Locale,
    ) -> Result<(), Obstacle> {
        let room = self.direct_room(user, locale).await?;
        let until = Timestamp::from_millisecond(link.expires_at).unwrap_or_default();
        let until = locale.date(TimeZone::UTC.to_datetime(until).date());
        let homeserver = &self.installation.homeserver;
        let bot = homeserver.bot_user_id().as_str();
        let send_id = send_id(&view.id().to_string(), &key.to_string(), bot);
        let content =
            with_link(&link.url, what, &until, &view.transaction, locale).content(&send_id);
        homeserver.send_message(&room, &send_id, &content).await?;
        Ok(())
    }
}
