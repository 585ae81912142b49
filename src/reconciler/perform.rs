//! One room: reads what should be and what is known, does one step, stores its result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ruma::{OwnedUserId, RoomId, UserId};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{Installation, back_off, later};
use crate::clock::now;
use crate::config::{CreateRooms, RemovedContacts};
use crate::homeserver::CallFailure;
use crate::room::{Known, Member, Next, RoomPlan, Saying, Setting, Step, Wanted, needed, next};
use crate::seal::Trust;
use crate::store::{RoomRow, SendKey, Store, StoreError};
use crate::transaction::Transaction;

/// Most steps in one turn: more than a new room needs. Then other rooms have their turn.
const STEPS_PER_TURN: usize = 20;
/// Most turns in a row: far more than any room needs. More means that two sides undo each other's
/// work, and that is looked at later instead of spinning.
const MAX_TURNS: i64 = 100;

const ENCRYPTED_PROBLEM: &str = "The room is encrypted, so what is said in it cannot be recorded: \
     only the number of such messages is known. Encryption cannot be switched off again. If \
     `tallyroom check` says that the homeserver encrypts every new room, change that first; then \
     upgrade or delete the room, and send the contacts again by PATCH.";
const BANNED_PROBLEM: &str = "The homeserver's administrator deleted the room and blocked it, so it \
     is not made again by itself. To get a new room, invite the contacts again: \
     POST /api/v1/transactions/{id}/invitations, or send the contacts again by PATCH.";

const OUT_PROBLEM: &str = "The bot is not in the room any more: somebody removed it, or an \
     administrator deleted the room. Nothing that is said there is recorded. Invite the bot to the \
     room again; or get a new room by inviting the contacts again: \
     POST /api/v1/transactions/{id}/invitations, or send the contacts again by PATCH.";

/// Everything that steps are done with.
pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) installation: Arc<Installation>,
    /// Keys with which the signed heads in rooms count as ours.
    pub(super) trust: Trust,
    pub(super) stop: CancellationToken,
}

/// Why a room cannot go on right now.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Try again, after this time if it is known how long.
    Later { wait: Option<Duration>, problem: String },
    /// The homeserver said no to this step; nothing happened. Other steps can be done.
    Refused(CallFailure),
    /// A part of this step was refused, in words. Other steps can be done.
    Blocked(String),
    /// Only an operator can help.
    Final(String),
    /// The database failed.
    Store(StoreError),
    /// The process is about to end.
    Stopping,
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CallFailure> for Obstacle {
    fn from(failure: CallFailure) -> Self {
        let wait = match &failure {
            CallFailure::Refused(_) => return Self::Refused(failure),
            CallFailure::RateLimited(wait) => *wait,
            CallFailure::Unknown { .. } => None,
        };
        Self::Later { wait, problem: failure.to_string() }
    }
}

impl Obstacle {
    pub(super) fn later(wait: Duration, problem: impl Into<String>) -> Self {
        Self::Later { wait: Some(wait), problem: problem.into() }
    }
}

/// A transaction and its room at one moment.
pub(super) struct View {
    pub(super) transaction: Transaction,
    pub(super) room: RoomRow,
    pub(super) plan: RoomPlan,
    pub(super) members: BTreeMap<OwnedUserId, Member>,
}

impl View {
    pub(super) fn id(&self) -> Ulid {
        self.transaction.id
    }

    /// The room's id, for steps that come after it is known.
    pub(super) fn room_id(&self) -> Result<&RoomId, Obstacle> {
        self.room
            .room_id
            .as_deref()
            .and_then(|id| <&RoomId>::try_from(id).ok())
            .ok_or_else(|| Obstacle::Final("The stored room id is not one.".to_owned()))
    }

    /// See [`Member::seen_at`]; as it was before any question of this step.
    pub(super) fn seen_at(&self, user: &UserId) -> i64 {
        self.members.get(user).map_or(0, |member| member.seen_at)
    }
}

impl Worker {
    /// Does steps until there is nothing to do now, or until others should have their turn.
    pub(super) async fn take_turn(&self, id: Ulid) -> Result<(), Obstacle> {
        for _ in 0..STEPS_PER_TURN {
            if self.stop.is_cancelled() {
                return Err(Obstacle::Stopping);
            }
            let Some(view) = self.view(id).await? else { return Ok(()) };
            let wanted = self.wanted(&view).await?;
            let known = self.known(&view).await?;
            let until = match next(&wanted, &known, now()) {
                Next::Do(step) => {
                    let name = step.name();
                    match (self.perform(&view, step).await, name) {
                        (Ok(()), Some(name)) if known.blocked.contains_key(&name) => {
                            self.store.step_solved(id, &name).await?;
                        }
                        (Err(Obstacle::Refused(failure)), Some(_))
                            if failure.is_forbidden() && self.is_out(&view).await? => {}
                        (Err(Obstacle::Refused(failure)), Some(name)) => {
                            self.step_refused(&view, &name, &failure.to_string()).await?;
                        }
                        (Err(Obstacle::Blocked(problem)), Some(name)) => {
                            self.step_refused(&view, &name, &problem).await?;
                        }
                        (Err(Obstacle::Final(problem)), _) => {
                            tracing::error!(problem, "this room needs an operator");
                            let wakes = view.room.wakes;
                            return Ok(self.store.room_stopped(id, wakes, &problem).await?);
                        }
                        (outcome, _) => outcome?,
                    }
                    continue;
                }
                Next::Wait(until) => Some(until),
                Next::Rest => None,
            };
            if !known.blocked.is_empty() {
                let needed = needed(&wanted, &known);
                let names: BTreeSet<_> = needed.iter().filter_map(|it| it.step.name()).collect();
                self.store.keep_problems(id, &names).await?;
            }
            // A room to which nobody may be invited yet is not ready.
            let settles_at = known.settles_at.filter(|at| *at > now());
            let until = until.into_iter().chain(settles_at).min();
            tracing::debug!(until, "nothing left to do now");
            let is_ready = settles_at.is_none();
            return Ok(self.store.room_rests(id, view.room.wakes, until, is_ready).await?);
        }
        if self.store.room_yields(id).await? <= MAX_TURNS {
            return Ok(());
        }
        Err(Obstacle::Later { wait: None, problem: "the room does not come to rest".to_owned() })
    }

    /// Whether the bot is not in the room any more; if so, that is noted.
    async fn is_out(&self, view: &View) -> Result<bool, Obstacle> {
        let homeserver = &self.installation.homeserver;
        let bot = homeserver.bot_user_id();
        let membership = match homeserver.membership(view.room_id()?, bot).await {
            Ok(membership) => membership,
            Err(CallFailure::Refused(_)) => None,
            Err(failure) => return Err(failure.into()),
        };
        let membership = membership.as_deref().unwrap_or("leave");
        if membership != "join" {
            self.stands(view, bot, membership).await?;
        }
        Ok(membership != "join")
    }

    /// Keeps the step's problem, so that the other steps can go on.
    async fn step_refused(&self, view: &View, name: &str, problem: &str) -> Result<(), Obstacle> {
        let id = view.id();
        let problems = self.store.room_problems(id).await?;
        let failures = problems.iter().find(|it| it.step == name).map_or(0, |it| it.failures);
        let wait = back_off(failures);
        tracing::warn!(step = name, problem, seconds = wait.as_secs_f32(), "refused");
        Ok(self.store.step_refused(id, name, problem, later(wait)).await?)
    }

    async fn view(&self, id: Ulid) -> Result<Option<View>, Obstacle> {
        // The room first: a wake between the two reads is then seen as one that came later.
        let Some(room) = self.store.room(id).await? else { return Ok(None) };
        let Some(transaction) = self.store.transaction(id).await? else { return Ok(None) };
        let installation = &self.installation;
        let version = room
            .room_version
            .as_deref()
            .and_then(|version| version.try_into().ok())
            .unwrap_or_else(|| installation.room_version.clone());
        let avatar = if transaction.terms.invoice.is_credit_note() {
            &installation.credit_note_avatar
        } else {
            &installation.invoice_avatar
        };
        let page_link = installation.config.page_link(id);
        let widget_link = installation.config.widget_link(id);
        let plan = RoomPlan::of(
            &transaction,
            &Setting {
                rooms: &installation.config.rooms,
                bot: &installation.config.bot_user_id(),
                version,
                avatar: avatar.as_str(),
                alias_localpart: &room.alias_localpart,
                page_link: page_link.as_deref(),
                widget_link: widget_link.as_deref(),
                is_creator: match room.creator {
                    Some(creator) => creator == 1,
                    None => room.why.as_deref() != Some("upgraded"),
                },
                predecessor: room.predecessor.as_deref(),
            },
        );
        let members = self.store.members(id).await?;
        Ok(Some(View { transaction, room, plan, members }))
    }

    async fn wanted(&self, view: &View) -> Result<Wanted, Obstacle> {
        let terms = &view.transaction.terms;
        let guests = self.store.guests(view.id()).await?;
        let former = match self.installation.config.rooms.removed_contacts {
            RemovedContacts::Keep => Vec::new(),
            RemovedContacts::Remove => {
                let contacts = self.store.former_contacts(view.id()).await?;
                let contacts = contacts.iter().filter_map(|user| UserId::parse(user).ok());
                let guests = guests.iter().filter(|row| row.visitor(terms).is_none());
                contacts.chain(guests.map(|row| row.guest.user_id.clone())).collect()
            }
        };
        let saying = self.store.next_outgoing(view.id()).await?.and_then(|outgoing| {
            Some(Saying {
                guest: UserId::parse(&outgoing.user_id).ok()?,
                has_file: outgoing.sha256.is_some(),
                id: outgoing.id,
            })
        });
        let at_once = self.installation.config.rooms.create == CreateRooms::OnTransaction;
        Ok(Wanted {
            room: at_once || saying.is_some(),
            state: view.plan.state_digest(),
            summary: view.plan.summary_digest(),
            headline: view.plan.headline_digest(),
            head: self.store.last_signed_head(view.id()).await?.map(|head| head.links()),
            bot: self.installation.homeserver.bot_user_id().to_owned(),
            contacts: terms.matrix_contacts().map(|(_, it)| it.clone()).collect(),
            former,
            news: self.news(view).await?.is_some(),
            saying,
        })
    }

    async fn known(&self, view: &View) -> Result<Known, Obstacle> {
        let room = &view.room;
        let problems = self.store.room_problems(view.id()).await?;
        let far = self.store.handed_over(view.id()).await?;
        Ok(Known {
            room: room.room(),
            attempted: room.attempted_at.is_some(),
            state: room.published.clone(),
            summary_event: room.summary_event.clone(),
            summary: room.summary_shown.clone(),
            pinned: room.summary_pinned.clone(),
            head: room.head_shown,
            members: view.members.clone(),
            guests: self.store.guests_made(view.id()).await?,
            far_try: far.values().any(|in_flight| *in_flight),
            handed_over: far.into_keys().collect(),
            replaced: room.tombstone_at.is_some(),
            leads_elsewhere: room.led_on == 0,
            lost: room.lost_successor.clone(),
            encrypted: room.encrypted_at.is_some(),
            told_encrypted: room.encrypted_at.is_some()
                && self.store.sent_as(view.id(), &SendKey::Encrypted.to_string()).await?.is_some(),
            banned: room.blocked_at.is_some(),
            wanted_again: room.wanted_again == 1,
            settles_at: room.settles_at(),
            blocked: problems.into_iter().map(|it| (it.step, it.retry_at)).collect(),
        })
    }

    async fn perform(&self, view: &View, step: Step) -> Result<(), Obstacle> {
        let correlation = view.room.correlation.as_deref().unwrap_or_default();
        tracing::info!(?step, correlation, revision = view.transaction.revision, "step");
        match step {
            Step::CreateRoom => self.create_room(view).await,
            Step::ResolveRoom => self.resolve_room(view).await,
            Step::Follow => self.follow(view).await,
            Step::LeadOn => self.lead_on(view).await,
            Step::Seek(_) => self.seek(view).await,
            Step::LetGo => Ok(self.store.let_go_of_successors(view.id()).await?),
            Step::TellEncrypted => self.tell_encrypted(view).await,
            Step::StopEncrypted => Err(Obstacle::Final(ENCRYPTED_PROBLEM.to_owned())),
            Step::StopBanned => Err(Obstacle::Final(BANNED_PROBLEM.to_owned())),
            Step::StopOut => Err(Obstacle::Final(OUT_PROBLEM.to_owned())),
            Step::Replace => self.replace(view, None).await,
            Step::Join => self.join(view).await,
            Step::PublishState => self.publish_state(view).await,
            Step::SendSummary => self.send_summary(view).await,
            Step::TellChange => self.tell_change(view).await,
            Step::EditSummary => self.edit_summary(view).await,
            Step::PinSummary => self.pin_summary(view).await,
            Step::ShowHead => self.show_head(view).await,
            Step::LookUp(user) => self.look_up(view, &user).await,
            Step::HandOver(user) => self.hand_over(view, &user).await,
            Step::Invite(user) => self.invite(view, &user).await,
            Step::Remove(user) => self.remove(view, &user).await,
            Step::MakeGuest(user) => self.make_guest(view, &user).await,
            Step::JoinGuest(user) => self.join_guest(view, &user).await,
            Step::Upload(id) => self.upload(view, &id).await,
            Step::Say(id) => self.say(view, &id).await,
            Step::GiveUp(id) => self.give_up(view, &id).await,
        }
    }

    async fn join(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let bot = homeserver.bot_user_id();
        match homeserver.join(view.room_id()?).await {
            Ok(()) => self.stands(view, bot, "join").await,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the invitation does not hold any more");
                self.stands(view, bot, "leave").await
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
