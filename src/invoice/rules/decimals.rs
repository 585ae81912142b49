//! Rules about the decimals of amounts: at most two, also if the rest are zeros.

use rust_decimal::Decimal;

use super::{Catalogue, Checker, Form, lines_of};

const MAX_DECIMALS: u32 = 2;

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-DEC-01", "The amount of an allowance on the document (BT-92) has at most two decimals."),
    ("BR-DEC-02", "The base of an allowance on the document (BT-93) has at most two decimals."),
    ("BR-DEC-05", "The amount of a charge on the document (BT-99) has at most two decimals."),
    ("BR-DEC-06", "The base of a charge on the document (BT-100) has at most two decimals."),
    ("BR-DEC-09", "The sum of the lines (BT-106) has at most two decimals."),
    ("BR-DEC-10", "The sum of the allowances (BT-107) has at most two decimals."),
    ("BR-DEC-11", "The sum of the charges (BT-108) has at most two decimals."),
    ("BR-DEC-12", "The total without VAT (BT-109) has at most two decimals."),
    ("BR-DEC-13", "The total of VAT (BT-110) has at most two decimals."),
    ("BR-DEC-14", "The total with VAT (BT-112) has at most two decimals."),
    (
        "BR-DEC-15",
        "The total of VAT in the currency of VAT accounting (BT-111) is stated with at most two decimals.",
    ),
    ("BR-DEC-16", "What was paid (BT-113) has at most two decimals."),
    ("BR-DEC-17", "The rounding (BT-114) has at most two decimals."),
    ("BR-DEC-18", "What is to be paid (BT-115) has at most two decimals."),
    ("BR-DEC-19", "The taxable amount of a VAT category (BT-116) has at most two decimals."),
    ("BR-DEC-20", "The VAT of a category (BT-117) has at most two decimals."),
    ("BR-DEC-23", "The net amount of a line (BT-131) has at most two decimals."),
    ("BR-DEC-24", "The amount of an allowance on a line (BT-136) has at most two decimals."),
    ("BR-DEC-25", "The base of an allowance on a line (BT-137) has at most two decimals."),
    ("BR-DEC-27", "The amount of a charge on a line (BT-141) has at most two decimals."),
    ("BR-DEC-28", "The base of a charge on a line (BT-142) has at most two decimals."),
];

/// JSON may have more zeros than needed, and more decimals than that are refused before.
pub(super) fn check(checker: &mut Checker<'_>) {
    if !checker.is_xml() {
        return;
    }
    let invoice = checker.invoice;
    totals(checker);
    for (list, rules, all) in [
        ("allowances", ["BR-DEC-01", "BR-DEC-02"], &invoice.allowances),
        ("charges", ["BR-DEC-05", "BR-DEC-06"], &invoice.charges),
    ] {
        for (index, it) in all.iter().enumerate() {
            let at = format!("/{list}/{index}");
            two(checker, it.amount, rules[0], format!("{at}/amount"));
            two(checker, it.base_amount, rules[1], format!("{at}/base_amount"));
        }
    }
    for (index, row) in invoice.vat_breakdown.iter().flatten().enumerate() {
        if checker.form == Form::Cii && super::vat_families::has_own_rule_in_cii(&row.category) {
            continue;
        }
        two(checker, row.taxable, "BR-DEC-19", format!("/vat_breakdown/{index}/taxable"));
        two(checker, row.tax, "BR-DEC-20", format!("/vat_breakdown/{index}/tax"));
    }
    for (index, line) in lines_of(invoice) {
        two(checker, line.net_amount, "BR-DEC-23", format!("/lines/{index}/net_amount"));
        for (list, rules, all) in [
            ("allowances", ["BR-DEC-24", "BR-DEC-25"], &line.allowances),
            ("charges", ["BR-DEC-27", "BR-DEC-28"], &line.charges),
        ] {
            for (nth, it) in all.iter().enumerate() {
                let at = format!("/lines/{index}/{list}/{nth}");
                two(checker, it.amount, rules[0], format!("{at}/amount"));
                two(checker, it.base_amount, rules[1], format!("{at}/base_amount"));
            }
        }
    }
}

fn totals(checker: &mut Checker<'_>) {
    let totals = &checker.invoice.totals;
    for (rule, field, figure) in [
        ("BR-DEC-09", "lines", totals.lines),
        ("BR-DEC-10", "allowances", totals.allowances),
        ("BR-DEC-11", "charges", totals.charges),
        ("BR-DEC-12", "without_vat", totals.without_vat),
        ("BR-DEC-14", "with_vat", totals.with_vat),
        ("BR-DEC-16", "paid", totals.paid),
        ("BR-DEC-17", "rounding", totals.rounding),
        ("BR-DEC-18", "due", totals.due),
    ] {
        two(checker, figure, rule, format!("/totals/{field}"));
    }
    // CEN's expression for UBL looks for the currency in the wrong element, so it never finds anything;
    // UBL-DT-01 does. The one for CII compares figures, so zeros do not count, and one amount that is right
    // or in another currency is enough.
    if checker.form != Form::Cii {
        return;
    }
    let (vat, other) = (totals.vat, totals.vat_in_vat_currency);
    let is_fine = |figure: Decimal| figure.normalize().scale() <= MAX_DECIMALS;
    if let Some(vat) = vat {
        let holds = is_fine(vat) || other.is_some();
        checker.must(holds, "BR-DEC-13", "/totals/vat");
    }
    let is_asked = checker.invoice.vat_currency.is_some() && (vat.is_some() || other.is_some());
    let is_same = checker.invoice.vat_currency == checker.invoice.currency;
    let figure = if is_same { vat } else { other };
    let holds = !is_asked || figure.is_some_and(is_fine);
    checker.must(holds, "BR-DEC-15", "/totals/vat_in_vat_currency");
}

fn two(checker: &mut Checker<'_>, figure: Option<Decimal>, rule: &str, at: String) {
    checker.must(figure.is_none_or(|it| it.scale() <= MAX_DECIMALS), rule, at);
}
