//! The rules of XRechnung (BR-DE). Peppol has most of them for invoices within Germany (DE-R).

use std::collections::HashSet;

use super::checker::{Checker, Entry};
use super::document::{Document, Means, Part, Place};
use super::numbers::is_iban;
use super::patterns::{has_scheme_of_url, looks_like_email};
use crate::invoice::payment_terms::is_well_formed;
use crate::invoice::problem::Severity::{self, Fatal, Information, Warning};
use crate::invoice::rules::Form;

/// UNTDID 1001: corrected invoice.
const CORRECTED: &str = "384";
/// The types of document that XRechnung expects.
const TYPES: [&str; 8] = ["326", "380", "384", "389", "381", "875", "876", "877"];
/// The VAT categories in which the seller has to say who it is to the tax office.
const TAXED: [&str; 8] = ["S", "Z", "E", "AE", "K", "G", "L", "M"];
/// UNTDID 4461: credit transfer and SEPA credit transfer; cards; SEPA direct debit.
const TRANSFERS: [&str; 2] = ["30", "58"];
const SEPA_TRANSFER: &str = "58";
const CARDS: [&str; 3] = ["48", "54", "55"];
const SEPA_DEBIT: &str = "59";
/// A telephone number has at least this many digits.
const MIN_DIGITS: usize = 3;

/// A rule: its name in XRechnung, its name among the German rules of Peppol, its weight and its sentence.
type Row = (&'static str, &'static str, Severity, &'static str);

/// What these rules say.
const ROWS: &[Row] = &[
    ("BR-DE-1", "DE-R-001", Fatal, "The invoice says how to pay (BG-16)."),
    ("BR-DE-2", "DE-R-002", Fatal, "The seller names whom to ask (BG-6)."),
    ("BR-DE-3", "DE-R-003", Fatal, "The address of the seller has a city (BT-37)."),
    ("BR-DE-4", "DE-R-004", Fatal, "The address of the seller has a postal code (BT-38)."),
    ("BR-DE-5", "DE-R-005", Fatal, "The contact of the seller has a name (BT-41)."),
    ("BR-DE-6", "DE-R-006", Fatal, "The contact of the seller has a telephone number (BT-42)."),
    ("BR-DE-7", "DE-R-007", Fatal, "The contact of the seller has an e-mail address (BT-43)."),
    ("BR-DE-8", "DE-R-008", Fatal, "The address of the buyer has a city (BT-52)."),
    ("BR-DE-9", "DE-R-009", Fatal, "The address of the buyer has a postal code (BT-53)."),
    ("BR-DE-10", "DE-R-010", Fatal, "The address of the delivery (BG-15) has a city (BT-77)."),
    (
        "BR-DE-11",
        "DE-R-011",
        Fatal,
        "The address of the delivery (BG-15) has a postal code (BT-78).",
    ),
    (
        "BR-DE-14",
        "DE-R-014",
        Fatal,
        "Each row of the VAT breakdown has a rate (BT-119), also if it is 0.",
    ),
    (
        "BR-DE-15",
        "DE-R-015",
        Fatal,
        "The invoice has the reference that the buyer gave (BT-10); for public offices in Germany it is the \
         Leitweg-ID.",
    ),
    (
        "BR-DE-16",
        "DE-R-016",
        Fatal,
        "If a line, an allowance or a charge is in another VAT category than O, the seller has a VAT identifier \
         (BT-31), a tax number (BT-32) or a tax representative (BG-11).",
    ),
    (
        "BR-DE-17",
        "DE-R-017",
        Warning,
        "The type of the invoice (BT-3) should be 326, 380, 381, 384, 389, 875, 876 or 877.",
    ),
    (
        "BR-DE-18",
        "DE-R-018",
        Fatal,
        "A line of the terms of payment (BT-20) that begins with # is a discount, such as \
         #SKONTO#TAGE=14#PROZENT=2.00# or #SKONTO#TAGE=14#PROZENT=2.00#BASISBETRAG=357.93#, in capital letters, \
         without spaces, with two decimals, and with a line break after it.",
    ),
    (
        "BR-DE-19",
        "DE-R-019",
        Warning,
        "The account for a SEPA credit transfer (BT-84, means of payment 58) should be a correct IBAN.",
    ),
    (
        "BR-DE-20",
        "DE-R-020",
        Warning,
        "The account that is debited by SEPA (BT-91, means of payment 59) should be a correct IBAN.",
    ),
    (
        "BR-DE-21",
        "",
        Warning,
        "The specification identifier (BT-24) should be that of XRechnung 3.0, of its extension, or of XRechnung CVD \
         0.9.",
    ),
    ("BR-DE-22", "DE-R-022", Fatal, "No two attached files (BT-125) have the same name."),
    (
        "BR-DE-23-a",
        "DE-R-023-1",
        Fatal,
        "A credit transfer (means of payment 30 or 58) has an account to pay to (BG-17).",
    ),
    (
        "BR-DE-23-b",
        "DE-R-023-2",
        Fatal,
        "A credit transfer (means of payment 30 or 58) has no card (BG-18) and no direct debit (BG-19).",
    ),
    (
        "BR-DE-24-a",
        "DE-R-024-1",
        Fatal,
        "A payment by card (means of payment 48, 54 or 55) has a card (BG-18).",
    ),
    (
        "BR-DE-24-b",
        "DE-R-024-2",
        Fatal,
        "A payment by card (means of payment 48, 54 or 55) has no account to pay to (BG-17) and no direct debit \
         (BG-19).",
    ),
    (
        "BR-DE-25-a",
        "DE-R-025-1",
        Fatal,
        "A SEPA direct debit (means of payment 59) says what is debited (BG-19).",
    ),
    (
        "BR-DE-25-b",
        "DE-R-025-2",
        Fatal,
        "A SEPA direct debit (means of payment 59) has no account to pay to (BG-17) and no card (BG-18).",
    ),
    (
        "BR-DE-26",
        "DE-R-026",
        Warning,
        "A corrected invoice (type 384) should name the invoice that it corrects (BG-3).",
    ),
    (
        "BR-DE-27",
        "DE-R-027",
        Warning,
        "The telephone number of the seller's contact (BT-42) should have at least three digits.",
    ),
    (
        "BR-DE-28",
        "DE-R-028",
        Warning,
        "The e-mail address of the seller's contact (BT-43) should have one @ with something before it and a domain \
         after it.",
    ),
    (
        "BR-DE-30",
        "DE-R-030",
        Fatal,
        "A direct debit (BG-19) has the identifier of the creditor that the bank assigned (BT-90).",
    ),
    (
        "BR-DE-31",
        "DE-R-031",
        Fatal,
        "A direct debit (BG-19) has the account that is debited (BT-91).",
    ),
    (
        "BR-DE-TMP-32",
        "",
        Information,
        "The invoice should say when the goods or services were delivered: by a date (BT-72), by the invoicing \
         period (BG-14), or by the period of each line (BG-26).",
    ),
    (
        "BR-TMP-2",
        "DE-R-T02",
        Warning,
        "The place of a supporting document (BT-124) should be a whole address with its scheme, such as https:.",
    ),
    (
        "BR-TMP-3",
        "",
        Fatal,
        "In CII, a base quantity (BT-149) and its unit (BT-150) are the same at the net and at the gross price.",
    ),
];

/// The rules by their names in XRechnung.
pub(in crate::invoice) fn rules() -> impl Iterator<Item = Entry> {
    ROWS.iter().map(|(id, _, severity, says)| (*id, *severity, *says))
}

/// The rules by their names in Peppol.
pub(super) fn german() -> impl Iterator<Item = Entry> {
    let named = ROWS.iter().filter(|(_, id, ..)| !id.is_empty());
    named.map(|(_, id, severity, says)| (*id, *severity, *says))
}

/// The name and weight of a rule in XRechnung.
pub(super) fn named(rule: &str) -> Option<Entry> {
    rules().find(|(id, ..)| *id == rule)
}

/// The name and weight of a rule among the German rules of Peppol.
pub(super) fn named_german(rule: &str) -> Option<Entry> {
    let row = ROWS.iter().find(|(id, german, ..)| *id == rule && !german.is_empty())?;
    Some((row.1, row.2, row.3))
}

/// Groups that say something if they are there at all: the rule, the group, and the field.
const SAID: [(&str, &str, &str); 11] = [
    ("BR-DE-3", "seller/address", "city"),
    ("BR-DE-4", "seller/address", "postal_code"),
    ("BR-DE-5", "seller/contact", "name"),
    ("BR-DE-6", "seller/contact", "phone"),
    ("BR-DE-7", "seller/contact", "email"),
    ("BR-DE-8", "buyer/address", "city"),
    ("BR-DE-9", "buyer/address", "postal_code"),
    ("BR-DE-10", "delivery/address", "city"),
    ("BR-DE-11", "delivery/address", "postal_code"),
    ("BR-DE-14", "vat_breakdown", "rate"),
    ("BR-DE-15", "", "buyer_reference"),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    for (rule, group, field) in SAID {
        for place in doc.each(&root, group) {
            checker.must(doc.says(&place, field), rule, &place, field);
        }
    }
    for seller in doc.each(&root, "seller") {
        checker.must(doc.has(&seller, "contact"), "BR-DE-2", &seller, "contact");
    }
    contact(checker);
    checker.must(!has_tax_without_number(doc), "BR-DE-16", &root, "seller/vat_id");
    let kind = doc.first(&root, "type").unwrap_or_default();
    checker.must(TYPES.contains(&kind.as_str()), "BR-DE-17", &root, "type");
    let is_named = kind != CORRECTED || doc.has(&root, "preceding_invoices");
    checker.must(is_named, "BR-DE-26", &root, "preceding_invoices");
    let terms = doc.payment_terms();
    checker.must(terms.is_none_or(|it| is_well_formed(&it)), "BR-DE-18", &root, "payment/terms");
    documents(checker);
    payment(checker);
    let has_date = doc.has(&root, "delivery/date") || doc.has(&root, "period");
    let lines = doc.each(&root, "lines");
    let holds = has_date || lines.iter().all(|line| doc.has(line, "period"));
    checker.must(holds, "BR-DE-TMP-32", &root, "delivery/date");
}

fn contact(checker: &mut Checker<'_>) {
    let doc = checker.doc;
    for contact in doc.each(&Place::default(), "seller/contact") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        // What is missing is reported as missing.
        let phone = doc.first(&contact, "phone").filter(|it| !it.is_empty());
        let holds = phone.is_none_or(|it| digits(&it) >= MIN_DIGITS);
        checker.must(holds, "BR-DE-27", &contact, "phone");
        let email = doc.first(&contact, "email").filter(|it| !it.is_empty());
        let holds = email.is_none_or(|it| looks_like_email(&it));
        checker.must(holds, "BR-DE-28", &contact, "email");
    }
}

/// Whether something is taxed, and the seller has no number for its tax office.
fn has_tax_without_number(doc: &dyn Document) -> bool {
    let is_taxed = |field: &&str| doc.texts(field).iter().any(|it| TAXED.contains(&it.as_str()));
    let mut fields =
        ["lines/vat/category", "allowances/vat/category", "charges/vat/category"].iter();
    // In CII, the published rule looks at lines only.
    let any = if doc.form() == Form::Cii {
        is_taxed(&"lines/vat/category")
    } else {
        fields.any(is_taxed)
    };
    let root = Place::default();
    // In JSON, the seller may be told by the transaction alone.
    let is_asked = doc.form() != Form::Json || doc.has(&root, "seller");
    let has_number = doc.says(&root, "seller/vat_id")
        || doc.says(&root, "seller/tax_number")
        || doc.has(&root, "tax_representative");
    any && is_asked && !has_number
}

fn documents(checker: &mut Checker<'_>) {
    let doc = checker.doc;
    let mut names = HashSet::new();
    for document in doc.each(&Place::default(), "documents") {
        let attachment = doc.each(&document, "attachment").into_iter().next();
        if let Some(name) = attachment.and_then(|it| doc.part(&it, Part::Filename)) {
            checker.must(names.insert(name), "BR-DE-22", &document, "attachment");
        }
        if let Some(location) = doc.first(&document, "location") {
            checker.must(has_scheme_of_url(&location), "BR-TMP-2", &document, "location");
        }
    }
}

fn payment(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let all = doc.means();
    checker.must(!all.is_empty(), "BR-DE-1", &root, "payment/means");
    for means in &all {
        one_means(checker, means);
    }
    // In CII, a direct debit is there if one of its parts is.
    let parts = [
        "payment/direct_debit/mandate",
        "payment/direct_debit/creditor",
        "payment/direct_debit/account",
    ];
    let [mandate, creditor, account] = parts.map(|field| match doc.form() {
        Form::Json => doc.says(&root, field),
        Form::Ubl | Form::Cii => doc.has(&root, field),
    });
    let has_debit = match doc.form() {
        Form::Ubl => all.iter().any(|it| it.has_debit),
        Form::Cii => mandate || creditor || account,
        Form::Json => doc.has(&root, "payment/direct_debit"),
    };
    if has_debit {
        let is_cii = doc.form() == Form::Cii;
        let holds = creditor && (!is_cii || mandate || account);
        checker.must(holds, "BR-DE-30", &root, "payment/direct_debit/creditor");
        let holds = account && (!is_cii || mandate || creditor);
        checker.must(holds, "BR-DE-31", &root, "payment/direct_debit/account");
    }
}

fn one_means(checker: &mut Checker<'_>, it: &Means) {
    let is_iban = |number: &Option<String>| is_iban(number.as_deref().unwrap_or_default());
    let mut must = |holds: bool, rule: &str, field: &str| {
        checker.must(holds, rule, &it.place, field);
    };
    match it.code.as_str() {
        code if TRANSFERS.contains(&code) => {
            must(it.has_account, "BR-DE-23-a", "iban");
            must(!it.has_card && !it.has_debit, "BR-DE-23-b", "means");
            // What is missing is reported as missing.
            let holds = code != SEPA_TRANSFER || !it.has_account || is_iban(&it.account);
            must(holds, "BR-DE-19", "iban");
        }
        code if CARDS.contains(&code) => {
            must(it.has_card, "BR-DE-24-a", "card");
            must(!it.has_account && !it.has_debit, "BR-DE-24-b", "means");
        }
        SEPA_DEBIT => {
            must(it.has_debit, "BR-DE-25-a", "direct_debit");
            must(!it.has_account && !it.has_card && !it.has_bank, "BR-DE-25-b", "means");
            let holds = it.debited.is_none() || is_iban(&it.debited);
            must(holds, "BR-DE-20", "direct_debit/account");
        }
        _ => {}
    }
}
