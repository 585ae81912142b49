//! The history: the status of each revision, and what it changed.

use maud::{Markup, html};

use super::super::localized::{day_and_time, filled, text};
use crate::page::model::{Page, Reader, Revision};
use crate::transaction::Change;
use crate::wording::{change_label, changed_value, status};

/// Returns the revisions, newest first, if anything was changed.
pub(super) fn history(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    html! {
        @if page.revisions.len() > 1 {
            section.history {
                h3 { (text(reader, "history")) }
                ol reversed {
                    @for (place, it) in page.revisions.iter().enumerate() {
                        (revision(reader, it, page.revisions.get(place + 1)))
                    }
                }
            }
        }
    }
}

/// Returns a revision. Its status is named where it is another one than `before`.
fn revision(reader: &Reader, it: &Revision, before: Option<&Revision>) -> Markup {
    let status_before = before.and_then(|it| it.status.as_deref());
    let new_status = it.status.as_deref().filter(|it| Some(*it) != status_before);
    let title = reader.locale.text_with("revision", &[("number", it.number.into())]);
    html! {
        li {
            p {
                @if let Some(word) = new_status { strong { bdi { (status(word, &reader.locale)) } } " " }
                span.soft { (title) " · " (day_and_time(reader, it.at)) }
            }
            @if it.number == 1 {
                p.soft { (text(reader, "revision-first")) }
            } @else if it.changes.is_empty() {
                p.soft { (text(reader, "revision-no-changes")) }
            } @else {
                ul { @for it in &it.changes { (change(reader, it)) } }
            }
        }
    }
}

fn change(reader: &Reader, it: &Change) -> Markup {
    let locale = &reader.locale;
    let shown = |value: &String| changed_value(it, value, locale);
    let label = html! { bdi { (change_label(it, locale)) } };
    let values = html! {
        @if let Some(before) = &it.before {
            span.hidden { (text(reader, "before")) " " } del { bdi { (shown(before)) } } " "
        }
        @if let Some(after) = &it.after {
            span.hidden { (text(reader, "after")) " " } ins { bdi { (shown(after)) } }
        }
    };
    html! { li { (filled(reader, "labelled", &[("label", label), ("text", values)])) } }
}
