//! Each rule of what comes next.

use std::collections::{BTreeMap, BTreeSet};

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
        news: false,
        saying: None,
    }
}

/// Somebody whose account exists, and who is not in the room.
fn looked_up() -> Member {
    Member { look_at: Some(0), ..Member::default() }
}

/// Both contacts, before their invitations.
fn nobody_invited() -> BTreeMap<OwnedUserId, Member> {
    wanted().contacts.into_iter().map(|user| (user, looked_up())).collect()
}

fn finished() -> Known {
    let join = Member { membership: Some("join".into()), ..looked_up() };
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
        ..Known::default()
    }
}

#[test]
fn an_encrypted_room_is_told_of_once_and_nobody_further_is_invited() {
    let mut known = Known { encrypted: true, members: BTreeMap::new(), ..finished() };
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::TellEncrypted));
    known.blocked.insert("tell_encrypted".to_owned(), 500);
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::StopEncrypted));
    known.blocked.clear();
    known.told_encrypted = true;
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::StopEncrypted));
}

#[test]
fn nobody_is_invited_before_it_is_known_what_the_homeserver_put_into_the_room() {
    let mut known = Known { settles_at: Some(500), members: nobody_invited(), ..finished() };
    assert_eq!(next(&wanted(), &known, 0), Next::Wait(500));
    known.settles_at = None;
    assert!(matches!(next(&wanted(), &known, 0), Next::Do(Step::Invite(_))));
}

#[test]
fn a_replaced_room_is_followed_before_anything_else_is_done_in_it() {
    let known = Known { replaced: true, encrypted: true, state: None, ..finished() };
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Follow));
}

#[test]
fn a_bot_that_is_out_stops_until_it_is_invited_or_the_shop_wants_a_new_room() {
    let bot = |membership: &str| Member { membership: Some(membership.into()), ..looked_up() };
    let mut known = Known { state: None, ..finished() };
    for gone in ["leave", "ban"] {
        known.members.insert(wanted().bot, bot(gone));
        known.wanted_again = false;
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::StopOut));
        known.wanted_again = true;
        assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Replace));
    }
    known.members.insert(wanted().bot, bot("invite"));
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Join));
}

#[test]
fn a_lost_successor_is_sought_until_everybody_is_here() {
    let mut known = Known { lost: Some("!lost:x".into()), leads_elsewhere: true, ..finished() };
    known.members.remove(&wanted().contacts[0]);
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(wanted().contacts[0].clone(), invited);
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::LeadOn));
    known.leads_elsewhere = false;
    let seek = Step::Seek("!lost:x".into());
    assert_eq!(next(&wanted(), &known, 0), Next::Do(seek.clone()));
    known.blocked.insert(seek.name().unwrap(), 500);
    assert_eq!(next(&wanted(), &known, 0), Next::Wait(500));
    known.members = finished().members;
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::LetGo));
}

#[test]
fn a_room_that_the_admin_does_not_want_is_not_made_again() {
    let mut known = Known { banned: true, ..Known::default() };
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::StopBanned));
    known.banned = false;
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::CreateRoom));
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
    let stands = |membership: &str| Member { membership: Some(membership.into()), ..looked_up() };
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
    let waits = Member { retry_at: Some(500), ..looked_up() };
    known.members.insert(user_id!("@b:x.org").to_owned(), waits);
    known.guests.insert(guest.clone());
    let join = Member { membership: Some("join".into()), ..looked_up() };
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
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    let mut known = Known { state: None, ..finished() };
    known.members.insert(wanted().bot, invited);
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Join));
}

#[test]
fn people_are_invited_only_to_a_finished_room() {
    let mut known = Known { members: nobody_invited(), ..finished() };
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
    let waits = Member { retry_at: Some(500), ..looked_up() };
    known.members.insert(user_id!("@b:x.org").to_owned(), waits);
    known.members.insert(user_id!("@s:x.org").to_owned(), looked_up());
    let second = user_id!("@s:x.org").to_owned();
    assert_eq!(next(&wanted(), &known, 100), Next::Do(Step::Invite(second.clone())));
    known.members.insert(second, Member { gave_up: true, ..looked_up() });
    assert_eq!(next(&wanted(), &known, 100), Next::Wait(500));
}

#[test]
fn someone_who_declined_is_not_asked_again() {
    let mut known = finished();
    let left = Member { membership: Some("leave".into()), ..looked_up() };
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
    let left = Member { membership: Some("leave".into()), ..looked_up() };
    known.members.insert(gone, left);
    assert_eq!(next(&wanted, &known, 0), Next::Rest);
}

#[test]
fn a_refused_step_does_not_hold_up_the_others() {
    let wanted =
        Wanted { state: "s2".into(), summary: "m2".into(), headline: "h2".into(), ..wanted() };
    let mut known = Known { members: nobody_invited(), head: None, ..finished() };
    known.blocked.insert("publish_state".into(), 500);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::EditSummary));
    known.blocked.insert("edit_summary".into(), 400);
    let [first, second] = [&wanted.contacts[0], &wanted.contacts[1]];
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Invite(first.clone())));
    known.blocked.insert(format!("invite {first}"), 300);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Invite(second.clone())));
    let stands = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(second.clone(), stands);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next(&wanted, &known, 0), Next::Wait(300));
    assert_eq!(next(&wanted, &known, 300), Next::Do(Step::Invite(first.clone())));
}

#[test]
fn people_are_invited_although_no_summary_can_be_sent() {
    let mut known = Known { members: nobody_invited(), summary_event: None, ..finished() };
    known.pinned = None;
    known.blocked.insert("send_summary".into(), 500);
    // Nothing is there that could be pinned.
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Invite(wanted().contacts[0].clone())));
}

#[test]
fn a_pin_is_refreshed_only_after_the_edit_that_it_shows() {
    let wanted = Wanted { summary: "m2".into(), headline: "h2".into(), ..wanted() };
    let mut known = finished();
    known.blocked.insert("edit_summary".into(), 500);
    assert_eq!(next(&wanted, &known, 0), Next::Wait(500));
    // A summary that was never pinned is pinned as it is.
    known.pinned = None;
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::PinSummary));
}

#[test]
fn the_words_of_a_guest_wait_until_it_is_in_the_room() {
    let guest = user_id!("@g:x.org").to_owned();
    let saying = Saying { id: "1".into(), guest: guest.clone(), has_file: false };
    let wanted = Wanted { saying: Some(saying), ..wanted() };
    let mut known = finished();
    known.guests.insert(guest.clone());
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(guest.clone(), invited);
    known.blocked.insert(format!("join_guest {guest}"), 500);
    assert_eq!(next(&wanted, &known, 0), Next::Wait(500));
}

#[test]
fn an_account_is_looked_up_after_its_invitation_and_again_while_it_does_not_exist() {
    let user = wanted().contacts[0].clone();
    let mut known = finished();
    known.members.remove(&user);
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::Invite(user.clone())));
    let invited = Member { membership: Some("invite".into()), since: Some(7), ..Member::default() };
    known.members.insert(user.clone(), invited.clone());
    assert_eq!(next(&wanted(), &known, 7), Next::Wait(1_007));
    assert_eq!(next(&wanted(), &known, 1_007), Next::Do(Step::LookUp(user.clone())));
    let missing = Member { is_missing: true, look_at: Some(5_000), ..invited.clone() };
    known.members.insert(user.clone(), missing.clone());
    assert_eq!(next(&wanted(), &known, 1_007), Next::Wait(5_000));
    assert_eq!(next(&wanted(), &known, 5_000), Next::Do(Step::LookUp(user.clone())));
    // Whoever came, left or declined exists.
    for answer in ["join", "leave"] {
        let answered = Member { membership: Some(answer.into()), ..invited.clone() };
        known.members.insert(user.clone(), answered);
        assert_eq!(next(&wanted(), &known, 9_000), Next::Rest);
    }
    known.members.insert(user, Member { look_at: Some(5_000), ..invited });
    assert_eq!(next(&wanted(), &known, 9_000), Next::Rest);
}

#[test]
fn users_of_other_homeservers_come_last_and_are_handed_over_once() {
    let far = user_id!("@far:y.org").to_owned();
    let near = wanted().contacts[0].clone();
    let wanted = Wanted { contacts: vec![far.clone(), near.clone()], ..wanted() };
    let mut known = Known { members: BTreeMap::new(), head: None, ..finished() };
    known.members.insert(near.clone(), looked_up());
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::Invite(near.clone())));
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(near, invited);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::HandOver(far.clone())));
    known.handed_over.insert(far);
    assert_eq!(next(&wanted, &known, 0), Next::Rest);
}

#[test]
fn nobody_is_invited_or_removed_while_another_homeserver_is_waited_for() {
    let mut known = Known { far_try: true, head: None, ..finished() };
    known.members.insert(wanted().contacts[0].clone(), looked_up());
    assert_eq!(next(&wanted(), &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next(&wanted(), &known, 0), Next::Rest);
}

#[test]
fn a_change_is_told_after_the_state_and_the_first_summary() {
    let wanted = Wanted { state: "s2".into(), news: true, ..wanted() };
    let mut known = Known { summary_event: None, ..finished() };
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::PublishState));
    known.state = Some("s2".into());
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::SendSummary));
    known.blocked.insert("send_summary".into(), 500);
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::TellChange));
    known.summary_event = Some("$e".into());
    known.summary = Some("old".into());
    assert_eq!(next(&wanted, &known, 0), Next::Do(Step::TellChange));
}
