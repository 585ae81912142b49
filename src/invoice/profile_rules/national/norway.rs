//! Sellers in Norway.

use super::super::checker::{Checker, Entry};
use super::super::document::Place;
use super::super::numbers::is_mod_11;
use super::super::parties::country_of_seller;
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::Form;

/// What sellers that are registered write as their tax number.
const REGISTERED: &str = "Foretaksregisteret";

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    (
        "NO-R-001",
        Fatal,
        "The VAT identifier of a Norwegian seller (BT-31) is NO, nine digits and MVA, and its check digit is right.",
    ),
    (
        "NO-R-002",
        Warning,
        "A Norwegian seller that is in the register of business enterprises says so: Foretaksregisteret as its tax \
         number (BT-32).",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let doc = checker.doc;
    if country_of_seller(doc) != "NO" {
        return;
    }
    for seller in doc.each(&Place::default(), "seller") {
        let number = doc.first(&seller, "tax_number");
        let holds = number.is_some_and(|it| it == REGISTERED);
        checker.must(holds, "NO-R-002", &seller, "tax_number");
        let id = doc.first(&seller, "vat_id").unwrap_or_default();
        let sound = |rest: &str| rest.strip_suffix("MVA").is_some_and(is_mod_11);
        // In CII, the published rule looks for a scheme that VAT identifiers do not have.
        let holds = doc.form() == Form::Cii || id.strip_prefix("NO").is_none_or(sound);
        checker.must(holds, "NO-R-001", &seller, "vat_id");
    }
}
