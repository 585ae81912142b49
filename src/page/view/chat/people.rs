//! Who to ask, whether they are there, and who is typing.

use maud::{Markup, html};

use super::super::localized::{called, counted, filled, role_words, since, text};
use crate::page::model::{Named, Person, Presence, Reader};

/// How many are shown at once.
const SHOWN: usize = 3;
const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The other party's contacts, by what to ask them about.
pub fn people(people: &[Person], replies_in: Option<i64>, reader: &Reader) -> Markup {
    let (first, more) = people.split_at(people.len().min(SHOWN));
    html! {
        div.people id="people" {
            @if !first.is_empty() { ul { @for it in first { (person(it, reader)) } } }
            @if !more.is_empty() {
                details {
                    summary {
                        (counted(reader, "people-more", "count",
                            i64::try_from(more.len()).unwrap_or(i64::MAX)))
                    }
                    ul { @for it in more { (person(it, reader)) } }
                }
            }
            @if let Some(replies_in) = replies_in { p.soft { (usually(replies_in, reader)) } }
        }
    }
}

fn person(it: &Person, reader: &Reader) -> Markup {
    let (state, words) = presence(it.presence, reader);
    html! {
        li.person data-presence=(state) {
            span.dot aria-hidden="true" {}
            bdi.name { (it.name) }
            " " span.badge data-role=(it.role.as_str()) { (role_words(reader, Some(it.role))) }
            @if let Some(duty) = &it.duty { " " span.duty dir="auto" { (duty) } }
            @if let Some(words) = words { " " span.presence { (words) } }
        }
    }
}

/// For the style sheet, and in words.
fn presence(it: Presence, reader: &Reader) -> (&'static str, Option<Markup>) {
    let text = |id| html! { (text(reader, id)) };
    match it {
        Presence::Here => ("here", Some(text("presence-here"))),
        Presence::Online => ("online", Some(text("presence-online"))),
        Presence::Idle => ("idle", Some(text("presence-idle"))),
        Presence::Away(since) => ("away", Some(away(since, reader))),
        Presence::Unknown => ("unknown", None),
    }
}

fn away(at: Option<i64>, reader: &Reader) -> Markup {
    match at.and_then(|at| since(reader, at)) {
        Some(time) => filled(reader, "presence-away-since", &[("time", time)]),
        None => html! { (text(reader, "presence-away")) },
    }
}

fn usually(replies_in: i64, reader: &Reader) -> String {
    let (id, unit) = match replies_in {
        ..HOUR => ("replies-minutes", MINUTE),
        HOUR..DAY => ("replies-hours", HOUR),
        DAY.. => ("replies-days", DAY),
    };
    // To the nearest, and never "within 0 minutes".
    counted(reader, id, "count", ((replies_in + unit / 2) / unit).max(1))
}

/// Who is typing, as a live region of its own.
pub fn typing(people: &[Named], reader: &Reader) -> Markup {
    html! {
        p.typing id="typing" role="status" dir="auto" { (typing_text(people, reader)) }
    }
}

/// The same as the script gets it; empty: nobody is.
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
