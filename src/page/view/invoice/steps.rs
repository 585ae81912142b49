//! The buttons with which the visitor sets a status.

use maud::{Markup, html};

use super::super::localized::text;
use crate::page::model::Page;
use crate::transaction::Status;
use crate::wording;

/// The statuses that have a text of their own on their button.
const NAMED: [Status; 4] = [Status::Accepted, Status::Disputed, Status::Shipped, Status::Paid];

/// Returns a form for each status that the visitor may set now.
pub(super) fn steps(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    html! {
        @if !page.steps.is_empty() {
            section.steps aria-label=(text(reader, "steps")) {
                @for status in &page.steps {
                    @if status.needs_reason() {
                        details {
                            summary.button { (label(page, *status)) "…" }
                            (form(page, *status, true))
                        }
                    } @else {
                        (form(page, *status, false))
                    }
                }
            }
        }
    }
}

fn form(page: &Page<'_>, status: Status, with_reason: bool) -> Markup {
    let reader = page.reader;
    html! {
        form method="post" action=(page.address.part("status")) {
            input type="hidden" name="status" value=(status.as_str());
            @if with_reason {
                label {
                    (text(reader, "step-reason"))
                    textarea name="reason" rows="3" maxlength="3000" required dir="auto" {}
                }
            }
            button.danger[with_reason] { (label(page, status)) }
        }
    }
}

fn label(page: &Page<'_>, status: Status) -> String {
    let locale = &page.reader.locale;
    if NAMED.contains(&status) {
        return locale.text(&format!("step-{}", status.as_str()));
    }
    let status = wording::status(status.as_str(), locale);
    locale.text_with("step-other", &[("status", status.into())])
}
