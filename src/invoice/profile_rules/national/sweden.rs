//! Sellers in Sweden.

use rust_decimal::Decimal;

use super::super::checker::{Checker, Entry};
use super::super::document::Place;
use super::super::numbers::is_swedish;
use super::super::parties::country_of;
use super::super::patterns::is_number;
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::Form;

/// What the tax number of a seller says if it pays its taxes itself.
const APPROVED: &str = "GODKÄND FÖR F-SKATT";
/// The banks of the two giros.
const PLUSGIRO: &str = "SE:PLUSGIRO";
const BANKGIRO: &str = "SE:BANKGIRO";
/// The rates of VAT, in percent.
const RATES: [i64; 3] = [25, 12, 6];

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    ("SE-R-001", Fatal, "A Swedish VAT identifier (BT-31) has 14 characters."),
    ("SE-R-002", Fatal, "A Swedish VAT identifier (BT-31) is SE and digits."),
    ("SE-R-003", Fatal, "The registration of a Swedish seller (BT-30) is of digits."),
    ("SE-R-004", Fatal, "The registration of a Swedish seller (BT-30) has ten characters."),
    ("SE-R-005", Fatal, "The tax number of a Swedish seller (BT-32) is: Godkänd för F-skatt."),
    ("SE-R-006", Fatal, "The standard rate of VAT in Sweden is 25, 12 or 6 percent."),
    ("SE-R-007", Warning, "A number of the Swedish PlusGiro is of digits."),
    ("SE-R-008", Warning, "A number of the Swedish Bankgiro is of digits."),
    ("SE-R-009", Warning, "A number of the Swedish Bankgiro has 7 or 8 digits."),
    ("SE-R-010", Warning, "A number of the Swedish PlusGiro has 2 to 8 digits."),
    (
        "SE-R-011",
        Warning,
        "Swedish sellers name their giros by the means of payment 30, and not by 50 or 56.",
    ),
    ("SE-R-012", Warning, "For a transfer within Sweden, the means of payment is 30, and not 31."),
    (
        "SE-R-013",
        Fatal,
        "The check digit of the registration of a Swedish seller (BT-30) is right.",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if country_of(doc, "seller") != "SE" {
        return;
    }
    let vat_id = doc.first(&root, "seller/vat_id").unwrap_or_default();
    // In CII, the published rules look for a scheme that VAT identifiers do not have.
    if vat_id.starts_with("SE") && doc.form() != Form::Cii {
        let at = Place { pointer: "/seller/vat_id".to_owned(), ..root.clone() };
        checker.must(vat_id.chars().count() == 14, "SE-R-001", &at, "");
        let digits: String = vat_id.chars().skip(2).take(12).collect();
        checker.must(is_number(&digits), "SE-R-002", &at, "");
        rates(checker);
    }
    for place in doc.each(&root, "seller/registration") {
        let id = doc.text(&place);
        checker.must(is_number(&id), "SE-R-003", &place, "");
        checker.must(id.chars().count() == 10, "SE-R-004", &place, "");
        checker.must(is_swedish(&id), "SE-R-013", &place, "");
    }
    if doc.has(&root, "seller/registration") {
        for number in doc.each(&root, "seller/tax_number") {
            let holds = doc.text(&number).to_uppercase() == APPROVED;
            checker.must(holds, "SE-R-005", &number, "");
        }
    }
    payment(checker);
}

fn rates(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    for (group, category, rate) in [
        ("lines", "vat/category", "vat/rate"),
        ("allowances", "vat/category", "vat/rate"),
        ("charges", "vat/category", "vat/rate"),
        ("vat_breakdown", "category", "rate"),
    ] {
        for place in doc.each(&root, group) {
            if doc.first(&place, category).is_some_and(|it| it == "S") {
                let own = doc.figure(&place, rate);
                let holds =
                    own.is_some_and(|it| RATES.iter().any(|rate| it == Decimal::from(*rate)));
                checker.must(holds, "SE-R-006", &place, rate);
            }
        }
    }
}

fn payment(checker: &mut Checker<'_>) {
    let doc = checker.doc;
    for means in doc.means() {
        let bank = means.bank.as_deref().unwrap_or_default();
        if let Some(account) = means.account.as_deref().filter(|_| means.code == "30") {
            let length = account.chars().count();
            let at = &means.place;
            if bank == PLUSGIRO {
                checker.must(is_number(account), "SE-R-007", at, "iban");
                checker.must((2..=8).contains(&length), "SE-R-010", at, "iban");
            }
            if bank == BANKGIRO {
                checker.must(is_number(account), "SE-R-008", at, "iban");
                checker.must((7..=8).contains(&length), "SE-R-009", at, "iban");
            }
        }
        let is_giro = matches!(means.code.as_str(), "50" | "56");
        checker.must(!is_giro, "SE-R-011", &means.place, "means");
        let is_within = means.code == "31" && country_of(doc, "buyer") == "SE";
        checker.must(!is_within, "SE-R-012", &means.place, "means");
    }
}
