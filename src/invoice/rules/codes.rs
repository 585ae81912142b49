//! The code lists.
//!
//! In XML, codes are checked where they stand in the file: see `xml/syntax/codes.rs`, which uses these lists too.

use std::borrow::Cow;

use en16931::codes::contains;
use en16931::codes::generated as lists;

use super::{Catalogue, Checker};
use crate::invoice::model::{AdjustmentInput, Identifier, LineInput};

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    (
        "BR-CL-01",
        "The type of the invoice (BT-3) is a code of UNTDID 1001 that EN 16931 allows, such as 380; that of a credit note \
         of UBL is one of credit notes, such as 381.",
    ),
    ("BR-CL-03", "The currency of an amount is a code of ISO 4217, such as EUR."),
    ("BR-CL-04", "The currency of the invoice (BT-5) is a code of ISO 4217, such as EUR."),
    ("BR-CL-05", "The currency of VAT accounting (BT-6) is a code of ISO 4217, such as EUR."),
    (
        "BR-CL-06",
        "The code for the date on which VAT becomes due (BT-8) is one of UNTDID 2005: 3, 35 or 432 (in CII: 5, 29 or 72).",
    ),
    ("BR-CL-07", "The scheme of the invoiced object (BT-18, BT-128) is a code of UNTDID 1153."),
    ("BR-CL-08", "The subject of a note (BT-21) is a code of UNTDID 4451."),
    (
        "BR-CL-10",
        "The scheme of an identifier of a party (BT-29, BT-46, BT-60) is a code of ISO 6523, such as 0088.",
    ),
    (
        "BR-CL-11",
        "The scheme of a legal registration (BT-30, BT-47, BT-61) is a code of ISO 6523, such as 0002.",
    ),
    (
        "BR-CL-13",
        "The list of the class of an item (BT-158) is a code of UNTDID 7143, such as STI.",
    ),
    ("BR-CL-14", "A country is a code of ISO 3166-1, such as DE."),
    (
        "BR-CL-15",
        "The country that an item comes from (BT-159) is a code of ISO 3166-1, such as DE.",
    ),
    ("BR-CL-16", "The means of payment (BT-81) is a code of UNTDID 4461, such as 58."),
    (
        "BR-CL-17",
        "The VAT category of an allowance or a charge (BT-95, BT-102), and in UBL of the VAT breakdown (BT-118), is one of S, Z, E, AE, K, G, O, L, M and B.",
    ),
    (
        "BR-CL-18",
        "The VAT category of a line (BT-151), and in CII of the VAT breakdown (BT-118), is one of S, Z, E, AE, K, G, O, L, M and B.",
    ),
    (
        "BR-CL-19",
        "The code of the reason for an allowance (BT-98, BT-140) is one of UNTDID 5189, such as 95.",
    ),
    (
        "BR-CL-20",
        "The code of the reason for a charge (BT-105, BT-145) is one of UNTDID 7161, such as FC.",
    ),
    (
        "BR-CL-21",
        "The scheme of the standard identifier of an item (BT-157) is a code of ISO 6523, such as 0160.",
    ),
    (
        "BR-CL-22",
        "The code of the reason for an exemption (BT-121) is one of the VATEX list, such as VATEX-EU-AE.",
    ),
    (
        "BR-CL-23",
        "A unit (BT-130, BT-150) is a code of UN/ECE Recommendations 20 and 21, such as C62 (one), HUR (hour) or KGM (kilogram), in capital letters.",
    ),
    (
        "BR-CL-24",
        "An attached file (BT-125) is a PDF, PNG, JPEG, CSV, Excel (xlsx) or OpenDocument (ods) file, by its media type.",
    ),
    (
        "BR-CL-25",
        "The scheme of an electronic address (BT-34, BT-49) is a code of the EAS list, such as 0088 or EM.",
    ),
    (
        "BR-CL-26",
        "The scheme of the place of delivery (BT-71) is a code of ISO 6523, such as 0088.",
    ),
];

/// A code list. The lists of the crate `en16931` are those of CEN's artefacts 1.3.16, except where a
/// comment says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::invoice) enum List {
    /// UNTDID 1001 for invoices, for credit notes, and both.
    Invoices,
    CreditNotes,
    Documents,
    Currencies,
    /// UNTDID 2005, and the codes of UNTDID 2475 that mean the same in CII.
    VatPoints,
    VatPointsInCii,
    References,
    /// UNTDID 4451.
    Subjects,
    /// UNTDID 4451 without the newest codes, which CEN's list for UBL does not have.
    SubjectsInUbl,
    Schemes,
    /// As [`List::Schemes`], and `SEPA` for the identifier of a creditor.
    SchemesAndSepa,
    Classes,
    Countries,
    /// As [`List::Countries`], with the Netherlands Antilles and without South Sudan.
    CountriesInCii,
    MeansOfPayment,
    VatCategories,
    Allowances,
    Charges,
    Exemptions,
    Units,
    Files,
    AddressSchemes,
}

/// The codes of UNTDID 4451 that CEN's list for UBL does not have.
const SUBJECTS_NOT_IN_UBL: [&str; 18] = [
    "BAT", "BAU", "BAV", "BAW", "BAX", "BAY", "BAZ", "BBA", "BBB", "BMF", "BMG", "BMH", "CCJ",
    "CCK", "CCL", "CCM", "CCN", "CCO",
];

impl List {
    /// Whether a code is in the list.
    pub(in crate::invoice) fn has(self, code: &str) -> bool {
        let list: &[&str] = match self {
            Self::Invoices => lists::INVOICE_TYPE_CODES,
            Self::CreditNotes => lists::CREDIT_NOTE_TYPE_CODES,
            Self::Documents => return Self::Invoices.has(code) || Self::CreditNotes.has(code),
            Self::Currencies => lists::CURRENCY_CODES,
            Self::VatPoints => lists::VAT_POINT_DATE_CODES,
            Self::VatPointsInCii => &["29", "5", "72"],
            Self::References => lists::REFERENCE_QUALIFIERS,
            Self::Subjects => lists::NOTE_SUBJECT_CODES,
            Self::SubjectsInUbl => {
                return Self::Subjects.has(code) && !SUBJECTS_NOT_IN_UBL.contains(&code);
            }
            Self::Schemes => lists::ICD_SCHEMES,
            Self::SchemesAndSepa => return code == "SEPA" || Self::Schemes.has(code),
            Self::Classes => lists::ITEM_CLASSIFICATION_SCHEMES,
            Self::Countries => lists::COUNTRY_CODES,
            Self::CountriesInCii => {
                return code == "AN" || (code != "SS" && Self::Countries.has(code));
            }
            Self::MeansOfPayment => lists::PAYMENT_MEANS_CODES,
            Self::VatCategories => lists::VAT_CATEGORY_CODES,
            Self::Allowances => lists::ALLOWANCE_REASON_CODES,
            Self::Charges => lists::CHARGE_REASON_CODES,
            Self::Exemptions => {
                let code: Cow<'_, str> = code.to_uppercase().into();
                return contains(lists::VATEX_CODES, &code)
                    || lists::VATEX_CODES.contains(&code.as_ref());
            }
            Self::Units => lists::UNIT_CODES,
            Self::Files => lists::PEPPOL_MIME_CODES,
            Self::AddressSchemes => lists::EAS_SCHEMES,
        };
        contains(list, code) || (list.len() < 1_000 && list.contains(&code))
    }
}

/// Checks the codes of an invoice in JSON.
pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let mut codes = Codes { checker };
    codes.of(List::Documents, "BR-CL-01", "/type", invoice.type_code.as_ref());
    for (rule, at, currency) in [
        ("BR-CL-04", "/currency", invoice.currency.map(|it| it.to_string())),
        ("BR-CL-05", "/vat_currency", invoice.vat_currency.map(|it| it.to_string())),
    ] {
        codes.of(List::Currencies, rule, at, currency.as_ref());
    }
    codes.of(List::VatPoints, "BR-CL-06", "/vat_point_code", invoice.vat_point_code.as_ref());
    codes.scheme(
        List::References,
        "BR-CL-07",
        "/object_identifier",
        invoice.object_identifier.as_ref(),
    );
    for (index, note) in invoice.notes.iter().enumerate() {
        let at = format!("/notes/{index}/subject");
        codes.of(List::Subjects, "BR-CL-08", at, note.subject.as_ref());
    }
    if let Some(seller) = &invoice.seller {
        for (index, id) in seller.identifiers.iter().enumerate() {
            let at = format!("/seller/identifiers/{index}");
            codes.scheme(List::SchemesAndSepa, "BR-CL-10", at, Some(id));
        }
        codes.scheme(
            List::Schemes,
            "BR-CL-11",
            "/seller/registration",
            seller.registration.as_ref(),
        );
        let address = seller.electronic_address.as_ref();
        codes.scheme(List::AddressSchemes, "BR-CL-25", "/seller/electronic_address", address);
    }
    if let Some(buyer) = &invoice.buyer {
        codes.scheme(List::Schemes, "BR-CL-10", "/buyer/identifier", buyer.identifier.as_ref());
        codes.scheme(List::Schemes, "BR-CL-11", "/buyer/registration", buyer.registration.as_ref());
        let address = buyer.electronic_address.as_ref();
        codes.scheme(List::AddressSchemes, "BR-CL-25", "/buyer/electronic_address", address);
    }
    if let Some(payee) = &invoice.payee {
        codes.scheme(
            List::SchemesAndSepa,
            "BR-CL-10",
            "/payee/identifier",
            payee.identifier.as_ref(),
        );
        codes.scheme(List::Schemes, "BR-CL-11", "/payee/registration", payee.registration.as_ref());
    }
    codes.countries();
    if let Some(delivery) = &invoice.delivery {
        codes.scheme(List::Schemes, "BR-CL-26", "/delivery/location", delivery.location.as_ref());
    }
    let means = invoice.payment.as_ref().and_then(|it| it.means.as_ref());
    codes.of(List::MeansOfPayment, "BR-CL-16", "/payment/means", means);
    codes.adjustments("allowances", &invoice.allowances, List::Allowances, "BR-CL-19");
    codes.adjustments("charges", &invoice.charges, List::Charges, "BR-CL-20");
    for (index, row) in invoice.vat_breakdown.iter().flatten().enumerate() {
        let at = |field: &str| format!("/vat_breakdown/{index}/{field}");
        codes.of(List::VatCategories, "BR-CL-17", at("category"), Some(&row.category));
        let code = row.exemption_reason_code.as_ref();
        codes.of(List::Exemptions, "BR-CL-22", at("exemption_reason_code"), code);
    }
    for (index, document) in invoice.documents.iter().enumerate() {
        let at = format!("/documents/{index}/attachment/mime");
        let mime = document.attachment.as_ref().and_then(|it| it.mime.as_ref());
        codes.of(List::Files, "BR-CL-24", at, mime);
    }
    for (index, line) in invoice.lines.iter().enumerate() {
        codes.line(index, line);
    }
}

struct Codes<'c, 'i> {
    checker: &'c mut Checker<'i>,
}

impl Codes<'_, '_> {
    fn of(&mut self, list: List, rule: &str, at: impl Into<String>, code: Option<&String>) {
        // What is empty is reported as missing.
        let holds = code.is_none_or(|it| it.is_empty() || list.has(it));
        self.checker.must(holds, rule, at);
    }

    fn scheme(&mut self, list: List, rule: &str, at: impl Into<String>, of: Option<&Identifier>) {
        self.of(list, rule, format!("{}/scheme", at.into()), of.and_then(|it| it.scheme.as_ref()));
    }

    fn countries(&mut self) {
        let invoice = self.checker.invoice;
        let seller = invoice.seller.as_ref().and_then(|it| it.address.as_ref());
        let buyer = invoice.buyer.as_ref().and_then(|it| it.address.as_ref());
        let representative = invoice.tax_representative.as_ref().and_then(|it| it.address.as_ref());
        let delivery = invoice.delivery.as_ref().and_then(|it| it.address.as_ref());
        for (at, address) in [
            ("seller", seller),
            ("buyer", buyer),
            ("tax_representative", representative),
            ("delivery", delivery),
        ] {
            let country = address.and_then(|it| it.country.as_ref());
            self.of(List::Countries, "BR-CL-14", format!("/{at}/address/country"), country);
        }
    }

    fn adjustments(&mut self, at: &str, all: &[AdjustmentInput], reasons: List, rule: &str) {
        for (index, it) in all.iter().enumerate() {
            let at = |field: &str| format!("/{at}/{index}/{field}");
            self.of(List::VatCategories, "BR-CL-17", at("vat/category"), Some(&it.vat.category));
            self.of(reasons, rule, at("reason_code"), it.reason_code.as_ref());
        }
    }

    fn line(&mut self, index: usize, line: &LineInput) {
        let at = |field: &str| format!("/lines/{index}/{field}");
        self.of(List::VatCategories, "BR-CL-18", at("vat/category"), Some(&line.vat.category));
        self.of(List::Units, "BR-CL-23", at("unit"), line.unit.as_ref());
        self.of(
            List::Units,
            "BR-CL-23",
            at("base_quantity_unit"),
            line.base_quantity_unit.as_ref(),
        );
        self.scheme(
            List::References,
            "BR-CL-07",
            at("object_identifier"),
            line.object_identifier.as_ref(),
        );
        for (list, rule, reasons, all) in [
            ("allowances", "BR-CL-19", List::Allowances, &line.allowances),
            ("charges", "BR-CL-20", List::Charges, &line.charges),
        ] {
            for (nth, it) in all.iter().enumerate() {
                self.of(
                    reasons,
                    rule,
                    at(&format!("{list}/{nth}/reason_code")),
                    it.reason_code.as_ref(),
                );
            }
        }
        let Some(item) = &line.item else { return };
        self.scheme(List::Schemes, "BR-CL-21", at("item/standard_id"), item.standard_id.as_ref());
        self.of(
            List::Countries,
            "BR-CL-15",
            at("item/origin_country"),
            item.origin_country.as_ref(),
        );
        for (nth, class) in item.classifications.iter().enumerate() {
            let at = at(&format!("item/classifications/{nth}/scheme"));
            self.of(List::Classes, "BR-CL-13", at, class.scheme.as_ref());
        }
    }
}
