//! Sellers in Iceland. Peppol has these rules for UBL only.

use jiff::civil::Date;

use super::super::checker::{Checker, Entry};
use super::super::document::{Part, Place};
use super::super::parties::country_of;
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::Form;

/// The scheme of Icelandic identifiers (kennitala).
const KENNITALA: &str = "0196";
/// The description of the document whose reference is the last day on which nothing is added to the amount.
const LAST_DAY: &str = "EINDAGI";
/// An Icelandic account has this many characters.
const ACCOUNT_CHARS: usize = 12;

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    (
        "IS-R-001",
        Warning,
        "The type of an invoice of an Icelandic seller (BT-3) should be 380 or 381.",
    ),
    ("IS-R-002", Fatal, "An Icelandic seller has a registration (BT-30) in the scheme 0196."),
    (
        "IS-R-003",
        Fatal,
        "The address of an Icelandic seller has a street (BT-35) and a postal code (BT-38).",
    ),
    (
        "IS-R-004",
        Fatal,
        "An Icelandic buyer of an Icelandic seller has a registration (BT-47) in the scheme 0196.",
    ),
    (
        "IS-R-005",
        Fatal,
        "The address of an Icelandic buyer of an Icelandic seller has a street (BT-50) and a postal code (BT-53).",
    ),
    (
        "IS-R-006",
        Fatal,
        "With the means of payment 9, an Icelandic seller has an account of 12 characters (BT-84).",
    ),
    (
        "IS-R-007",
        Fatal,
        "With the means of payment 42, an Icelandic seller has an account of 12 characters (BT-84).",
    ),
    (
        "IS-R-008",
        Fatal,
        "The reference of the document EINDAGI (BT-122) is a day, such as 2026-06-01.",
    ),
    (
        "IS-R-009",
        Fatal,
        "An invoice with the document EINDAGI has a day on which it is due (BT-9).",
    ),
    (
        "IS-R-010",
        Fatal,
        "The day on which the invoice is due (BT-9) is not after that of the document EINDAGI.",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if doc.form() == Form::Cii || country_of(doc, "seller") != "IS" {
        return;
    }
    let kind = doc.first(&root, "type").unwrap_or_default();
    checker.must(matches!(kind.as_str(), "380" | "381"), "IS-R-001", &root, "type");
    party(checker, "seller", ["IS-R-002", "IS-R-003"]);
    if country_of(doc, "buyer") == "IS" {
        party(checker, "buyer", ["IS-R-004", "IS-R-005"]);
    }
    for (code, rule) in [("9", "IS-R-006"), ("42", "IS-R-007")] {
        let mut means = doc.means().into_iter().filter(|it| it.code == code);
        let is_sound = |account: &String| account.chars().count() == ACCOUNT_CHARS;
        let holds = means.all(|it| it.account.as_ref().is_some_and(is_sound));
        checker.must(holds, rule, &root, "payment/iban");
    }
    last_day(checker);
}

fn party(checker: &mut Checker<'_>, party: &str, [registration, address]: [&str; 2]) {
    let (doc, root) = (checker.doc, Place::default());
    let field = format!("{party}/registration");
    let scheme = doc.each(&root, &field).first().and_then(|it| doc.part(it, Part::Scheme));
    let holds = scheme.is_some_and(|it| it == KENNITALA);
    checker.must(holds, registration, &root, &field);
    let has = |field: &str| doc.has(&root, &format!("{party}/address/{field}"));
    checker.must(has("lines") && has("postal_code"), address, &root, &format!("{party}/address"));
}

fn last_day(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let documents = doc.each(&root, "documents");
    let is_last_day = |it: &&Place| doc.first(it, "description").is_some_and(|it| it == LAST_DAY);
    let Some(place) = documents.iter().find(is_last_day) else { return };
    let day = doc.first(place, "reference").unwrap_or_default();
    checker.must(is_day(&day), "IS-R-008", place, "reference");
    let due = doc.first(&root, "due_date");
    checker.must(due.is_some(), "IS-R-009", &root, "due_date");
    checker.must(due.is_some_and(|it| it <= day), "IS-R-010", &root, "due_date");
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}
