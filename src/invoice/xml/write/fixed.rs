//! What a syntax demands beside the values of the invoice, and what stands for a value that it demands and the
//! invoice does not state.

use super::element::Element;
use crate::invoice::xml::XmlFormat;

/// The scheme of a tax number that is no VAT identifier (BT-32): UBL only asks for another one than `VAT`.
const OTHER_TAX: &str = "TAX";
/// The type of a document that supports the invoice (UNTDID 1001).
const SUPPORTING_DOCUMENT: &str = "916";
/// The name of a project whose number alone is known (BT-11), which CII demands.
const PROJECT: &str = "Project reference";
/// What UBL has to say where nothing is known: the network of a card, and the number of an order of which only
/// the seller's number is known.
const NOT_KNOWN: &str = "NA";

/// Adds it to an element and to all in it.
pub(super) fn add(element: &mut Element, format: XmlFormat) {
    match format {
        XmlFormat::Ubl => to_ubl(element),
        XmlFormat::Cii => to_cii(element),
    }
    let code = match format {
        XmlFormat::Ubl => ("cac:PaymentMeans", "cbc:PaymentMeansCode"),
        XmlFormat::Cii => ("ram:SpecifiedTradeSettlementPaymentMeans", "ram:TypeCode"),
    };
    repeat_code(element, code);
    element.children.iter_mut().for_each(|it| add(it, format));
}

fn to_ubl(element: &mut Element) {
    match element.name {
        "cac:PartyTaxScheme" => add_missing(element, &["cac:TaxScheme", "cbc:ID"], OTHER_TAX),
        "cac:TaxCategory" | "cac:ClassifiedTaxCategory" => {
            add_missing(element, &["cac:TaxScheme", "cbc:ID"], "VAT");
        }
        // Only the allowance that a price has does not say it.
        "cac:AllowanceCharge" => add_missing(element, &["cbc:ChargeIndicator"], "false"),
        "cac:CardAccount" => add_missing(element, &["cbc:NetworkID"], NOT_KNOWN),
        "cac:OrderReference" => add_missing(element, &["cbc:ID"], NOT_KNOWN),
        _ => {}
    }
}

fn to_cii(element: &mut Element) {
    match element.name {
        "ram:ApplicableTradeTax" | "ram:CategoryTradeTax" => {
            add_missing(element, &["ram:TypeCode"], "VAT");
        }
        "ram:AppliedTradeAllowanceCharge" => {
            add_missing(element, &["ram:ChargeIndicator", "udt:Indicator"], "false");
        }
        "ram:AdditionalReferencedDocument" => {
            add_missing(element, &["ram:TypeCode"], SUPPORTING_DOCUMENT);
        }
        "ram:SpecifiedProcuringProject" => add_missing(element, &["ram:Name"], PROJECT),
        _ => {}
    }
}

/// Adds a text at the end of a path, unless the first element of the path is there.
fn add_missing(element: &mut Element, path: &[&'static str], text: &str) {
    let Some((name, rest)) = path.split_first() else {
        text.clone_into(&mut element.text);
        return;
    };
    if element.child(name).is_none() {
        let mut made = Element::new(name);
        add_missing(&mut made, rest, text);
        element.children.push(made);
    }
}

/// Every account has an element of its own, and each names the same means of payment (BT-81).
fn repeat_code(element: &mut Element, (means, name): (&str, &'static str)) {
    let all = || element.children.iter().filter(|it| it.name == means);
    let Some(code) = all().find_map(|it| it.child(name)).map(|it| it.text.clone()) else { return };
    for it in element.children.iter_mut().filter(|it| it.name == means) {
        if it.child(name).is_none() {
            it.children.push(Element::with_text(name, code.clone()));
        }
    }
}
