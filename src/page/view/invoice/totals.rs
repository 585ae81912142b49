//! The breakdown of the VAT, and the totals.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::super::localized::text;
use crate::page::model::Page;
use crate::transaction::Owed;
use crate::wording::{self, owed_label, status, vat};

/// Returns the breakdown of the VAT.
pub(super) fn vat_breakdown(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    let amount = |figure| reader.locale.bare_amount(figure, invoice.currency);
    html! {
        @if !invoice.vat_breakdown.is_empty() {
            section.breakdown {
                h3 id="vat-title" { (text(reader, "vat-breakdown")) }
                table aria-labelledby="vat-title" {
                    thead {
                        tr {
                            th scope="col" { (text(reader, "vat-category")) }
                            th.figure scope="col" { (text(reader, "vat-taxable")) }
                            th.figure scope="col" { (text(reader, "vat-tax")) }
                        }
                    }
                    tbody {
                        @for it in &invoice.vat_breakdown {
                            tr {
                                th scope="row" { (vat(&it.category, it.rate, &reader.locale)) }
                                td.figure { bdi { (amount(it.taxable)) } }
                                td.figure { bdi { (amount(it.tax)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the totals, from the sum of the lines to the amount due.
pub(super) fn totals(page: &Page<'_>) -> Markup {
    let locale = &page.reader.locale;
    let terms = &page.transaction.terms;
    let currency = terms.invoice.currency;
    let owed = page.standing.owed;
    let result = match owed {
        Owed::Payable(amount) | Owed::Credited(amount) => locale.amount(amount, currency),
        Owed::Nothing => locale.amount(Decimal::ZERO, currency),
        Owed::Ended(ended) => {
            status(page.standing.word.as_deref().unwrap_or(ended.as_str()), locale)
        }
    };
    html! {
        section.totals {
            h3.hidden { (text(page.reader, "totals")) }
            dl {
                @for it in wording::totals(&terms.invoice, &page.standing, locale) {
                    div class=(it.kind.text_id()) {
                        dt { (it.label) } dd { bdi { (locale.bare_amount(it.amount, currency)) } }
                    }
                }
                div.total-due { dt { (owed_label(owed, locale)) } dd { bdi { (result) } } }
            }
        }
    }
}
