//! The form in which the visitor writes.

use maud::{Markup, html};

use super::super::localized::{about_person, text, writing_as};
use crate::page::model::{Address, Choice, Composing, Page, Quote, Reader};
use crate::room::message_content::MAX_TEXT_BYTES;

/// Returns the form. The browser sends `reply_to` and `edit` only if they are enabled.
pub(super) fn form(page: &Page<'_>) -> Markup {
    let Page { chat, reader, address, .. } = page;
    let (quote, edit, content) = match &chat.composing {
        Composing::New => (None, None, ""),
        Composing::Ask(question) => (None, None, question.as_str()),
        Composing::Reply(quote) => (Some(quote), None, ""),
        Composing::Edit { event, text } => (None, Some(event), text.as_str()),
        Composing::Resend { text, relation, quote, .. } => {
            (quote.as_ref(), relation.edit.as_ref(), text.as_str())
        }
    };
    let instead_of = match &chat.composing {
        Composing::Resend { outgoing, .. } => Some(outgoing.as_str()),
        _ => None,
    };
    let reply_to = match &chat.composing {
        Composing::Resend { relation, .. } => relation.reply.as_deref(),
        _ => quote.map(|quote| quote.event.as_str()),
    };
    let to = match &chat.composing {
        Composing::Resend { relation, .. } => relation.to.as_deref(),
        _ => None,
    };
    let edit = edit.map(String::as_str);
    html! {
        form.compose id="compose" method="post" enctype="multipart/form-data"
            action=(address.part("messages")) aria-label=(text(reader, "compose")) {
            input type="hidden" name="client_id" value=(chat.client_id);
            input type="hidden" name="reply_to" value=[reply_to] disabled[reply_to.is_none()];
            input type="hidden" name="edit" value=[edit] disabled[edit.is_none()];
            @if let Some(outgoing) = instead_of {
                input type="hidden" name="instead_of" value=(outgoing);
            }
            (purpose(quote, edit.is_some(), reader, address))
            div.envelope {
                (speaker(page))
                @if !page.choices.is_empty() && edit.is_none() { (addressees(page, to)) }
            }
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
                    data-longest=(MAX_TEXT_BYTES) enterkeyhint="send" placeholder=(text(reader, "compose-placeholder"))
                    aria-describedby="speaker hint" autofocus[chat.composing != Composing::New] {
                    (content)
                }
                button.send { (text(reader, if edit.is_some() { "save" } else { "send" })) }
            }
            details.hint {
                summary { (text(reader, "compose-format")) }
                p id="hint" { (text(reader, "compose-hint-plain")) }
            }
            p.too-long id="too-long" role="alert" hidden { (text(reader, "problem-long")) }
            p.drop aria-hidden="true" { (text(reader, "drop-here")) }
        }
    }
}

/// Returns a line that names the person who writes, because several people may use one browser.
fn speaker(page: &Page<'_>) -> Markup {
    html! { p.speaker id="speaker" dir="auto" { (writing_as(page)) } }
}

/// Returns the choice of those to whom the message is addressed: those of the other party first. `chosen` is what stands there
/// at first, if it is not everyone.
fn addressees(page: &Page<'_>, chosen: Option<&str>) -> Markup {
    let Page { reader, transaction, visitor, .. } = page;
    html! {
        label.to {
            (text(reader, "to-label")) " "
            select name="to" {
                option value="" { (text(reader, "to-everyone")) }
                @for role in [visitor.role.other(), visitor.role] {
                    @let choices: Vec<_> = page.choices.iter().filter(|it| it.role == role).collect();
                    @if !choices.is_empty() {
                        optgroup label=(transaction.terms.party(role).name) {
                            @for Choice { id, to, duty, .. } in choices {
                                option value=(id) selected[chosen == Some(id.as_str())] {
                                    (to.name()) @if let Some(duty) = duty { " · " (duty) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns a line that tells what the text is for. It is hidden for a new message.
fn purpose(quote: Option<&Quote>, is_edit: bool, reader: &Reader, address: &Address) -> Markup {
    html! {
        div.meant id="meant" hidden[quote.is_none() && !is_edit] {
            p {
                strong dir="auto" {
                    @if let Some(quote) = quote {
                        (about_person(reader, "replying-to", &quote.by))
                    } @else if is_edit {
                        (text(reader, "editing"))
                    }
                }
                " "
                span.excerpt dir="auto" { @if let Some(quote) = quote { (quote.excerpt) } }
            }
            a.cancel href=(format!("{}#compose", address.page())) { (text(reader, "cancel")) }
        }
    }
}
