//! The table of the lines. ARIA roles are set because the style sheet changes the layout on narrow screens,
//! and some browsers then no longer treat it as a table.

use std::collections::HashMap;

use maud::{Markup, html};

use super::super::localized::text;
use super::list;
use crate::invoice::{Adjustment, Line, Term};
use crate::page::model::Page;
use crate::wording::{line_text, price, vat};

/// The greatest number of lines whose rows share their columns on a narrow screen. Browsers take long for that in
/// thousands of rows.
const FEW: usize = 300;

/// Returns the table: the lines, then the allowances and charges on the whole document.
pub(super) fn table(page: &Page<'_>) -> Markup {
    let reader = page.reader;
    let invoice = &page.transaction.terms.invoice;
    // Once for all lines: an invoice may have thousands.
    let mut about: HashMap<&str, Vec<&Term>> = HashMap::new();
    for term in page.further() {
        if let Some(line) = &term.line {
            about.entry(line).or_default().push(term);
        }
    }
    let heads = ["line-quantity", "line-price", "line-vat", "line-net"];
    html! {
        section.lines {
            h3.hidden id="lines-title" { (text(reader, "lines")) }
            @if invoice.lines.is_empty() {
                p.soft { (text(reader, "no-lines")) }
            } @else {
                table.few[invoice.lines.len() <= FEW] role="table" aria-labelledby="lines-title" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th scope="col" role="columnheader" { (text(reader, "line-description")) }
                            @for head in heads {
                                th.figure scope="col" role="columnheader" { (text(reader, head)) }
                            }
                        }
                    }
                    tbody role="rowgroup" {
                        // If lines have the same id, what belongs to it is at the first of them only.
                        @for line in &invoice.lines { (row(page, line, about.remove(line.id.as_str()))) }
                        @for allowance in &invoice.allowances {
                            (adjustment(page, "allowance", allowance, true))
                        }
                        @for charge in &invoice.charges {
                            (adjustment(page, "charge", charge, false))
                        }
                    }
                }
            }
        }
    }
}

fn row(page: &Page<'_>, line: &Line, further: Option<Vec<&Term>>) -> Markup {
    let locale = &page.reader.locale;
    let currency = page.transaction.terms.invoice.currency;
    html! {
        tr role="row" {
            th.description scope="row" role="rowheader" {
                span dir="auto" { (line_text(line)) }
                @if let Some(further) = further { (list(page, &further)) }
            }
            td.figure.quantity role="cell" { bdi { (locale.quantity(line.quantity, &line.unit)) } }
            td.figure.price role="cell" { bdi { (price(line, currency, locale)) } }
            td.figure.vat role="cell" { (vat(&line.vat.category, line.vat.rate, locale)) }
            td.figure.net role="cell" { bdi { (locale.bare_amount(line.net_amount, currency)) } }
        }
    }
}

fn adjustment(page: &Page<'_>, label: &str, it: &Adjustment, reduces: bool) -> Markup {
    let locale = &page.reader.locale;
    let currency = page.transaction.terms.invoice.currency;
    let amount = if reduces { -it.amount } else { it.amount };
    html! {
        tr.adjustment role="row" {
            th.description scope="row" role="rowheader" {
                @match &it.reason {
                    Some(reason) => span dir="auto" { (reason) },
                    None => (text(page.reader, label)),
                }
            }
            td.figure.quantity role="cell" {}
            td.figure.price role="cell" {}
            td.figure.vat role="cell" { (vat(&it.vat.category, it.vat.rate, locale)) }
            td.figure.net role="cell" { bdi { (locale.bare_amount(amount, currency)) } }
        }
    }
}
