//! The rules of the extension of XRechnung (BR-DEX), and of XRechnung for clean vehicles (BR-DE-CVD).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::checker::{Checker, Entry};
use super::document::{Part, Place};
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::{Form, List, half_up};
use crate::invoice::sub_lines::{Nested, Numbered, nested};

/// What the rules of the extension say.
pub(in crate::invoice) const RULES: &[Entry] = &[
    (
        "BR-DEX-01",
        Fatal,
        "An attached file (BT-125) is a PDF, PNG, JPEG, CSV, Excel (xlsx), OpenDocument (ods) or XML file, by its media \
         type.",
    ),
    (
        "BR-DEX-02",
        Warning,
        "The net amount of a line with sub-lines (BT-131) should be the sum of theirs.",
    ),
    ("BR-DEX-03", Fatal, "A sub-line (BG-DEX-01) has exactly one VAT category (BG-DEX-06)."),
    (
        "BR-DEX-04",
        Fatal,
        "The scheme of an identifier of a party (BT-29, BT-46, BT-60) is a code of ISO 6523, or XR01, XR02 or XR03.",
    ),
    (
        "BR-DEX-05",
        Fatal,
        "The scheme of a legal registration (BT-30, BT-47, BT-61) is a code of ISO 6523, or XR01, XR02 or XR03.",
    ),
    (
        "BR-DEX-06",
        Fatal,
        "The scheme of the standard identifier of an item (BT-157) is a code of ISO 6523, or XR01, XR02 or XR03.",
    ),
    (
        "BR-DEX-07",
        Fatal,
        "The scheme of an electronic address (BT-34, BT-49) is a code of the EAS list, or XR01, XR02 or XR03.",
    ),
    (
        "BR-DEX-08",
        Fatal,
        "The scheme of the place of delivery (BT-71) is a code of ISO 6523, or XR01, XR02 or XR03.",
    ),
    (
        "BR-DEX-09",
        Fatal,
        "What is to be paid (BT-115) is the total with VAT (BT-112) less what is paid (BT-113) plus rounding (BT-114) \
         plus what is collected for others (BT-DEX-002).",
    ),
    (
        "BR-DEX-10",
        Fatal,
        "An amount that is collected for somebody else (BG-DEX-09) has a type (BT-DEX-001).",
    ),
    (
        "BR-DEX-11",
        Fatal,
        "A payment that is collected for somebody else (BG-DEX-09) has an amount (BT-DEX-002).",
    ),
    (
        "BR-DEX-12",
        Fatal,
        "An amount that is collected for somebody else (BG-DEX-09) has a description (BT-DEX-003).",
    ),
    (
        "BR-DEX-13",
        Fatal,
        "An amount that is collected for somebody else (BT-DEX-002) has at most two decimals.",
    ),
    (
        "BR-DEX-14",
        Fatal,
        "An amount that is collected for somebody else (BT-DEX-002) is in the currency of the invoice (BT-5).",
    ),
    ("BR-DEX-15", Warning, "In CII, the extension of XRechnung has no sub-lines."),
];

/// What the rules about clean vehicles say.
pub(in crate::invoice) const CVD_RULES: &[Entry] = &[
    ("BR-DE-CVD-01", Fatal, "The invoice names the contract (BT-12)."),
    ("BR-DE-CVD-02", Fatal, "The invoice names the call for tenders or the lot (BT-17)."),
    (
        "BR-DE-CVD-03",
        Fatal,
        "A line has a class of the list CVD (BT-158) and an attribute named cva (BT-160).",
    ),
    ("BR-DE-CVD-04", Fatal, "A class of the list CVD (BT-158) is M1, M2, M3, N1, N2 or N3."),
    ("BR-DE-CVD-05", Fatal, "The attribute cva (BT-161) is clean, zero-emission or other."),
    (
        "BR-DE-CVD-06-a",
        Fatal,
        "A line with a class of the list CVD (BT-158) has exactly one attribute named cva (BT-160).",
    ),
    (
        "BR-DE-CVD-06-b",
        Fatal,
        "A line with an attribute named cva (BT-160) has exactly one class of the list CVD (BT-158).",
    ),
    (
        "BR-TMP-CVD-01",
        Fatal,
        "The list of the class of an item (BT-158) is a code of UNTDID 7143, or CVD.",
    ),
];

/// The rules of CEN in whose place the extension has its own.
pub(super) const REPLACED: [&str; 7] =
    ["BR-CL-10", "BR-CL-11", "BR-CL-21", "BR-CL-24", "BR-CL-25", "BR-CL-26", "BR-CO-16"];
/// The rule of CEN in whose place the rules about clean vehicles have their own.
pub(super) const REPLACED_BY_CVD: &str = "BR-CL-13";

/// The schemes that the extension adds to each list.
const ADDED: [&str; 3] = ["XR01", "XR02", "XR03"];
/// The media type that the extension adds.
const XML: &str = "application/xml";
/// The list of vehicles, their categories, and the attribute that says how clean they are.
const VEHICLES: &str = "CVD";
const CATEGORIES: [&str; 6] = ["M1", "M2", "M3", "N1", "N2", "N3"];
const ATTRIBUTE: &str = "cva";
const VALUES: [&str; 3] = ["clean", "zero-emission", "other"];

/// The name and weight of a rule.
pub(super) fn named(rule: &str) -> Option<Entry> {
    RULES.iter().chain(CVD_RULES).find(|(id, ..)| *id == rule).copied()
}

/// Whether a scheme is in a list or one of those that the extension adds.
pub(in crate::invoice) fn has_scheme(list: List, scheme: &str) -> bool {
    ADDED.contains(&scheme) || list.has(scheme)
}

/// Whether the extension allows a media type.
pub(in crate::invoice) fn is_media_type(mime: &str) -> bool {
    mime == XML || List::Files.has(mime)
}

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    if doc.form() == Form::Json {
        codes(checker);
        sub_lines(checker);
    }
    for place in doc.each(&root, "third_party_payments") {
        checker.must(doc.says(&place, "type"), "BR-DEX-10", &place, "type");
        checker.must(doc.says(&place, "amount"), "BR-DEX-11", &place, "amount");
        checker.must(doc.says(&place, "description"), "BR-DEX-12", &place, "description");
        let amount = doc.first(&place, "amount").unwrap_or_default();
        let decimals = amount.split_once('.').map_or(0, |(_, it)| it.chars().count());
        // In JSON, a currency may have more.
        let holds = decimals <= 2 || doc.form() == Form::Json;
        checker.must(holds, "BR-DEX-13", &place, "amount");
    }
    // CII has none, and the figures of JSON were compared already.
    if doc.form() == Form::Ubl && !doc.is_ubl_credit_note() {
        due(checker);
    }
}

/// The rules about sub-lines in JSON, which has them as lines that only inform and name the line around. In UBL,
/// where they stand inside of it, they are checked there: see `xml/syntax/profile.rs`.
fn sub_lines(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let lines = doc.each(&root, "lines");
    let texts: Vec<[Option<String>; 3]> =
        lines.iter().map(|line| ["id", "parent", "role"].map(|it| doc.first(line, it))).collect();
    let numbered = texts.iter().map(|[id, parent, role]| Numbered {
        id: id.as_deref(),
        parent: parent.as_deref(),
        role: role.as_deref(),
    });
    let mut inside: BTreeMap<usize, Decimal> = BTreeMap::new();
    for (line, place) in lines.iter().zip(nested(numbered)) {
        let Nested::Within(around) = place else { continue };
        checker.must(doc.says(line, "vat/category"), "BR-DEX-03", line, "vat");
        *inside.entry(around).or_default() += doc.figure(line, "net_amount").unwrap_or_default();
    }
    for (around, sum) in inside {
        let Some(line) = lines.get(around) else { continue };
        let stated = doc.figure(line, "net_amount").unwrap_or_default();
        checker.must_be(stated == sum, "BR-DEX-02", line, "net_amount", (stated, sum));
    }
}

fn due(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let fields = ["due", "with_vat", "without_vat", "lines"];
    if !fields.iter().any(|it| doc.has(&root, &format!("totals/{it}"))) {
        return;
    }
    let total = |field: &str| doc.figure(&root, &format!("totals/{field}")).unwrap_or_default();
    let others = doc.each(&root, "third_party_payments");
    let others: Decimal = others.iter().filter_map(|it| doc.figure(it, "amount")).sum();
    let stated = total("due");
    let computed = half_up(total("with_vat") - total("paid") + others);
    let is_whole = doc.has(&root, "totals/due") && doc.has(&root, "totals/with_vat");
    let holds = is_whole && half_up(stated - total("rounding")) == computed;
    let computed = computed + total("rounding");
    checker.must_be(holds, "BR-DEX-09", &root, "totals/due", (stated, computed));
}

/// The codes of JSON. In XML, they are checked where they stand: see `xml/syntax/profile.rs`.
fn codes(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    for place in doc.each(&root, "documents/attachment") {
        let holds = doc.part(&place, Part::Mime).is_none_or(|it| is_media_type(&it));
        checker.must(holds, "BR-DEX-01", &place, "mime");
    }
    for (field, list, rule) in [
        ("seller/identifiers", List::SchemesAndSepa, "BR-DEX-04"),
        ("buyer/identifier", List::Schemes, "BR-DEX-04"),
        ("payee/identifier", List::SchemesAndSepa, "BR-DEX-04"),
        ("seller/registration", List::Schemes, "BR-DEX-05"),
        ("buyer/registration", List::Schemes, "BR-DEX-05"),
        ("payee/registration", List::Schemes, "BR-DEX-05"),
        ("lines/item/standard_id", List::Schemes, "BR-DEX-06"),
        ("seller/electronic_address", List::AddressSchemes, "BR-DEX-07"),
        ("buyer/electronic_address", List::AddressSchemes, "BR-DEX-07"),
        ("delivery/location", List::Schemes, "BR-DEX-08"),
    ] {
        for place in doc.each(&root, field) {
            let holds = doc.part(&place, Part::Scheme).is_none_or(|it| has_scheme(list, &it));
            checker.must(holds, rule, &place, "scheme");
        }
    }
}

/// The rules about clean vehicles.
pub(super) fn check_vehicles(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    checker.must(
        doc.says(&root, "contract_reference"),
        "BR-DE-CVD-01",
        &root,
        "contract_reference",
    );
    checker.must(doc.says(&root, "tender_reference"), "BR-DE-CVD-02", &root, "tender_reference");
    let mut has_vehicle = false;
    for item in doc.each(&root, "lines/item") {
        let classes = doc.each(&item, "classifications");
        let list = |it: &Place| doc.part(it, Part::Scheme).unwrap_or_default();
        let of_vehicles = classes.iter().filter(|it| list(it) == VEHICLES).count();
        let attributes = doc.each(&item, "attributes").into_iter();
        let is_named = |it: &Place| doc.first(it, "name").is_some_and(|it| it == ATTRIBUTE);
        let attributes: Vec<Place> = attributes.filter(is_named).collect();
        has_vehicle |= of_vehicles > 0 && !attributes.is_empty();
        let holds = of_vehicles == 0 || attributes.len() == 1;
        checker.must(holds, "BR-DE-CVD-06-a", &item, "attributes");
        let holds = attributes.is_empty() || of_vehicles == 1;
        checker.must(holds, "BR-DE-CVD-06-b", &item, "classifications");
        for class in &classes {
            let list = list(class);
            let holds = list == VEHICLES || List::Classes.has(&list);
            checker.must(holds, "BR-TMP-CVD-01", class, "");
            let category = doc.text(class);
            let holds = list.trim() != VEHICLES || CATEGORIES.contains(&category.as_str());
            checker.must(holds, "BR-DE-CVD-04", class, "");
        }
        for attribute in &attributes {
            let value = doc.first(attribute, "value").unwrap_or_default();
            checker.must(VALUES.contains(&value.as_str()), "BR-DE-CVD-05", attribute, "value");
        }
    }
    checker.must(has_vehicle, "BR-DE-CVD-03", &root, "lines");
}
