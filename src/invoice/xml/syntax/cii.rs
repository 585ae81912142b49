//! The rules of CEN about the syntax of CII that do more than count.

use std::collections::HashSet;

use super::{at, broken, distinct, is_at, texts};
use crate::invoice::problem::Problem;
use crate::invoice::xml::date::is_compact;
use crate::invoice::xml::tree::{Id, Tree};

/// What these rules say.
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "CII-DT-001",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeName.",
    ),
    (
        "CII-DT-002",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeAgencyName.",
    ),
    (
        "CII-DT-003",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeDataURI.",
    ),
    (
        "CII-DT-004",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeURI.",
    ),
    (
        "CII-DT-005",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeID.",
    ),
    (
        "CII-DT-006",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeAgencyID.",
    ),
    (
        "CII-DT-007",
        "The identifiers of the specification, the document and a line, and that of the seller for an item, have no @schemeVersionID.",
    ),
    ("CII-DT-101", "No identifier has a @schemeName."),
    ("CII-DT-102", "No identifier has a @schemeAgencyName."),
    ("CII-DT-103", "No identifier has a @schemeDataURI."),
    ("CII-DT-104", "No identifier has a @schemeURI."),
    ("CII-DT-015", "Only a supporting document (916) has an address."),
    ("CII-DT-018", "The type of a document is 50, 130 or 916."),
    ("CII-DT-021", "Only a supporting document (916) has a description."),
    ("CII-DT-022", "Only a supporting document (916) has an attachment."),
    ("CII-DT-024", "Only the invoiced object (130) has a scheme."),
    ("CII-DT-027", "Only a preceding invoice has a date."),
    ("CII-DT-031", "Only totals of VAT name their currency."),
    ("CII-DT-032", "No amount names the version of a list of currencies."),
    ("CII-DT-033", "A quantity has a unit only if the quantities of the lines have one."),
    ("CII-DT-037", "The type of a tax is VAT."),
    ("CII-DT-097", "A day in the format 102 is written such as 20260601."),
    ("CII-SR-046", "The standard identifier of an item names its scheme."),
    ("CII-SR-462", "All codes for the date on which VAT becomes due are the same."),
    ("CII-SR-467", "All means of payment have the same code."),
    ("CII-SR-468", "All means of payment have the same text."),
    ("CII-SR-470", "A credit transfer (30 or 58) has an account to pay to."),
];

pub(super) fn check(tree: &Tree, id: Id, found: &mut Vec<Problem>) {
    let element = tree.element(id);
    let name = &*element.name;
    let mut must = |holds: bool, rule: &str, says: &str| {
        if !holds {
            found.push(broken(tree, id, rule, says));
        }
    };
    let has = |attribute: &str| tree.attribute(id, attribute).is_some();
    let has_child = |name: &str| tree.children(id, name).next().is_some();
    if name.ends_with("ID") {
        let attributes = ["schemeName", "schemeAgencyName", "schemeDataURI", "schemeURI"];
        let plain = is_plain_id(tree, id);
        for (index, attribute) in attributes.into_iter().enumerate() {
            let number = if plain { index + 1 } else { index + 101 };
            let says = format!("@{attribute} must not stand here");
            must(!has(attribute), &format!("CII-DT-{number:03}"), &says);
        }
        if plain {
            for (index, attribute) in
                ["schemeID", "schemeAgencyID", "schemeVersionID"].into_iter().enumerate()
            {
                let says = format!("@{attribute} must not stand here");
                must(!has(attribute), &format!("CII-DT-{:03}", index + 5), &says);
            }
        }
    }
    if name.ends_with("Amount") && name != "ram:TaxTotalAmount" {
        let says = "the currency is only at totals of VAT";
        must(!has("currencyID"), "CII-DT-031", says);
        must(!has("currencyCodeListVersionID"), "CII-DT-032", says);
    }
    if name.ends_with("Quantity") && has("unitCode") {
        let says = "a unit stands at the quantities of the lines";
        must(is_unit_at_lines(tree), "CII-DT-033", says);
    }
    if name.ends_with("TradeTax") && has_child("ram:TypeCode") {
        let is_vat = texts(tree, id, "ram:TypeCode").any(|it| it == "VAT");
        must(is_vat, "CII-DT-037", "the type of the tax is VAT");
    }
    if name.ends_with("ReferencedDocument") {
        let is_document = name == "ram:AdditionalReferencedDocument";
        let kind = texts(tree, id, "ram:TypeCode").next();
        let is_support = is_document && kind == Some("916");
        for (rule, child, may) in [
            ("CII-DT-015", "ram:URIID", is_support),
            (
                "CII-DT-018",
                "ram:TypeCode",
                is_document && matches!(kind, Some("50" | "130" | "916")),
            ),
            ("CII-DT-021", "ram:Name", is_support),
            ("CII-DT-022", "ram:AttachmentBinaryObject", is_support),
            ("CII-DT-024", "ram:ReferenceTypeCode", is_document && kind == Some("130")),
            ("CII-DT-027", "ram:FormattedIssueDateTime", name == "ram:InvoiceReferencedDocument"),
        ] {
            must(may || !has_child(child), rule, &format!("{child} must not stand here"));
        }
    }
    if name == "udt:DateTimeString" && tree.attribute(id, "format") == Some("102") {
        let is_day = is_compact(element.text.trim());
        must(is_day, "CII-DT-097", "a day in the format 102 is written such as 20260601");
    }
    if name == "ram:SpecifiedTradeProduct" && has_child("ram:GlobalID") {
        let mut ids = tree.children(id, "ram:GlobalID");
        let has_scheme = ids.any(|it| tree.attribute(it, "schemeID").is_some());
        must(has_scheme, "CII-SR-046", "the standard identifier names its scheme");
    }
    if name == "ram:ApplicableHeaderTradeSettlement" {
        let without = tree.children(id, "ram:SpecifiedTradeSettlementPaymentMeans").any(|means| {
            let is_transfer =
                texts(tree, means, "ram:TypeCode").any(|it| matches!(it, "30" | "58"));
            let account = at(tree, means, "ram:PayeePartyCreditorFinancialAccount");
            let has_number = account.iter().any(|it| {
                ["ram:IBANID", "ram:ProprietaryID"]
                    .iter()
                    .any(|name| tree.children(*it, name).next().is_some())
            });
            is_transfer && !has_number
        });
        let says = "a credit transfer (30 or 58) has an account to pay to";
        must(!without, "CII-SR-470", says);
    }
    if id == 0 {
        let of_means = |child: &str| -> usize {
            let means = tree.ids().filter(|id| {
                &*tree.element(*id).name == "ram:SpecifiedTradeSettlementPaymentMeans"
            });
            let texts: HashSet<&str> = means.flat_map(|id| texts(tree, id, child)).collect();
            texts.len()
        };
        must(
            of_means("ram:TypeCode") <= 1,
            "CII-SR-467",
            "all means of payment have the same code",
        );
        let says = "all means of payment have the same text";
        must(of_means("ram:Information") <= 1, "CII-SR-468", says);
        let says = "all codes for the date on which VAT becomes due are the same";
        must(distinct(tree, "ram:DueDateTypeCode") <= 1, "CII-SR-462", says);
    }
}

/// Whether the quantity of any line has a unit.
fn is_unit_at_lines(tree: &Tree) -> bool {
    let path = "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem/\
                ram:SpecifiedLineTradeDelivery/ram:BilledQuantity";
    let has_unit = |id: &Id| tree.attribute(*id, "unitCode").is_some();
    // Each quantity asks it.
    let found = tree.remembered(0, "a unit at the lines", || {
        at(tree, 0, path).into_iter().find(has_unit).into_iter().collect()
    });
    !found.is_empty()
}

/// Whether CEN wants an identifier without any scheme.
fn is_plain_id(tree: &Tree, id: Id) -> bool {
    [
        "/rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
        "/rsm:ExchangedDocument/ram:ID",
        "ram:AssociatedDocumentLineDocument/ram:LineID",
        "ram:SpecifiedTradeProduct/ram:SellerAssignedID",
    ]
    .iter()
    .any(|path| is_at(tree, id, path))
}
