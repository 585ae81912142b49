//! The head of the page: the parties, the amount, the due date and the status.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};

use super::localized::{counted, date, text};
use super::{look, pay};
use crate::page::model::{Page, Reader};
use crate::transaction::{Owed, Standing, Status};
use crate::wording::{kind, owed_label, status};

/// The number of days after its creation for which the page has the text of the days left. Its script
/// shows the text of the current day.
const DAYS_WITH_TEXT: i32 = 31;

/// Returns the head, with the only `<h1>` of the page.
pub(super) fn header(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let terms = &page.transaction.terms;
    let invoice = &terms.invoice;
    let standing = &page.standing;
    let label = owed_label(standing.owed, &reader.locale);
    html! {
        header.summary id="summary" data-revision=(page.transaction.version())
            data-closed[standing.is_closed] {
            div.who {
                (look::logo(page))
                div {
                    p.seller { bdi { (terms.seller.name) } }
                    h1 { (kind(invoice, &reader.locale)) " " bdi { (invoice.number) } }
                }
            }
            div.due {
                p.amount {
                    @match standing.owed {
                        Owed::Payable(amount) | Owed::Credited(amount) => {
                            span.label { (label) } " "
                            strong { bdi { (reader.locale.amount(amount, invoice.currency)) } }
                        }
                        Owed::Nothing | Owed::Ended(_) => (label),
                    }
                }
                @if let Some(word) = &standing.word {
                    p.status data-status=(tone(standing)) data-late=[becomes_late(page)] {
                        span.hidden { (reader.locale.labelled(&text(reader, "status"), "")) }
                        bdi { (status(word, &reader.locale)) }
                    }
                }
                @if standing.due_date.is_some() { p.when { (when(page)) } }
            }
            (pay::link(page))
        }
    }
}

/// Returns the due date and the days left, if somebody has to pay. Whoever disputes the document is not called late.
/// The server writes down the text of each day that may come, and the script shows that of the day in the time zone
/// of the installation, which is the one where the due date ends for everybody.
fn when(page: &Page<'_>) -> Markup {
    let Some(due_date) = page.standing.due_date else { return html! {} };
    let reader = page.reader;
    let day = reader.locale.date(due_date);
    let due_on = reader.locale.text_with("due-on", &[("date", day.into())]);
    let is_counted = page.standing.status != Status::Disputed;
    html! {
        time datetime=(due_date) { (due_on) }
        @if is_counted {
            " "
            span.countdown data-zone=[reader.time_zone.iana_name()] {
                (days_left(reader, due_date, reader.today))
            }
            template id="countdown" {
                @for offset in -1..=DAYS_WITH_TEXT {
                    @if let Ok(day) = reader.today.checked_add(offset.days()) {
                        span data-day=(day) { (days_left(reader, due_date, day)) }
                    }
                }
            }
        }
    }
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

/// Returns the class that gives the status its colour. It says the same as the word, so a word that is not
/// understood has no colour.
fn tone(standing: &Standing) -> &'static str {
    match standing.status {
        _ if !standing.is_understood() && standing.owed.payable().is_some() => "open",
        Status::Paid | Status::Refunded | Status::Completed | Status::Credited => "good",
        Status::Cancelled | Status::Draft | Status::WrittenOff => "gone",
        Status::Overdue | Status::Disputed => "bad",
        Status::Issued | Status::PartlyPaid | Status::Accepted | Status::Shipped => "open",
    }
}

/// Returns the word for a status that turns into "overdue" when the due date is over, if this one does.
fn becomes_late(page: &Page<'_>) -> Option<String> {
    let standing = &page.standing;
    let is_open = matches!(standing.status, Status::Issued | Status::PartlyPaid | Status::Accepted);
    let becomes = is_open && standing.is_understood() && standing.due_date.is_some();
    becomes.then(|| status(Status::Overdue.as_str(), &page.reader.locale))
}

/// Returns the date of issue, and the due date as long as money is owed, for the facts of the invoice.
pub(super) fn dates(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let issue_date = page.transaction.terms.invoice.issue_date;
    html! {
        div { dt { (text(reader, "issued")) } dd { (date(reader, issue_date)) } }
        @if let Some(due_date) = page.standing.due_date {
            div { dt { (text(reader, "due")) } dd { (date(reader, due_date)) } }
        }
    }
}
