//! The actions of a visitor on a message. Each works without scripts.

use maud::{Markup, html};

use super::super::localized::{about, about_person, called, encoded, text};
use crate::page::model::{Address, ChatLine, Reader, Side};

/// The emoji that are offered. Others can be sent with a Matrix client.
const EMOJI: [&str; 6] = ["👍", "❤️", "😄", "🎉", "👀", "✅"];

/// Returns the menu of a message.
pub(super) fn menu(line: &ChatLine, reader: &Reader, address: &Address) -> Markup {
    html! {
        details.menu {
            summary aria-label=(about(reader, "actions", "name", &line.name)) {
                span aria-hidden="true" { "⋯" }
            }
            div.menu-items {
                @if line.side != Side::Mine { (emoji(line, reader, address)) }
                a.reply href=(format!("{}&reply={}#compose", address.page(), encoded(&line.event)))
                    data-reply=(line.event) data-label=(about_person(reader, "replying-to", &line.named())) {
                    (text(reader, "reply"))
                }
                @if line.can_edit {
                    a.edit href=(format!("{}&edit={}#compose", address.page(), encoded(&line.event)))
                        data-edit=(line.event)
                        data-words=(line.text.as_deref().unwrap_or_default()) {
                        (text(reader, "edit"))
                    }
                }
                @if line.can_remove {
                    details.remove {
                        summary { (text(reader, "remove")) "…" }
                        p { (text(reader, "remove-question")) }
                        form method="post" action=(address.part("remove")) {
                            button.danger name="event" value=(line.event) {
                                (text(reader, "remove-confirm"))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn emoji(line: &ChatLine, reader: &Reader, address: &Address) -> Markup {
    html! {
        form.emoji method="post" action=(address.part("react")) {
            input type="hidden" name="event" value=(line.event);
            @for key in EMOJI {
                button name="key" value=(key) aria-label=(about(reader, "react-with", "key", key)) {
                    (key)
                }
            }
        }
    }
}

/// Returns the reactions to a message. Each is a button that adds or removes the visitor's own
/// reaction.
pub(super) fn reactions(
    line: &ChatLine,
    reader: &Reader,
    address: &Address,
    is_open: bool,
) -> Markup {
    html! {
        form.reactions method="post" action=(address.part("react")) {
            input type="hidden" name="event" value=(line.event);
            @for reaction in &line.reactions {
                @let names: Vec<_> = reaction.by.iter().map(|who| called(reader, who)).collect();
                @let names = reader.locale.list(&names);
                @let label = reader.locale.text_with("reacted-by",
                    &[("key", reaction.key.as_str().into()), ("names", names.as_str().into())]);
                button name="key" value=(reaction.key) aria-pressed=(reaction.mine) disabled[!is_open]
                    aria-label=(label) title=(names) {
                    bdi { (reaction.key) } " " (reaction.by.len())
                }
            }
        }
    }
}
