//! Sellers in the Netherlands.

use rust_decimal::Decimal;

use super::super::checker::{Checker, Entry};
use super::super::document::{Part, Place};
use super::super::parties::country_of;
use crate::invoice::problem::Severity::Fatal;
use crate::invoice::rules::{Form, List};

/// The schemes of Dutch registrations: KvK and OIN.
const SCHEMES: [&str; 2] = ["0106", "0190"];
/// The means of payment within the Netherlands.
const MEANS: [&str; 6] = ["30", "48", "49", "57", "58", "59"];

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    (
        "NL-R-001",
        Fatal,
        "A credit note of a Dutch seller names the invoice that it is about (BT-25).",
    ),
    (
        "NL-R-002",
        Fatal,
        "The address of a Dutch seller has a street (BT-35), a city (BT-37) and a postal code (BT-38).",
    ),
    (
        "NL-R-003",
        Fatal,
        "The registration of a Dutch seller (BT-30) is in the scheme 0106 (KvK) or 0190 (OIN).",
    ),
    (
        "NL-R-004",
        Fatal,
        "The address of a Dutch buyer of a Dutch seller has a street (BT-50), a city (BT-52) and a postal code \
         (BT-53).",
    ),
    (
        "NL-R-005",
        Fatal,
        "The registration of a Dutch buyer of a Dutch seller (BT-47) is in the scheme 0106 (KvK) or 0190 (OIN).",
    ),
    (
        "NL-R-006",
        Fatal,
        "The address of a Dutch tax representative of a Dutch seller has a street (BT-64), a city (BT-66) and a postal \
         code (BT-67).",
    ),
    ("NL-R-007", Fatal, "If a Dutch seller is to be paid, the invoice says how to pay (BG-16)."),
    (
        "NL-R-008",
        Fatal,
        "Within the Netherlands, the means of payment is 30, 48, 49, 57, 58 or 59.",
    ),
    (
        "NL-R-009",
        Fatal,
        "If a line of a Dutch seller names a line of an order (BT-132), the invoice names the order (BT-13).",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let is_dutch = |party: &str| country_of(doc, party).eq_ignore_ascii_case("NL");
    if !is_dutch("seller") {
        return;
    }
    let kind = doc.first(&root, "type").unwrap_or_default();
    let is_credit_note = match doc.form() {
        Form::Ubl => doc.is_ubl_credit_note() && doc.has(&root, "type"),
        Form::Cii => matches!(kind.as_str(), "81" | "83" | "381" | "396" | "532"),
        Form::Json => List::CreditNotes.has(&kind),
    };
    let holds = !is_credit_note || doc.has(&root, "preceding_invoices/number");
    checker.must(holds, "NL-R-001", &root, "preceding_invoices");
    address(checker, "seller", "NL-R-002");
    registration(checker, "seller", "NL-R-003");
    if is_dutch("buyer") {
        address(checker, "buyer", "NL-R-004");
        registration(checker, "buyer", "NL-R-005");
        for means in doc.means() {
            let holds = MEANS.contains(&means.code.as_str());
            checker.must(holds, "NL-R-008", &means.place, "means");
        }
    }
    if is_dutch("tax_representative") {
        address(checker, "tax_representative", "NL-R-006");
    }
    if let Some(due) = doc.figure(&root, "totals/due") {
        let is_reversed = match doc.form() {
            Form::Ubl => doc.is_ubl_credit_note(),
            Form::Cii | Form::Json => kind == "381",
        };
        let is_owed = if is_reversed { due < Decimal::ZERO } else { due > Decimal::ZERO };
        let holds = !is_owed || !doc.means().is_empty();
        checker.must(holds, "NL-R-007", &root, "payment/means");
    }
    let has_order = doc.has(&root, "order_reference");
    for place in doc.each(&root, "lines/order_line_reference") {
        checker.must(has_order, "NL-R-009", &place, "");
    }
}

fn address(checker: &mut Checker<'_>, party: &str, rule: &str) {
    let doc = checker.doc;
    for place in doc.each(&Place::default(), &format!("{party}/address")) {
        let holds = ["lines", "city", "postal_code"].iter().all(|it| doc.has(&place, it));
        checker.must(holds, rule, &place, "");
    }
}

fn registration(checker: &mut Checker<'_>, party: &str, rule: &str) {
    let doc = checker.doc;
    for place in doc.each(&Place::default(), &format!("{party}/registration")) {
        let scheme = doc.part(&place, Part::Scheme).unwrap_or_default();
        let is_listed = scheme.split_whitespace().any(|it| SCHEMES.contains(&it));
        checker.must(is_listed && !doc.text(&place).is_empty(), rule, &place, "");
    }
}
