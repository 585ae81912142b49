//! Does what people ask the bot for in the room of a transaction, and answers.

use ruma::{OwnedUserId, UserId};

use super::links::MAX_INVITING_MS;
use super::perform::{Obstacle, View, Worker};
use super::summary::MESSAGE;
use crate::access::Origin;
use crate::clock::{DAY_MS, HOUR_MS, now};
use crate::language::Locale;
use crate::link::token::grant_id;
use crate::link::{LinkRequest, NoLink, make_link};
use crate::names::GUEST_PREFIX;
use crate::record::Entry;
use crate::room::{
    Asked, Command, LinkFor, Message, Request, Wish, answer, reason_missing, request, sentence,
    status_refused, status_set,
};
use crate::store::{BotMessage, Changed, SendKey, SetBy};
use crate::transaction::{Transaction, Visitor};

/// How old a message may be to be answered, in milliseconds. Nobody expects an answer any more after a day, and what
/// was asked for may have changed.
const MAX_AGE_MS: i64 = DAY_MS;
/// The greatest number of answers in one room in an hour. Whoever asks more often gets none.
const MAX_ANSWERS_AN_HOUR: i64 = 60;
/// The greatest number of them to one person, so that nobody uses up those of the others.
const MAX_ANSWERS_TO_ONE_AN_HOUR: i64 = 20;

impl Worker {
    /// Does what the message to the bot with this `seq` asks for, answers it, and stores that it is answered. All of
    /// it can be repeated safely.
    pub(super) async fn answer(&self, view: &View, seq: i64) -> Result<(), Obstacle> {
        let entry = self.store.entries(view.id(), seq - 1, 1).await?.into_iter().next();
        let entry = entry.filter(|it| it.fixed.seq == seq && is_fresh(it));
        let entry = match entry {
            Some(entry) if self.may_be_answered(view, &entry).await? => Some(entry),
            _ => None,
        };
        let of_room = self.installation.locale(&view.transaction);
        let asked = entry
            .as_ref()
            .and_then(|entry| Some((entry, request(entry.text.as_deref()?, of_room.language())?)));
        // Its words may be erased meanwhile.
        if let Some((entry, request)) = asked {
            let locale = match request.language {
                language if language == of_room.language() => of_room,
                language => Locale::of(language),
            };
            if let Some(message) = self.answer_to(view, entry, &request, &locale).await? {
                let bot = self.installation.homeserver.bot_user_id();
                let to = &entry.fixed.event_id;
                let content = |send_id: &str| message.answer_content(to, send_id);
                let key = SendKey::Answer(seq).to_string();
                self.send_once(view, bot, &key, MESSAGE, content).await?;
            }
        }
        Ok(self.store.room_command_done(view.id(), seq).await?)
    }

    /// Whether the bot has not answered too often lately.
    async fn may_be_answered(&self, view: &View, entry: &Entry) -> Result<bool, Obstacle> {
        let hour_ago = now() - HOUR_MS;
        let (all, to_this) =
            self.store.answers_since(view.id(), hour_ago, &entry.fixed.sender).await?;
        Ok(all < MAX_ANSWERS_AN_HOUR && to_this < MAX_ANSWERS_TO_ONE_AN_HOUR)
    }

    /// Returns the answer, after what it says is done. None if nothing is to be said.
    async fn answer_to(
        &self,
        view: &View,
        entry: &Entry,
        request: &Request,
        locale: &Locale,
    ) -> Result<Option<Message>, Obstacle> {
        let page_link = self.installation.config.page_link(view.id());
        let author = self.author(view, entry).await?;
        let rules = &self.installation.config.status;
        let asked = Asked {
            transaction: &view.transaction,
            standing: &view.standing,
            members: &view.members,
            settable: author.as_ref().map_or(&[], |(_, visitor)| rules.may_set(visitor.role)),
            page_link: page_link.as_deref(),
            locale,
        };
        if let Some(message) = answer(&request.wish, &asked) {
            return Ok(Some(message));
        }
        match &request.wish {
            Wish::Command(Command::Link, _) => {
                self.send_link(view, entry, LinkFor::Page, &asked).await
            }
            Wish::Command(Command::Export, _) => {
                self.send_link(view, entry, LinkFor::Conversation, &asked).await
            }
            Wish::Command(command, reason) => {
                self.set_status(view, entry, (*command, reason), &asked).await.map(Some)
            }
            Wish::Unknown { .. } => Ok(None),
        }
    }

    /// Sets the status that a command names, if the party may do so now.
    async fn set_status(
        &self,
        view: &View,
        entry: &Entry,
        (command, reason): (Command, &str),
        asked: &Asked<'_>,
    ) -> Result<Message, Obstacle> {
        let (Some(status), Some((user, visitor))) =
            (command.status(), self.author(view, entry).await?)
        else {
            return Ok(sentence("answer-not-a-party", asked.locale));
        };
        if status.needs_reason() && reason.is_empty() {
            return Ok(reason_missing(command, asked.locale));
        }
        let rules = &self.installation.config.status;
        let today = rules.date_at(now());
        let decide = |current: &Transaction| rules.decide(visitor.role, status, current, today);
        let correlation = &entry.fixed.event_id;
        let by = SetBy::Message(BotMessage::InRoom(entry.fixed.seq));
        let changed = self.store.set_status(view.id(), &user, by, correlation, decide).await?;
        // What the answer says is how it stands now, whoever has changed it meanwhile.
        let now = self.store.transaction(view.id()).await?;
        let standing = now.map(|it| rules.standing(&it, today));
        let asked = Asked { standing: standing.as_ref().unwrap_or(&view.standing), ..*asked };
        Ok(match changed {
            Changed::Refused(possible) => status_refused(&possible, &asked),
            Changed::To(_) | Changed::Same | Changed::Missing => status_set(&asked),
        })
    }

    /// Who wrote the entry, if they are a contact today, or a guest of one.
    async fn author(
        &self,
        view: &View,
        entry: &Entry,
    ) -> Result<Option<(OwnedUserId, Visitor)>, Obstacle> {
        let terms = &view.transaction.terms;
        let Ok(user) = UserId::parse(&entry.fixed.sender) else { return Ok(None) };
        if let Some(visitor) = terms.visitor_with_account(&user) {
            return Ok(Some((user, visitor)));
        }
        let guests = self.store.guests(view.id()).await?;
        let guest = guests.iter().find(|it| it.guest.user_id == user);
        Ok(guest.and_then(|it| it.visitor(terms)).map(|visitor| (user, visitor)))
    }

    /// Writes a personal link to the sender of the entry, in a room of their own.
    async fn send_link(
        &self,
        view: &View,
        entry: &Entry,
        what: LinkFor,
        asked: &Asked<'_>,
    ) -> Result<Option<Message>, Obstacle> {
        let say = |text_id| Ok(Some(sentence(text_id, asked.locale)));
        let Some((user, visitor)) = self.author(view, entry).await? else {
            return say("answer-not-a-party");
        };
        if user.localpart().starts_with(GUEST_PREFIX) {
            return say(match what {
                LinkFor::Page => "answer-link-on-page",
                LinkFor::Conversation => "answer-export-on-page",
            });
        }
        let wanted =
            LinkRequest { party: visitor.role, contact: Some(user.to_string()), expires_in: None };
        // The same message always leads to the same link.
        let id = grant_id(&format!("{}\0{}", view.id(), entry.fixed.event_id));
        let origin = Origin::Room { actor: visitor.role.as_str().to_owned() };
        let (config, key) = (&self.installation.config, &self.token_key);
        let link = make_link(&self.store, config, key, &view.transaction, &wanted, id, &origin);
        let link = match link.await {
            Ok(link) => link,
            Err(NoLink::NoPage) => return say("answer-no-page"),
            Err(NoLink::Store(error)) => return Err(error.into()),
            // It was revoked before it was sent.
            Err(NoLink::Over { .. } | NoLink::Contact { .. } | NoLink::Lifetime) => {
                return Ok(None);
            }
        };
        let key = SendKey::Direct(entry.fixed.seq);
        match self.write_link(view, &key, &user, (&link, what), asked.locale).await {
            Ok(()) => say("answer-link-sent"),
            Err(Obstacle::Refused(failure)) => {
                tracing::warn!(%failure, "a link could not be sent directly");
                say("answer-link-refused")
            }
            // The homeserver of the user may take long. That holds up nothing else in this room.
            Err(Obstacle::Later { problem, .. }) => {
                match entry.fixed.received_at > now() - MAX_INVITING_MS {
                    true => Err(Obstacle::Blocked(problem)),
                    false => say("answer-link-refused"),
                }
            }
            Err(obstacle) => Err(obstacle),
        }
    }
}

fn is_fresh(entry: &Entry) -> bool {
    entry.sort_at > now() - MAX_AGE_MS
}
