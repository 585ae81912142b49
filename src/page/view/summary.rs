//! The page's head: who, how much, by when, and where it stands.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::words::{counted, date, status, text};
use crate::page::model::Page;

/// Statuses after which nobody waits for money any more.
const SETTLED: [&str; 4] = ["paid", "cancelled", "refunded", "draft"];

/// What kind of document it is, in words.
pub(super) fn kind(page: &Page<'_>) -> String {
    let credit = page.transaction.terms.invoice.is_credit_note();
    text(page.reader, if credit { "credit-note" } else { "invoice" })
}

/// What has to be known at a glance, with the page's one `<h1>`.
pub(super) fn header(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let terms = &page.transaction.terms;
    let invoice = &terms.invoice;
    html! {
        header.summary id="summary" data-revision=(page.transaction.revision) {
            div.who {
                p.seller { bdi { (terms.seller.name) } }
                h1 { (kind(page)) " " bdi { (invoice.number) } }
            }
            div.due {
                p.amount {
                    @if invoice.totals.due.is_zero() {
                        (text(reader, "nothing-due"))
                    } @else {
                        span.label {
                            (text(reader, if invoice.is_credit_note() { "amount-credited" }
                                else { "amount-due" }))
                        }
                        " " strong { bdi { (reader.locale.amount(invoice.totals.due, invoice.currency)) } }
                    }
                }
                p.when { (when(page)) }
            }
            p.status data-status=(tone(page)) {
                span.hidden { (text(reader, "status")) ": " }
                bdi { (status(reader, &terms.status)) }
            }
        }
    }
}

/// By when it must be paid, if it still must.
fn when(page: &Page<'_>) -> Markup {
    let Some(due_date) = page.transaction.terms.invoice.due_date else { return html! {} };
    let reader = page.reader;
    let day = reader.locale.date(due_date);
    let due_on = reader.locale.text_with("due-on", &[("date", day.into())]);
    html! {
        time datetime=(due_date) { (due_on) }
        @if let Some(days) = days_left(page) {
            " · "
            span.late[days < 0] {
                @match days {
                    0 => (text(reader, "due-today")),
                    1.. => (counted(reader, "days-left", "days", days)),
                    _ => (counted(reader, "days-late", "days", -days)),
                }
            }
        }
    }
}

/// Negative: it is late; none: nothing has to be paid by any day.
fn days_left(page: &Page<'_>) -> Option<i64> {
    let terms = &page.transaction.terms;
    let waits = terms.invoice.totals.due > Decimal::ZERO
        && !terms.invoice.is_credit_note()
        && !SETTLED.contains(&terms.status.as_str());
    let due_date = terms.invoice.due_date.filter(|_| waits)?;
    Some(i64::from(page.reader.today.until(due_date).ok()?.get_days()))
}

/// How the status is to be shown, beside its words.
fn tone(page: &Page<'_>) -> &'static str {
    match page.transaction.terms.status.as_str() {
        "paid" | "refunded" => "good",
        "overdue" | "disputed" => "bad",
        "cancelled" | "draft" => "gone",
        _ if days_left(page).is_some_and(|days| days < 0) => "bad",
        _ => "open",
    }
}

/// When it was issued and is due, for the invoice itself.
pub(super) fn dates(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    html! {
        div { dt { (text(reader, "issued")) } dd { (date(reader, invoice.issue_date)) } }
        @if let Some(due_date) = invoice.due_date {
            div { dt { (text(reader, "due")) } dd { (date(reader, due_date)) } }
        }
    }
}
