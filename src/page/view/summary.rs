//! The page's head: who, how much, by when, and where it stands.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};

use super::localized::{counted, date, text};
use crate::invoice::{Ended, Owed, status_to_show};
use crate::page::model::{Page, Reader};
use crate::wording::{kind, owed_label, status};

/// For how many days after the page was made its script knows in how many days something is due.
const DAYS_OPEN: i32 = 31;

/// Whether money is asked for; all of the page goes by this.
pub(super) fn owed(page: &Page<'_>) -> Owed {
    let terms = &page.transaction.terms;
    Owed::of(&terms.invoice, &terms.status)
}

/// What has to be known at a glance, with the page's one `<h1>`.
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
            // A word of the shop that is bad by itself does not become better by a new day.
            @if let Some(shown) = status_to_show(invoice, &terms.status) {
                p.status data-status=(tone(page)) data-fixed[is_bad(page)] {
                    span.hidden { (text(reader, "status")) ": " }
                    bdi { (status(shown, &reader.locale)) }
                }
            }
        }
    }
}

/// By when it must be paid, if anybody must. In how many days that is depends on the reader's day:
/// the server says it for its own zone, and the script for the browser's, also after midnight.
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
            @for offset in -1..=DAYS_OPEN {
                @if let Ok(day) = reader.today.checked_add(offset.days()) {
                    span data-day=(day) { (days_left(reader, due_date, day)) }
                }
            }
        }
    }
}

/// The day by which money is owed; none: none is owed, or by no certain day.
pub(super) fn due_date(page: &Page<'_>) -> Option<Date> {
    owed(page).payable().and(page.transaction.terms.invoice.due_date)
}

/// How far off a day is, seen from another one.
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

/// Negative: the day is over.
fn days_until(due_date: Date, today: Date) -> i64 {
    today.until(due_date).map_or(0, |span| i64::from(span.get_days()))
}

/// Whether the shop's word says that something is wrong.
fn is_bad(page: &Page<'_>) -> bool {
    let status = page.transaction.terms.status.trim().to_lowercase();
    matches!(status.as_str(), "overdue" | "disputed")
}

/// How the status is to be shown, beside its words.
fn tone(page: &Page<'_>) -> &'static str {
    match owed(page) {
        Owed::Ended(Ended::Paid | Ended::Refunded) => "good",
        Owed::Ended(Ended::Cancelled | Ended::Draft | Ended::WrittenOff) => "gone",
        _ if is_bad(page) => "bad",
        _ if due_date(page).is_some_and(|day| day < page.reader.today) => "bad",
        _ => "open",
    }
}

/// When it was issued, and is due as long as money is owed, for the invoice itself.
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
