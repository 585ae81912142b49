//! What a room should be, what is known of it, and the steps from one to the other.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedRoomId, OwnedUserId};

/// What should be, by digest where the content is large.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Whether there should be a room by now.
    pub room: bool,
    /// Of the state events.
    pub state: String,
    /// Of the summary message.
    pub summary: String,
    /// Of the summary's first line.
    pub headline: String,
    /// Last entry under the newest signed head of the record; none: nothing is signed yet.
    pub head: Option<i64>,
    /// Ours.
    pub bot: OwnedUserId,
    /// Matrix accounts of the parties' contacts, in order of invitation.
    pub contacts: Vec<OwnedUserId>,
    /// Former contacts who should not be in the room any more.
    pub former: Vec<OwnedUserId>,
    /// Whether a change by the shop is to be told.
    pub news: bool,
    /// What is to be said next from the invoice page.
    pub saying: Option<Saying>,
}

/// Something that was written on the invoice page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// Names it.
    pub id: String,
    /// The guest who says it.
    pub guest: OwnedUserId,
    /// It has a file that the homeserver does not have yet.
    pub has_file: bool,
}

/// What is known to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The room, once it is ours for good.
    pub room: Option<OwnedRoomId>,
    /// A createRoom was begun whose outcome is not known.
    pub attempted: bool,
    /// Digest of the state last written.
    pub state: Option<String>,
    /// Event id of the summary.
    pub summary_event: Option<String>,
    /// Digest of the summary last sent.
    pub summary: Option<String>,
    /// Digest of the headline when the summary was last pinned.
    pub pinned: Option<String>,
    /// Last entry under the signed head that the room shows.
    pub head: Option<i64>,
    /// People and where they stand.
    pub members: BTreeMap<OwnedUserId, Member>,
    /// Guests whom the homeserver has, by their right names.
    pub guests: BTreeSet<OwnedUserId>,
    /// Users of other homeservers whose invitation is under way, apart from the steps of rooms.
    pub handed_over: BTreeSet<OwnedUserId>,
    /// One of them is being invited at this moment. Synapse changes one membership of a room at a
    /// time, so that every other change would wait for the other homeserver.
    pub far_try: bool,
    /// The room was replaced by a tombstone.
    pub replaced: bool,
    /// The room before this one still has to lead people here.
    pub leads_elsewhere: bool,
    /// A room that took the place of an earlier one, and whose words are in no record.
    pub lost: Option<String>,
    /// The room is encrypted: nobody can read here what is said in it.
    pub encrypted: bool,
    /// It was said in the room that it cannot be read.
    pub told_encrypted: bool,
    /// The homeserver's admin deleted the room and does not want it back.
    pub banned: bool,
    /// The shop has asked for the contacts to be invited (again).
    pub wanted_again: bool,
    /// Nobody is invited before this time (milliseconds): what the homeserver put into the new room
    /// by itself is not known yet. None: it is.
    pub settles_at: Option<i64>,
    /// Steps that the homeserver refused, by [`Step::name`], and when to try them again
    /// (milliseconds).
    pub blocked: BTreeMap<String, i64>,
}

/// Where one person stands with the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// As in `m.room.member`; none: never invited.
    pub membership: Option<String>,
    /// The place in the reading order of the newest member event seen of them, milliseconds since
    /// 1970; 0: none was seen. An answer of the homeserver counts only if this is still the same
    /// as it was before the question.
    pub seen_at: i64,
    /// Not before this time (milliseconds), after a failure.
    pub retry_at: Option<i64>,
    /// The homeserver refused for good.
    pub gave_up: bool,
    /// Since when the membership is what it is (milliseconds); none: not known.
    pub since: Option<i64>,
    /// When to ask again whether there is such an account (milliseconds); none: never asked.
    pub look_at: Option<i64>,
    /// Our homeserver said that there is no such account.
    pub is_missing: bool,
}

/// One thing to do. Each is safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the room, all its state included.
    CreateRoom,
    /// See what became of an earlier attempt to make it.
    ResolveRoom,
    /// See what replaced the room, and go on there or in a new one.
    Follow,
    /// Have the room before this one lead people here.
    LeadOn,
    /// See whether the bot is let into the room that took the place of an earlier one.
    Seek(String),
    /// Do not ask for that room any more: everybody is here.
    LetGo,
    /// Say in the room that it cannot be read.
    TellEncrypted,
    /// Stop, because the room is encrypted.
    StopEncrypted,
    /// Stop, because the homeserver's admin does not want the room.
    StopBanned,
    /// Stop, because the bot is not in the room any more.
    StopOut,
    /// Make a new room in the place of one that the bot is not in any more.
    Replace,
    /// Go back into the room: somebody invited the bot to it.
    Join,
    /// Bring the room's state events up to date.
    PublishState,
    /// Send the summary.
    SendSummary,
    /// Tell what the shop changed, in a message of its own.
    TellChange,
    /// Edit the summary.
    EditSummary,
    /// Pin the summary, or pin it again so that clients show its new first line.
    PinSummary,
    /// Put the newest signed head of the record into the room, so that both parties hold it.
    ShowHead,
    /// Ask our homeserver whether a contact's account exists.
    LookUp(OwnedUserId),
    /// Invite a contact.
    Invite(OwnedUserId),
    /// Have a contact of another homeserver invited apart from the steps of this room, since that
    /// homeserver may keep us waiting.
    HandOver(OwnedUserId),
    /// Remove a former contact.
    Remove(OwnedUserId),
    /// Make the account of a guest, or rename it.
    MakeGuest(OwnedUserId),
    /// Have an invited guest join.
    JoinGuest(OwnedUserId),
    /// Put the file of a message from the page onto the homeserver.
    Upload(String),
    /// Say what was written on the page.
    Say(String),
    /// Give up what was written on the page: its guest may not be in the room.
    GiveUp(String),
}

impl Step {
    /// This step is needed and need not wait.
    pub(super) fn at_once(self) -> Needed {
        Needed { step: self, not_before: None }
    }

    /// Whether it changes who is in the room.
    pub(super) fn is_about_membership(&self) -> bool {
        matches!(self, Self::Invite(_) | Self::Remove(_) | Self::JoinGuest(_))
    }

    /// Names the step where its refusal is kept; none for steps that all others depend on. Their
    /// refusal is trouble of the whole room.
    pub fn name(&self) -> Option<String> {
        Some(match self {
            Self::CreateRoom
            | Self::ResolveRoom
            | Self::Join
            | Self::Follow
            | Self::LetGo
            | Self::StopEncrypted
            | Self::StopBanned
            | Self::StopOut
            | Self::Replace => return None,
            Self::LeadOn => "lead_on".to_owned(),
            Self::Seek(room) => format!("follow {room}"),
            Self::TellEncrypted => "tell_encrypted".to_owned(),
            Self::PublishState => "publish_state".to_owned(),
            Self::SendSummary => "send_summary".to_owned(),
            Self::TellChange => "tell_change".to_owned(),
            Self::EditSummary => "edit_summary".to_owned(),
            Self::PinSummary => "pin_summary".to_owned(),
            Self::ShowHead => "show_head".to_owned(),
            Self::LookUp(user) => format!("look_up {user}"),
            Self::HandOver(user) => format!("hand_over {user}"),
            Self::Invite(user) => format!("invite {user}"),
            Self::Remove(user) => format!("remove {user}"),
            Self::MakeGuest(user) => format!("make_guest {user}"),
            Self::JoinGuest(user) => format!("join_guest {user}"),
            Self::Upload(id) => format!("upload {id}"),
            Self::Say(id) | Self::GiveUp(id) => format!("say {id}"),
        })
    }
}

/// A step that is needed and whose prerequisites hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// What to do.
    pub step: Step,
    /// Not before this time (milliseconds).
    pub not_before: Option<i64>,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This.
    Do(Step),
    /// Nothing before this time (milliseconds).
    Wait(i64),
    /// Nothing at all.
    Rest,
}
