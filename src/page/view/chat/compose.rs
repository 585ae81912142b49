//! Where the visitor writes.

use maud::{Markup, html};

use super::super::localized::{about, called, text};
use crate::page::model::{Address, Composing, Page, Quote, Reader};

/// The form; `reply_to` and `edit` are only sent while they are meant.
pub(super) fn form(page: &Page<'_>) -> Markup {
    let Page { chat, reader, address, .. } = page;
    let (reply, edit, words) = match &chat.composing {
        Composing::New => (None, None, ""),
        Composing::Reply(quote) => (Some(quote), None, ""),
        Composing::Edit { event, text } => (None, Some(event), text.as_str()),
        Composing::Again { text, again, quote, .. } => {
            (quote.as_ref(), again.edit.as_ref(), text.as_str())
        }
    };
    let instead = match &chat.composing {
        Composing::Again { outgoing, .. } => Some(outgoing.as_str()),
        _ => None,
    };
    let reply_to = match &chat.composing {
        Composing::Again { again, .. } => again.reply.as_deref(),
        _ => reply.map(|quote| quote.event.as_str()),
    };
    let edit = edit.map(String::as_str);
    html! {
        form.compose id="compose" method="post" enctype="multipart/form-data"
            action=(address.part("messages")) aria-label=(text(reader, "compose")) {
            input type="hidden" name="client_id" value=(chat.client_id);
            input type="hidden" name="reply_to" value=[reply_to] disabled[reply_to.is_none()];
            input type="hidden" name="edit" value=[edit] disabled[edit.is_none()];
            @if let Some(outgoing) = instead {
                input type="hidden" name="instead_of" value=(outgoing);
            }
            (meant(reply, edit.is_some(), reader, address))
            (speaker(page))
            ul.chosen id="chosen" hidden {}
            div.field {
                details.attach hidden[edit.is_some()] {
                    summary aria-label=(text(reader, "attach")) title=(text(reader, "attach")) {
                        span aria-hidden="true" { "+" }
                    }
                    div.attach-fields {
                        label { (text(reader, "attach-files")) input type="file" name="file" multiple; }
                        label.description {
                            (text(reader, "attach-description"))
                            input type="text" name="description" maxlength="500" dir="auto";
                        }
                    }
                }
                label.hidden for="text" { (text(reader, "compose-label")) }
                textarea id="text" name="text" rows="1" dir="auto" autocomplete="off"
                    enterkeyhint="send" placeholder=(text(reader, "compose-placeholder"))
                    aria-describedby="speaker hint" autofocus[chat.composing != Composing::New] {
                    (words)
                }
                button.send { (text(reader, if edit.is_some() { "save" } else { "send" })) }
            }
            p.hint id="hint" { (text(reader, "compose-hint-plain")) }
            p.drop aria-hidden="true" { (text(reader, "drop-here")) }
        }
    }
}

/// Who will be speaking: several people may use one browser.
fn speaker(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let role = text(reader, &format!("role-{}", page.visitor.role.as_str()));
    let name = page.visitor.shown_name(&page.transaction.terms);
    let arguments = [("name", name.into()), ("role", role.as_str().into())];
    html! {
        p.speaker id="speaker" dir="auto" { (reader.locale.text_with("writing-as", &arguments)) }
    }
}

/// What the text is for, if it is not simply a new message.
fn meant(reply: Option<&Quote>, edits: bool, reader: &Reader, address: &Address) -> Markup {
    html! {
        div.meant id="meant" hidden[reply.is_none() && !edits] {
            p {
                strong dir="auto" {
                    @if let Some(quote) = reply {
                        (about(reader, "replying-to", "name", &called(reader, &quote.by)))
                    } @else if edits {
                        (text(reader, "editing"))
                    }
                }
                " "
                span.excerpt dir="auto" { @if let Some(quote) = reply { (quote.excerpt) } }
            }
            a.cancel href=(format!("{}#compose", address.page())) { (text(reader, "cancel")) }
        }
    }
}
