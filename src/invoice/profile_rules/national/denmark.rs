//! Sellers in Denmark.

use rust_decimal::Decimal;

use super::super::checker::{Checker, Entry};
use super::super::document::{Means, Part, Place};
use super::super::parties::country_of;
use super::super::patterns::is_digits;
use crate::invoice::problem::Severity::{self, Fatal};
use crate::invoice::rules::{Form, List};

/// The scheme of Danish registrations (CVR).
const CVR: &str = "0184";
/// The means of payment within Denmark.
const MEANS: [&str; 11] = ["1", "10", "31", "42", "48", "49", "50", "58", "59", "93", "97"];
/// The list of UNSPSC, and the versions of it.
const UNSPSC: &str = "TST";
const VERSIONS: [&str; 4] = ["19.05.01", "19.0501", "26.08.01", "26.0801"];

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    ("DK-R-002", Fatal, "A Danish seller has a registration (BT-30)."),
    (
        "DK-R-003",
        Fatal,
        "Between a Danish seller and a Danish buyer, a class of UNSPSC (BT-158, list TST) is of the version 19.05.01 or \
         26.08.01.",
    ),
    (
        "DK-R-004",
        Fatal,
        "Between a Danish seller and a Danish buyer, the reason code ZZZ has as its reason four digits, or two texts \
         with # between them.",
    ),
    (
        "DK-R-005",
        Fatal,
        "Between a Danish seller and a Danish buyer, the means of payment is 1, 10, 31, 42, 48, 49, 50, 58, 59, 93 or \
         97.",
    ),
    (
        "DK-R-006",
        Fatal,
        "Between a Danish seller and a Danish buyer, a transfer (means of payment 31 or 42) has an account (BT-84) and a \
         bank (BT-86).",
    ),
    (
        "DK-R-007",
        Fatal,
        "Between a Danish seller and a Danish buyer, a direct debit (means of payment 49) has a mandate (BT-89) and an \
         account that is debited (BT-91).",
    ),
    (
        "DK-R-008",
        Fatal,
        "Between a Danish seller and a Danish buyer, a giro (means of payment 50) has a reference (BT-83) that begins \
         with 01#, 04# or 15#, and an account (BT-84) of 7 or 8 digits.",
    ),
    (
        "DK-R-009",
        Fatal,
        "Between a Danish seller and a Danish buyer, the reference of a giro (means of payment 50) that begins with 04# \
         or 15# has 19 characters.",
    ),
    (
        "DK-R-010",
        Fatal,
        "Between a Danish seller and a Danish buyer, a payment slip (means of payment 93) has a reference (BT-83) that \
         begins with 71#, 73# or 75#, and an account (BT-84) of 8 characters.",
    ),
    (
        "DK-R-011",
        Fatal,
        "Between a Danish seller and a Danish buyer, the reference of a payment slip (means of payment 93) that begins \
         with 71# or 75# has 18 or 19 characters.",
    ),
    (
        "DK-R-013",
        Fatal,
        "Between a Danish seller and a Danish buyer, their identifiers (BT-29, BT-46) have schemes.",
    ),
    ("DK-R-014", Fatal, "The registration of a Danish seller (BT-30) is in the scheme 0184."),
    (
        "DK-R-016",
        Fatal,
        "What a credit note from a Danish seller to a Danish buyer asks for (BT-115) is not below zero.",
    ),
    (
        "DK-R-017",
        Fatal,
        "The registration of a Danish buyer of a Danish seller (BT-47) is in the scheme 0184.",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if country_of(doc, "seller") != "DK" {
        return;
    }
    let is_within = country_of(doc, "buyer") == "DK";
    // The number may be told by the transaction in JSON, but no scheme is.
    let holds = doc.says(&root, "seller/registration");
    checker.must(holds, "DK-R-002", &root, "seller/registration");
    registration(checker, "seller", "DK-R-014");
    if !is_within {
        return;
    }
    let kind = doc.first(&root, "type").unwrap_or_default();
    let is_credit_note = match doc.form() {
        Form::Ubl => doc.is_ubl_credit_note(),
        Form::Cii => kind == "381",
        Form::Json => List::CreditNotes.has(&kind),
    };
    let due = doc.figure(&root, "totals/due").unwrap_or_default();
    checker.must(!is_credit_note || due >= Decimal::ZERO, "DK-R-016", &root, "totals/due");
    if doc.form() != Form::Cii {
        registration(checker, "buyer", "DK-R-017");
    }
    for field in ["seller/identifiers", "buyer/identifier"] {
        for place in doc.each(&root, field) {
            let scheme = doc.part(&place, Part::Scheme).unwrap_or_default();
            checker.must(!scheme.trim().is_empty(), "DK-R-013", &place, "");
        }
    }
    // A credit note is not asked how to pay.
    if !is_credit_note || doc.form() == Form::Cii {
        for means in doc.means() {
            payment(checker, &means);
        }
    }
    let lines = doc.each(&root, "lines");
    for line in &lines {
        classes(checker, line);
    }
    // In CII, only those of the document are asked.
    let of_lines = if doc.form() == Form::Cii { Vec::new() } else { lines };
    for of in std::iter::once(&root).chain(&of_lines) {
        for place in doc.adjustments(of) {
            reason(checker, &place);
        }
    }
}

fn registration(checker: &mut Checker<'_>, party: &str, rule: &str) {
    let doc = checker.doc;
    if let Some(place) = doc.each(&Place::default(), &format!("{party}/registration")).first() {
        let holds = doc.part(place, Part::Scheme).is_some_and(|it| it.trim() == CVR);
        checker.must(holds, rule, place, "");
    }
}

fn payment(checker: &mut Checker<'_>, it: &Means) {
    let code = it.code.as_str();
    let said = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.is_empty());
    let reference = it.reference.as_deref().unwrap_or_default();
    let begins = |with: &[&str]| with.iter().any(|it| reference.starts_with(it));
    let account = it.account.as_deref().unwrap_or_default();
    let length = reference.chars().count();
    let is_cii = checker.doc.form() == Form::Cii;
    let is_giro_account = is_digits(account, 7..=8) && (!is_cii || account.len() == 7);
    let debit_holds = said(&it.mandate) && said(&it.debited);
    let must = [
        ("DK-R-005", "means", MEANS.contains(&code)),
        ("DK-R-006", "iban", !matches!(code, "31" | "42") || (said(&it.account) && said(&it.bank))),
        ("DK-R-007", "direct_debit", code != "49" || debit_holds),
        (
            "DK-R-008",
            "reference",
            code != "50" || (begins(&["01#", "04#", "15#"]) && is_giro_account),
        ),
        ("DK-R-009", "reference", code != "50" || !begins(&["04#", "15#"]) || length == 19),
        (
            "DK-R-010",
            "reference",
            code != "93" || (begins(&["71#", "73#", "75#"]) && account.chars().count() == 8),
        ),
        (
            "DK-R-011",
            "reference",
            code != "93" || !begins(&["71#", "75#"]) || matches!(length, 18 | 19),
        ),
    ];
    for (rule, field, holds) in must {
        checker.must(holds, rule, &it.place, field);
    }
}

fn classes(checker: &mut Checker<'_>, line: &Place) {
    let doc = checker.doc;
    let places = doc.each(line, "item/classifications");
    let is_unspsc = |it: &Place| doc.part(it, Part::Scheme).is_some_and(|it| it == UNSPSC);
    let is_current =
        |it: &Place| doc.part(it, Part::Version).is_some_and(|it| VERSIONS.contains(&it.as_str()));
    let holds = !places.iter().any(is_unspsc) || places.iter().any(is_current);
    let before = checker.found.len();
    checker.must(holds, "DK-R-003", line, "item/classifications");
    // The rules for CII are older, and only warn of it.
    if let Some(finding) = checker.found.get_mut(before)
        && doc.form() == Form::Cii
    {
        finding.severity = Some(Severity::Warning);
    }
}

fn reason(checker: &mut Checker<'_>, at: &Place) {
    let doc = checker.doc;
    if doc.first(at, "reason_code").is_none_or(|it| it != "ZZZ") {
        return;
    }
    let reason = doc.first(at, "reason").unwrap_or_default();
    let is_split = reason.contains('#') && !reason.starts_with('#') && !reason.ends_with('#');
    checker.must(is_digits(&reason, 4..=4) || is_split, "DK-R-004", at, "reason");
}
