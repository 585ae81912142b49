//! What the room of a transaction should be, what is known of it, and the steps between the two.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedRoomId, OwnedUserId};

/// What the room should be. Large content is represented by its digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Whether the transaction should have a room by now.
    pub has_room: bool,
    /// The digest of the state events.
    pub state_digest: String,
    /// The digest of the summary message.
    pub summary_digest: String,
    /// The digest of the summary's first line.
    pub headline_digest: String,
    /// The last entry that the newest signed head of the record covers. `None` if no head is
    /// signed.
    pub head: Option<i64>,
    /// The user ID of the bot.
    pub bot: OwnedUserId,
    /// The Matrix accounts of the parties' contacts, in the order in which they are invited.
    pub contacts: Vec<OwnedUserId>,
    /// Former contacts who should no longer be in the room.
    pub former_contacts: Vec<OwnedUserId>,
    /// Whether the shop made a change that the room has not been told.
    pub has_news: bool,
    /// The id of the payment that is to be told next.
    pub payment: Option<String>,
    /// The next message from the invoice page that is to be sent to the room.
    pub page_message: Option<PageMessage>,
    /// The next message to the bot that is to be answered, by the `seq` of its entry.
    pub question: Option<i64>,
    /// The next user for whom somebody asked on the page for a link, by Matrix ID.
    pub link_request: Option<String>,
}

/// A message that was written on the invoice page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageMessage {
    /// The id of the message.
    pub id: String,
    /// The guest that sends the message.
    pub guest: OwnedUserId,
    /// Whether the message has a file that is not yet uploaded to the homeserver.
    pub has_file: bool,
}

/// What is known of the room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The room. It is set once the room is known to belong to the transaction.
    pub room: Option<OwnedRoomId>,
    /// Whether a createRoom was begun whose outcome is unknown.
    pub creation_attempted: bool,
    /// The digest of the state events that were last written.
    pub state_digest: Option<String>,
    /// The event ID of the summary.
    pub summary_event: Option<String>,
    /// The digest of the summary that was last sent.
    pub summary_digest: Option<String>,
    /// The digest of the headline at the time when the summary was last pinned.
    pub pinned_headline_digest: Option<String>,
    /// The last entry that the signed head in the room covers.
    pub head: Option<i64>,
    /// The people of the room and their membership.
    pub members: BTreeMap<OwnedUserId, Member>,
    /// The guests that have an account with the right display name on the homeserver.
    pub guests: BTreeSet<OwnedUserId>,
    /// Users of other homeservers whose invitation was handed over: it is made outside the steps
    /// of the room.
    pub handed_over: BTreeSet<OwnedUserId>,
    /// Whether one of these users is being invited at this moment. Synapse changes one membership
    /// of a room at a time, so every other change would wait for the other homeserver.
    pub far_invitation_in_flight: bool,
    /// Whether a tombstone replaces the room.
    pub has_tombstone: bool,
    /// Whether the tombstone of the previous room does not yet point to this room.
    pub predecessor_needs_tombstone: bool,
    /// A room that replaced an earlier room of the transaction, and that the bot cannot read. No
    /// record has what people write there.
    pub lost_successor: Option<String>,
    /// Whether the room is encrypted, so that the messages in it cannot be read.
    pub is_encrypted: bool,
    /// Whether the notice that the room cannot be read was sent.
    pub encryption_notice_sent: bool,
    /// Whether an administrator of the homeserver deleted the room and blocked it.
    pub is_blocked_by_admin: bool,
    /// Whether the shop has asked for the contacts to be invited (again).
    pub wanted_again: bool,
    /// The time (in milliseconds) before which nobody is invited, because it is not yet known what
    /// the homeserver itself put into the new room. `None` once that is known.
    pub settles_at: Option<i64>,
    /// The steps that the homeserver refused, by [`Step::name`], with the time (in milliseconds) of
    /// their next try.
    pub refused_until: BTreeMap<String, i64>,
}

/// The membership of one person in the room, and how the tries to change it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The `membership` of `m.room.member`. `None` if the person was never invited.
    pub membership: Option<String>,
    /// The place in the reading order of the person's newest known member event, in milliseconds
    /// since 1970, or 0 if there is none. An answer of the homeserver counts only if this value is
    /// the same as before the question.
    pub seen_at: i64,
    /// The time (in milliseconds) of the next try after a failure.
    pub retry_at: Option<i64>,
    /// Whether the homeserver refused for good.
    pub gave_up: bool,
    /// The time (in milliseconds) since which the membership has its value, if that is known.
    pub since: Option<i64>,
    /// When to check again whether the account exists (in milliseconds). `None` if that was never
    /// checked.
    pub look_at: Option<i64>,
    /// Whether our homeserver said that the account does not exist.
    pub is_missing: bool,
}

/// One thing to do. Every step can be repeated safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the room with all its state.
    CreateRoom,
    /// Find out what became of an earlier attempt to create the room.
    ResolveRoom,
    /// Find out what replaced the room, and continue there or in a new room.
    FollowTombstone,
    /// Write a tombstone into the previous room that points to this room.
    WriteTombstone,
    /// Check whether the bot can now join the room that replaced an earlier one.
    RetryLostSuccessor(String),
    /// Stop checking that room, because every contact is in this one.
    ForgetLostSuccessors,
    /// Send a notice to the room that its messages cannot be read.
    SendEncryptionNotice,
    /// Stop, because the room is encrypted.
    StopEncrypted,
    /// Stop, because an administrator of the homeserver blocked the room.
    StopBlocked,
    /// Stop, because the bot is no longer in the room.
    StopOut,
    /// Replace a room that the bot is no longer in by a new one.
    ReplaceRoom,
    /// Join the room, because somebody invited the bot to it.
    Join,
    /// Bring the room's state events up to date.
    PublishState,
    /// Send the summary.
    SendSummary,
    /// Send a message that says what the shop changed.
    AnnounceChange,
    /// Send a message about a payment that the shop handed in or took back.
    TellPayment(String),
    /// Edit the summary.
    EditSummary,
    /// Pin the summary, or pin it again so that clients show its new first line.
    PinSummary,
    /// Write the newest signed head of the record into the room, so that both parties hold it.
    ShowHead,
    /// Ask our homeserver whether a contact's account exists.
    LookUp(OwnedUserId),
    /// Invite a contact or a guest.
    Invite(OwnedUserId),
    /// Hand the invitation of a contact of another homeserver over to a worker outside the steps of
    /// this room, since that homeserver may take minutes to answer.
    HandOver(OwnedUserId),
    /// Remove a former contact.
    Remove(OwnedUserId),
    /// Create the account of a guest, or set its display name.
    MakeGuest(OwnedUserId),
    /// Let an invited guest join.
    JoinGuest(OwnedUserId),
    /// Upload the file of a message from the page to the homeserver.
    UploadFile(String),
    /// Send a message from the page to the room.
    SendPageMessage(String),
    /// Give up a message from the page, because its guest cannot be in the room.
    GiveUpPageMessage(String),
    /// Do what a message to the bot asks for, and answer it.
    Answer(i64),
    /// Send the user a link for which somebody asked on the page, if they are a contact.
    SendLink(String),
}

impl Step {
    /// Returns this step as one that is needed and does not have to wait.
    pub(super) fn at_once(self) -> Needed {
        Needed { step: self, not_before: None }
    }

    /// Whether the step changes who is in the room.
    pub(super) fn is_about_membership(&self) -> bool {
        matches!(self, Self::Invite(_) | Self::Remove(_) | Self::JoinGuest(_))
    }

    /// Returns the name under which a refusal of the step is stored. It is `None` for steps that
    /// all others depend on: if one of them is refused, the whole room waits.
    pub fn name(&self) -> Option<String> {
        Some(match self {
            Self::CreateRoom
            | Self::ResolveRoom
            | Self::Join
            | Self::FollowTombstone
            | Self::ForgetLostSuccessors
            | Self::StopEncrypted
            | Self::StopBlocked
            | Self::StopOut
            | Self::ReplaceRoom => return None,
            Self::WriteTombstone => "lead_on".to_owned(),
            Self::RetryLostSuccessor(room) => format!("follow {room}"),
            Self::SendEncryptionNotice => "tell_encrypted".to_owned(),
            Self::PublishState => "publish_state".to_owned(),
            Self::SendSummary => "send_summary".to_owned(),
            Self::AnnounceChange => "tell_change".to_owned(),
            Self::TellPayment(id) => format!("tell_payment {id}"),
            Self::EditSummary => "edit_summary".to_owned(),
            Self::PinSummary => "pin_summary".to_owned(),
            Self::ShowHead => "show_head".to_owned(),
            Self::LookUp(user) => format!("look_up {user}"),
            Self::HandOver(user) => format!("hand_over {user}"),
            Self::Invite(user) => format!("invite {user}"),
            Self::Remove(user) => format!("remove {user}"),
            Self::MakeGuest(user) => format!("make_guest {user}"),
            Self::JoinGuest(user) => format!("join_guest {user}"),
            Self::UploadFile(id) => format!("upload {id}"),
            Self::SendPageMessage(id) | Self::GiveUpPageMessage(id) => format!("say {id}"),
            Self::Answer(seq) => format!("answer {seq}"),
            Self::SendLink(user) => format!("send_link {user}"),
        })
    }
}

/// A step that is needed and whose prerequisites hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The step.
    pub step: Step,
    /// The time (in milliseconds) before which the step must not be done.
    pub not_before: Option<i64>,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this step.
    Do(Step),
    /// Do nothing before this time (in milliseconds).
    Wait(i64),
    /// Nothing is left to do.
    Rest,
}
