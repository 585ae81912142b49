//! The next step from the room as it is known to be towards the room as it should be.

use ruma::OwnedUserId;

use super::step::{Known, Member, Needed, Next, Saying, Step, Wanted};

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
    match (&known.summary_event, &known.pinned) {
        (None, _) => steps.push(Step::SendSummary),
        (Some(_), pinned) => {
            if !is_current {
                steps.push(Step::EditSummary);
            }
            // A pin is refreshed for the new words of an edit, so it comes after that.
            if pinned.is_none() || (is_current && pinned.as_ref() != Some(&wanted.headline)) {
                steps.push(Step::PinSummary);
            }
        }
    }
    steps.into_iter().map(Step::at_once).collect()
}

/// Who has to come and who has to go.
fn for_people(wanted: &Wanted, known: &Known) -> Vec<Needed> {
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
    invitations
        .chain(removals)
        .filter(|(user, _)| !of(user).gave_up)
        .map(|(user, step)| Needed { step, not_before: of(user).retry_at.max(known.settles_at) })
        .collect()
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
