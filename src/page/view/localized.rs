//! Texts, names and times in the reader's language and time zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use maud::{Markup, html};

use crate::page::model::{Named, Page, Reader, Side, Times};
use crate::transaction::PartyRole;

/// Returns a text without arguments.
pub(super) fn text(reader: &Reader, id: &str) -> String {
    reader.locale.text(id)
}

/// Returns a text with one argument, which is a text.
pub(super) fn about<'a>(reader: &Reader, id: &str, key: &'a str, value: &'a str) -> String {
    reader.locale.text_with(id, &[(key, value.into())])
}

/// Returns a text with one argument, which is a number.
pub(super) fn counted(reader: &Reader, id: &str, key: &str, count: i64) -> String {
    reader.locale.text_with(id, &[(key, count.into())])
}

/// Returns a moment in the reader's time zone, or `None` if no calendar has it.
pub(super) fn moment(reader: &Reader, milliseconds: i64) -> Option<DateTime> {
    Some(reader.time_zone.to_datetime(Timestamp::from_millisecond(milliseconds).ok()?))
}

/// Returns the name of a role.
pub(super) fn role_words(reader: &Reader, role: Option<PartyRole>) -> String {
    text(reader, &format!("role-{}", role.map_or("other", PartyRole::as_str)))
}

/// Returns who looks at the page: their name and their role.
pub(super) fn seen_as(page: &Page<'_>) -> String {
    let Page { visitor, visitor_name, reader, .. } = page;
    let role = role_words(reader, Some(visitor.role));
    let name = visitor_name.as_str();
    reader.locale.text_with("seen-as", &[("name", name.into()), ("role", role.into())])
}

/// Returns who writes on the page: their name, and the party for which they write.
pub(super) fn writing_as(page: &Page<'_>) -> String {
    let Page { visitor, visitor_name, transaction, reader, .. } = page;
    let party = ("party", transaction.terms.party(visitor.role).name.as_str().into());
    match &visitor.contact {
        Some(_) => {
            let name = ("name", visitor_name.as_str().into());
            reader.locale.text_with("writing-as", &[name, party])
        }
        None => reader.locale.text_with("writing-for", &[party]),
    }
}

/// Returns a text about a person, which is another one if the person is the visitor.
pub(super) fn about_person(reader: &Reader, id: &str, person: &Named) -> String {
    match person.is_visitor {
        true => text(reader, &format!("{id}-you")),
        false => about(reader, id, "name", &called(reader, person)),
    }
}

/// Returns a person's name with the role, for a sentence. The visitor is called "you".
pub(super) fn called(reader: &Reader, it: &Named) -> String {
    if it.is_visitor {
        return text(reader, "you");
    }
    let side = role_words(reader, it.role);
    let arguments = [("name", it.name.as_str().into()), ("side", side.as_str().into())];
    reader.locale.text_with("named-with-side", &arguments)
}

/// Returns a text with the time of sending and the time of receipt.
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

/// Returns a text whose arguments are markup.
pub(super) fn filled(reader: &Reader, id: &str, arguments: &[(&str, Markup)]) -> Markup {
    // Characters of the private use area mark the places of the arguments. No text contains them.
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

/// Returns the time in UTC for a `datetime` attribute.
fn instant(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(|it| it.to_string()).unwrap_or_default()
}

/// Returns the time of day of a moment.
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

/// Returns the date and the time of a moment.
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

/// Returns when somebody was last present. The script shows only the time if that was today.
pub(super) fn since(reader: &Reader, milliseconds: i64) -> Option<Markup> {
    let moment = moment(reader, milliseconds)?;
    Some(html! {
        time datetime=(instant(milliseconds)) data-show="since" {
            (reader.locale.date_and_time(moment))
        }
    })
}

/// Returns a date, which does not depend on the time zone.
pub(super) fn date(reader: &Reader, date: Date) -> Markup {
    html! { time datetime=(date) { (reader.locale.date(date)) } }
}

/// Encodes a text for a URL, after `?key=` or `#`.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Returns the name of a side for classes and `data-side`.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Mine => "mine",
        Side::Ours => "ours",
        Side::Theirs => "theirs",
        Side::Third => "third",
    }
}

/// Returns a text with a name in it, as the content of a heading or a paragraph.
pub(super) fn naming(reader: &Reader, id: &str, name: &str) -> Markup {
    html! { span dir="auto" { (about(reader, id, "name", name)) } }
}
