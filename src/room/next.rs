//! The next step from the room as it is known to the room as it should be.

use ruma::OwnedUserId;

use super::step::{Known, Member, Needed, Next, PageMessage, Step, Wanted};

/// How long after its invitation the existence of an account is checked, in milliseconds.
const LOOK_UP_DELAY_MS: i64 = 1_000;

/// Returns the first step that is needed and does not have to wait.
///
/// A step that has to wait does not hold up those after it.
pub fn next_step(wanted: &Wanted, known: &Known, now: i64) -> Next {
    let mut wait_until: Option<i64> = None;
    for Needed { step, not_before } in needed_steps(wanted, known) {
        match not_before {
            Some(at) if at > now => {
                wait_until = Some(wait_until.map_or(at, |earlier| earlier.min(at)));
            }
            _ => return Next::Do(step),
        }
    }
    wait_until.map_or(Next::Rest, Next::Wait)
}

/// Returns all steps that are needed and whose prerequisites hold, in the order in which they are
/// to be done.
///
/// The situation of the room decides which steps are possible at all. In most situations that is a
/// single step, and all other work waits for it.
pub fn needed_steps(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let mut steps = match situation(wanted, known) {
        Situation::NoRoom => to_get_a_room(wanted, known),
        Situation::BotInvited => vec![Step::Join.at_once()],
        // Only the shop decides that a new room replaces one that the bot was removed from.
        Situation::BotOut if known.wanted_again => vec![Step::ReplaceRoom.at_once()],
        Situation::BotOut => vec![Step::StopOut.at_once()],
        Situation::Replaced => vec![Step::FollowTombstone.at_once()],
        Situation::Encrypted => in_encrypted_room(known),
        Situation::Usable => in_usable_room(wanted, known),
    };
    if known.far_invitation_in_flight {
        // These steps would wait for the other homeserver. The room is woken when its try has
        // ended.
        steps.retain(|needed| !needed.step.is_about_membership());
    }
    for Needed { step, not_before } in &mut steps {
        let refused_until = step.name().and_then(|name| known.refused_until.get(&name).copied());
        *not_before = (*not_before).max(refused_until);
    }
    steps
}

/// The situation of the room. The first one that applies counts, in this order.
enum Situation {
    /// No room is known to belong to the transaction, so there is nothing to work on.
    NoRoom,
    /// The bot is invited to the room. It can do nothing there before it joins.
    BotInvited,
    /// The bot left the room or was removed from it. It can do nothing there.
    BotOut,
    /// A tombstone replaces the room. The work goes on in the successor, so no more is done here.
    Replaced,
    /// The messages of the room cannot be recorded, so nobody else is invited to it.
    Encrypted,
    /// The bot can work in the room.
    Usable,
}

fn situation(wanted: &Wanted, known: &Known) -> Situation {
    if known.room.is_none() {
        return Situation::NoRoom;
    }
    let bot = known.members.get(&wanted.bot).and_then(|bot| bot.membership.as_deref());
    match bot {
        Some("invite") => Situation::BotInvited,
        Some("leave" | "ban") => Situation::BotOut,
        _ if known.has_tombstone => Situation::Replaced,
        _ if known.is_encrypted => Situation::Encrypted,
        _ => Situation::Usable,
    }
}

/// Returns the steps that lead to a room that is known to belong to the transaction.
fn to_get_a_room(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let step = if known.is_blocked_by_admin {
        // A new room would go against the administrator's decision.
        Step::StopBlocked
    } else if known.creation_attempted {
        // The earlier attempt may have created the room, and a transaction has only one room.
        Step::ResolveRoom
    } else if wanted.has_room {
        Step::CreateRoom
    } else {
        // The room is created with its first message (`rooms.create`).
        return Vec::new();
    };
    vec![step.at_once()]
}

/// Returns the steps for a room that cannot be read: people are told so once, and the room stops.
fn in_encrypted_room(known: &Known) -> Vec<Needed> {
    let notice = (!known.encryption_notice_sent).then_some(Step::SendEncryptionNotice);
    notice.into_iter().chain([Step::StopEncrypted]).map(Step::at_once).collect()
}

/// Returns the steps for a room in which the bot can work. People see the effects in this order.
fn in_usable_room(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let mut steps = Vec::new();
    // 1. The invoice, so that people who are invited find a finished room.
    steps.extend(about_invoice(wanted, known));
    // 2. The people of our homeserver. The room id is committed (`known.room`), so nobody is ever
    //    invited to a room that the transaction does not keep.
    steps.extend(about_near_people(wanted, known));
    // 3. The next message from the invoice page, after the invitations of those who are to read it.
    steps.extend(wanted.page_message.as_ref().map(|message| about_page_message(message, known)));
    // 4. The answer to what somebody asked the bot, or asked for on the page.
    steps.extend(wanted.question.map(|seq| Step::Answer(seq).at_once()));
    steps.extend(wanted.link_request.clone().map(|user| Step::SendLink(user).at_once()));
    // 5. The signed head. It is evidence that nobody waits for. An older head never replaces it.
    if wanted.head > known.head {
        steps.push(Step::ShowHead.at_once());
    }
    // 6. The tombstone of the previous room, which sends people to this room once it is finished.
    if known.predecessor_needs_tombstone {
        steps.push(Step::WriteTombstone.at_once());
    }
    // 7. The lost successor. People may be writing there, but no work in this room depends on it.
    steps.extend(about_lost_successor(wanted, known));
    // 8. The contacts of other homeservers, so that nobody of our own homeserver waits for them.
    steps.extend(about_far_people(wanted, known));
    steps
}

/// Returns the steps that bring the invoice in the room up to date.
fn about_invoice(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let has_summary = known.summary_event.is_some();
    let is_current = known.summary_digest.as_ref() == Some(&wanted.summary_digest);
    let mut steps = Vec::new();
    // The name, the power levels and the invoice itself come before any message about them.
    if known.state_digest.as_ref() != Some(&wanted.state_digest) {
        steps.push(Step::PublishState);
    }
    // The summary of a new room comes before any message about a change of it.
    if !has_summary {
        steps.push(Step::SendSummary);
    }
    // People are notified of this message, but not of an edit, so it comes before the edit.
    if wanted.has_news {
        steps.push(Step::AnnounceChange);
    }
    // As each change, a payment is told before the summary shows what is left.
    steps.extend(wanted.payment.clone().map(Step::TellPayment));
    if has_summary && !is_current {
        steps.push(Step::EditSummary);
    }
    // A pin is refreshed to show the new text of an edit, so it comes after the edit.
    let is_pinned = known.pinned_headline_digest.is_some();
    let is_stale =
        is_current && known.pinned_headline_digest.as_ref() != Some(&wanted.headline_digest);
    if has_summary && (!is_pinned || is_stale) {
        steps.push(Step::PinSummary);
    }
    steps.into_iter().map(Step::at_once).collect()
}

/// Returns the steps that invite, check and remove users of our own homeserver. Former contacts are
/// removed from any homeserver.
fn about_near_people(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let mut steps = Vec::new();
    for user in wanted.contacts.iter().filter(|user| !is_far(wanted, user)) {
        let member = member(known, user);
        if is_to_be_invited(&member) {
            let not_before = member.retry_at.max(known.settles_at);
            steps.push(Needed { step: Step::Invite(user.clone()), not_before });
        } else if let Some(not_before) = look_up_at(&member) {
            let step = Step::LookUp(user.clone());
            steps.push(Needed { step, not_before: Some(not_before) });
        }
    }
    // Whoever wrote on the page while they were a contact is removed after that was said. Otherwise
    // one step would remove them, and another one would invite them to say it, without end.
    let speaker = wanted.page_message.as_ref().map(|message| &message.guest);
    for user in wanted.former_contacts.iter().filter(|user| Some(*user) != speaker) {
        let member = member(known, user);
        let is_here = matches!(member.membership.as_deref(), Some("invite" | "join" | "knock"));
        if is_here && !member.gave_up {
            steps.push(Needed { step: Step::Remove(user.clone()), not_before: member.retry_at });
        }
    }
    steps
}

/// Returns the steps that hand over the invitations of users of other homeservers, each one once.
/// When such a user is invited depends on how their homeserver answers, over all rooms.
fn about_far_people(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let contacts = wanted.contacts.iter().filter(|user| is_far(wanted, user));
    contacts
        .filter(|user| is_to_be_invited(&member(known, user)) && !known.handed_over.contains(*user))
        .map(|user| Needed { step: Step::HandOver(user.clone()), not_before: known.settles_at })
        .collect()
}

/// Returns the next step on the way of a message from the invoice page into the room. Its guest
/// needs an account, an invitation and a membership before it can send anything.
fn about_page_message(message: &PageMessage, known: &Known) -> Needed {
    let PageMessage { id, guest, has_file } = message;
    if !known.guests.contains(guest) {
        return Step::MakeGuest(guest.clone()).at_once();
    }
    let member = member(known, guest);
    match member.membership.as_deref() {
        Some("join") if *has_file => Step::UploadFile(id.clone()).at_once(),
        Some("join") => Step::SendPageMessage(id.clone()).at_once(),
        Some("invite") => Step::JoinGuest(guest.clone()).at_once(),
        Some("ban") => Step::GiveUpPageMessage(id.clone()).at_once(),
        _ if member.gave_up => Step::GiveUpPageMessage(id.clone()).at_once(),
        _ => Needed { step: Step::Invite(guest.clone()), not_before: member.retry_at },
    }
}

/// Returns the step for a successor that the bot cannot read: it is checked again and again until
/// every contact is in the current room, because nobody needs the other one after that.
fn about_lost_successor(wanted: &Wanted, known: &Known) -> Option<Needed> {
    let room = known.lost_successor.as_ref()?;
    let is_here = |user: &OwnedUserId| member(known, user).membership.as_deref() == Some("join");
    let step = if wanted.contacts.iter().all(is_here) {
        Step::ForgetLostSuccessors
    } else {
        Step::RetryLostSuccessor(room.clone())
    };
    Some(step.at_once())
}

/// Returns when to check whether the account of an invited contact exists, in milliseconds. The
/// first check comes a moment after the invitation, since most people join and thereby show that
/// they exist. It is repeated as long as the account does not exist.
fn look_up_at(member: &Member) -> Option<i64> {
    let is_check_needed = match member.look_at {
        None => member.membership.as_deref() == Some("invite"),
        Some(_) => member.is_missing && member.membership.as_deref() != Some("join"),
    };
    let first = member.since.unwrap_or_default().saturating_add(LOOK_UP_DELAY_MS);
    is_check_needed.then(|| member.look_at.unwrap_or(first))
}

/// Whether a contact is to be invited. A contact who left or declined is invited again only when
/// the shop asks for it, or when the contact knocks.
fn is_to_be_invited(member: &Member) -> bool {
    !member.gave_up && matches!(member.membership.as_deref(), None | Some("knock"))
}

/// Whether a user belongs to another homeserver.
fn is_far(wanted: &Wanted, user: &OwnedUserId) -> bool {
    user.server_name() != wanted.bot.server_name()
}

/// Returns what is known of a person. A person who was never in the room has the default values.
fn member(known: &Known, user: &OwnedUserId) -> Member {
    known.members.get(user).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
