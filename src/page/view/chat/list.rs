//! The list of the lines, with a heading before each day.

use jiff::civil::Date;
use maud::{Markup, html};

use super::super::localized::{about, encoded, moment, side_name, text, time};
use super::line::line_in_list;
use crate::page::model::{Address, Chat, ChatLine, Reader, Side, Unsent};

/// The time in which lines of one sender are grouped under one name, in milliseconds.
const GROUP_MS: i64 = 5 * 60 * 1000;

/// Returns the lines, after a link to older ones. `/lines?before=` answers with the same.
pub fn lines(chat: &Chat, reader: &Reader, address: &Address) -> Markup {
    let first_new = first_new(chat);
    let rows = chat.lines.iter().scan((None, None), |(day, before), line| {
        let date = moment(reader, line.at).map(|moment| moment.date());
        let new_day = date.filter(|date| *day != Some(*date));
        let is_new = first_new == Some(line.event.as_str());
        let is_grouped =
            new_day.is_none() && !is_new && before.is_some_and(|before| follows(line, before));
        (*day, *before) = (date, Some(line));
        Some((is_new, new_day, line, is_grouped))
    });
    html! {
        @if let Some(cursor) = &chat.older {
            p.older id="older" {
                a href=(format!("{}&before={}#messages", address.page(), encoded(cursor)))
                    data-fragment=(format!("{}&before={}", address.part("lines"), encoded(cursor))) {
                    (text(reader, "older-messages"))
                }
            }
        }
        ol.lines id="lines" {
            @for (is_new, new_day, line, is_grouped) in rows {
                @if is_new { li.new-since id="new-since" { (text(reader, "new-since")) } }
                @if let Some(date) = new_day { (day(reader, date)) }
                (line_in_list(line, reader, address, chat.closed.is_none(), is_grouped))
            }
        }
    }
}

/// Returns the first line of somebody else that the visitor has not read, if there is something before it that they have
/// read.
fn first_new(chat: &Chat) -> Option<&str> {
    let read_upto = chat.read_upto?;
    let is_new = |line: &&ChatLine| line.at > read_upto && line.side != Side::Mine;
    let has_read = chat.lines.first().is_some_and(|line| line.at <= read_upto);
    chat.lines.iter().find(is_new).filter(|_| has_read).map(|line| line.event.as_str())
}

/// Returns the heading of a day. The script replaces the date with "today" or "yesterday", because
/// these change while the page is open.
fn day(reader: &Reader, date: Date) -> Markup {
    html! {
        li.day { h3 { time datetime=(date) { (reader.locale.day(date)) } } }
    }
}

/// Whether a line is grouped with the line before it, and shows no name of its own.
fn follows(line: &ChatLine, before: &ChatLine) -> bool {
    line.person == before.person && !before.removed && line.at - before.at < GROUP_MS
}

/// Returns the list of the visitor's messages that are not in the room yet.
pub fn unsent(unsent: &[Unsent], reader: &Reader, address: &Address) -> Markup {
    html! {
        @if !unsent.is_empty() {
            ol.lines aria-label=(text(reader, "unsent")) {
                @for message in unsent { (unsent_line(message, reader, address)) }
            }
        }
    }
}

fn unsent_line(unsent: &Unsent, reader: &Reader, address: &Address) -> Markup {
    let form = |action: &str, label: &str| {
        html! {
            form method="post" action=(address.part(action)) {
                button.plain name="id" value=(unsent.id) { (text(reader, label)) }
            }
        }
    };
    html! {
        li.line.mine.pending.failed[unsent.gave_up] data-side=(side_name(Side::Mine))
            data-outgoing=(unsent.id) data-at=(unsent.at) {
            div.bubble {
                div.words dir="auto" { p.text { (unsent.text) } }
                span.stamp { (time(reader, unsent.at)) }
            }
            div.delivery {
                @match &unsent.problem {
                    None => span { (text(reader, "sending")) },
                    Some(problem) => {
                        // What is tried again by itself is safe, so it is not called unsent.
                        span { (about(reader, if unsent.gave_up { "not-sent" } else { "saved" }, "problem", problem)) }
                        (form("retry", "try-again"))
                        @if unsent.gave_up {
                            (form("discard", "discard"))
                            @if let Some(relation) = &unsent.relation {
                                a.plain href=(format!("{}&again={}#compose", address.page(), encoded(&unsent.id)))
                                    data-again=(unsent.text) data-outgoing-id=(unsent.id)
                                    data-reply-to=[relation.reply.as_deref()]
                                    data-edit-of=[relation.edit.as_deref()] data-to=[relation.to.as_deref()] {
                                    (text(reader, "put-back"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
