//! The sums of an invoice, in the reader's language.

use rust_decimal::Decimal;

use crate::invoice::{Invoice, Owed};
use crate::language::Locale;

/// One of the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The id of the label's text, such as `total-without-vat`.
    pub id: &'static str,
    /// The label.
    pub label: String,
    /// The amount, with the sign with which it takes part in the sum.
    pub amount: Decimal,
}

/// The sums from that of the lines to the total with VAT and what was paid of it. A sum that
/// changes nothing is left out.
pub fn totals(invoice: &Invoice, locale: &Locale) -> Vec<Total> {
    let totals = &invoice.totals;
    let is_adjusted = totals.lines != totals.without_vat
        || !(invoice.allowances.is_empty() && invoice.charges.is_empty());
    let sums = [
        ("total-lines", totals.lines, is_adjusted),
        ("total-allowances", -totals.allowances, !totals.allowances.is_zero()),
        ("total-charges", totals.charges, !totals.charges.is_zero()),
        ("total-without-vat", totals.without_vat, true),
        ("total-vat", totals.vat, true),
        ("total-with-vat", totals.with_vat, true),
        ("total-paid", -totals.paid, !totals.paid.is_zero()),
        ("total-rounding", totals.rounding, !totals.rounding.is_zero()),
    ];
    let shown = sums.into_iter().filter(|(.., is_shown)| *is_shown);
    shown.map(|(id, amount, _)| Total { id, label: locale.text(id), amount }).collect()
}

/// The label of what is left to pay or given back, or the text that nobody has to pay.
pub fn owed_label(owed: Owed, locale: &Locale) -> String {
    locale.text(match owed {
        Owed::Payable(_) => "amount-due",
        Owed::Credited(_) => "amount-credited",
        Owed::Nothing | Owed::Ended(_) => "nothing-due",
    })
}
