//! The next step from the room as it is known to be towards the room as it should be.

use ruma::OwnedUserId;

use super::step::{Known, Member, Needed, Next, Saying, Step, Wanted};

/// How long after its invitation an account is looked up, in milliseconds.
const LOOK_UP_AFTER_MS: i64 = 1_000;

/// Compares and names the next step: the first that is needed and need not wait.
///
/// A step that has to wait does not hold up those after it.
pub fn next(wanted: &Wanted, known: &Known, now: i64) -> Next {
    let mut wait_until: Option<i64> = None;
    for Needed { step, not_before } in needed(wanted, known) {
        match not_before {
            Some(at) if at > now => {
                wait_until = Some(wait_until.map_or(at, |earlier| earlier.min(at)));
            }
            _ => return Next::Do(step),
        }
    }
    wait_until.map_or(Next::Rest, Next::Wait)
}

/// All steps that are needed and whose prerequisites hold, in order.
///
/// The order is what people see: a finished room first, then the invitation to it. Invitations
/// come only after the room id is committed (`known.room`), so nobody is ever invited to a room
/// that the transaction does not end with.
pub fn needed(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    if known.room.is_none() && known.banned {
        return vec![Step::StopBanned.at_once()];
    }
    if known.room.is_none() {
        return match (known.attempted, wanted.room) {
            (true, _) => vec![Step::ResolveRoom.at_once()],
            (false, true) => vec![Step::CreateRoom.at_once()],
            (false, false) => Vec::new(),
        };
    }
    let bot = known.members.get(&wanted.bot).and_then(|bot| bot.membership.as_deref());
    if bot == Some("invite") {
        return vec![Step::Join.at_once()];
    }
    if matches!(bot, Some("leave" | "ban")) {
        let step = if known.wanted_again { Step::Replace } else { Step::StopOut };
        return vec![step.at_once()];
    }
    if known.replaced {
        return vec![Step::Follow.at_once()];
    }
    if known.encrypted {
        return for_encrypted(known);
    }
    let mut needed = for_state(wanted, known);
    needed.extend(for_people(wanted, known));
    needed.extend(wanted.saying.as_ref().map(|saying| to_say(saying, known)));
    if wanted.head > known.head {
        needed.push(Step::ShowHead.at_once());
    }
    if known.leads_elsewhere {
        needed.push(Step::LeadOn.at_once());
    }
    if let Some(room) = &known.lost {
        let is_here = |user: &OwnedUserId| {
            let member = known.members.get(user);
            member.is_some_and(|it| it.membership.as_deref() == Some("join"))
        };
        let all_are_here = wanted.contacts.iter().all(is_here);
        let step = if all_are_here { Step::LetGo } else { Step::Seek(room.clone()) };
        needed.push(step.at_once());
    }
    // Last, so that nobody of our own homeserver waits for another one.
    needed.extend(for_far_people(wanted, known));
    if known.far_try {
        // The room is woken when the try has ended.
        needed.retain(|it| !it.step.is_about_membership());
    }
    for Needed { step, not_before } in &mut needed {
        let blocked = step.name().and_then(|name| known.blocked.get(&name).copied());
        *not_before = (*not_before).max(blocked);
    }
    needed
}

/// A room that cannot be read: people are told so once, and nobody further is brought into it.
fn for_encrypted(known: &Known) -> Vec<Needed> {
    let mut needed = Vec::new();
    if !known.told_encrypted {
        let step = Step::TellEncrypted;
        let not_before = step.name().and_then(|name| known.blocked.get(&name).copied());
        needed.push(Needed { step, not_before });
    }
    needed.push(Step::StopEncrypted.at_once());
    needed
}

/// What the room says of the invoice.
fn for_state(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let mut steps = Vec::new();
    if known.state.as_ref() != Some(&wanted.state) {
        steps.push(Step::PublishState);
    }
    let is_current = known.summary.as_ref() == Some(&wanted.summary);
    let has_summary = known.summary_event.is_some();
    if !has_summary {
        steps.push(Step::SendSummary);
    }
    if wanted.news {
        steps.push(Step::TellChange);
    }
    if has_summary && !is_current {
        steps.push(Step::EditSummary);
    }
    // A pin is refreshed for the new words of an edit, so it comes after that.
    let is_stale = is_current && known.pinned.as_ref() != Some(&wanted.headline);
    if has_summary && (known.pinned.is_none() || is_stale) {
        steps.push(Step::PinSummary);
    }
    steps.into_iter().map(Step::at_once).collect()
}

/// Who of our own homeserver has to come, and who has to go.
fn for_people(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let of = |user: &OwnedUserId| known.members.get(user).cloned().unwrap_or_default();
    let mut needed = Vec::new();
    for user in wanted.contacts.iter().filter(|user| !is_far(wanted, user)) {
        let member = of(user);
        if is_uninvited(&member) {
            let not_before = member.retry_at.max(known.settles_at);
            needed.push(Needed { step: Step::Invite(user.clone()), not_before });
        } else if let Some(not_before) = look_up_at(&member) {
            let step = Step::LookUp(user.clone());
            needed.push(Needed { step, not_before: Some(not_before) });
        }
    }
    let removals = wanted
        .former
        .iter()
        .filter(|user| matches!(of(user).membership.as_deref(), Some("invite" | "join" | "knock")))
        .map(|user| (user, Step::Remove(user.clone())));
    let leaving = removals.filter(|(user, _)| !of(user).gave_up);
    needed.extend(leaving.map(|(user, step)| Needed { step, not_before: of(user).retry_at }));
    needed
}

/// Contacts of other homeservers are handed over once; when each is invited follows from how its
/// homeserver answers, over all rooms.
fn for_far_people(wanted: &Wanted, known: &Known) -> Vec<Needed> {
    let of = |user: &OwnedUserId| known.members.get(user).cloned().unwrap_or_default();
    let contacts = wanted.contacts.iter().filter(|user| is_far(wanted, user));
    contacts
        .filter(|user| is_uninvited(&of(user)) && !known.handed_over.contains(*user))
        .map(|user| Needed { step: Step::HandOver(user.clone()), not_before: known.settles_at })
        .collect()
}

/// When to ask whether an invited contact's account exists: a moment after the invitation, since
/// most answer for themselves by coming, and again as long as there is none.
fn look_up_at(member: &Member) -> Option<i64> {
    let is_asked_for = match member.look_at {
        None => member.membership.as_deref() == Some("invite"),
        Some(_) => member.is_missing && member.membership.as_deref() != Some("join"),
    };
    let first = member.since.unwrap_or_default().saturating_add(LOOK_UP_AFTER_MS);
    is_asked_for.then(|| member.look_at.unwrap_or(first))
}

/// Whether a contact is to be invited. Whoever left or declined is not asked again until the shop
/// asks for it, or they knock.
fn is_uninvited(member: &Member) -> bool {
    !member.gave_up && matches!(member.membership.as_deref(), None | Some("knock"))
}

fn is_far(wanted: &Wanted, user: &OwnedUserId) -> bool {
    user.server_name() != wanted.bot.server_name()
}

/// Brings the guest into the room, then the words.
fn to_say(saying: &Saying, known: &Known) -> Needed {
    let Saying { id, guest, has_file } = saying;
    let nobody = Member::default();
    let member = known.members.get(guest).unwrap_or(&nobody);
    let step = match member.membership.as_deref() {
        _ if !known.guests.contains(guest) => Step::MakeGuest(guest.clone()),
        Some("join") if *has_file => Step::Upload(id.clone()),
        Some("join") => Step::Say(id.clone()),
        Some("invite") => Step::JoinGuest(guest.clone()),
        Some("ban") => Step::GiveUp(id.clone()),
        _ if member.gave_up => Step::GiveUp(id.clone()),
        _ => return Needed { step: Step::Invite(guest.clone()), not_before: member.retry_at },
    };
    step.at_once()
}

#[cfg(test)]
mod tests;
