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
}

/// One thing to do. Each is safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the room, all its state included.
    CreateRoom,
    /// See what became of an earlier attempt to make it.
    ResolveRoom,
    /// Go back into the room: somebody invited the bot to it.
    Join,
    /// Bring the room's state events up to date.
    PublishState,
    /// Send the summary.
    SendSummary,
    /// Edit the summary.
    EditSummary,
    /// Pin the summary, or pin it again so that clients show its new first line.
    PinSummary,
    /// Put the newest signed head of the record into the room, so that both parties hold it.
    ShowHead,
    /// Invite a contact.
    Invite(OwnedUserId),
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

    /// Names the step where its refusal is kept; none for steps that all others depend on. Their
    /// refusal is trouble of the whole room.
    pub fn name(&self) -> Option<String> {
        Some(match self {
            Self::CreateRoom | Self::ResolveRoom | Self::Join => return None,
            Self::PublishState => "publish_state".to_owned(),
            Self::SendSummary => "send_summary".to_owned(),
            Self::EditSummary => "edit_summary".to_owned(),
            Self::PinSummary => "pin_summary".to_owned(),
            Self::ShowHead => "show_head".to_owned(),
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
