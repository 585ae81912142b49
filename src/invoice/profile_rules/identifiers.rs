//! What Peppol asks of identifiers with a scheme, and of codes.

use super::checker::{Checker, Entry};
use super::document::{Identified, Part, Place};
use super::numbers;
use super::parties::are_both_german;
use super::patterns::is_digits;
use super::peppol::{WITH_RESPONSE, is_known_process};
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::{Form, List};

/// What these rules say.
pub(in crate::invoice) const RULES: &[Entry] = &[
    (
        "PEPPOL-COMMON-R040",
        Fatal,
        "A GLN (scheme 0088) is of digits, and its check digit is right.",
    ),
    (
        "PEPPOL-COMMON-R041",
        Fatal,
        "A Norwegian organisation (scheme 0192) has nine digits, and its check digit is right.",
    ),
    (
        "PEPPOL-COMMON-R042",
        Fatal,
        "A Danish CVR number (scheme 0184) has eight digits; DK before them is still taken.",
    ),
    (
        "PEPPOL-COMMON-R043",
        Fatal,
        "A Belgian enterprise (scheme 0208) has ten digits, and its check digits are right.",
    ),
    (
        "PEPPOL-COMMON-R044",
        Warning,
        "The code of an Italian office (scheme 0201) has six letters and digits.",
    ),
    (
        "PEPPOL-COMMON-R045",
        Warning,
        "An Italian tax code (scheme 0210) has 16 letters and digits in their order, or 11 digits.",
    ),
    (
        "PEPPOL-COMMON-R046",
        Warning,
        "An Italian tax code as an electronic address (scheme 9907) has 16 letters and digits in their order, or 11 \
         digits.",
    ),
    (
        "PEPPOL-COMMON-R047",
        Warning,
        "An Italian VAT identifier (scheme 0211) has IT and 11 digits, and its check digit is right.",
    ),
    (
        "PEPPOL-COMMON-R048",
        Warning,
        "In CII, an Italian VAT identifier as an electronic address (scheme 9906) has IT and 11 digits, and its check \
         digit is right.",
    ),
    (
        "PEPPOL-COMMON-R049",
        Fatal,
        "A Swedish organisation (scheme 0007) has ten digits, and its check digit is right.",
    ),
    (
        "PEPPOL-COMMON-R050",
        Fatal,
        "An Australian business (scheme 0151) has 11 digits, and its check digits are right.",
    ),
    ("PEPPOL-COMMON-R052", Fatal, "A Danish production unit (scheme 0096) has ten digits."),
    ("PEPPOL-COMMON-R053", Fatal, "A Danish SE number (scheme 0198) has DK and eight digits."),
    (
        "PEPPOL-COMMON-R054",
        Warning,
        "A Dutch chamber of commerce number (scheme 0106) has eight digits.",
    ),
    ("PEPPOL-COMMON-R055", Warning, "A Dutch OIN (scheme 0190) has 20 digits."),
    (
        "PEPPOL-COMMON-R056-1",
        Warning,
        "A Dutch VAT identifier (scheme 9944) has NL, nine digits, B and two digits.",
    ),
    (
        "PEPPOL-COMMON-R056-2",
        Warning,
        "A VAT identifier that begins with NL goes on with nine digits, B and two digits.",
    ),
    ("PEPPOL-COMMON-R057", Warning, "A Dutch establishment (scheme 0217) has 12 digits."),
    (
        "PEPPOL-EN16931-CL001",
        Fatal,
        "An attached file (BT-125) is a PDF, PNG, JPEG, CSV, Excel (xlsx) or OpenDocument (ods) file, by its media \
         type.",
    ),
    (
        "PEPPOL-EN16931-CL002",
        Fatal,
        "The code of the reason for an allowance (BT-98, BT-140) is one of UNTDID 5189, such as 95.",
    ),
    (
        "PEPPOL-EN16931-CL003",
        Fatal,
        "The code of the reason for a charge (BT-105, BT-145) is one of UNTDID 7161, such as FC.",
    ),
    (
        "PEPPOL-EN16931-CL006",
        Fatal,
        "The code for the date on which VAT becomes due (BT-8) is 3, 35 or 432.",
    ),
    (
        "PEPPOL-EN16931-CL007",
        Fatal,
        "The currency of an amount is a code of ISO 4217, such as EUR.",
    ),
    (
        "PEPPOL-EN16931-CL008",
        Fatal,
        "The scheme of an electronic address (BT-34, BT-49) is one that Peppol delivers to, such as 0088.",
    ),
    ("PEPPOL-EN16931-F001", Fatal, "A day is written such as 2026-06-01; in CII such as 20260601."),
    (
        "PEPPOL-EN16931-P0100",
        Fatal,
        "The type of an invoice (BT-3) is one that its business process allows, such as 380; for self-billing, 389 or \
         527.",
    ),
    (
        "PEPPOL-EN16931-P0101",
        Fatal,
        "The type of a credit note (BT-3) is one that its business process allows, such as 381; for self-billing, 261.",
    ),
    (
        "PEPPOL-EN16931-P0112",
        Fatal,
        "The types 326 (partial invoice) and 384 (corrected invoice) are only for seller and buyer in Germany.",
    ),
    ("PEPPOL-EN16931-P0104", Fatal, "The reason VATEX-EU-G (BT-121) is only for category G."),
    ("PEPPOL-EN16931-P0105", Fatal, "The reason VATEX-EU-O (BT-121) is only for category O."),
    ("PEPPOL-EN16931-P0106", Fatal, "The reason VATEX-EU-IC (BT-121) is only for category K."),
    ("PEPPOL-EN16931-P0107", Fatal, "The reason VATEX-EU-AE (BT-121) is only for category AE."),
    ("PEPPOL-EN16931-P0108", Fatal, "The reason VATEX-EU-D (BT-121) is only for category E."),
    ("PEPPOL-EN16931-P0109", Fatal, "The reason VATEX-EU-F (BT-121) is only for category E."),
    ("PEPPOL-EN16931-P0110", Fatal, "The reason VATEX-EU-I (BT-121) is only for category E."),
    ("PEPPOL-EN16931-P0111", Fatal, "The reason VATEX-EU-J (BT-121) is only for category E."),
];

/// The types of invoices and of credit notes that Peppol allows.
const INVOICES: [&str; 26] = [
    "71", "80", "82", "84", "102", "218", "219", "326", "331", "380", "382", "383", "384", "386",
    "388", "393", "395", "553", "575", "623", "780", "817", "870", "875", "876", "877",
];
const CREDIT_NOTES: [&str; 5] = ["381", "396", "81", "83", "532"];
/// The same for self-billing.
const SELF_BILLED_INVOICES: [&str; 2] = ["389", "527"];
const SELF_BILLED_CREDIT_NOTES: [&str; 1] = ["261"];
/// The types that are only for Germany.
const GERMAN: [&str; 2] = ["326", "384"];
/// Reasons for an exemption, with the VAT category that each belongs to.
const REASONS: [(&str, &str, &str); 8] = [
    ("VATEX-EU-G", "G", "PEPPOL-EN16931-P0104"),
    ("VATEX-EU-O", "O", "PEPPOL-EN16931-P0105"),
    ("VATEX-EU-IC", "K", "PEPPOL-EN16931-P0106"),
    ("VATEX-EU-AE", "AE", "PEPPOL-EN16931-P0107"),
    ("VATEX-EU-D", "E", "PEPPOL-EN16931-P0108"),
    ("VATEX-EU-F", "E", "PEPPOL-EN16931-P0109"),
    ("VATEX-EU-I", "E", "PEPPOL-EN16931-P0110"),
    ("VATEX-EU-J", "E", "PEPPOL-EN16931-P0111"),
];
/// Schemes of electronic addresses that are on the list of CEN, and not on that of Peppol.
const NOT_IN_PEPPOL: [&str; 22] = [
    "0037", "0147", "0154", "0158", "0170", "0177", "0193", "0194", "0202", "0203", "0205", "0212",
    "0213", "0215", "0217", "0219", "0220", "AN", "AQ", "AS", "AU", "EM",
];
/// The same for CII: the list of the rules for it is older.
const NOT_IN_PEPPOL_FOR_CII: [&str; 12] =
    ["0219", "0220", "0242", "0244", "0245", "0246", "0248", "AN", "AQ", "AS", "AU", "EM"];

/// The name and weight of a rule.
pub(super) fn named(rule: &str) -> Option<Entry> {
    RULES.iter().find(|(id, ..)| *id == rule).copied()
}

/// Whether Peppol delivers to electronic addresses of a scheme.
pub(in crate::invoice) fn is_address_scheme(scheme: &str, form: Form) -> bool {
    let left_out: &[&str] = match form {
        Form::Cii => &NOT_IN_PEPPOL_FOR_CII,
        Form::Ubl | Form::Json => &NOT_IN_PEPPOL,
    };
    List::AddressSchemes.has(scheme) && !left_out.contains(&scheme)
}

pub(super) fn check(checker: &mut Checker<'_>) {
    for it in checker.doc.identifiers() {
        identifier(checker, &it);
    }
    type_of_document(checker);
    reasons(checker);
    if checker.doc.form() == Form::Json {
        codes(checker);
    }
}

/// The rule about a scheme, and whether an identifier keeps it.
fn rule_of(scheme: &str, id: &str, form: Form, is_address: bool) -> Option<(&'static str, bool)> {
    let after_dk = || id.strip_prefix("DK").is_some_and(|it| is_digits(it, 8..=8));
    // The rules for CII are older, and do not have those from 0096 on.
    let is_new = form != Form::Cii;
    Some(match scheme {
        "0088" => ("PEPPOL-COMMON-R040", numbers::is_gln(id)),
        "0192" => ("PEPPOL-COMMON-R041", numbers::is_mod_11(id)),
        "0184" => ("PEPPOL-COMMON-R042", is_digits(id, 8..=8) || after_dk()),
        "0208" => ("PEPPOL-COMMON-R043", numbers::is_belgian(id)),
        "0201" => ("PEPPOL-COMMON-R044", numbers::is_italian_office(id)),
        "0210" => ("PEPPOL-COMMON-R045", numbers::is_italian_tax_code(id)),
        "9907" if is_address => ("PEPPOL-COMMON-R046", numbers::is_italian_tax_code(id)),
        "0211" => ("PEPPOL-COMMON-R047", numbers::is_italian_vat_id(id)),
        "9906" if is_address && form == Form::Cii => {
            ("PEPPOL-COMMON-R048", numbers::is_italian_vat_id(id))
        }
        "0007" => ("PEPPOL-COMMON-R049", id.len() == 10 && numbers::is_swedish(id)),
        "0151" => ("PEPPOL-COMMON-R050", numbers::is_australian(id)),
        "0096" if is_new => ("PEPPOL-COMMON-R052", is_digits(id, 10..=10)),
        "0198" if is_new => ("PEPPOL-COMMON-R053", after_dk()),
        "0106" if is_new => ("PEPPOL-COMMON-R054", is_digits(id, 8..=8)),
        "0190" if is_new => ("PEPPOL-COMMON-R055", is_digits(id, 20..=20)),
        "9944" if is_new => ("PEPPOL-COMMON-R056-1", is_dutch_vat_id(id)),
        "0217" if is_new => ("PEPPOL-COMMON-R057", is_digits(id, 12..=12)),
        _ => return None,
    })
}

fn is_dutch_vat_id(id: &str) -> bool {
    let parts = id.strip_prefix("NL").and_then(|it| it.split_once('B'));
    parts.is_some_and(|(a, b)| is_digits(a, 9..=9) && is_digits(b, 2..=2))
}

fn identifier(checker: &mut Checker<'_>, it: &Identified) {
    let form = checker.doc.form();
    let rule = rule_of(&it.scheme, &it.id, form, it.is_address);
    let Some((rule, holds)) = rule else { return };
    let before = checker.found.len();
    checker.must(holds, rule, &it.place, "");
    let doc = checker.doc;
    if let Some(finding) = checker.found.get_mut(before) {
        finding.xpath = doc.xpath(&it.place);
    }
}

fn type_of_document(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let Some(kind) = doc.first(&root, "type") else { return };
    let process = doc.first(&root, "business_process").unwrap_or_default();
    let is_self_billing = checker.is_self_billing;
    // The rules for self-billing do not ask this of an invoice to which the buyer answers.
    let is_asked = is_known_process(&process, doc.form(), is_self_billing)
        && !(is_self_billing && process == WITH_RESPONSE);
    let (invoices, credit_notes): (&[&str], &[&str]) = match is_self_billing {
        true => (&SELF_BILLED_INVOICES, &SELF_BILLED_CREDIT_NOTES),
        false => (&INVOICES, &CREDIT_NOTES),
    };
    let is_credit_note = match doc.form() {
        Form::Ubl => doc.is_ubl_credit_note(),
        // In CII, one rule has both lists, and the published one never reports anything.
        Form::Cii => return,
        Form::Json => List::CreditNotes.has(&kind),
    };
    if is_credit_note {
        let holds = !is_asked || credit_notes.contains(&kind.as_str());
        checker.must(holds, "PEPPOL-EN16931-P0101", &root, "type");
        return;
    }
    let holds = !is_asked || invoices.contains(&kind.as_str());
    checker.must(holds, "PEPPOL-EN16931-P0100", &root, "type");
    let holds = is_self_billing || !GERMAN.contains(&kind.as_str()) || are_both_german(doc);
    checker.must(holds, "PEPPOL-EN16931-P0112", &root, "type");
}

/// Peppol has these for UBL only.
fn reasons(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if doc.form() == Form::Cii {
        return;
    }
    for row in doc.each(&root, "vat_breakdown") {
        let reason = doc.first(&row, "exemption_reason_code").unwrap_or_default().to_uppercase();
        let category = doc.first(&row, "category").unwrap_or_default();
        for (_, of, rule) in REASONS.iter().filter(|(it, ..)| *it == reason) {
            checker.must(category == *of, rule, &row, "exemption_reason_code");
        }
    }
    for party in ["seller", "buyer", "tax_representative"] {
        for place in doc.each(&root, &format!("{party}/vat_id")) {
            let id = doc.text(&place);
            let holds = !id.starts_with("NL") || is_dutch_vat_id(&id);
            checker.must(holds, "PEPPOL-COMMON-R056-2", &place, "");
        }
    }
}

/// The codes of JSON. In XML, they are checked where they stand: see `xml/syntax/profile.rs`.
fn codes(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    for place in doc.each(&root, "documents/attachment") {
        let mime = doc.part(&place, Part::Mime);
        let holds = mime.is_none_or(|it| List::Files.has(&it));
        checker.must(holds, "PEPPOL-EN16931-CL001", &place, "mime");
    }
    for (field, list, rule) in [
        ("allowances/reason_code", List::Allowances, "PEPPOL-EN16931-CL002"),
        ("lines/allowances/reason_code", List::Allowances, "PEPPOL-EN16931-CL002"),
        ("charges/reason_code", List::Charges, "PEPPOL-EN16931-CL003"),
        ("lines/charges/reason_code", List::Charges, "PEPPOL-EN16931-CL003"),
        ("vat_point_code", List::VatPoints, "PEPPOL-EN16931-CL006"),
    ] {
        for place in doc.each(&root, field) {
            checker.must(list.has(&doc.text(&place)), rule, &place, "");
        }
    }
    for it in doc.identifiers().into_iter().filter(|it| it.is_address) {
        let holds = is_address_scheme(&it.scheme, Form::Json);
        checker.must(holds, "PEPPOL-EN16931-CL008", &it.place, "");
    }
}
