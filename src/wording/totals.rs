//! The sums of an invoice, in the reader's language.

use rust_decimal::Decimal;

use crate::invoice::Invoice;
use crate::language::Locale;
use crate::transaction::{Owed, Standing};

/// Which of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotalKind {
    /// BT-106.
    Lines,
    /// BT-107.
    Allowances,
    /// BT-108.
    Charges,
    /// BT-109.
    WithoutVat,
    /// BT-110.
    Vat,
    /// BT-112.
    WithVat,
    /// BT-113.
    Paid,
    /// BT-114.
    Rounding,
    /// The payments that were handed in after the document.
    Payments,
    /// What was paid out of what the document gives back.
    PaidOut,
    /// What need not be paid because the payments came early.
    Discount,
}

impl TotalKind {
    /// The id of the label's text, which is the class of its row on the page as well.
    pub fn text_id(self) -> &'static str {
        match self {
            Self::Lines => "total-lines",
            Self::Allowances => "total-allowances",
            Self::Charges => "total-charges",
            Self::WithoutVat => "total-without-vat",
            Self::Vat => "total-vat",
            Self::WithVat => "total-with-vat",
            Self::Paid => "total-paid",
            Self::Rounding => "total-rounding",
            Self::Payments => "total-payments",
            Self::PaidOut => "total-paid-out",
            Self::Discount => "payment-discount",
        }
    }
}

/// One of the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Which one.
    pub kind: TotalKind,
    /// The label.
    pub label: String,
    /// The amount, with the sign with which it takes part in the sum.
    pub amount: Decimal,
}

/// The sums from that of the lines to the total with VAT and what was paid of it. A sum that
/// changes nothing is left out.
pub fn totals(invoice: &Invoice, standing: &Standing, locale: &Locale) -> Vec<Total> {
    let totals = &invoice.totals;
    let is_adjusted = totals.lines != totals.without_vat
        || !(invoice.allowances.is_empty() && invoice.charges.is_empty());
    // It is the seller who pays what is given back. Each payment brings the amount due closer to zero.
    let gives_back = invoice.is_credit_note() || totals.due < Decimal::ZERO;
    let payments = if gives_back { TotalKind::PaidOut } else { TotalKind::Payments };
    let paid = if totals.due < Decimal::ZERO { standing.paid } else { -standing.paid };
    let sums = [
        (TotalKind::Lines, totals.lines, is_adjusted),
        (TotalKind::Allowances, -totals.allowances, !totals.allowances.is_zero()),
        (TotalKind::Charges, totals.charges, !totals.charges.is_zero()),
        (TotalKind::WithoutVat, totals.without_vat, true),
        (TotalKind::Vat, totals.vat, true),
        (TotalKind::WithVat, totals.with_vat, true),
        (TotalKind::Paid, -totals.paid, !totals.paid.is_zero()),
        (TotalKind::Rounding, totals.rounding, !totals.rounding.is_zero()),
        (payments, paid, !paid.is_zero()),
        (TotalKind::Discount, -standing.discount, !standing.discount.is_zero()),
    ];
    let shown = sums.into_iter().filter(|(.., is_shown)| *is_shown);
    shown
        .map(|(kind, amount, _)| Total { kind, label: locale.text(kind.text_id()), amount })
        .collect()
}

/// The label of what is left to pay or given back, or the text that nobody has to pay.
pub fn owed_label(owed: Owed, locale: &Locale) -> String {
    locale.text(match owed {
        Owed::Payable(_) => "amount-due",
        Owed::Credited(_) => "amount-credited",
        Owed::Nothing | Owed::Ended(_) => "nothing-due",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::transaction::{StatusRules, sample};

    #[test]
    fn payments_bring_the_amount_due_closer_to_zero() {
        let locale = Locale::of(Language::English);
        let mut invoice = sample().terms.invoice;
        let day = invoice.issue_date;
        for (code, due, kind, amount) in [
            ("380", 54, TotalKind::Payments, -20),
            ("381", 54, TotalKind::PaidOut, -20),
            ("380", -54, TotalKind::PaidOut, 20),
        ] {
            invoice.type_code = code.to_owned();
            invoice.totals.due = due.into();
            let standing = StatusRules::default().standing_of("", "open", &invoice, 20.into(), day);
            let shown = totals(&invoice, &standing, &locale).pop().unwrap();
            assert_eq!((shown.kind, shown.amount), (kind, amount.into()), "{code} over {due}");
        }
    }
}
