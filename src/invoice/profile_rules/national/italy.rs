//! Sellers in Italy.

use super::super::checker::{Checker, Entry};
use super::super::document::Place;
use super::super::parties::country_of_seller;
use crate::invoice::problem::Severity::Fatal;

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    (
        "IT-R-001",
        Fatal,
        "The tax number of an Italian seller (BT-32) has 11 to 16 capital letters and digits.",
    ),
    ("IT-R-002", Fatal, "The address of an Italian seller has a street (BT-35)."),
    ("IT-R-003", Fatal, "The address of an Italian seller has a city (BT-37)."),
    ("IT-R-004", Fatal, "The address of an Italian seller has a postal code (BT-38)."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let doc = checker.doc;
    if country_of_seller(doc) != "IT" {
        return;
    }
    for seller in doc.each(&Place::default(), "seller") {
        for number in doc.each(&seller, "tax_number") {
            let text = doc.text(&number);
            let is_plain = text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
            let holds = (11..=16).contains(&text.len()) && is_plain;
            checker.must(holds, "IT-R-001", &number, "");
        }
        for (rule, field) in [
            ("IT-R-002", "address/lines"),
            ("IT-R-003", "address/city"),
            ("IT-R-004", "address/postal_code"),
        ] {
            checker.must(doc.has(&seller, field), rule, &seller, field);
        }
    }
}
