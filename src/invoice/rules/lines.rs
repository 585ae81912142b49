//! Rules about the lines.

use rust_decimal::Decimal;

use super::document::is_in_order;
use super::{Catalogue, Checker, Form, is_said, lines_of};

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-21", "Each line has an identifier (BT-126)."),
    ("BR-22", "Each line has a quantity (BT-129)."),
    ("BR-23", "The quantity of each line has a unit (BT-130), such as C62 for one."),
    ("BR-24", "Each line has a net amount (BT-131)."),
    ("BR-25", "Each line has the name of what it invoices (BT-153)."),
    ("BR-26", "Each line has a net price (BT-146)."),
    (
        "BR-27",
        "The net price of a line (BT-146) is not below zero; to give something back, use a negative quantity.",
    ),
    ("BR-28", "The gross price of a line (BT-148) is not below zero."),
    (
        "BR-30",
        "The last day of the period of a line (BT-135) is not before its first day (BT-134).",
    ),
    ("BR-54", "Each attribute of an item (BG-32) has a name (BT-160) and a value (BT-161)."),
    ("BR-64", "The standard identifier of an item (BT-157) names its scheme."),
    ("BR-65", "The class of an item (BT-158) names the list that it is from."),
    ("BR-CO-04", "Each line has a VAT category (BT-151)."),
    ("BR-CO-20", "The period of a line (BG-26) has a first day, a last day or both."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    // In UBL, CEN asks whether the attribute is there, also if it is empty: see `xml/syntax/existence.rs`.
    let is_ubl = checker.form == Form::Ubl;
    for (index, line) in lines_of(invoice) {
        let at = |field: &str| format!("/lines/{index}/{field}");
        checker.must(is_said(line.id.as_ref()), "BR-21", at("id"));
        checker.must(line.quantity.is_some(), "BR-22", at("quantity"));
        // In XML, CEN asks whether the attribute is there, also if it is empty: see `xml/syntax/existence.rs`.
        checker.must(checker.is_xml() || line.unit.is_some(), "BR-23", at("unit"));
        checker.must(line.net_amount.is_some(), "BR-24", at("net_amount"));
        checker.must(is_said(line.description.as_ref()), "BR-25", at("description"));
        checker.must(line.unit_price.is_some(), "BR-26", at("unit_price"));
        // CEN reports a price that is not there by both rules.
        let is_positive = line.unit_price.is_some_and(|it| it >= Decimal::ZERO);
        checker.must(is_positive, "BR-27", at("unit_price"));
        let is_positive = line.gross_price.is_none_or(|it| it >= Decimal::ZERO);
        checker.must(is_positive, "BR-28", at("gross_price"));
        checker.must(
            checker.is_xml() || !line.vat.category.is_empty(),
            "BR-CO-04",
            at("vat/category"),
        );
        if let Some(period) = &line.period {
            checker.must(
                checker.form == Form::Cii || is_in_order(period),
                "BR-30",
                at("period/end"),
            );
            let is_stated = period.start.is_some() || period.end.is_some();
            checker.must(is_stated, "BR-CO-20", at("period"));
        }
        let Some(item) = &line.item else { continue };
        for (nth, attribute) in item.attributes.iter().enumerate() {
            let holds = attribute.name.is_some() && attribute.value.is_some();
            checker.must(holds, "BR-54", at(&format!("item/attributes/{nth}")));
        }
        let has_scheme = item.standard_id.as_ref().is_none_or(|it| is_said(it.scheme.as_ref()));
        checker.must(has_scheme || is_ubl, "BR-64", at("item/standard_id"));
        for (nth, class) in item.classifications.iter().enumerate() {
            let has_scheme = is_said(class.scheme.as_ref());
            checker.must(
                has_scheme || is_ubl,
                "BR-65",
                at(&format!("item/classifications/{nth}/scheme")),
            );
        }
    }
}
