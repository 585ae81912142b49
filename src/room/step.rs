//! The next step from the room as it is known to be towards the room as it should be.

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

/// Compares and names the next step.
///
/// The order is what people see: a finished room first, then the invitation to it. Invitations
/// come only after the room id is committed (`known.room`), so nobody is ever invited to a room
/// that the transaction does not end with.
pub fn next(wanted: &Wanted, known: &Known, now: i64) -> Next {
    if known.room.is_none() && !known.attempted && !wanted.room {
        return Next::Rest;
    }
    if known.room.is_none() {
        return Next::Do(if known.attempted { Step::ResolveRoom } else { Step::CreateRoom });
    }
    let bot = known.members.get(&wanted.bot).and_then(|bot| bot.membership.as_deref());
    if bot == Some("invite") {
        return Next::Do(Step::Join);
    }
    if known.state.as_ref() != Some(&wanted.state) {
        return Next::Do(Step::PublishState);
    }
    if known.summary_event.is_none() {
        return Next::Do(Step::SendSummary);
    }
    if known.summary.as_ref() != Some(&wanted.summary) {
        return Next::Do(Step::EditSummary);
    }
    if known.pinned.as_ref() != Some(&wanted.headline) {
        return Next::Do(Step::PinSummary);
    }
    // Those who cannot be reached right now do not keep the others from talking.
    let for_people = next_for_people(wanted, known, now);
    if matches!(for_people, Next::Do(_)) {
        return for_people;
    }
    let to_say = wanted.saying.as_ref().map(|saying| next_to_say(saying, known, now));
    if let Some(step @ Next::Do(_)) = to_say {
        return step;
    }
    if wanted.head > known.head {
        return Next::Do(Step::ShowHead);
    }
    match (for_people, to_say) {
        (Next::Wait(one), Some(Next::Wait(other))) => Next::Wait(one.min(other)),
        (Next::Rest, Some(wait)) => wait,
        (wait, _) => wait,
    }
}

/// Brings the guest into the room, then the words.
fn next_to_say(saying: &Saying, known: &Known, now: i64) -> Next {
    let Saying { id, guest, has_file } = saying;
    let nobody = Member::default();
    let member = known.members.get(guest).unwrap_or(&nobody);
    Next::Do(match member.membership.as_deref() {
        _ if !known.guests.contains(guest) => Step::MakeGuest(guest.clone()),
        Some("join") if *has_file => Step::Upload(id.clone()),
        Some("join") => Step::Say(id.clone()),
        Some("invite") => Step::JoinGuest(guest.clone()),
        Some("ban") => Step::GiveUp(id.clone()),
        _ if member.gave_up => Step::GiveUp(id.clone()),
        _ => match member.retry_at {
            Some(at) if at > now => return Next::Wait(at),
            _ => Step::Invite(guest.clone()),
        },
    })
}

fn next_for_people(wanted: &Wanted, known: &Known, now: i64) -> Next {
    let nobody = Member::default();
    let of = |user: &OwnedUserId| known.members.get(user).unwrap_or(&nobody);
    // Somebody who left or declined is not asked again until the shop asks for it.
    let invitations = wanted
        .contacts
        .iter()
        .filter(|user| of(user).membership.is_none())
        .map(|user| (user, Step::Invite(user.clone())));
    let removals = wanted
        .former
        .iter()
        .filter(|user| matches!(of(user).membership.as_deref(), Some("invite" | "join" | "knock")))
        .map(|user| (user, Step::Remove(user.clone())));
    let mut wait_until: Option<i64> = None;
    for (user, step) in invitations.chain(removals).filter(|(user, _)| !of(user).gave_up) {
        match of(user).retry_at {
            Some(at) if at > now => {
                wait_until = Some(wait_until.map_or(at, |earlier| earlier.min(at)));
            }
            _ => return Next::Do(step),
        }
    }
    wait_until.map_or(Next::Rest, Next::Wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruma::{room_id, user_id};

    fn wanted() -> Wanted {
        Wanted {
            room: true,
            state: "s1".into(),
            summary: "m1".into(),
            headline: "h1".into(),
            head: Some(4),
            bot: user_id!("@bot:x.org").to_owned(),
            contacts: vec![user_id!("@b:x.org").to_owned(), user_id!("@s:x.org").to_owned()],
            former: vec![],
            saying: None,
        }
    }

    fn finished() -> Known {
        let join = Member { membership: Some("join".into()), ..Member::default() };
        Known {
            room: Some(room_id!("!r:x.org").to_owned()),
            attempted: false,
            state: Some("s1".into()),
            summary_event: Some("$e".into()),
            summary: Some("m1".into()),
            pinned: Some("h1".into()),
            head: Some(4),
            members: wanted().contacts.into_iter().map(|user| (user, join.clone())).collect(),
            guests: BTreeSet::new(),
        }
    }

    #[test]
    fn a_room_that_waits_for_its_first_message_is_not_made_before_that() {
        let mut wanted = Wanted { room: false, ..wanted() };
        assert_eq!(next(&wanted, &Known::default(), 0), Next::Rest);
        wanted.room = true;
        assert_eq!(next(&wanted, &Known::default(), 0), Next::Do(Step::CreateRoom));
    }

    #[test]
    fn a_guest_is_made_invited_and_joined_before_it_speaks() {
        let guest = user_id!("@g:x.org").to_owned();
        let saying = Saying { id: "1".into(), guest: guest.clone(), has_file: true };
        let mut wanted = Wanted { saying: Some(saying), ..wanted() };
        let mut known = finished();
        let stands =
            |membership: &str| Member { membership: Some(membership.into()), ..Member::default() };
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::MakeGuest(guest.clone())));
        known.guests.insert(guest.clone());
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Invite(guest.clone())));
        known.members.insert(guest.clone(), stands("invite"));
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::JoinGuest(guest.clone())));
        known.members.insert(guest.clone(), stands("join"));
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Upload("1".into())));
        wanted.saying.as_mut().unwrap().has_file = false;
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Say("1".into())));
        known.members.insert(guest.clone(), stands("ban"));
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::GiveUp("1".into())));
        known.members.insert(guest.clone(), stands("leave"));
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Invite(guest)));
    }

    #[test]
    fn contacts_who_can_not_be_reached_do_not_keep_guests_from_talking() {
        let guest = user_id!("@g:x.org").to_owned();
        let mut known = finished();
        let waits = Member { retry_at: Some(500), ..Member::default() };
        known.members.insert(user_id!("@b:x.org").to_owned(), waits);
        known.guests.insert(guest.clone());
        let join = Member { membership: Some("join".into()), ..Member::default() };
        known.members.insert(guest.clone(), join);
        let saying = Saying { id: "1".into(), guest, has_file: false };
        let talking = Wanted { saying: Some(saying), ..wanted() };
        assert_eq!(next(&talking, &known, 100), Next::Do(Step::Say("1".into())));
        assert_eq!(next(&wanted(), &known, 100), Next::Wait(500));
    }

    #[test]
    fn a_new_transaction_gets_its_room_before_anything_else() {
        assert_eq!(next(&wanted(), &Known::default(), 0), Next::Do(Step::CreateRoom));
    }

    #[test]
    fn an_attempt_of_unknown_outcome_is_looked_at_before_another_is_made() {
        let known = Known { attempted: true, ..Known::default() };
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::ResolveRoom));
    }

    #[test]
    fn a_finished_room_needs_nothing() {
        assert_eq!(next(&wanted(), &finished(), 0), Next::Rest);
    }

    #[test]
    fn an_invited_bot_goes_in_before_it_does_anything() {
        let invited = Member { membership: Some("invite".into()), ..Member::default() };
        let mut known = Known { state: None, ..finished() };
        known.members.insert(wanted().bot, invited);
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Join));
    }

    #[test]
    fn people_are_invited_only_to_a_finished_room() {
        let mut known = Known { members: BTreeMap::new(), ..finished() };
        known.pinned = None;
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::PinSummary));
        known.pinned = Some("h1".into());
        let first = user_id!("@b:x.org").to_owned();
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Invite(first)));
    }

    #[test]
    fn a_new_revision_changes_state_then_summary_then_pin() {
        let wanted =
            Wanted { state: "s2".into(), summary: "m2".into(), headline: "h2".into(), ..wanted() };
        let mut known = finished();
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::PublishState));
        known.state = Some("s2".into());
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::EditSummary));
        known.summary = Some("m2".into());
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::PinSummary));
        known.pinned = Some("h2".into());
        assert_eq!(next(&wanted, &known, 0), Next::Rest);
    }

    #[test]
    fn the_newest_signed_head_is_shown_and_never_an_older_one() {
        let known = Known { head: None, ..finished() };
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::ShowHead));
        assert_eq!(next(&Wanted { head: None, ..wanted() }, &finished(), 0), Next::Rest);
        assert_eq!(next(&Wanted { head: Some(3), ..wanted() }, &finished(), 0), Next::Rest);
    }

    #[test]
    fn one_contact_in_trouble_does_not_hold_up_the_other() {
        let mut known = finished();
        let waits = Member { retry_at: Some(500), ..Member::default() };
        known.members.insert(user_id!("@b:x.org").to_owned(), waits);
        known.members.remove(user_id!("@s:x.org"));
        let second = user_id!("@s:x.org").to_owned();
        assert_eq!(next(&wanted(), &known, 100), Next::Do(Step::Invite(second.clone())));
        known.members.insert(second, Member { gave_up: true, ..Member::default() });
        assert_eq!(next(&wanted(), &known, 100), Next::Wait(500));
    }

    #[test]
    fn someone_who_declined_is_not_asked_again() {
        let mut known = finished();
        let left = Member { membership: Some("leave".into()), ..Member::default() };
        known.members.insert(user_id!("@b:x.org").to_owned(), left);
        assert_eq!(next(&wanted(), &known, 0), Next::Rest);
    }

    #[test]
    fn a_former_contact_is_removed_once() {
        let gone = user_id!("@s:x.org").to_owned();
        let wanted = Wanted {
            contacts: vec![user_id!("@b:x.org").to_owned()],
            former: vec![gone.clone()],
            ..wanted()
        };
        let mut known = finished();
        assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Remove(gone.clone())));
        let left = Member { membership: Some("leave".into()), ..Member::default() };
        known.members.insert(gone, left);
        assert_eq!(next(&wanted, &known, 0), Next::Rest);
    }
}
