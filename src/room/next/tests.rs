//! Tests of the order of steps.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use ruma::{room_id, user_id};

fn wanted() -> Wanted {
    Wanted {
        has_room: true,
        state_digest: "s1".into(),
        summary_digest: "m1".into(),
        headline_digest: "h1".into(),
        head: Some(4),
        bot: user_id!("@bot:x.org").to_owned(),
        contacts: vec![user_id!("@b:x.org").to_owned(), user_id!("@s:x.org").to_owned()],
        former_contacts: vec![],
        has_news: false,
        payment: None,
        page_message: None,
        question: None,
        link_request: None,
    }
}

/// A person whose account exists and who is not in the room.
fn looked_up() -> Member {
    Member { look_at: Some(0), ..Member::default() }
}

/// Both contacts before they are invited.
fn nobody_invited() -> BTreeMap<OwnedUserId, Member> {
    wanted().contacts.into_iter().map(|user| (user, looked_up())).collect()
}

fn finished() -> Known {
    let join = Member { membership: Some("join".into()), ..looked_up() };
    Known {
        room: Some(room_id!("!r:x.org").to_owned()),
        creation_attempted: false,
        state_digest: Some("s1".into()),
        summary_event: Some("$e".into()),
        summary_digest: Some("m1".into()),
        pinned_headline_digest: Some("h1".into()),
        head: Some(4),
        members: wanted().contacts.into_iter().map(|user| (user, join.clone())).collect(),
        guests: BTreeSet::new(),
        ..Known::default()
    }
}

#[test]
fn an_encrypted_room_gets_one_notice_and_nobody_else_is_invited() {
    let mut known = Known { is_encrypted: true, members: BTreeMap::new(), ..finished() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::SendEncryptionNotice));
    known.refused_until.insert("tell_encrypted".to_owned(), 500);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::StopEncrypted));
    known.refused_until.clear();
    known.encryption_notice_sent = true;
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::StopEncrypted));
}

#[test]
fn nobody_is_invited_before_it_is_known_what_the_homeserver_put_into_the_room() {
    let mut known = Known { settles_at: Some(500), members: nobody_invited(), ..finished() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Wait(500));
    known.settles_at = None;
    assert!(matches!(next_step(&wanted(), &known, 0), Next::Do(Step::Invite(_))));
}

#[test]
fn a_replaced_room_is_followed_before_anything_else_is_done_in_it() {
    let known = Known { has_tombstone: true, is_encrypted: true, state_digest: None, ..finished() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::FollowTombstone));
}

#[test]
fn a_bot_that_is_out_stops_until_it_is_invited_or_the_shop_wants_a_new_room() {
    let bot = |membership: &str| Member { membership: Some(membership.into()), ..looked_up() };
    let mut known = Known { state_digest: None, ..finished() };
    for gone in ["leave", "ban"] {
        known.members.insert(wanted().bot, bot(gone));
        known.wanted_again = false;
        assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::StopOut));
        known.wanted_again = true;
        assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::ReplaceRoom));
    }
    known.members.insert(wanted().bot, bot("invite"));
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::Join));
}

#[test]
fn a_lost_successor_is_checked_until_every_contact_is_here() {
    let mut known = Known {
        lost_successor: Some("!lost:x".into()),
        predecessor_needs_tombstone: true,
        ..finished()
    };
    known.members.remove(&wanted().contacts[0]);
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(wanted().contacts[0].clone(), invited);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::WriteTombstone));
    known.predecessor_needs_tombstone = false;
    let seek = Step::RetryLostSuccessor("!lost:x".into());
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(seek.clone()));
    known.refused_until.insert(seek.name().unwrap(), 500);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Wait(500));
    known.members = finished().members;
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::ForgetLostSuccessors));
}

#[test]
fn a_room_that_an_administrator_blocked_is_not_created_again() {
    let mut known = Known { is_blocked_by_admin: true, ..Known::default() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::StopBlocked));
    known.is_blocked_by_admin = false;
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::CreateRoom));
}

#[test]
fn a_room_that_waits_for_its_first_message_is_not_created_before() {
    let mut wanted = Wanted { has_room: false, ..wanted() };
    assert_eq!(next_step(&wanted, &Known::default(), 0), Next::Rest);
    wanted.has_room = true;
    assert_eq!(next_step(&wanted, &Known::default(), 0), Next::Do(Step::CreateRoom));
}

#[test]
fn a_guest_is_created_invited_and_joined_before_it_sends() {
    let guest = user_id!("@g:x.org").to_owned();
    let message = PageMessage { id: "1".into(), guest: guest.clone(), has_file: true };
    let mut wanted = Wanted { page_message: Some(message), ..wanted() };
    let mut known = finished();
    let with_membership =
        |membership: &str| Member { membership: Some(membership.into()), ..looked_up() };
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::MakeGuest(guest.clone())));
    known.guests.insert(guest.clone());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Invite(guest.clone())));
    known.members.insert(guest.clone(), with_membership("invite"));
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::JoinGuest(guest.clone())));
    known.members.insert(guest.clone(), with_membership("join"));
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::UploadFile("1".into())));
    wanted.page_message.as_mut().unwrap().has_file = false;
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::SendPageMessage("1".into())));
    known.members.insert(guest.clone(), with_membership("ban"));
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::GiveUpPageMessage("1".into())));
    known.members.insert(guest.clone(), with_membership("leave"));
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Invite(guest)));
}

#[test]
fn contacts_who_cannot_be_reached_do_not_hold_up_guests() {
    let guest = user_id!("@g:x.org").to_owned();
    let mut known = finished();
    let waits = Member { retry_at: Some(500), ..looked_up() };
    known.members.insert(user_id!("@b:x.org").to_owned(), waits);
    known.guests.insert(guest.clone());
    let join = Member { membership: Some("join".into()), ..looked_up() };
    known.members.insert(guest.clone(), join);
    let message = PageMessage { id: "1".into(), guest, has_file: false };
    let talking = Wanted { page_message: Some(message), ..wanted() };
    assert_eq!(next_step(&talking, &known, 100), Next::Do(Step::SendPageMessage("1".into())));
    assert_eq!(next_step(&wanted(), &known, 100), Next::Wait(500));
}

#[test]
fn a_new_transaction_gets_its_room_before_anything_else() {
    assert_eq!(next_step(&wanted(), &Known::default(), 0), Next::Do(Step::CreateRoom));
}

#[test]
fn an_attempt_of_unknown_outcome_is_resolved_before_another_one() {
    let known = Known { creation_attempted: true, ..Known::default() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::ResolveRoom));
}

#[test]
fn a_finished_room_needs_nothing() {
    assert_eq!(next_step(&wanted(), &finished(), 0), Next::Rest);
}

#[test]
fn an_invited_bot_joins_before_it_does_anything() {
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    let mut known = Known { state_digest: None, ..finished() };
    known.members.insert(wanted().bot, invited);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::Join));
}

#[test]
fn people_are_invited_only_to_a_finished_room() {
    let mut known = Known { members: nobody_invited(), ..finished() };
    known.pinned_headline_digest = None;
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::PinSummary));
    known.pinned_headline_digest = Some("h1".into());
    let first = user_id!("@b:x.org").to_owned();
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::Invite(first)));
}

#[test]
fn a_new_revision_changes_state_then_summary_then_pin() {
    let wanted = Wanted {
        state_digest: "s2".into(),
        summary_digest: "m2".into(),
        headline_digest: "h2".into(),
        ..wanted()
    };
    let mut known = finished();
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::PublishState));
    known.state_digest = Some("s2".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::EditSummary));
    known.summary_digest = Some("m2".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::PinSummary));
    known.pinned_headline_digest = Some("h2".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Rest);
}

#[test]
fn the_newest_signed_head_is_shown_and_never_an_older_one() {
    let known = Known { head: None, ..finished() };
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::ShowHead));
    assert_eq!(next_step(&Wanted { head: None, ..wanted() }, &finished(), 0), Next::Rest);
    assert_eq!(next_step(&Wanted { head: Some(3), ..wanted() }, &finished(), 0), Next::Rest);
}

#[test]
fn a_failure_of_one_contact_does_not_hold_up_the_other() {
    let mut known = finished();
    let waits = Member { retry_at: Some(500), ..looked_up() };
    known.members.insert(user_id!("@b:x.org").to_owned(), waits);
    known.members.insert(user_id!("@s:x.org").to_owned(), looked_up());
    let second = user_id!("@s:x.org").to_owned();
    assert_eq!(next_step(&wanted(), &known, 100), Next::Do(Step::Invite(second.clone())));
    known.members.insert(second, Member { gave_up: true, ..looked_up() });
    assert_eq!(next_step(&wanted(), &known, 100), Next::Wait(500));
}

#[test]
fn a_contact_who_declined_is_not_invited_again() {
    let mut known = finished();
    let left = Member { membership: Some("leave".into()), ..looked_up() };
    known.members.insert(user_id!("@b:x.org").to_owned(), left);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Rest);
}

#[test]
fn a_former_contact_is_removed_once() {
    let gone = user_id!("@s:x.org").to_owned();
    let wanted = Wanted {
        contacts: vec![user_id!("@b:x.org").to_owned()],
        former_contacts: vec![gone.clone()],
        ..wanted()
    };
    let mut known = finished();
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Remove(gone.clone())));
    let left = Member { membership: Some("leave".into()), ..looked_up() };
    known.members.insert(gone, left);
    assert_eq!(next_step(&wanted, &known, 0), Next::Rest);
}

#[test]
fn a_refused_step_does_not_hold_up_the_others() {
    let wanted = Wanted {
        state_digest: "s2".into(),
        summary_digest: "m2".into(),
        headline_digest: "h2".into(),
        ..wanted()
    };
    let mut known = Known { members: nobody_invited(), head: None, ..finished() };
    known.refused_until.insert("publish_state".into(), 500);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::EditSummary));
    known.refused_until.insert("edit_summary".into(), 400);
    let [first, second] = [&wanted.contacts[0], &wanted.contacts[1]];
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Invite(first.clone())));
    known.refused_until.insert(format!("invite {first}"), 300);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Invite(second.clone())));
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(second.clone(), invited);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next_step(&wanted, &known, 0), Next::Wait(300));
    assert_eq!(next_step(&wanted, &known, 300), Next::Do(Step::Invite(first.clone())));
}

#[test]
fn people_are_invited_although_no_summary_can_be_sent() {
    let mut known = Known { members: nobody_invited(), summary_event: None, ..finished() };
    known.pinned_headline_digest = None;
    known.refused_until.insert("send_summary".into(), 500);
    // There is no summary that could be pinned.
    assert_eq!(
        next_step(&wanted(), &known, 0),
        Next::Do(Step::Invite(wanted().contacts[0].clone()))
    );
}

#[test]
fn a_pin_is_refreshed_only_after_the_edit_that_it_shows() {
    let wanted = Wanted { summary_digest: "m2".into(), headline_digest: "h2".into(), ..wanted() };
    let mut known = finished();
    known.refused_until.insert("edit_summary".into(), 500);
    assert_eq!(next_step(&wanted, &known, 0), Next::Wait(500));
    // A summary that was never pinned is pinned without the edit.
    known.pinned_headline_digest = None;
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::PinSummary));
}

#[test]
fn a_message_of_a_guest_waits_until_it_is_in_the_room() {
    let guest = user_id!("@g:x.org").to_owned();
    let message = PageMessage { id: "1".into(), guest: guest.clone(), has_file: false };
    let wanted = Wanted { page_message: Some(message), ..wanted() };
    let mut known = finished();
    known.guests.insert(guest.clone());
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(guest.clone(), invited);
    known.refused_until.insert(format!("join_guest {guest}"), 500);
    assert_eq!(next_step(&wanted, &known, 0), Next::Wait(500));
}

#[test]
fn an_account_is_checked_after_its_invitation_and_again_while_it_does_not_exist() {
    let user = wanted().contacts[0].clone();
    let mut known = finished();
    known.members.remove(&user);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::Invite(user.clone())));
    let invited = Member { membership: Some("invite".into()), since: Some(7), ..Member::default() };
    known.members.insert(user.clone(), invited.clone());
    assert_eq!(next_step(&wanted(), &known, 7), Next::Wait(1_007));
    assert_eq!(next_step(&wanted(), &known, 1_007), Next::Do(Step::LookUp(user.clone())));
    let missing = Member { is_missing: true, look_at: Some(5_000), ..invited.clone() };
    known.members.insert(user.clone(), missing.clone());
    assert_eq!(next_step(&wanted(), &known, 1_007), Next::Wait(5_000));
    assert_eq!(next_step(&wanted(), &known, 5_000), Next::Do(Step::LookUp(user.clone())));
    // A contact who joined, left or declined exists.
    for answer in ["join", "leave"] {
        let answered = Member { membership: Some(answer.into()), ..invited.clone() };
        known.members.insert(user.clone(), answered);
        assert_eq!(next_step(&wanted(), &known, 9_000), Next::Rest);
    }
    known.members.insert(user, Member { look_at: Some(5_000), ..invited });
    assert_eq!(next_step(&wanted(), &known, 9_000), Next::Rest);
}

#[test]
fn users_of_other_homeservers_come_last_and_are_handed_over_once() {
    let far = user_id!("@far:y.org").to_owned();
    let near = wanted().contacts[0].clone();
    let wanted = Wanted { contacts: vec![far.clone(), near.clone()], ..wanted() };
    let mut known = Known { members: BTreeMap::new(), head: None, ..finished() };
    known.members.insert(near.clone(), looked_up());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::Invite(near.clone())));
    let invited = Member { membership: Some("invite".into()), ..looked_up() };
    known.members.insert(near, invited);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::HandOver(far.clone())));
    known.handed_over.insert(far);
    assert_eq!(next_step(&wanted, &known, 0), Next::Rest);
}

#[test]
fn nobody_is_invited_or_removed_during_an_invitation_by_another_homeserver() {
    let mut known = Known { far_invitation_in_flight: true, head: None, ..finished() };
    known.members.insert(wanted().contacts[0].clone(), looked_up());
    assert_eq!(next_step(&wanted(), &known, 0), Next::Do(Step::ShowHead));
    known.head = Some(4);
    assert_eq!(next_step(&wanted(), &known, 0), Next::Rest);
}

#[test]
fn a_change_is_announced_after_the_state_and_the_first_summary() {
    let wanted = Wanted { state_digest: "s2".into(), has_news: true, ..wanted() };
    let mut known = Known { summary_event: None, ..finished() };
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::PublishState));
    known.state_digest = Some("s2".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::SendSummary));
    known.refused_until.insert("send_summary".into(), 500);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::AnnounceChange));
    known.summary_event = Some("$e".into());
    known.summary_digest = Some("old".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::AnnounceChange));
}

/// Does what the step says, as a homeserver that refuses nothing would.
fn done(step: &Step, wanted: &mut Wanted, known: &mut Known) {
    let mut set = |user: &OwnedUserId, membership: &str| {
        known.members.entry(user.clone()).or_default().membership = Some(membership.to_owned());
    };
    match step {
        Step::Invite(user) => set(user, "invite"),
        Step::JoinGuest(user) => set(user, "join"),
        Step::Remove(user) => set(user, "leave"),
        Step::LookUp(user) => known.members.entry(user.clone()).or_default().look_at = Some(0),
        Step::MakeGuest(user) => {
            known.guests.insert(user.clone());
        }
        Step::SendPageMessage(_) | Step::GiveUpPageMessage(_) => wanted.page_message = None,
        other => panic!("{other:?} is not about people"),
    }
}

#[test]
fn no_two_steps_undo_each_other_without_end() {
    let guest = user_id!("@_tallyroom_guest_1:x.org").to_owned();
    for membership in [None, Some("invite"), Some("join"), Some("leave"), Some("knock")] {
        for [is_made, is_former, is_contact, has_message] in
            (0..16).map(|bits| [1, 2, 4, 8].map(|bit| bits & bit != 0))
        {
            let (mut wanted, mut known) = (wanted(), finished());
            let member = Member { membership: membership.map(str::to_owned), ..looked_up() };
            known.members.insert(guest.clone(), member);
            known.guests.extend(is_made.then(|| guest.clone()));
            wanted.former_contacts.extend(is_former.then(|| guest.clone()));
            wanted.contacts.extend(is_contact.then(|| guest.clone()));
            let message = PageMessage { id: "m".to_owned(), guest: guest.clone(), has_file: false };
            wanted.page_message = has_message.then_some(message);
            let mut steps = Vec::new();
            while let Next::Do(step) = next_step(&wanted, &known, 0) {
                done(&step, &mut wanted, &mut known);
                steps.push(step);
                assert!(steps.len() < 10, "without end: {steps:?}");
            }
            assert_eq!(wanted.page_message, None, "it was said or given up: {steps:?}");
        }
    }
}

#[test]
fn a_payment_is_told_before_the_summary_shows_it_and_not_in_a_room_without_one() {
    let wanted = Wanted { payment: Some("p1".into()), summary_digest: "m2".into(), ..wanted() };
    let mut known = finished();
    let tell = Step::TellPayment("p1".into());
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(tell));
    // If it is refused, the rest is done all the same.
    known.refused_until.insert("tell_payment p1".to_owned(), 500);
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::EditSummary));
    known.refused_until.clear();
    known.summary_event = None;
    assert_eq!(next_step(&wanted, &known, 0), Next::Do(Step::SendSummary));
}
