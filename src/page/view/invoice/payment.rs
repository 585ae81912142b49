//! How to pay: the account, the reference, and the QR code for a banking app.

use maud::{Markup, html};

use super::super::localized::text;
use super::super::pay;
use crate::page::model::Page;
use crate::wording;

/// Returns how to pay, as long as somebody has to pay.
pub(super) fn payment(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    if page.standing.owed.payable().is_none() || invoice.payment.is_none() {
        return html! {};
    }
    html! {
        section.payment {
            h3 { (text(reader, "payment")) }
            dl {
                @for it in wording::payment(invoice, &page.standing, &reader.locale) { (pay::detail(&it)) }
            }
            // On a screen, the sheet has it.
            (pay::code(page))
        }
    }
}
