//! Who to ask, whether they are there, and who is typing.

use maud::{Markup, html};

use super::super::words::{about, counted, moment, text};
use crate::page::model::{Person, Presence, Reader};

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
            @if let Some(duty) = &it.duty { " " span.duty dir="auto" { (duty) } }
            @if let Some(words) = words { " " span.presence { (words) } }
        }
    }
}

/// For the style sheet, and in words.
fn presence(it: Presence, reader: &Reader) -> (&'static str, Option<String>) {
    match it {
        Presence::Here => ("here", Some(text(reader, "presence-here"))),
        Presence::Online => ("online", Some(text(reader, "presence-online"))),
        Presence::Idle => ("idle", Some(text(reader, "presence-idle"))),
        Presence::Away(since) => ("away", Some(away(since, reader))),
        Presence::Unknown => ("unknown", None),
    }
}

fn away(since: Option<i64>, reader: &Reader) -> String {
    let Some(since) = since.and_then(|since| moment(reader, since)) else {
        return text(reader, "presence-away");
    };
    let when = if since.date() == reader.today {
        reader.locale.time(since.time())
    } else {
        reader.locale.date(since.date())
    };
    about(reader, "presence-away-since", "time", &when)
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
pub fn typing(names: &[String], reader: &Reader) -> Markup {
    html! {
        p.typing id="typing" role="status" dir="auto" { (typing_text(names, reader)) }
    }
}

/// The same as the script gets it; empty: nobody is.
pub fn typing_text(names: &[String], reader: &Reader) -> String {
    match names {
        [] => String::new(),
        [name] => about(reader, "typing-one", "name", name),
        [first, second] => {
            let arguments = [("first", first.as_str().into()), ("second", second.as_str().into())];
            reader.locale.text_with("typing-two", &arguments)
        }
        _ => text(reader, "typing-many"),
    }
}
