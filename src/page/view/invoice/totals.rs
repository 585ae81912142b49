//! VAT by rate, and the sums.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::super::localized::{status, text, vat};
use super::super::summary;
use crate::invoice::Owed;
use crate::page::model::Page;

/// What is taxed at which rate.
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
                                th scope="row" { (vat(reader, &it.category, it.rate)) }
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

/// From the sum of lines to what is due, if anything is.
pub(super) fn totals(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    let totals = &invoice.totals;
    let amount = |figure| reader.locale.bare_amount(figure, invoice.currency);
    let with_currency = |figure| reader.locale.amount(figure, invoice.currency);
    let adjusted = !totals.allowances.is_zero() || !totals.charges.is_zero();
    // Only what takes part in the sum is worth a line.
    let rows: [(&str, Decimal, bool); 8] = [
        ("total-lines", totals.lines, adjusted),
        ("total-allowances", -totals.allowances, !totals.allowances.is_zero()),
        ("total-charges", totals.charges, !totals.charges.is_zero()),
        ("total-without-vat", totals.without_vat, true),
        ("total-vat", totals.vat, true),
        ("total-with-vat", totals.with_vat, true),
        ("total-paid", -totals.paid, !totals.paid.is_zero()),
        ("total-rounding", totals.rounding, !totals.rounding.is_zero()),
    ];
    html! {
        section.totals {
            h3.hidden { (text(reader, "totals")) }
            dl {
                @for (label, figure, _) in rows.into_iter().filter(|(.., shown)| *shown) {
                    div class=(label) { dt { (text(reader, label)) } dd { bdi { (amount(figure)) } } }
                }
                div.total-due {
                    @match summary::owed(page) {
                        Owed::Payable(amount) => {
                            dt { (text(reader, "total-due")) } dd { bdi { (with_currency(amount)) } }
                        }
                        Owed::Credited(amount) => {
                            dt { (text(reader, "amount-credited")) } dd { bdi { (with_currency(amount)) } }
                        }
                        Owed::Nothing => {
                            dt { (text(reader, "nothing-due")) }
                            dd { bdi { (with_currency(Decimal::ZERO)) } }
                        }
                        Owed::Ended(_) => {
                            dt { (text(reader, "nothing-due")) }
                            dd { bdi { (status(reader, &page.transaction.terms.status)) } }
                        }
                    }
                }
            }
        }
    }
}
