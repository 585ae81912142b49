//! Sellers in Greece. Peppol has these rules for UBL only.

use super::super::checker::{Checker, Entry};
use super::super::document::{Document, Part, Place};
use super::super::numbers::is_greek;
use super::super::parties::{
    country_of, country_of_buyer, country_of_seller, own_country_of_seller,
};
use super::super::patterns::is_number;
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::Form;

/// The codes of Greece: in VAT identifiers, and of ISO 3166-1.
const GREECE: [&str; 2] = ["EL", "GR"];
/// The scheme of Greek electronic addresses.
const SCHEME: &str = "9933";
/// The descriptions of the documents with the number and the address that the tax office gave.
const MARK: &str = "##M.AR.K##";
const ADDRESS: &str = "##INVOICE|URL##";
/// The types of document that the number of an invoice names.
const TYPES: [&str; 6] = ["1.1", "1.6", "2.1", "2.4", "5.1", "5.2"];

/// What these rules say.
pub(super) const RULES: &[Entry] = &[
    (
        "GR-R-001-1",
        Fatal,
        "The number of a Greek invoice (BT-1) has six parts with | between them.",
    ),
    (
        "GR-R-001-2",
        Fatal,
        "The first part of the number of a Greek invoice is the tax number of the seller or of its tax representative.",
    ),
    (
        "GR-R-001-3",
        Fatal,
        "The second part of the number of a Greek invoice is its date of issue, such as 01/06/2026.",
    ),
    ("GR-R-001-4", Fatal, "The third part of the number of a Greek invoice is a whole number."),
    (
        "GR-R-001-5",
        Fatal,
        "The fourth part of the number of a Greek invoice is its type: 1.1, 1.6, 2.1, 2.4, 5.1 or 5.2.",
    ),
    ("GR-R-001-6", Fatal, "The fifth part of the number of a Greek invoice is not empty."),
    ("GR-R-001-7", Fatal, "The sixth part of the number of a Greek invoice is not empty."),
    ("GR-R-002", Fatal, "A Greek seller has a trading name (BT-28)."),
    ("GR-R-003", Fatal, "The VAT identifier of a Greek seller (BT-31) is EL and a tax number."),
    (
        "GR-R-004-1",
        Fatal,
        "An invoice of a Greek seller has one document with the description ##M.AR.K## (BT-123).",
    ),
    (
        "GR-R-004-2",
        Fatal,
        "The reference of the document ##M.AR.K## (BT-122) is a whole number above zero.",
    ),
    ("GR-R-005", Fatal, "The buyer of a Greek seller has a trading name (BT-45)."),
    (
        "GR-R-006",
        Fatal,
        "A Greek buyer of a Greek seller has one VAT identifier (BT-48): EL and a tax number.",
    ),
    (
        "GR-R-008-2",
        Fatal,
        "An invoice of a Greek seller has at most one document with the description ##INVOICE|URL## (BT-123).",
    ),
    (
        "GR-R-008-3",
        Fatal,
        "The document ##INVOICE|URL## says where the invoice can be verified (BT-124).",
    ),
    (
        "GR-R-009",
        Fatal,
        "The electronic address of a Greek seller (BT-34) is a tax number in the scheme 9933.",
    ),
    (
        "GR-R-010",
        Fatal,
        "The electronic address of a Greek buyer of a Greek seller (BT-49) is a tax number in the scheme 9933.",
    ),
    (
        "GR-S-008-1",
        Warning,
        "An invoice of a Greek seller has one document with the description ##INVOICE|URL## (BT-123).",
    ),
    ("GR-S-011", Warning, "A Greek seller has one VAT identifier (BT-31): EL and a tax number."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if doc.form() == Form::Cii {
        return;
    }
    if GREECE.contains(&own_country_of_seller(doc).as_str()) {
        address(checker, "seller/electronic_address", "GR-R-009");
    }
    if !GREECE.contains(&country_of_seller(doc).as_str()) {
        return;
    }
    number(checker);
    for seller in doc.each(&root, "seller") {
        checker.must(doc.says(&seller, "trading_name"), "GR-R-002", &seller, "trading_name");
        checker.must(has_one_vat_id(doc, &seller), "GR-S-011", &seller, "vat_id");
    }
    for place in doc.each(&root, "seller/vat_id") {
        checker.must(is_vat_id(&doc.text(&place)), "GR-R-003", &place, "");
    }
    for buyer in doc.each(&root, "buyer") {
        checker.must(doc.says(&buyer, "trading_name"), "GR-R-005", &buyer, "trading_name");
    }
    documents(checker);
    if GREECE.contains(&country_of_buyer(doc).as_str()) {
        for buyer in doc.each(&root, "buyer") {
            checker.must(has_one_vat_id(doc, &buyer), "GR-R-006", &buyer, "vat_id");
        }
        address(checker, "buyer/electronic_address", "GR-R-010");
    }
}

fn is_vat_id(id: &str) -> bool {
    id.strip_prefix("EL").is_some_and(is_greek)
}

fn has_one_vat_id(doc: &dyn Document, party: &Place) -> bool {
    let ids = doc.each(party, "vat_id");
    ids.len() == 1 && ids.iter().all(|it| is_vat_id(&doc.text(it)))
}

fn address(checker: &mut Checker<'_>, field: &str, rule: &str) {
    let doc = checker.doc;
    for place in doc.each(&Place::default(), field) {
        let is_greek_scheme = doc.part(&place, Part::Scheme).is_some_and(|it| it == SCHEME);
        checker.must(is_greek_scheme && is_greek(&doc.text(&place)), rule, &place, "");
    }
}

/// The parts of the number of the invoice.
fn number(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let Some(place) = doc.each(&root, "number").into_iter().next() else { return };
    let number = doc.text(&place);
    let parts: Vec<&str> = number.split('|').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let of_parties = ["seller/vat_id", "tax_representative/vat_id"].map(|it| doc.first(&root, it));
    let is_known = of_parties
        .iter()
        .flatten()
        .any(|it| it.chars().skip(2).take(9).collect::<String>() == part(0));
    let issued = doc.first(&root, "issue_date").unwrap_or_default();
    let issued: Vec<&str> = issued.split('-').rev().collect();
    let stated: Vec<&str> = part(1).split('/').take(3).collect();
    let is_count = |text: &str| is_number(text) && text.trim().parse::<u128>().is_ok();
    let must = [
        ("GR-R-001-1", parts.len() == 6),
        ("GR-R-001-2", part(0).chars().count() == 9 && is_greek(part(0)) && is_known),
        ("GR-R-001-3", stated.len() == 3 && stated == issued),
        ("GR-R-001-4", is_count(part(2))),
        ("GR-R-001-5", TYPES.contains(&part(3))),
        ("GR-R-001-6", !part(4).is_empty()),
        ("GR-R-001-7", !part(5).is_empty()),
    ];
    for (rule, holds) in must {
        checker.must(holds, rule, &place, "");
    }
}

fn documents(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let described = |as_what: &str| -> Vec<Place> {
        let all = doc.each(&root, "documents").into_iter();
        all.filter(|it| doc.first(it, "description").is_some_and(|it| it == as_what)).collect()
    };
    let (marks, addresses) = (described(MARK), described(ADDRESS));
    if country_of(doc, "seller") == "GR" {
        checker.must(marks.len() == 1, "GR-R-004-1", &root, "documents");
        checker.must(addresses.len() == 1, "GR-S-008-1", &root, "documents");
        checker.must(addresses.len() <= 1, "GR-R-008-2", &root, "documents");
        for place in &marks {
            let number = doc.first(place, "reference").unwrap_or_default();
            let holds = number.starts_with(|it: char| it.is_ascii_digit() && it != '0');
            checker.must(holds, "GR-R-004-2", place, "reference");
        }
    }
    for place in &addresses {
        checker.must(doc.says(place, "location"), "GR-R-008-3", place, "location");
    }
}
