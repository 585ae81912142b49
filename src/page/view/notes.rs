//! The notes of the visitor's side, which the other side never sees.

use maud::{Markup, html};

use super::localized::{day_and_time, text};
use crate::page::model::{Page, PageNote};
use crate::room::message_content::MAX_TEXT_BYTES;

/// Returns the notes, folded if there are none, with the form for a new one.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let (reader, notes, address) = (page.reader, &page.notes, &page.address);
    html! {
        details.side-notes id="notes" open[!notes.shown.is_empty()] {
            summary { (text(reader, "side-notes")) }
            @if let Some(older) = &notes.older {
                p { a href=(format!("{}&notes={older}#notes", address.page())) { (text(reader, "notes-older")) } }
            }
            @if !notes.shown.is_empty() {
                ol { @for it in &notes.shown { (note(page, it)) } }
            }
            form method="post" action=(address.part("notes")) {
                input type="hidden" name="form_id" value=(notes.form_id);
                label {
                    (text(reader, "note-new"))
                    textarea name="text" rows="2" data-longest=(MAX_TEXT_BYTES) required dir="auto" {}
                }
                p.too-long role="alert" hidden { (text(reader, "problem-long")) }
                button { (text(reader, "note-add")) }
            }
        }
    }
}

fn note(page: &Page<'_>, it: &PageNote) -> Markup {
    let reader = page.reader;
    html! {
        li {
            p.soft {
                @if let Some(author) = &it.author { bdi { (author) } " · " }
                (day_and_time(reader, it.at))
            }
            @match &it.text {
                Some(words) => p.words dir="auto" { (words) },
                None => p.soft { (text(reader, "note-removed")) },
            }
            @if it.is_own && it.text.is_some() {
                details {
                    summary { (text(reader, "remove")) }
                    form method="post" action=(page.address.part("notes/remove")) {
                        input type="hidden" name="note" value=(it.id);
                        button { (text(reader, "remove-confirm")) }
                    }
                }
            }
        }
    }
}
