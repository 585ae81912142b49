//! Rules about the VAT breakdown (BG-23) that are the same in every category.

use rust_decimal::Decimal;

use super::figures::half_up;
use super::vat_families::has_own_rule_in_cii;
use super::{Catalogue, Checker, Form};
use crate::invoice::model::VatSubtotalInput;

/// The VAT of a category may differ from the taxable amount times the rate by less than this.
pub(super) const TOLERANCE: Decimal = Decimal::ONE;

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-45", "Each row of the VAT breakdown (BG-23) has a taxable amount (BT-116)."),
    ("BR-46", "Each row of the VAT breakdown (BG-23) has the VAT of its category (BT-117)."),
    ("BR-47", "Each row of the VAT breakdown (BG-23) has a category (BT-118)."),
    ("BR-48", "Each row of the VAT breakdown (BG-23) has a rate (BT-119), except in category O."),
    (
        "BR-CO-17",
        "The VAT of a category (BT-117) is its taxable amount (BT-116) times its rate (BT-119).",
    ),
    ("BR-CO-18", "The invoice has a VAT breakdown (BG-23) of at least one row."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let rows = invoice.vat_breakdown.as_deref().unwrap_or_default();
    // In CII, CEN asks it of each line.
    let is_asked = checker.form == Form::Ubl || !invoice.lines.is_empty();
    checker.must(!rows.is_empty() || !is_asked, "BR-CO-18", "/vat_breakdown");
    for (index, row) in rows.iter().enumerate() {
        // In CII, CEN runs the rules of L, M and O on a row instead of these.
        if checker.form == Form::Cii && has_own_rule_in_cii(&row.category) {
            continue;
        }
        let at = |field: &str| format!("/vat_breakdown/{index}/{field}");
        checker.must(row.taxable.is_some(), "BR-45", at("taxable"));
        checker.must(row.tax.is_some(), "BR-46", at("tax"));
        // In XML, whether the tax is VAT matters too: see `xml/syntax/existence.rs`.
        checker.must(checker.is_xml() || !row.category.is_empty(), "BR-47", at("category"));
        let computed = signed_product(row).unwrap_or_default();
        let holds = is_tax(row, checker.form);
        checker.must_be(holds, "BR-CO-17", at("tax"), (row.tax, computed));
    }
}

/// An absolute taxable amount times a rate in percent, as CEN compares it with the absolute VAT.
pub(super) fn product(taxable: Decimal, rate: Decimal) -> Decimal {
    let product = taxable.abs().checked_mul(rate).unwrap_or(Decimal::MAX);
    half_up(product / Decimal::ONE_HUNDRED)
}

/// The VAT of a row, with the sign of its taxable amount.
pub(super) fn signed_product(row: &VatSubtotalInput) -> Option<Decimal> {
    let (taxable, rate) = row.taxable.zip(row.rate)?;
    let product = product(taxable, rate);
    Some(if taxable.is_sign_negative() { -product } else { product })
}

/// A rate below a half counts as none, so the VAT has to be less than a half too. In CII, the tolerance is
/// one whole unit; in UBL, less than that.
fn is_tax(row: &VatSubtotalInput, form: Form) -> bool {
    let Some(tax) = row.tax else { return false };
    let whole = |figure: Decimal| half_up_whole(figure);
    match row.rate {
        None => whole(tax).is_zero(),
        Some(rate) if whole(rate).is_zero() => whole(tax).is_zero(),
        Some(rate) => row.taxable.is_some_and(|taxable| {
            let off = (tax.abs() - product(taxable, rate)).abs();
            off < TOLERANCE || (form == Form::Cii && off == TOLERANCE)
        }),
    }
}

/// Rounds to a whole figure as XPath does.
fn half_up_whole(figure: Decimal) -> Decimal {
    (figure + Decimal::new(5, 1)).floor()
}
