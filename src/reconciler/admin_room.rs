//! The room in which the bot talks with the admins: it tells them of problems, and does what they ask for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::perform::{Obstacle, Worker};
use super::send_once::send_id;
use super::{Installation, backoff};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::link::token::grant_id;
use crate::link::{LinkRequest, NoLink, make_link};
use crate::logging::Failures;
use crate::room::{
    AdminCommand, LinkFor, Message, QuietHours, admin_command, admin_help, list, with_link,
};
use crate::seal::{SigningKey, Trust};
use crate::store::{
    ADMINS, AdminRequest, BotMessage, Changed, Problem, ProblemMessage, SetBy, Store,
};
use crate::transaction::{Status, Transaction};

/// The time between two looks for new problems.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// The number of transactions and problems in a list.
const LISTED: i64 = 10;
/// How old a message may be to be answered, in milliseconds.
const MAX_AGE_MS: i64 = 24 * 60 * 60_000;
/// The time between two looks at who is in the room.
const MEMBERS_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// The reason for which a former admin is removed.
const NO_ADMIN: &str = "No longer an admin in the config";
/// The name of the room.
const NAME: &str = "Tallyroom admins";
/// The name of the fact that holds the quiet hours.
const QUIET_HOURS: &str = "admins_quiet_hours";

/// Talks with the admins in the config until `stop`. One process does so at a time.
pub async fn talk_with_admins_forever(
    store: Store,
    installation: Arc<Installation>,
    key: Arc<SigningKey>,
    stop: CancellationToken,
) {
    if installation.config.bot.admins.is_empty() {
        return stop.cancelled().await;
    }
    let trust = Trust::Keys(vec![key.public_key().to_owned()]);
    let worker =
        Worker { store, installation, trust, token_key: (&*key).into(), stop: stop.clone() };
    let (mut room, mut attempt, mut failures) = (None, 0, Failures::default());
    let mut members_due = Instant::now();
    while !stop.is_cancelled() {
        let pause = match worker.talk(&mut room, &mut members_due).await {
            Ok(()) => {
                attempt = 0;
                failures.reset();
                LOOK_INTERVAL
            }
            Err(Obstacle::Stopping) => break,
            Err(obstacle) => {
                // The bot may have lost the room.
                room = None;
                let problem = words(&obstacle);
                if failures.should_log(problem.clone()) {
                    tracing::warn!(problem, "cannot talk with the admins; retrying");
                }
                attempt += 1;
                backoff(attempt)
            }
        };
        tokio::select! {
            () = worker.store.hints().admins.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Later { problem, .. } | Obstacle::Blocked(problem) | Obstacle::Final(problem) => {
            problem.clone()
        }
        Obstacle::Refused(failure) => failure.to_string(),
        Obstacle::Store(error) => error.to_string(),
        Obstacle::Stopping => "stopping".to_owned(),
    }
}

impl Worker {
    /// Answers all that waits for an answer, and tells what is to be told. `room` is the room once it is ready.
    async fn talk(
        &self,
        room: &mut Option<OwnedRoomId>,
        members_due: &mut Instant,
    ) -> Result<(), Obstacle> {
        let room_id = match room {
            Some(room_id) => room_id.clone(),
            None => room.insert(self.bot_room(ADMINS, NAME).await?).clone(),
        };
        while let Some(request) = self.store.next_admin_request().await? {
            self.answer_admin(&room_id, &request).await?;
            self.store.admin_request_done(&request.event_id).await?;
        }
        while let Some(message) = self.store.problem_message(self.is_quiet().await?).await? {
            self.tell_problems(&room_id, &message).await?;
            self.store.problems_told(&message).await?;
        }
        // Last, because the homeserver of an admin may take long to answer.
        if Instant::now() >= *members_due {
            *members_due = Instant::now() + MEMBERS_INTERVAL;
            self.bring_members_up_to_date(&room_id).await?;
        }
        Ok(())
    }

    /// Invites the admins who are not in the room, and removes those who are none any more. Whoever cannot be invited
    /// now is invited later.
    async fn bring_members_up_to_date(&self, room: &RoomId) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let state = homeserver.room_state(room).await?;
        let members = state.iter().filter(|it| {
            it["type"] == "m.room.member"
                && ["join", "invite", "ban"].iter().any(|one| it["content"]["membership"] == *one)
        });
        let members: Vec<(&str, bool)> = members
            .filter_map(|it| {
                Some((it["state_key"].as_str()?, it["content"]["membership"] == "ban"))
            })
            .collect();
        let admins = &self.installation.config.bot.admins;
        let missing = admins.iter().filter(|admin| !members.iter().any(|(it, _)| it == admin));
        let inviting = missing.map(|admin| async move {
            if let Err(failure) = homeserver.invite(room, admin).await {
                tracing::warn!(admin = %admin, %failure, "an admin cannot be invited; retrying later");
            }
        });
        futures_util::future::join_all(inviting).await;
        for (user, is_banned) in members {
            let Ok(user) = UserId::parse(user) else { continue };
            if is_banned || admins.contains(&user) || user == homeserver.bot_user_id() {
                continue;
            }
            if let Err(failure) = homeserver.remove(room, &user, NO_ADMIN).await {
                tracing::warn!(%user, %failure, "a former admin cannot be removed; retrying later");
            }
        }
        Ok(())
    }

    async fn is_quiet(&self) -> Result<bool, Obstacle> {
        let hours = self.store.fact(QUIET_HOURS).await?;
        let hours = hours.as_deref().and_then(QuietHours::of_text);
        let zone = TimeZone::get(&self.installation.config.page.time_zone);
        let time = zone.unwrap_or(TimeZone::UTC).to_datetime(Timestamp::now()).time();
        Ok(hours.is_some_and(|hours| hours.contain(time)))
    }

    /// Sends the message about problems once.
    async fn tell_problems(&self, room: &RoomId, message: &ProblemMessage) -> Result<(), Obstacle> {
        let (one, several) = match message.healed {
            true => ("This problem has healed:", "These problems have healed:"),
            false => ("There is a problem:", "There are problems:"),
        };
        let head = if message.problems.len() == 1 { one } else { several };
        let text = list(head, message.problems.iter().map(in_words));
        self.say_once(room, &format!("problems {}", message.id), &text, None).await
    }

    async fn answer_admin(&self, room: &RoomId, request: &AdminRequest) -> Result<(), Obstacle> {
        let Ok(sender) = UserId::parse(&request.sender) else { return Ok(()) };
        let is_admin = self.installation.config.bot.admins.contains(&sender);
        if !is_admin || request.sent_at < now() - MAX_AGE_MS {
            return Ok(());
        }
        let Some(command) = admin_command(&request.words) else { return Ok(()) };
        let answer = self.do_for_admin(command, &sender, &request.event_id).await?;
        let key = format!("answer {}", request.event_id);
        self.say_once(room, &key, &answer, Some(&request.event_id)).await
    }

    /// Does what an admin asks for. All of it can be repeated safely.
    async fn do_for_admin(
        &self,
        command: AdminCommand,
        admin: &OwnedUserId,
        event_id: &str,
    ) -> Result<Message, Obstacle> {
        let sentence = |text: String| list(&text, std::iter::empty());
        Ok(match command {
            AdminCommand::Help => admin_help(),
            AdminCommand::Mistake(usage) => sentence(usage),
            AdminCommand::List => {
                let newest = self.store.newest_transactions(LISTED).await?;
                let items = newest.iter().map(|it| {
                    format!(
                        "{} {} of {}: {}, room {}",
                        it.id, it.external_id, it.shop, it.status, it.room
                    )
                });
                list("The newest transactions:", items)
            }
            AdminCommand::Problems => {
                let (problems, all) = self.store.problems(None, LISTED).await?;
                let shown = i64::try_from(problems.len()).unwrap_or(i64::MAX);
                match all {
                    0 => sentence("There are no problems.".to_owned()),
                    _ if all > shown => list(
                        &format!("{shown} of {all} problems (`tallyroom problems` lists all):"),
                        problems.iter().map(in_words),
                    ),
                    _ => list("The problems:", problems.iter().map(in_words)),
                }
            }
            AdminCommand::Retry(None) => {
                self.store.take_up(None).await?;
                sentence("I try again all that failed.".to_owned())
            }
            AdminCommand::Retry(Some(name)) => match self.called(&name).await? {
                Err(why) => sentence(why),
                Ok(id) => {
                    self.store.take_up(Some(id)).await?;
                    sentence(format!("I try again what failed in {name}."))
                }
            },
            AdminCommand::Invite(name) => match self.called(&name).await? {
                Err(why) => sentence(why),
                Ok(id) => {
                    let Some(transaction) = self.store.transaction(id).await? else {
                        return Ok(sentence(not_found(&name)));
                    };
                    let origin = Origin::Room { actor: admin.to_string() };
                    let line = origin.does(Action::ContactsInvited, &transaction.shop).to(id);
                    self.store.invite_again(id, None, event_id, line).await?;
                    sentence(format!("I invite again who is not in the room of {name}."))
                }
            },
            AdminCommand::Link(name, party) => match self.called(&name).await? {
                Err(why) => sentence(why),
                Ok(id) => {
                    let wanted = LinkRequest { party, contact: None, expires_in: None };
                    sentence(self.link_for_admin(id, &wanted, admin, event_id).await?)
                }
            },
            AdminCommand::Close(name, status) => match self.called(&name).await? {
                Err(why) => sentence(why),
                Ok(id) => sentence(Box::pin(self.close(id, status, admin, event_id)).await?),
            },
            AdminCommand::Quiet(hours) => match hours {
                Some(hours) => {
                    self.store.set_fact(QUIET_HOURS, &hours.to_string()).await?;
                    let zone = &self.installation.config.page.time_zone;
                    sentence(format!("I tell no problems from {hours} ({zone}), but after that."))
                }
                None => {
                    self.store.forget_fact(QUIET_HOURS).await?;
                    sentence("I tell problems at any time.".to_owned())
                }
            },
        })
    }

    /// Sets a status that ends a transaction. Returns what to say.
    async fn close(
        &self,
        id: Ulid,
        status: Status,
        admin: &UserId,
        event_id: &str,
    ) -> Result<String, Obstacle> {
        let rules = &self.installation.config.status;
        let today = rules.date_at(now());
        let decide = |current: &Transaction| match rules.standing(current, today).status {
            standing if standing == status => Ok(None),
            standing if standing.next().contains(&status) => Ok(Some(status.as_str().to_owned())),
            standing => Err(standing),
        };
        let by = SetBy::Message(BotMessage::OfAdmin(event_id));
        let word = status.as_str();
        Ok(match self.store.set_status(id, admin, by, event_id, decide).await? {
            Changed::To(_) => format!("The status is {word} now."),
            // An earlier try may have set it, and somebody else another one since then.
            Changed::Same => match self.store.transaction(id).await? {
                Some(now) => {
                    format!("The status is {} now.", rules.standing(&now, today).status.as_str())
                }
                None => not_found(&id.to_string()),
            },
            Changed::Refused(standing) => {
                format!("The status is {}, which {word} cannot follow.", standing.as_str())
            }
            Changed::Missing => "The transaction is gone.".to_owned(),
        })
    }

    /// The transaction that an admin means, or what to tell them.
    async fn called(&self, name: &str) -> Result<Result<Ulid, String>, Obstacle> {
        Ok(self.store.transaction_of_any_shop(name).await?.map_err(|count| match count {
            0 => not_found(name),
            _ => format!("Several shops have a transaction {name}. Write its id."),
        }))
    }

    /// Makes a link and writes it to the admin directly. Returns what to say in the room.
    async fn link_for_admin(
        &self,
        transaction: Ulid,
        wanted: &LinkRequest,
        admin: &OwnedUserId,
        event_id: &str,
    ) -> Result<String, Obstacle> {
        let Some(transaction) = self.store.transaction(transaction).await? else {
            return Ok("The transaction is gone.".to_owned());
        };
        let Installation { config, homeserver, .. } = &*self.installation;
        let id = grant_id(&format!("admins\0{event_id}"));
        let origin = Origin::Room { actor: admin.to_string() };
        let link =
            make_link(&self.store, config, &self.token_key, &transaction, wanted, id, &origin);
        let link = match link.await {
            Ok(link) => link,
            Err(NoLink::Store(error)) => return Err(error.into()),
            Err(no_link) => return Ok(no_link.to_string()),
        };
        let locale = self.installation.locale(&transaction);
        let room = match self.direct_room(admin, &locale).await {
            Ok(room) => room,
            Err(Obstacle::Refused(failure)) => {
                return Ok(format!("I cannot write to you directly: {failure}"));
            }
            Err(obstacle) => return Err(obstacle),
        };
        let until = TimeZone::UTC
            .to_datetime(Timestamp::from_millisecond(link.expires_at).unwrap_or_default());
        let text =
            with_link(&link.url, LinkFor::Page, &locale.date(until.date()), &transaction, &locale);
        let send_id =
            send_id(ADMINS, &format!("link {event_id}"), homeserver.bot_user_id().as_str());
        homeserver.send_message(&room, &send_id, &text.content(&send_id)).await?;
        Ok("I have sent you the link in a direct message.".to_owned())
    }

    /// Sends a message of the bot once, `key` identifies it: it is looked for in the room before it is sent.
    async fn say_once(
        &self,
        room: &RoomId,
        key: &str,
        message: &Message,
        answers: Option<&str>,
    ) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let bot = homeserver.bot_user_id();
        let send_id = send_id(ADMINS, key, bot.as_str());
        let since = now() - MAX_AGE_MS;
        if self.find_sent(room, bot, &send_id, since).await?.is_some() {
            return Ok(());
        }
        let content = match answers {
            Some(event_id) => message.answer_content(event_id, &send_id),
            // Problems are no answers, and admins want to be notified of them.
            None => {
                let mut content = message.content(&send_id);
                content["m.mentions"] = json!({ "room": true });
                content
            }
        };
        homeserver.send_message(room, &send_id, &content).await?;
        Ok(())
    }
}

fn not_found(name: &str) -> String {
    format!("There is no transaction {name}. Write its id or its external_id.")
}

/// A problem in one line.
fn in_words(problem: &Problem) -> String {
    let Problem { what, transaction_id, subject, why, .. } = problem;
    let parts = [what, subject, transaction_id].into_iter().filter(|it| !it.is_empty());
    format!("{}: {why}", parts.map(String::as_str).collect::<Vec<_>>().join(" · "))
}
