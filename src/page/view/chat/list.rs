//! Lines one below the other, with a heading before each day.

use jiff::civil::Date;
use maud::{Markup, html};

use super::super::localized::{encoded, moment, side_name, text, time};
use super::line::placed;
use crate::page::model::{Address, Chat, ChatLine, Reader, Side, Unsent};

/// Within how many milliseconds lines of one sender belong together.
const TOGETHER: i64 = 5 * 60 * 1000;

/// The link to what is older, and the lines: also what `/lines?before=` answers.
pub fn lines(chat: &Chat, reader: &Reader, address: &Address) -> Markup {
    let rows = chat.lines.iter().scan((None, None), |(day, before), it| {
        let date = moment(reader, it.at).map(|moment| moment.date());
        let new_day = date.filter(|date| *day != Some(*date));
        let follows = new_day.is_none() && before.is_some_and(|before| belongs_to(it, before));
        (*day, *before) = (date, Some(it));
        Some((new_day, it, follows))
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
            @for (new_day, it, follows) in rows {
                @if let Some(date) = new_day { (day(reader, date)) }
                (placed(it, reader, address, chat.closed.is_none(), follows))
            }
        }
    }
}

/// The script says "today" and "yesterday", which change while the page is open.
fn day(reader: &Reader, date: Date) -> Markup {
    html! {
        li.day { h3 { time datetime=(date) { (reader.locale.day(date)) } } }
    }
}

/// Whether this line needs no name of its own.
fn belongs_to(line: &ChatLine, before: &ChatLine) -> bool {
    line.sender == before.sender && !before.removed && line.at - before.at < TOGETHER
}

/// What the visitor wrote and the room does not have yet, as a list.
pub fn unsent(unsent: &[Unsent], reader: &Reader, address: &Address) -> Markup {
    html! {
        @if !unsent.is_empty() {
            ol.lines aria-label=(text(reader, "unsent")) {
                @for it in unsent { (unsent_line(it, reader, address)) }
            }
        }
    }
}

fn unsent_line(it: &Unsent, reader: &Reader, address: &Address) -> Markup {
    let form = |action: &str, label: &str| {
        html! {
            form method="post" action=(address.part(action)) {
                button.plain name="id" value=(it.id) { (text(reader, label)) }
            }
        }
    };
    html! {
        li.line.mine.pending.failed[it.problem.is_some()] data-side=(side_name(Side::Mine))
            data-outgoing=(it.id) data-at=(it.at) {
            div.bubble {
                div.words dir="auto" { p.text { (it.text) } }
                span.stamp { (time(reader, it.at)) }
            }
            div.delivery {
                @match &it.problem {
                    None => span { (text(reader, "sending")) },
                    Some(problem) => {
                        span {
                            (reader.locale.text_with("not-sent",
                                &[("problem", problem.as_str().into())]))
                        }
                        (form("retry", "try-again"))
                        @if it.gave_up {
                            (form("discard", "discard"))
                            @if let Some(again) = &it.again {
                                a.plain href=(format!("{}&again={}#compose", address.page(), encoded(&it.id)))
                                    data-again=(it.text) data-outgoing-id=(it.id)
                                    data-reply-to=[again.reply.as_deref()]
                                    data-edit-of=[again.edit.as_deref()] {
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
