//! The head of the page: the parties, the amount, the due date and the status.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};

use super::localized::{counted, date, text};
use crate::invoice::{Ended, Owed, status_to_show};
use crate::page::model::{Page, Reader};
use crate::wording::{kind, owed_label, status};

/// The number of days after its creation for which the page has the text of the days left. Its script
/// shows the text of the current day.
const DAYS_WITH_TEXT: i32 = 31;

/// Returns what the document and its status ask of the buyer. The whole page follows this decision.
pub(super) fn owed(page: &Page<'_>) -> Owed {
    let terms = &page.transaction.terms;
    Owed::of(&terms.invoice, &terms.status)
}

/// Returns the head, with the only `<h1>` of the page.
pub(super) fn header(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let terms = &page.transaction.terms;
    let invoice = &terms.invoice;
    let owed = owed(page);
    let label = owed_label(owed, &reader.locale);
    html! {
        header.summary id="summary" data-revision=(page.transaction.revision) {
            div.who {
                p.seller { bdi { (terms.seller.name) } }
                h1 { (kind(invoice, &reader.locale)) " " bdi { (invoice.number) } }
            }
            div.due {
                p.amount {
                    @match owed {
                        Owed::Payable(amount) | Owed::Credited(amount) => {
                            span.label { (label) } " "
                            strong { bdi { (reader.locale.amount(amount, invoice.currency)) } }
                        }
                        Owed::Nothing | Owed::Ended(_) => (label),
                    }
                }
                p.when { (when(page)) }
            }
            // A status that is bad by itself stays so, whatever day it is.
            @if let Some(shown) = status_to_show(invoice, &terms.status) {
                p.status data-status=(tone(page)) data-fixed[is_bad(page)] {
                    span.hidden { (text(reader, "status")) ": " }
                    bdi { (status(shown, &reader.locale)) }
                }
            }
        }
    }
}

/// Returns the due date and the days left, if somebody has to pay. The days left depend on the reader's
/// date: the server computes them for its own time zone, and the script for that of the browser, also
/// after midnight.
fn when(page: &Page<'_>) -> Markup {
    let Some(due_date) = due_date(page) else { return html! {} };
    let reader = page.reader;
    let day = reader.locale.date(due_date);
    let due_on = reader.locale.text_with("due-on", &[("date", day.into())]);
    html! {
        time datetime=(due_date) { (due_on) }
        " "
        span.countdown { (days_left(reader, due_date, reader.today)) }
        template id="countdown" {
            @for offset in -1..=DAYS_WITH_TEXT {
                @if let Ok(day) = reader.today.checked_add(offset.days()) {
                    span data-day=(day) { (days_left(reader, due_date, day)) }
                }
            }
        }
    }
}

/// Returns the due date, or `None` if nobody has to pay or the invoice names no date.
pub(super) fn due_date(page: &Page<'_>) -> Option<Date> {
    owed(page).payable().and(page.transaction.terms.invoice.due_date)
}

/// Returns the text of how many days are left until the due date.
fn days_left(reader: &Reader, due_date: Date, today: Date) -> Markup {
    let days = days_until(due_date, today);
    html! {
        span.late[days < 0] {
            @match days {
                0 => (text(reader, "due-today")),
                1.. => (counted(reader, "days-left", "days", days)),
                _ => (counted(reader, "days-late", "days", -days)),
            }
        }
    }
}

/// Returns the number of days until the due date; it is negative after that date.
fn days_until(due_date: Date, today: Date) -> i64 {
    today.until(due_date).map_or(0, |span| i64::from(span.get_days()))
}

/// Whether the status says that something is wrong.
fn is_bad(page: &Page<'_>) -> bool {
    let status = page.transaction.terms.status.trim().to_lowercase();
    matches!(status.as_str(), "overdue" | "disputed")
}

/// Returns the class that gives the status its colour.
fn tone(page: &Page<'_>) -> &'static str {
    match owed(page) {
        Owed::Ended(Ended::Paid | Ended::Refunded) => "good",
        Owed::Ended(Ended::Cancelled | Ended::Draft | Ended::WrittenOff) => "gone",
        _ if is_bad(page) => "bad",
        _ if due_date(page).is_some_and(|day| day < page.reader.today) => "bad",
        _ => "open",
    }
}

/// Returns the date of issue, and the due date as long as money is owed, for the facts of the invoice.
pub(super) fn dates(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let issue_date = page.transaction.terms.invoice.issue_date;
    html! {
        div { dt { (text(reader, "issued")) } dd { (date(reader, issue_date)) } }
        @if let Some(due_date) = due_date(page) {
            div { dt { (text(reader, "due")) } dd { (date(reader, due_date)) } }
        }
    }
}
