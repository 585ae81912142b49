//! Where it stands and stood, and what each revision changed.

use jiff::civil::Date;
use maud::{Markup, html};
use rust_decimal::Decimal;

use super::super::localized::{day_and_time, status, text};
use crate::page::model::{Page, Reader, Revision};
use crate::transaction::{Change, ChangeKind};

/// The revisions, newest first.
pub(super) fn history(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    html! {
        @if !page.revisions.is_empty() {
            section.history {
                h3 { (text(reader, "history")) }
                ol reversed {
                    @for it in &page.revisions { (revision(reader, it)) }
                }
            }
        }
    }
}

fn revision(reader: &Reader, it: &Revision) -> Markup {
    let title = reader.locale.text_with("revision", &[("number", it.number.into())]);
    html! {
        li {
            p {
                @if let Some(word) = &it.status { strong { bdi { (status(reader, word)) } } " " }
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
    let which = it.which.as_deref().unwrap_or_default();
    let what = reader.locale.text_with(&format!("change-{}", it.what), &[("which", which.into())]);
    let shown = |value: &String| written(reader, it, value);
    html! {
        li {
            bdi { (what.trim()) } ": "
            @if let Some(before) = &it.before {
                span.hidden { (text(reader, "before")) " " } del { bdi { (shown(before)) } } " "
            }
            @if let Some(after) = &it.after {
                span.hidden { (text(reader, "after")) " " } ins { bdi { (shown(after)) } }
            }
        }
    }
}

/// As the reader writes such a value; as it stands if it cannot be read.
fn written(reader: &Reader, change: &Change, value: &str) -> String {
    let locale = &reader.locale;
    let figure = value.parse::<Decimal>().ok();
    let written = match &change.kind {
        ChangeKind::Text if change.what == "status" => Some(status(reader, value)),
        ChangeKind::Text => None,
        ChangeKind::Date => value.parse::<Date>().ok().map(|date| locale.date(date)),
        ChangeKind::Amount(currency) => figure.map(|figure| locale.amount(figure, *currency)),
        ChangeKind::Quantity(unit) => figure.map(|figure| locale.quantity(figure, unit)),
    };
    written.unwrap_or_else(|| value.to_owned())
}
