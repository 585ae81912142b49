//! The conversation as HTML: the contacts, the lines, what is being sent, and the form.

mod compose;
mod content;
mod line;
mod links;
mod list;
mod markup;
mod menu;
mod people;
mod search;

pub use line::{announcement, line};
pub use list::{lines, unsent};
pub use markup::{has_spoiler, text_without_spoilers};
pub use people::{people, typing, typing_text};

use maud::{Markup, html};

use super::localized::{about, called, naming, text};
use crate::page::model::{Chat, Named, Page, Reader, Side};
use crate::transaction::PartyRole;

/// Returns the whole conversation. Screen readers do not announce changes of the log by themselves.
/// Instead the script writes each new line of other people once into a region that is announced.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let Page { reader, chat, address, .. } = page;
    let (after, revision) = (chat.seq, page.transaction.version());
    let live = format!("{}&after={after}&revision={revision}", address.part("live"));
    let other = &page.transaction.terms.party(page.visitor.role.other()).name;
    html! {
        section.chat id="messages" tabindex="-1" aria-labelledby="messages-title"
            data-base=(address.base()) data-grant=(address.grant) data-live=(live) data-speaker=(page.speaker) {
            div.chat-head {
                h2 id="messages-title" { (naming(reader, "messages-with", other)) }
                (search::search(chat.found.as_ref(), reader, address))
                p.connection id="connection" role="status" {}
                (people(&page.people, page.replies_in, page.visitor.role, page.speaker, reader))
                @if let Some(key) = &page.web_push_key {
                    button.plain.bell id="bell" type="button" hidden data-key=(key) {}
                }
            }
            div.log id="log" role="log" aria-live="off" tabindex="0"
                aria-label=(text(reader, "messages")) {
                // The log has only one child, because it is laid out from its end, so that it opens
                // at the newest line.
                div {
                    div id="history" { (lines(chat, reader, address)) }
                    @if chat.is_past {
                        p.older {
                            a href=(format!("{}#messages", address.page())) { (text(reader, "jump-to-latest")) }
                        }
                    }
                    (empty(page, other))
                    div id="unsent" { (unsent(&chat.unsent, reader, address)) }
                    ol.lines id="sending" aria-label=(text(reader, "unsent")) {}
                    (seen(chat, reader))
                }
            }
            div.below {
                button.latest id="latest" type="button" hidden { (text(reader, "jump-to-latest")) }
                (typing(&chat.typing, reader))
                @match &chat.closed {
                    Some(why) => p.no-compose id="compose" { (why) },
                    None => (compose::form(page)),
                }
            }
            p.hidden id="announcer" role="status" {}
            dialog.viewer id="viewer" {
                button type="button" aria-label=(text(reader, "picture-close")) { "×" }
                img alt="";
            }
            (for_the_script(reader))
        }
    }
}

/// Returns what stands in place of the lines as long as there are none.
fn empty(page: &Page<'_>, other: &str) -> Markup {
    let Page { reader, chat, address, .. } = page;
    let invitation = match page.visitor.role {
        PartyRole::Buyer => "no-messages-buyer",
        PartyRole::Seller => "no-messages-seller",
    };
    html! {
        div.empty id="empty" hidden[!chat.lines.is_empty() || !chat.unsent.is_empty()] {
            p { (naming(reader, invitation, other)) }
            @if !chat.questions.is_empty() && chat.closed.is_none() {
                ul.questions aria-label=(text(reader, "questions")) {
                    @for (place, question) in chat.questions.iter().enumerate() {
                        li {
                            a.button href=(format!("{}&ask={place}#compose", address.page())) data-ask=(question) dir="auto" {
                                (question)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the notice that the other party has read a line. It is shown only if that line is the
/// newest one and was sent by the reader's party.
fn seen(chat: &Chat, reader: &Reader) -> Markup {
    let newest = chat.lines.last().filter(|line| matches!(line.side, Side::Mine | Side::Ours));
    let seen = chat.seen.as_ref().map(|(event, _)| event);
    let is_newest = newest.is_some_and(|line| Some(&line.event) == seen);
    html! {
        p.seen id="seen" hidden[!is_newest] data-event=[chat.seen.as_ref().map(|(event, _)| event)] dir="auto" {
            @if let Some((_, who)) = &chat.seen { (seen_text(who, reader)) }
        }
    }
}

/// Returns a text with the name of the person who has read.
pub fn seen_text(who: &Named, reader: &Reader) -> String {
    about(reader, "seen-by", "name", &called(reader, who))
}

/// Returns the texts and elements that the script needs.
fn for_the_script(reader: &Reader) -> Markup {
    let texts = [
        "today",
        "yesterday",
        "sending",
        "uploading",
        "not-sent",
        "not-sent-offline",
        "connection-live",
        "connection-lost",
        "connection-offline",
        "connection-busy",
        "action-failed",
        "editing",
        "send",
        "save",
        "attach-remove",
        "jump-to-latest",
        "compose-hint",
        "unsent",
        "bell-on",
        "bell-off",
        "bell-refused",
    ];
    // The script replaces these placeholders.
    let placeholders =
        ["percent", "problem", "name"].map(|name| (name, format!("{{{name}}}").into()));
    html! {
        template id="texts" {
            @for id in texts {
                span data-text=(id) { (reader.locale.text_with(id, &placeholders)) }
            }
            @for count in 1..=MAX_PLURAL_TEXTS {
                span data-text=(format!("new-messages-{count}")) {
                    (reader.locale.text_with("new-messages", &[("count", count.into())]))
                }
            }
        }
        template id="pending" {
            li.line.mine.pending data-outgoing="" {
                div.bubble { div.words dir="auto" {} }
                p.delivery role="status" {
                    span {} " "
                    button.plain.retry type="button" hidden { (text(reader, "try-again")) }
                    " "
                    button.plain.discard type="button" hidden { (text(reader, "discard")) }
                    " "
                    button.plain.again type="button" hidden { (text(reader, "put-back")) }
                }
            }
        }
    }
}

/// The script gets the texts for up to this number of new messages. A greater number is shown
/// without a text.
const MAX_PLURAL_TEXTS: i64 = 20;
