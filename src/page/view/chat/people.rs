//! The contacts with their presence, and the people who are typing.

use maud::{Markup, html};

use super::super::localized::{called, counted, filled, since, text};
use super::line::badge;
use crate::page::model::{Named, Person, Presence, Reach, Reader};
use crate::transaction::PartyRole;

/// The number of contacts that are shown without opening the list.
const VISIBLE_CONTACTS: usize = 3;
const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns the list of the contacts, with their duties and the usual reply time in milliseconds. The first of the other
/// party, who come before those of the visitor's, are seen at once, and so is everybody in the room who is no contact. The visitor
/// speaks for `role` through the guest `visitor`.
pub fn people(
    people: &[Person],
    replies_in: Option<i64>,
    role: PartyRole,
    visitor: &str,
    reader: &Reader,
) -> Markup {
    let (strangers, contacts): (Vec<_>, Vec<_>) = people.iter().partition(|it| it.role.is_none());
    let others = contacts.iter().take_while(|it| it.role != Some(role)).count();
    let (first, more) = contacts.split_at(others.min(VISIBLE_CONTACTS));
    let first = [first, &strangers].concat();
    let person = |it: &Person| person(it, it.guest == visitor, reader);
    html! {
        div.people id="people" {
            @if !first.is_empty() { ul { @for it in first { (person(it)) } } }
            @if !more.is_empty() {
                details {
                    summary {
                        (counted(reader, "people-more", "count",
                            i64::try_from(more.len()).unwrap_or(i64::MAX)))
                    }
                    ul { @for contact in more { (person(contact)) } }
                }
            }
            @if let Some(replies_in) = replies_in { p.soft { (usual_reply_time(replies_in, reader)) } }
        }
    }
}

fn person(person: &Person, is_visitor: bool, reader: &Reader) -> Markup {
    let (state, label) = presence(person, reader);
    html! {
        li.person data-presence=(state) {
            span.dot aria-hidden="true" {}
            bdi.name { (person.name) }
            @if is_visitor { " " span.you { (text(reader, "you")) } }
            " " (badge(person.role, reader))
            @if let Some(duty) = &person.duty { " " span.duty { bdi { (duty) } } }
            @if let Some(label) = label.filter(|_| !is_visitor) { " " span.presence { (label) } }
        }
    }
}

/// Returns the value for the style sheet, and the text. Where somebody is matters only if a message reaches them there.
fn presence(person: &Person, reader: &Reader) -> (&'static str, Option<Markup>) {
    let text = |id| Some(html! { (text(reader, id)) });
    match (person.presence, person.reach) {
        (Presence::Here, _) => ("here", text("presence-here")),
        (_, Reach::Invited) => ("unknown", text("reach-invited")),
        (_, Reach::NotInRoom) => ("unknown", text("reach-not-in-room")),
        (_, Reach::Email) => ("unknown", text("reach-email")),
        (_, Reach::NoMails) => ("unknown", text("reach-no-mails")),
        (_, Reach::Undeliverable) => ("unknown", text("reach-undeliverable")),
        (_, Reach::Page) => ("unknown", text("reach-page")),
        (Presence::Online, Reach::InRoom) => ("online", text("presence-online")),
        (Presence::Away, Reach::InRoom) => ("away", text("presence-away")),
        (Presence::Offline(since), Reach::InRoom) => ("offline", Some(offline(since, reader))),
        (Presence::Unknown, Reach::InRoom) => ("unknown", None),
    }
}

fn offline(at: Option<i64>, reader: &Reader) -> Markup {
    match at.and_then(|at| since(reader, at)) {
        Some(time) => filled(reader, "presence-offline-since", &[("time", time)]),
        None => html! { (text(reader, "presence-offline")) },
    }
}

fn usual_reply_time(replies_in: i64, reader: &Reader) -> String {
    let (id, unit) = match replies_in {
        ..HOUR => ("replies-minutes", MINUTE),
        HOUR..DAY => ("replies-hours", HOUR),
        DAY.. => ("replies-days", DAY),
    };
    // The number is rounded, but is never 0.
    counted(reader, id, "count", ((replies_in + unit / 2) / unit).max(1))
}

/// Returns a live region that names the people who are typing.
pub fn typing(people: &[Named], reader: &Reader) -> Markup {
    html! {
        p.typing id="typing" role="status" dir="auto" { (typing_text(people, reader)) }
    }
}

/// Returns the text of this region, for the script. It is empty if nobody is typing.
pub fn typing_text(people: &[Named], reader: &Reader) -> String {
    match people {
        [] => String::new(),
        [who] => reader.locale.text_with("typing-one", &[("name", called(reader, who).into())]),
        [first, second] => {
            let [first, second] = [first, second].map(|who| called(reader, who));
            let arguments = [("first", first.into()), ("second", second.into())];
            reader.locale.text_with("typing-two", &arguments)
        }
        _ => text(reader, "typing-many"),
    }
}
