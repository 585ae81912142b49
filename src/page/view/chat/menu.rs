//! What the visitor can do to a message; each works without scripts.

use maud::{Markup, html};

use super::super::localized::{about, called, encoded, text};
use crate::page::model::{Address, ChatLine, Reader, Side};

/// Those that are offered; any other can be written in a Matrix client.
const EMOJI: [&str; 6] = ["👍", "❤️", "😄", "🎉", "👀", "✅"];

/// Actions behind a button.
pub(super) fn menu(line: &ChatLine, reader: &Reader, address: &Address) -> Markup {
    html! {
        details.menu {
            summary aria-label=(about(reader, "actions", "name", &line.name)) {
                span aria-hidden="true" { "⋯" }
            }
            div.menu-items {
                @if line.side != Side::Mine { (emoji(line, reader, address)) }
                a.reply href=(format!("{}&reply={}#compose", address.page(), encoded(&line.event)))
                    data-reply=(line.event) data-name=(called(reader, &line.named())) { (text(reader, "reply")) }
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

/// Who reacted how; pressing one adds or takes away the visitor's own.
pub(super) fn reactions(line: &ChatLine, reader: &Reader, address: &Address, open: bool) -> Markup {
    html! {
        form.reactions method="post" action=(address.part("react")) {
            input type="hidden" name="event" value=(line.event);
            @for it in &line.reactions {
                @let names: Vec<_> = it.by.iter().map(|who| called(reader, who)).collect();
                @let names = names.join(", ");
                @let label = reader.locale.text_with("reacted-by",
                    &[("key", it.key.as_str().into()), ("names", names.as_str().into())]);
                button name="key" value=(it.key) aria-pressed=(it.mine) disabled[!open]
                    aria-label=(label) title=(names) {
                    bdi { (it.key) } " " (it.by.len())
                }
            }
        }
    }
}
