//! One message of the conversation.

use maud::{Markup, html};

use super::super::localized::{
    about_person, both_times, called, encoded, filled, role_words, side_name, text, time,
};
use super::content::content;
use super::markup::text_without_spoilers;
use super::menu::{menu, reactions};
use crate::page::model::{Address, ChatLine, Quote, Reader, Side, Times};
use crate::record::Role;
use crate::transaction::PartyRole;

/// Returns a line by itself, as the script gets it.
pub fn line(line: &ChatLine, reader: &Reader, address: &Address) -> Markup {
    line_in_list(line, reader, address, true, false)
}

/// Returns a line as a part of the list. `is_open` tells whether visitors can write, and
/// `is_grouped` whether the line belongs to the group of the line before it.
pub(super) fn line_in_list(
    line: &ChatLine,
    reader: &Reader,
    address: &Address,
    is_open: bool,
    is_grouped: bool,
) -> Markup {
    let side = side_name(line.side);
    let outgoing = Some(line.outgoing.join(" ")).filter(|ids| !ids.is_empty());
    let is_happening = line.kind.role() == Role::StateEvent;
    html! {
        li.line.(side).follows[is_grouped].removed[line.removed].happening[is_happening]
            id=(line.event) data-event=(line.event) data-at=(line.at) data-side=(side)
            data-sender=(line.person) data-outgoing=[outgoing] tabindex="-1" {
            @if is_happening {
                p {
                    bdi { (line.name) } " " (badge(line.role, reader)) " "
                    bdi { (line.text.as_deref().unwrap_or_default()) } " " (time(reader, line.at))
                }
            } @else {
                (sender(line, reader))
                div.row {
                    div.bubble {
                        @if let Some(quote) = &line.reply_to { (answered(quote, reader)) }
                        (content(line, reader, address, is_open))
                        (stamp(line, reader))
                        (times(line, reader))
                    }
                    @if is_open && !line.removed { (menu(line, reader, address)) }
                }
                @if !line.reactions.is_empty() { (reactions(line, reader, address, is_open)) }
            }
        }
    }
}

/// Returns the name and the party of the sender. The party comes from our record, not from the
/// profile.
fn sender(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        p.by {
            @if line.side == Side::Mine {
                span.name title=(line.sender) { (text(reader, "you")) }
            } @else {
                bdi.name title=(line.sender) { (line.name) } " " (badge(line.role, reader))
            }
        }
    }
}

/// Returns for which party somebody speaks.
pub(super) fn badge(role: Option<PartyRole>, reader: &Reader) -> Markup {
    let name = role.map_or("other", PartyRole::as_str);
    html! { span.badge data-role=(name) { (role_words(reader, role)) } }
}

/// Returns what a screen reader announces for a new line.
pub fn announcement(line: &ChatLine, reader: &Reader) -> String {
    let who = called(reader, &line.named());
    let text = text_without_spoilers(line.text.as_deref(), line.html.as_deref(), reader);
    reader.locale.labelled(&who, &text)
}

/// Returns both times of the line and of its last edit, where one of them alone would mislead.
fn times(line: &ChatLine, reader: &Reader) -> Markup {
    let id = |times: Times| {
        if times.from_history { "times-differ-history" } else { "times-differ" }
    };
    html! {
        @if let Some(times) = line.times { p.times { (both_times(reader, id(times), times)) } }
        @if let Some(times) = line.edit_times {
            @let about = [("label", html! { (text(reader, "edited")) }), ("text", both_times(reader, id(times), times))];
            p.times { (filled(reader, "labelled", &about)) }
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

/// Returns the quote of the answered message, with a link to it.
fn answered(quote: &Quote, reader: &Reader) -> Markup {
    html! {
        a.quote href=(format!("#{}", encoded(&quote.event))) {
            span.hidden dir="auto" {
                (about_person(reader, "in-reply-to", &quote.by)) " "
            }
            span.name aria-hidden="true" dir="auto" { (called(reader, &quote.by)) }
            " " span.excerpt dir="auto" { (quote.excerpt) }
        }
    }
}
