//! Writes the data of `model` as HTML. Pure: no I/O.
//!
//! Everything works without scripts. What the script needs is in `data-` attributes and templates,
//! so that its texts are translated as well. What people wrote is escaped here, or was sanitised
//! when the entry was derived.

pub mod assets;
mod chat;
mod closed;
mod document;
mod invoice;
mod localized;
mod notes;
mod pay;
mod summary;
mod widget;

#[cfg(test)]
mod tests;

pub use chat::{
    announcement, has_spoiler, line, lines, people, seen_text, text_without_spoilers, typing,
    typing_text, unsent,
};
pub use closed::{
    Closed, asked, closed, closed_notice, closed_texts, entrance, problem, unsubscribe,
    unsubscribed,
};
pub use document::page;
pub use widget::{widget, widget_invoice};

use maud::{Markup, html};

use super::model::Page;

/// Returns the invoice as an `<article id="invoice">`.
pub fn invoice(page: &Page<'_>) -> Markup {
    invoice::article(page)
}

/// Returns everything that a new revision changes: the header of the page, the invoice, and the sheet to pay it.
/// Each replaces the element with the same id.
pub fn update(page: &Page<'_>) -> Markup {
    html! { (summary::header(page)) (invoice::article(page)) (pay::sheet(page)) }
}

/// Returns the conversation as a `<section id="messages">`.
pub fn chat(page: &Page<'_>) -> Markup {
    chat::section(page)
}
