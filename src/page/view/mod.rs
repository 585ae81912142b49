//! The invoice page as HTML: from the data of `model` to markup. Pure: no I/O.
//!
//! Everything works without scripts; what the script needs to know stands in `data-` attributes
//! and templates here, so that it is translated too. Whatever people wrote is escaped, or was
//! sanitised when it was derived.

pub mod assets;
mod chat;
mod closed;
mod document;
mod invoice;
mod localized;
mod summary;
mod widget;

#[cfg(test)]
mod tests;

pub use chat::{
    announcement, has_spoiler, line, lines, people, seen_text, text_without_spoilers, typing,
    typing_text, unsent,
};
pub use closed::{Closed, closed, closed_notice, closed_texts, entrance, problem};
pub use document::page;
pub use widget::{widget, widget_invoice};

use maud::{Markup, html};

use super::model::Page;

/// The invoice, as an `<article id="invoice">`.
pub fn invoice(page: &Page<'_>) -> Markup {
    invoice::article(page)
}

/// Everything that a new revision changes: the page's head and the invoice, each to take the place
/// of the element with its id.
pub fn update(page: &Page<'_>) -> Markup {
    html! { (summary::header(page)) (invoice::article(page)) }
}

/// The conversation, as a `<section id="messages">`.
pub fn chat(page: &Page<'_>) -> Markup {
    chat::section(page)
}
