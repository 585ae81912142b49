//! People are named with their party, and both times are shown if they differ.

use super::sample::{ADDRESS, Sample};
use crate::page::model::{ChatLine, Named, Person, Presence, Reach, Times};
use crate::transaction::PartyRole;

fn named(name: &str, role: Option<PartyRole>) -> Named {
    Named { name: name.into(), role, is_visitor: false }
}

fn html(sample: &Sample, change: impl FnOnce(&mut ChatLine)) -> String {
    let page = sample.page();
    let mut line = page.chat.lines[3].clone();
    change(&mut line);
    super::super::line(&line, page.reader, &ADDRESS).into_string()
}

#[test]
fn lines_quotes_reactions_typing_and_receipts_name_the_party() {
    let sample = Sample::new();
    let html = html(&sample, |line| {
        line.reactions[0].by = vec![named("Acme Ltd", Some(PartyRole::Buyer)), named("X", None)];
    });
    assert!(html.contains("Mara Lind</bdi> <span class=\"badge\" data-role=\"seller\">seller"));
    assert!(html.contains("In reply to your own message:"), "{html}");
    assert!(html.contains("title=\"Acme Ltd (buyer), X (guest)\""), "{html}");
    assert!(html.contains("data-label=\"Replying to Mara Lind (seller)\""), "{html}");
    let (buyer, reader) = (named("Seller", Some(PartyRole::Buyer)), &sample.reader);
    assert_eq!(super::super::seen_text(&buyer, reader), "Seen by Seller (buyer)");
    let typing = super::super::typing_text(std::slice::from_ref(&buyer), reader);
    assert_eq!(typing, "Seller (buyer) is typing…");
    let two = super::super::typing_text(&[buyer, named("Y", None)], reader);
    assert_eq!(two, "Seller (buyer) and Y (guest) are typing…");
    let people = super::super::people(&sample.page().people, None, PartyRole::Buyer, "", reader);
    let people = people.into_string();
    assert!(people.contains("Mara Lind</bdi> <span class=\"badge\" data-role=\"seller\">"));
}

#[test]
fn the_visitor_is_called_you_and_a_colleague_by_name() {
    let sample = Sample::new();
    let page = sample.page();
    let by = |line: usize| {
        let html = super::super::line(&page.chat.lines[line], page.reader, &ADDRESS).into_string();
        let (_, by) = html.split_once("<p class=\"by\">").unwrap();
        by.split("</p>").next().unwrap().to_owned()
    };
    assert!(by(2).ends_with(">You</span>"), "{}", by(2));
    assert!(by(4).contains(">Kim Osei</bdi>") && by(4).contains(">buyer<"), "{}", by(4));
    let list = |people: &[Person]| {
        super::super::people(people, None, PartyRole::Buyer, page.speaker, page.reader)
            .into_string()
    };
    let people = list(&page.people);
    assert!(people.contains("Robin Ahlgren</bdi> <span class=\"you\">You"), "{people}");
    assert_eq!(people.matches("class=\"you\"").count(), 1);
    // Three of the other party are seen at once.
    let (_, folded) = people.split_once("<details>").unwrap();
    assert_eq!(folded.matches("class=\"person\"").count(), 3, "{people}");
    // Whoever is in the room and is no contact is seen at once, as what they are.
    let mut with_stranger = page.people.clone();
    let (guest, name) = ("@mallory:x.org".to_owned(), "Acme · @mallory:x.org".to_owned());
    let (reach, presence) = (Reach::InRoom, Presence::Unknown);
    with_stranger.push(Person { guest, name, role: None, duty: None, reach, presence });
    let people = list(&with_stranger);
    let (seen, _) = people.split_once("<details>").unwrap();
    let stranger = "Acme · @mallory:x.org</bdi> <span class=\"badge\" data-role=\"other\">guest";
    assert!(seen.contains(stranger), "{people}");
    // Those of one's own stay folded if the other party has none.
    let own: Vec<_> =
        page.people.iter().filter(|it| it.role == Some(PartyRole::Buyer)).cloned().collect();
    let people = list(&own);
    let (seen, folded) = people.split_once("<details>").unwrap();
    assert!(!seen.contains("class=\"person\""), "{people}");
    assert_eq!(folded.matches("class=\"person\"").count(), own.len(), "{people}");
}

#[test]
fn a_line_shows_the_account_that_said_it_and_is_grouped_by_the_person() {
    let sample = Sample::new();
    let html = html(&sample, |line| {
        line.sender = "@tallyroom_mara:example.org".to_owned();
        line.person = "@mara:acme.example".to_owned();
    });
    assert!(html.contains("title=\"@tallyroom_mara:example.org\""), "{html}");
    assert!(html.contains("data-sender=\"@mara:acme.example\""), "{html}");
}

#[test]
fn a_new_line_is_announced_with_its_party_and_without_its_spoilers() {
    let sample = Sample::new();
    let mut line = sample.page().chat.lines[3].clone();
    line.html = Some("It costs <span data-mx-spoiler=\"\">7</span>".into());
    line.text = Some("It costs 7".into());
    let announcement = super::super::announcement(&line, &sample.reader);
    assert_eq!(announcement, "Mara Lind (seller): It costs [Spoiler]");
}

#[test]
fn a_message_with_two_times_shows_both() {
    let sample = Sample::new();
    let times =
        Times { sent_at: 1_781_686_800_000, received_at: 1_781_773_200_000, from_history: false };
    assert!(!html(&sample, |_| ()).contains("class=\"times\""));
    let html_with_times = html(&sample, |line| line.times = Some(times));
    for part in ["Sent <time", "17 June 2026 at 09:00", "received <time", "18 June 2026 at 09:00"] {
        assert!(html_with_times.contains(part), "{part} in {html_with_times}");
    }
    let late = Times { from_history: true, ..times };
    assert!(html(&sample, |line| line.times = Some(late)).contains("read from the room’s history"));
    let absurd = Times { sent_at: i64::MAX, ..times };
    assert!(html(&sample, |line| line.times = Some(absurd)).contains("Sent at an unknown time"));
    let edit = html(&sample, |line| line.edit_times = Some(times));
    assert!(edit.contains("edited: Sent <time"), "{edit}");
}
