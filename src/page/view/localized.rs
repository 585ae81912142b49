//! Texts, names and times in the reader's language and time zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use maud::{Markup, html};

use crate::page::model::{Named, Reader, Side, Times};
use crate::transaction::PartyRole;

/// A text without arguments.
pub(super) fn text(reader: &Reader, id: &str) -> String {
    reader.locale.text(id)
}

/// A text about something named.
pub(super) fn about<'a>(reader: &Reader, id: &str, key: &'a str, value: &'a str) -> String {
    reader.locale.text_with(id, &[(key, value.into())])
}

/// A text about a number of things.
pub(super) fn counted(reader: &Reader, id: &str, key: &str, count: i64) -> String {
    reader.locale.text_with(id, &[(key, count.into())])
}

/// When something happened, where the reader is; none if it is beyond any calendar.
pub(super) fn moment(reader: &Reader, milliseconds: i64) -> Option<DateTime> {
    Some(reader.time_zone.to_datetime(Timestamp::from_millisecond(milliseconds).ok()?))
}

/// For whom somebody speaks, in words.
pub(super) fn role_words(reader: &Reader, role: Option<PartyRole>) -> String {
    text(reader, &format!("role-{}", role.map_or("other", PartyRole::as_str)))
}

/// Somebody in a sentence: name and side.
pub(super) fn called(reader: &Reader, it: &Named) -> String {
    let side = role_words(reader, it.role);
    let arguments = [("name", it.name.as_str().into()), ("side", side.as_str().into())];
    reader.locale.text_with("named-with-side", &arguments)
}

/// Both times of something, in words.
pub(super) fn both_times(reader: &Reader, id: &str, times: Times) -> Markup {
    let time = |at| {
        let time = day_and_time(reader, at);
        if time.0.is_empty() {
            html! { (text(reader, "unknown-time")) }
        } else {
            time
        }
    };
    filled(reader, id, &[("sent", time(times.sent_at)), ("received", time(times.received_at))])
}

/// A text with markup in the places of its arguments.
pub(super) fn filled(reader: &Reader, id: &str, arguments: &[(&str, Markup)]) -> Markup {
    // Characters of the private use area hold the places; no text of ours has any.
    let places = ('\u{e000}'..).take(arguments.len());
    let places: Vec<String> = places.map(String::from).collect();
    let named = arguments.iter().zip(&places);
    let named: Vec<_> = named.map(|((name, _), place)| (*name, place.as_str().into())).collect();
    let text = reader.locale.text_with(id, &named);
    let mut filled = html! { (text) }.into_string();
    for ((_, markup), place) in arguments.iter().zip(&places) {
        filled = filled.replace(place.as_str(), &markup.0);
    }
    maud::PreEscaped(filled)
}

/// For machines, in UTC.
fn instant(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(|it| it.to_string()).unwrap_or_default()
}

/// Time of day of a moment.
pub(super) fn time(reader: &Reader, milliseconds: i64) -> Markup {
    let moment = moment(reader, milliseconds);
    html! {
        @if let Some(moment) = moment {
            time datetime=(instant(milliseconds)) data-show="time" {
                (reader.locale.time(moment.time()))
            }
        }
    }
}

/// Day and time of a moment.
pub(super) fn day_and_time(reader: &Reader, milliseconds: i64) -> Markup {
    let moment = moment(reader, milliseconds);
    html! {
        @if let Some(moment) = moment {
            time datetime=(instant(milliseconds)) data-show="both" {
                (reader.locale.date_and_time(moment))
            }
        }
    }
}

/// When somebody was last there: the script says the time of day alone if that was today.
pub(super) fn since(reader: &Reader, milliseconds: i64) -> Option<Markup> {
    let moment = moment(reader, milliseconds)?;
    Some(html! {
        time datetime=(instant(milliseconds)) data-show="since" {
            (reader.locale.date_and_time(moment))
        }
    })
}

/// A day of the calendar, which is the same everywhere.
pub(super) fn date(reader: &Reader, date: Date) -> Markup {
    html! { time datetime=(date) { (reader.locale.date(date)) } }
}

/// As part of an address: after `?key=` or `#`.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// As a class and in `data-side`.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Mine => "mine",
        Side::Ours => "ours",
        Side::Theirs => "theirs",
        Side::Third => "third",
    }
}

/// A text with a name in it, as a heading's or a paragraph's content.
pub(super) fn naming(reader: &Reader, id: &str, name: &str) -> Markup {
    html! { span dir="auto" { (about(reader, id, "name", name)) } }
}
