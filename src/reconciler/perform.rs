//! The work on one room: it reads what the room should be and what is known of it, does one step,
//! and stores the result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ruma::{OwnedUserId, RoomId, UserId};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{Installation, backoff, time_after};
use crate::clock::now;
use crate::config::{CreateRooms, RemovedContacts};
use crate::homeserver::CallFailure;
use crate::link::token::TokenKey;
use crate::room::{
    Known, Member, Next, PageMessage, RoomPlan, Setting, Step, Wanted, needed_steps, next_step,
};
use crate::seal::Trust;
use crate::store::{BecameOverdue, RoomRow, SendKey, Store, StoreError};
use crate::transaction::{Standing, Transaction};

/// The greatest number of steps in one turn, which is more than a new room needs. After that, other
/// rooms have their turn.
const MAX_STEPS_PER_TURN: usize = 20;
/// The greatest number of turns in a row, which is far more than any room needs. If a room needs
/// more, two sides undo each other's work, and the room has to wait.
const MAX_TURNS: i64 = 100;

const ENCRYPTED_PROBLEM: &str = "The room is encrypted, so its messages cannot be recorded: only \
     their number is known. Encryption cannot be switched off again. If `tallyroom check` says \
     that the homeserver encrypts every new room, change that first. Then upgrade or delete the \
     room, and send the contacts again by PATCH.";
const BLOCKED_PROBLEM: &str = "An administrator of the homeserver deleted the room and blocked it, \
     so it is not created again automatically. To get a new room, invite the contacts again: \
     POST /api/v1/transactions/{id}/invitations, or send the contacts again by PATCH.";
const OUT_PROBLEM: &str = "The bot is no longer in the room: somebody removed it, or an \
     administrator deleted the room. No message of the room is recorded. Invite the bot to the \
     room again, or get a new room by inviting the contacts again: \
     POST /api/v1/transactions/{id}/invitations, or send the contacts again by PATCH.";

/// Everything that the steps need.
pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) installation: Arc<Installation>,
    /// The keys that make a signed head in a room count as ours.
    pub(super) trust: Trust,
    /// The key that signs links to the invoice page.
    pub(super) token_key: TokenKey,
    pub(super) stop: CancellationToken,
}

/// Why a step could not be done.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The room has to be retried later: after `wait`, or after a backoff if there is none.
    Later { wait: Option<Duration>, problem: String },
    /// The homeserver refused this step, which had no effect. Other steps can be done.
    Refused(CallFailure),
    /// The step was done only in part or not at all, for this reason. Other steps can be done.
    Blocked(String),
    /// The room stops for this reason, until an operator or the shop does something about it.
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

/// A transaction and its room, as read from the database at one moment.
pub(super) struct View {
    pub(super) transaction: Transaction,
    /// How the transaction stands now.
    pub(super) standing: Standing,
    pub(super) room: RoomRow,
    pub(super) plan: RoomPlan,
    pub(super) members: BTreeMap<OwnedUserId, Member>,
}

impl View {
    pub(super) fn id(&self) -> Ulid {
        self.transaction.id
    }

    /// Returns the room's id, for steps that are done only once it is known.
    pub(super) fn room_id(&self) -> Result<&RoomId, Obstacle> {
        self.room
            .room_id
            .as_deref()
            .and_then(|id| <&RoomId>::try_from(id).ok())
            .ok_or_else(|| Obstacle::Final("The stored room id is not a valid room id.".to_owned()))
    }

    /// Returns [`Member::seen_at`] as it was before this step asked the homeserver anything.
    pub(super) fn seen_at(&self, user: &UserId) -> i64 {
        self.members.get(user).map_or(0, |member| member.seen_at)
    }
}

impl Worker {
    /// Does steps until nothing is left to do now, or until other rooms should have their turn.
    pub(super) async fn take_turn(&self, id: Ulid) -> Result<(), Obstacle> {
        for _ in 0..MAX_STEPS_PER_TURN {
            if self.stop.is_cancelled() {
                return Err(Obstacle::Stopping);
            }
            let Some(view) = self.view(id).await? else { return Ok(()) };
            self.tell_overdue(&view).await?;
            let wanted = self.wanted(&view).await?;
            let known = self.known(&view).await?;
            match next_step(&wanted, &known, now()) {
                Next::Do(step) => match self.do_step(&view, &known, step).await {
                    Err(Obstacle::Final(problem)) => {
                        tracing::error!(problem, "the room stops until somebody fixes this");
                        let (wakes, until) = (view.room.wakes, self.stands_until(&view));
                        return Ok(self.store.room_stopped(id, wakes, until, &problem).await?);
                    }
                    outcome => outcome?,
                },
                Next::Wait(until) => return self.rest(&view, &wanted, &known, Some(until)).await,
                Next::Rest => return self.rest(&view, &wanted, &known, None).await,
            }
        }
        if self.store.room_yields(id).await? <= MAX_TURNS {
            return Ok(());
        }
        let problem = format!("The room still needs steps after {MAX_TURNS} turns in a row.");
        Err(Obstacle::Later { wait: None, problem })
    }

    /// Does one step. A refusal of the step is stored, so that the other steps can go on.
    async fn do_step(&self, view: &View, known: &Known, step: Step) -> Result<(), Obstacle> {
        let name = step.name();
        match (self.perform(view, step).await, name) {
            (Ok(()), Some(name)) if known.refused_until.contains_key(&name) => {
                Ok(self.store.step_solved(view.id(), &name).await?)
            }
            // The step was refused because the bot is not in the room. The next step handles that.
            (Err(Obstacle::Refused(failure)), Some(_))
                if failure.is_forbidden() && self.is_out(view).await? =>
            {
                Ok(())
            }
            (Err(Obstacle::Refused(failure)), Some(name)) => {
                self.step_refused(view, &name, &failure.to_string()).await
            }
            (Err(Obstacle::Blocked(problem)), Some(name)) => {
                self.step_refused(view, &name, &problem).await
            }
            (outcome, _) => outcome,
        }
    }

    /// Stores that nothing is left to do before `until` (in milliseconds), or before the room is
    /// woken.
    async fn rest(
        &self,
        view: &View,
        wanted: &Wanted,
        known: &Known,
        until: Option<i64>,
    ) -> Result<(), Obstacle> {
        if !known.refused_until.is_empty() {
            let needed = needed_steps(wanted, known);
            let names: BTreeSet<_> = needed.iter().filter_map(|it| it.step.name()).collect();
            self.store.delete_problems_except(view.id(), &names).await?;
        }
        // A room is not ready as long as nobody may be invited to it.
        let settles_at = known.settles_at.filter(|at| *at > now());
        let until = until.into_iter().chain(settles_at).chain(self.stands_until(view)).min();
        tracing::debug!(until, "nothing is left to do now");
        let is_ready = settles_at.is_none();
        Ok(self.store.room_rests(view.id(), view.room.wakes, until, is_ready).await?)
    }

    /// Returns when the due date is over: the summary says so, and the shop is told.
    fn stands_until(&self, view: &View) -> Option<i64> {
        view.standing.changes_at(&self.installation.config.status)
    }

    /// Tells the shop once that the invoice is overdue because its due date is over. If it is not overdue any more, it is
    /// told again when it is so again.
    async fn tell_overdue(&self, view: &View) -> Result<(), Obstacle> {
        let View { transaction, standing, room, .. } = view;
        let Some(due) = standing.overdue_by_itself() else {
            return match room.told_overdue {
                Some(_) => Ok(self.store.forget_told_overdue(view.id(), room.wakes).await?),
                None => Ok(()),
            };
        };
        let due_date = due.to_string();
        if room.told_overdue.as_ref().is_some_and(|told| *told >= due_date) {
            return Ok(());
        }
        let before = self.installation.config.status.standing(transaction, due);
        let (status, revision) = (&transaction.terms.status, transaction.revision);
        let told = BecameOverdue {
            due_date: &due_date,
            revision,
            before: before.word.as_ref().unwrap_or(status),
            now: standing.word.as_ref().unwrap_or(status),
        };
        Ok(self.store.tell_overdue(view.id(), room.wakes, told).await?)
    }

    /// Asks whether the bot is no longer in the room, and stores its membership if so.
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
            self.store_membership(view, bot, membership).await?;
        }
        Ok(membership != "join")
    }

    /// Stores why the step was refused and when it is retried, so that the other steps can be done.
    async fn step_refused(&self, view: &View, name: &str, problem: &str) -> Result<(), Obstacle> {
        let id = view.id();
        let problems = self.store.room_problems(id).await?;
        let failures = problems.iter().find(|it| it.step == name).map_or(0, |it| it.failures);
        let wait = backoff(failures);
        let seconds = wait.as_secs_f32();
        tracing::warn!(step = name, problem, seconds, "a step was refused; retrying");
        Ok(self.store.step_refused(id, name, problem, time_after(wait)).await?)
    }

    async fn view(&self, id: Ulid) -> Result<Option<View>, Obstacle> {
        // The room is read first, so that a wake between the two reads counts as a later one.
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
        let standing = installation.config.standing(&transaction);
        // What people wrote on the page before the transaction was closed still has to get into the room. A redaction
        // is allowed in a read-only room.
        let is_read_only = standing.is_closed
            && (room.has_guests == 0
                || (self.store.next_outgoing(id).await?)
                    .is_none_or(|it| it.event_type == "m.room.redaction"));
        let plan = RoomPlan::of(
            &transaction,
            &Setting {
                standing: &standing,
                is_read_only,
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
                locale: &installation.locale(&transaction),
                predecessor: room.predecessor.as_deref(),
            },
        );
        let members = self.store.members(id).await?;
        Ok(Some(View { transaction, standing, room, plan, members }))
    }

    async fn wanted(&self, view: &View) -> Result<Wanted, Obstacle> {
        let terms = &view.transaction.terms;
        let guests = match view.room.has_guests {
            0 => Vec::new(),
            _ => self.store.guests(view.id()).await?,
        };
        let former_contacts = match self.installation.config.rooms.removed_contacts {
            RemovedContacts::Keep => Vec::new(),
            RemovedContacts::Remove => {
                let contacts = self.store.former_contacts(view.id()).await?;
                let contacts = contacts.iter().filter_map(|user| UserId::parse(user).ok());
                let guests = guests.iter().filter(|row| row.visitor(terms).is_none());
                contacts.chain(guests.map(|row| row.guest.user_id.clone())).collect()
            }
        };
        // Whoever wrote a message that is to be sent is a guest.
        let outgoing = match view.room.has_guests {
            0 => None,
            _ => self.store.next_outgoing(view.id()).await?,
        };
        let page_message = outgoing.and_then(|outgoing| {
            Some(PageMessage {
                guest: UserId::parse(&outgoing.user_id).ok()?,
                has_file: outgoing.sha256.is_some(),
                id: outgoing.id,
            })
        });
        let head = match view.room.has_heads {
            0 => None,
            _ => self.store.last_signed_head(view.id()).await?,
        };
        let at_once = self.installation.config.rooms.create == CreateRooms::OnTransaction;
        Ok(Wanted {
            has_room: at_once || page_message.is_some(),
            state_digest: view.plan.state_digest(),
            summary_digest: view.plan.summary_digest(),
            headline_digest: view.plan.headline_digest(),
            head: head.map(|head| head.links()),
            bot: self.installation.homeserver.bot_user_id().to_owned(),
            contacts: terms.matrix_contacts().map(|(_, it)| it.clone()).collect(),
            former_contacts,
            has_news: self.news(view).await?.is_some(),
            payment: self.payment_news(view).await?.map(|news| news.id),
            page_message,
            question: match view.room.has_commands {
                0 => None,
                _ => self.store.next_room_command(view.id()).await?,
            },
            link_request: match view.room.has_link_requests {
                0 => None,
                _ => self.store.next_link_request(view.id()).await?.map(|it| it.user_id),
            },
        })
    }

    async fn known(&self, view: &View) -> Result<Known, Obstacle> {
        let room = &view.room;
        let problems = match room.has_problems {
            0 => Vec::new(),
            _ => self.store.room_problems(view.id()).await?,
        };
        let far = match room.has_far_invitations {
            0 => BTreeMap::new(),
            _ => self.store.handed_over(view.id()).await?,
        };
        let guests = match room.has_guests {
            0 => BTreeSet::new(),
            _ => self.store.guests_made(view.id()).await?,
        };
        Ok(Known {
            room: room.room(),
            creation_attempted: room.attempted_at.is_some(),
            state_digest: room.published.clone(),
            summary_event: room.summary_event.clone(),
            summary_digest: room.summary_shown.clone(),
            pinned_headline_digest: room.summary_pinned.clone(),
            head: room.head_shown,
            members: view.members.clone(),
            guests,
            far_invitation_in_flight: far.values().any(|in_flight| *in_flight),
            handed_over: far.into_keys().collect(),
            has_tombstone: room.tombstone_at.is_some(),
            predecessor_needs_tombstone: room.led_on == 0,
            lost_successor: room.lost_successor.clone(),
            is_encrypted: room.encrypted_at.is_some(),
            encryption_notice_sent: room.encrypted_at.is_some()
                && self.store.sent_as(view.id(), &SendKey::Encrypted.to_string()).await?.is_some(),
            is_blocked_by_admin: room.blocked_at.is_some(),
            wanted_again: room.wanted_again == 1,
            settles_at: room.settles_at(),
            refused_until: problems.into_iter().map(|it| (it.step, it.retry_at)).collect(),
        })
    }

    async fn perform(&self, view: &View, step: Step) -> Result<(), Obstacle> {
        let correlation = view.room.correlation.as_deref().unwrap_or_default();
        tracing::info!(?step, correlation, revision = view.transaction.revision, "doing a step");
        match step {
            Step::CreateRoom => self.create_room(view).await,
            Step::ResolveRoom => self.resolve_room(view).await,
            Step::FollowTombstone => self.follow_tombstone(view).await,
            Step::WriteTombstone => self.write_tombstone(view).await,
            Step::RetryLostSuccessor(_) => self.retry_lost_successor(view).await,
            Step::ForgetLostSuccessors => Ok(self.store.forget_lost_successors(view.id()).await?),
            Step::SendEncryptionNotice => self.send_encryption_notice(view).await,
            Step::StopEncrypted => Err(Obstacle::Final(ENCRYPTED_PROBLEM.to_owned())),
            Step::StopBlocked => Err(Obstacle::Final(BLOCKED_PROBLEM.to_owned())),
            Step::StopOut => Err(Obstacle::Final(OUT_PROBLEM.to_owned())),
            Step::ReplaceRoom => self.replace_room(view, None).await,
            Step::Join => self.join(view).await,
            Step::PublishState => self.publish_state(view).await,
            Step::SendSummary => self.send_summary(view).await,
            Step::AnnounceChange => self.announce_change(view).await,
            Step::TellPayment(_) => self.tell_payment(view).await,
            Step::EditSummary => self.edit_summary(view).await,
            Step::PinSummary => self.pin_summary(view).await,
            Step::ShowHead => self.show_head(view).await,
            Step::LookUp(user) => self.look_up(view, &user).await,
            Step::HandOver(user) => self.hand_over(view, &user).await,
            Step::Invite(user) => self.invite(view, &user).await,
            Step::Remove(user) => self.remove(view, &user).await,
            Step::MakeGuest(user) => self.make_guest(view, &user).await,
            Step::JoinGuest(user) => self.join_guest(view, &user).await,
            Step::UploadFile(id) => self.upload_file(view, &id).await,
            Step::SendPageMessage(id) => self.send_page_message(view, &id).await,
            Step::GiveUpPageMessage(id) => self.give_up_page_message(view, &id).await,
            Step::Answer(seq) => self.answer(view, seq).await,
            Step::SendLink(user) => self.answer_link_request(view, &user).await,
        }
    }

    async fn join(&self, view: &View) -> Result<(), Obstacle> {
        let homeserver = &self.installation.homeserver;
        let bot = homeserver.bot_user_id();
        match homeserver.join(view.room_id()?).await {
            Ok(()) => self.store_membership(view, bot, "join").await,
            Err(failure @ CallFailure::Refused(_)) => {
                tracing::warn!(%failure, "the bot's invitation is no longer valid");
                self.store_membership(view, bot, "leave").await
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
