//! The code lists, run on every code of a file, also on those that the model does not hold.

use super::XmlFormat;
use crate::invoice::problem::Problem;
use crate::invoice::rules::{List, broken};
use crate::invoice::xml::text::one_line;
use crate::invoice::xml::tree::{Id, Tree};

/// The amounts of UBL whose currency is checked.
pub(super) const AMOUNTS: [&str; 13] = [
    "cbc:Amount",
    "cbc:BaseAmount",
    "cbc:PriceAmount",
    "cbc:TaxAmount",
    "cbc:TaxableAmount",
    "cbc:LineExtensionAmount",
    "cbc:TaxExclusiveAmount",
    "cbc:TaxInclusiveAmount",
    "cbc:AllowanceTotalAmount",
    "cbc:ChargeTotalAmount",
    "cbc:PrepaidAmount",
    "cbc:PayableRoundingAmount",
    "cbc:PayableAmount",
];

/// UNTDID 1001: the type of a supporting document that is the invoiced object.
const OBJECT: &str = "130";

/// A code: its rule, its list, and the attribute that holds it if it is not the text of the element.
type Code = (&'static str, List, Option<&'static str>);

/// Returns a finding for each code that is not in its list.
pub(super) fn unknown(tree: &Tree, format: XmlFormat) -> Vec<Problem> {
    let mut found = Vec::new();
    for id in tree.ids() {
        let code = match format {
            XmlFormat::Ubl => in_ubl(tree, id),
            XmlFormat::Cii => in_cii(tree, id),
        };
        let Some((rule, list, attribute)) = code else { continue };
        let text = match attribute {
            None => tree.element(id).text.as_str(),
            Some(name) => tree.attribute(id, name).unwrap_or_default(),
        };
        let code = one_line(text);
        if !list.has(&code) {
            let shown: String = code.chars().take(40).collect();
            let mut problem = broken(rule, "").in_xml(tree.xpath(id));
            problem.detail.push_str(&format!(" It is {shown:?}."));
            problem.stated = Some(shown);
            found.push(problem);
        }
    }
    found
}

fn in_ubl(tree: &Tree, id: Id) -> Option<Code> {
    let element = tree.element(id);
    let around = &*tree.element(element.parent).name;
    let has = |name: &str| tree.attribute(id, name).is_some();
    let name = &*element.name;
    if AMOUNTS.contains(&name) {
        return Some(("BR-CL-03", List::Currencies, Some("currencyID")));
    }
    Some(match (around, name) {
        (_, "cbc:InvoiceTypeCode") => ("BR-CL-01", List::Invoices, None),
        (_, "cbc:CreditNoteTypeCode") => ("BR-CL-01", List::CreditNotes, None),
        (_, "cbc:DocumentCurrencyCode") => ("BR-CL-04", List::Currencies, None),
        (_, "cbc:TaxCurrencyCode") => ("BR-CL-05", List::Currencies, None),
        ("cac:InvoicePeriod", "cbc:DescriptionCode") => ("BR-CL-06", List::VatPoints, None),
        ("cac:AdditionalDocumentReference" | "cac:DocumentReference", "cbc:ID")
            if has("schemeID") && is_object(tree, element.parent) =>
        {
            ("BR-CL-07", List::References, Some("schemeID"))
        }
        ("ubl:Invoice" | "ubl:CreditNote", "cbc:Note") => return subject(&element.text),
        ("cac:PartyIdentification", "cbc:ID") if has("schemeID") => {
            let is_paid = is_within(tree, id, "cac:AccountingSupplierParty")
                || is_within(tree, id, "cac:PayeeParty");
            let list = if is_paid { List::SchemesAndSepa } else { List::Schemes };
            ("BR-CL-10", list, Some("schemeID"))
        }
        ("cac:PartyLegalEntity", "cbc:CompanyID") if has("schemeID") => {
            ("BR-CL-11", List::Schemes, Some("schemeID"))
        }
        ("cac:CommodityClassification", "cbc:ItemClassificationCode") if has("listID") => {
            ("BR-CL-13", List::Classes, Some("listID"))
        }
        ("cac:Country", "cbc:IdentificationCode") => ("BR-CL-14", List::Countries, None),
        ("cac:OriginCountry", "cbc:IdentificationCode") => ("BR-CL-15", List::Countries, None),
        ("cac:PaymentMeans", "cbc:PaymentMeansCode") => ("BR-CL-16", List::MeansOfPayment, None),
        ("cac:TaxCategory", "cbc:ID") => ("BR-CL-17", List::VatCategories, None),
        ("cac:ClassifiedTaxCategory", "cbc:ID") => ("BR-CL-18", List::VatCategories, None),
        ("cac:AllowanceCharge", "cbc:AllowanceChargeReasonCode") => {
            let indicator = tree.children(element.parent, "cbc:ChargeIndicator").next()?;
            return reason(tree.element(indicator).text.trim());
        }
        ("cac:StandardItemIdentification", "cbc:ID") if has("schemeID") => {
            ("BR-CL-21", List::Schemes, Some("schemeID"))
        }
        (_, "cbc:TaxExemptionReasonCode") => ("BR-CL-22", List::Exemptions, None),
        (_, "cbc:InvoicedQuantity" | "cbc:BaseQuantity" | "cbc:CreditedQuantity")
            if has("unitCode") =>
        {
            ("BR-CL-23", List::Units, Some("unitCode"))
        }
        (_, "cbc:EmbeddedDocumentBinaryObject") if has("mimeCode") => {
            ("BR-CL-24", List::Files, Some("mimeCode"))
        }
        (_, "cbc:EndpointID") if has("schemeID") => {
            ("BR-CL-25", List::AddressSchemes, Some("schemeID"))
        }
        ("cac:DeliveryLocation", "cbc:ID") if has("schemeID") => {
            ("BR-CL-26", List::Schemes, Some("schemeID"))
        }
        _ => return None,
    })
}

fn in_cii(tree: &Tree, id: Id) -> Option<Code> {
    let element = tree.element(id);
    let around = &*tree.element(element.parent).name;
    let has = |name: &str| tree.attribute(id, name).is_some();
    Some(match (around, &*element.name) {
        ("rsm:ExchangedDocument", "ram:TypeCode") => ("BR-CL-01", List::Documents, None),
        (_, "ram:TaxTotalAmount") if has("currencyID") => {
            ("BR-CL-03", List::Currencies, Some("currencyID"))
        }
        (_, "ram:InvoiceCurrencyCode") => ("BR-CL-04", List::Currencies, None),
        (_, "ram:TaxCurrencyCode") => ("BR-CL-05", List::Currencies, None),
        (_, "ram:DueDateTypeCode") => ("BR-CL-06", List::VatPointsInCii, None),
        (_, "ram:ReferenceTypeCode") => ("BR-CL-07", List::References, None),
        (_, "ram:SubjectCode") => ("BR-CL-08", List::Subjects, None),
        ("ram:SpecifiedTradeProduct", "ram:GlobalID") if has("schemeID") => {
            ("BR-CL-21", List::Schemes, Some("schemeID"))
        }
        ("ram:ShipToTradeParty", "ram:GlobalID") if has("schemeID") => {
            if !is_within(tree, id, "ram:ApplicableHeaderTradeDelivery") {
                return None;
            }
            ("BR-CL-26", List::Schemes, Some("schemeID"))
        }
        (_, "ram:GlobalID")
            if has("schemeID")
                && !is_within(tree, id, "ram:SpecifiedTradeProduct")
                && !is_within(tree, id, "ram:ShipToTradeParty") =>
        {
            ("BR-CL-10", List::Schemes, Some("schemeID"))
        }
        (_, "ram:ID")
            if has("schemeID") && !is_within(tree, id, "ram:SpecifiedTaxRegistration") =>
        {
            ("BR-CL-11", List::Schemes, Some("schemeID"))
        }
        (_, "ram:ClassCode") if has("listID") => ("BR-CL-13", List::Classes, Some("listID")),
        (_, "ram:CountryID") => ("BR-CL-14", List::CountriesInCii, None),
        ("ram:OriginTradeCountry", "ram:ID") => ("BR-CL-15", List::CountriesInCii, None),
        ("ram:SpecifiedTradeSettlementPaymentMeans", "ram:TypeCode") => {
            ("BR-CL-16", List::MeansOfPayment, None)
        }
        ("ram:CategoryTradeTax", "ram:CategoryCode") => ("BR-CL-17", List::VatCategories, None),
        ("ram:ApplicableTradeTax", "ram:CategoryCode") => ("BR-CL-18", List::VatCategories, None),
        ("ram:SpecifiedTradeAllowanceCharge", "ram:ReasonCode") => {
            let indicator = tree.children(element.parent, "ram:ChargeIndicator").next()?;
            let indicator = tree.children(indicator, "udt:Indicator").next()?;
            return reason(tree.element(indicator).text.trim());
        }
        (_, "ram:ExemptionReasonCode") => ("BR-CL-22", List::Exemptions, None),
        (_, "ram:BasisQuantity" | "ram:BilledQuantity") if has("unitCode") => {
            ("BR-CL-23", List::Units, Some("unitCode"))
        }
        (_, "ram:AttachmentBinaryObject") if has("mimeCode") => {
            ("BR-CL-24", List::Files, Some("mimeCode"))
        }
        ("ram:URIUniversalCommunication", "ram:URIID") if has("schemeID") => {
            ("BR-CL-25", List::AddressSchemes, Some("schemeID"))
        }
        _ => return None,
    })
}

/// The list for the code of a reason, by whether it is for a charge.
fn reason(is_charge: &str) -> Option<Code> {
    match is_charge {
        "true" | "1" => Some(("BR-CL-20", List::Charges, None)),
        "false" | "0" => Some(("BR-CL-19", List::Allowances, None)),
        _ => None,
    }
}

/// UBL writes the subject of a note before its text, between two `#`. CEN only looks at subjects of three
/// characters.
fn subject(note: &str) -> Option<Code> {
    let (subject, _) = note.split_once('#')?.1.split_once('#')?;
    let is_unknown = subject.chars().count() == 3 && !List::SubjectsInUbl.has(subject);
    // The list is that of a text with a `#` in it, in which no such subject is.
    is_unknown.then_some(("BR-CL-08", List::SubjectsInUbl, None))
}

/// Whether a supporting document is the invoiced object. Each identifier in it asks that.
fn is_object(tree: &Tree, document: Id) -> bool {
    let found = tree.remembered(document, "the invoiced object", || {
        let mut types = tree.children(document, "cbc:DocumentTypeCode");
        types.find(|id| tree.element(*id).text == OBJECT).into_iter().collect()
    });
    !found.is_empty()
}

pub(super) fn is_within(tree: &Tree, id: Id, name: &str) -> bool {
    let mut at = id;
    while at != 0 {
        at = tree.element(at).parent;
        if &*tree.element(at).name == name {
            return true;
        }
    }
    false
}
