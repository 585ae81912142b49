//! One message of the conversation.

use maud::{Markup, html};

use super::super::localized::{
    about, both_times, called, encoded, role_words, side_name, text, time,
};
use super::content::content;
use super::markup::text_without_spoilers;
use super::menu::{menu, reactions};
use crate::page::model::{Address, ChatLine, Quote, Reader};
use crate::record::Kind;

/// A line by itself, as the script gets it.
pub fn line(line: &ChatLine, reader: &Reader, address: &Address) -> Markup {
    placed(line, reader, address, true, false)
}

/// A line in its place: whether the conversation goes on, and whether it follows one of the same
/// sender.
pub(super) fn placed(
    line: &ChatLine,
    reader: &Reader,
    address: &Address,
    open: bool,
    follows: bool,
) -> Markup {
    let side = side_name(line.side);
    let outgoing = Some(line.outgoing.join(" ")).filter(|ids| !ids.is_empty());
    let happening = matches!(line.kind, Kind::Membership | Kind::State);
    html! {
        li.line.(side).follows[follows].removed[line.removed].happening[happening]
            id=(line.event) data-event=(line.event) data-at=(line.at) data-side=(side)
            data-sender=(line.sender) data-outgoing=[outgoing] tabindex="-1" {
            @if happening {
                p {
                    bdi { (line.name) } " " (badge(line, reader)) " "
                    bdi { (line.text.as_deref().unwrap_or_default()) } " " (time(reader, line.at))
                }
            } @else {
                (said_by(line, reader))
                div.row {
                    div.bubble {
                        @if let Some(quote) = &line.reply_to { (answered(quote, reader)) }
                        (content(line, reader))
                        (stamp(line, reader))
                        (times(line, reader))
                    }
                    @if open && !line.removed { (menu(line, reader, address)) }
                }
                @if !line.reactions.is_empty() { (reactions(line, reader, address, open)) }
            }
        }
    }
}

/// Name and side; the side by our record, whatever the profile says.
fn said_by(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        p.by { bdi.name title=(line.sender) { (line.name) } " " (badge(line, reader)) }
    }
}

fn badge(line: &ChatLine, reader: &Reader) -> Markup {
    let role = line.role.map_or("other", |role| role.as_str());
    html! { span.badge data-role=(role) { (role_words(reader, line.role)) } }
}

/// What a screen reader is told of a new line.
pub fn announcement(line: &ChatLine, reader: &Reader) -> String {
    let who = called(reader, &line.named());
    let text = text_without_spoilers(line.text.as_deref(), line.html.as_deref(), reader);
    format!("{who}: {text}")
}

/// Both times, where one alone would say that something was said earlier or later than it was.
fn times(line: &ChatLine, reader: &Reader) -> Markup {
    let id = |times: crate::page::model::Times| {
        if times.from_history { "times-differ-history" } else { "times-differ" }
    };
    html! {
        @if let Some(times) = line.times { p.times { (both_times(reader, id(times), times)) } }
        @if let Some(times) = line.edit_times {
            p.times { (text(reader, "edited")) ": " (both_times(reader, id(times), times)) }
        }
    }
}

fn stamp(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        span.stamp {
            @if line.edited_at.is_some() && !line.removed { span { (text(reader, "edited")) } " " }
            (time(reader, line.at))
        }
    }
}

/// What it answers, with the way there.
fn answered(quote: &Quote, reader: &Reader) -> Markup {
    html! {
        a.quote href=(format!("#{}", encoded(&quote.event))) {
            span.hidden dir="auto" {
                (about(reader, "in-reply-to", "name", &called(reader, &quote.by))) " "
            }
            span.name aria-hidden="true" dir="auto" { (called(reader, &quote.by)) }
            " " span.excerpt dir="auto" { (quote.excerpt) }
        }
    }
}
