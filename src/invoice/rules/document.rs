//! Rules about the document as a whole, its references and its periods.

use jiff::civil::Date;

use super::{Catalogue, Checker, Form, is_said};
use crate::invoice::model::Period;

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-01", "The invoice names the specification that it follows (BT-24)."),
    ("BR-02", "The invoice has a number (BT-1)."),
    (
        "BR-03",
        "The invoice has a date of issue (BT-2); in CII it is written in the format 102, such as 20260601.",
    ),
    ("BR-04", "The invoice has a type (BT-3), such as 380."),
    ("BR-05", "The invoice has a currency (BT-5), such as EUR."),
    ("BR-16", "The invoice has at least one line (BG-25)."),
    ("BR-29", "The last day of the invoicing period (BT-74) is not before its first day (BT-73)."),
    ("BR-52", "Each supporting document (BG-24) has a reference (BT-122)."),
    ("BR-55", "Each preceding invoice (BG-3) is named by its number (BT-25)."),
    ("BR-57", "The address of the delivery (BG-15) has a country (BT-80)."),
    (
        "BR-CO-03",
        "Either the date on which VAT becomes due (BT-7) is stated, or the code for it (BT-8), not both.",
    ),
    ("BR-CO-19", "An invoicing period (BG-14) has a first day, a last day or both."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    if checker.is_xml() {
        checker.must(is_said(invoice.specification.as_ref()), "BR-01", "/specification");
    }
    checker.must(is_said(invoice.number.as_ref()), "BR-02", "/number");
    // In CII, CEN looks at the format of dates: see `xml/syntax/existence.rs`.
    let is_cii = checker.form == Form::Cii;
    checker.must(is_cii || invoice.issue_date.is_some(), "BR-03", "/issue_date");
    checker.must(is_said(invoice.type_code.as_ref()), "BR-04", "/type");
    checker.must(invoice.currency.is_some(), "BR-05", "/currency");
    checker.must(!invoice.lines.is_empty(), "BR-16", "/lines");
    if let Some(period) = &invoice.period {
        checker.must(is_cii || is_in_order(period), "BR-29", "/period/end");
        let is_stated = period.start.is_some() || period.end.is_some();
        // In UBL, the code for the date on which VAT becomes due stands in the period.
        let has_code = checker.form == Form::Ubl && invoice.vat_point_code.is_some();
        checker.must(is_stated || has_code, "BR-CO-19", "/period");
    }
    for (index, document) in invoice.documents.iter().enumerate() {
        let at = format!("/documents/{index}/reference");
        // In XML, also for the documents of other terms: see `xml/syntax/existence.rs`.
        let holds = checker.is_xml() || is_said(document.reference.as_ref());
        checker.must(holds, "BR-52", at);
    }
    for (index, preceding) in invoice.preceding_invoices.iter().enumerate() {
        let at = format!("/preceding_invoices/{index}/number");
        checker.must(is_said(preceding.number.as_ref()), "BR-55", at);
    }
    if let Some(address) = invoice.delivery.as_ref().and_then(|it| it.address.as_ref()) {
        checker.must(is_said(address.country.as_ref()), "BR-57", "/delivery/address/country");
    }
    let has_both = invoice.vat_point_date.is_some() && invoice.vat_point_code.is_some();
    // In CII, CEN asks this only in rows of the VAT breakdown, and not in those of L, M and O.
    let is_asked = checker.form != Form::Cii
        || invoice
            .vat_breakdown
            .iter()
            .flatten()
            .any(|row| !super::vat_families::has_own_rule_in_cii(&row.category));
    checker.must(!(has_both && is_asked), "BR-CO-03", "/vat_point_code");
}

/// Whether a period ends on the day on which it begins, or later.
pub(super) fn is_in_order(period: &Period) -> bool {
    let days: Option<(Date, Date)> = period.start.zip(period.end);
    days.is_none_or(|(start, end)| start <= end)
}
