//! Which syntax a file is in, and what it is if it is no invoice.

use super::super::problem::Problem;
use super::XmlFormat;
use super::tree::Tree;

/// Documents that are no invoices of EN 16931, by the beginning or the end of their namespace, and what to
/// send instead.
const KNOWN: [(&str, &str); 9] = [
    (
        "urn:ferd:CrossIndustryDocument:invoice:1p0",
        "it is a ZUGFeRD 1.0 invoice, a format that was replaced in 2019; ask for ZUGFeRD 2 (Factur-X) or \
         XRechnung",
    ),
    (
        "urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100",
        "it is an order (Order-X), not an invoice; send the invoice for it",
    ),
    (
        "urn:un:unece:uncefact:data:standard:CrossIndustryOrder:",
        "it is an order, not an invoice; send the invoice for it",
    ),
    (
        "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader",
        "it is a Peppol envelope (SBD), in which an invoice is sent; take the invoice out of it and send that",
    ),
    (
        "http://www.fatturapa.gov.it/",
        "it is a FatturaPA, the format of Italy; send the invoice as UBL or CII of EN 16931",
    ),
    (
        "http://ivaservizi.agenziaentrate.gov.it/",
        "it is a FatturaPA, the format of Italy; send the invoice as UBL or CII of EN 16931",
    ),
    (
        "http://www.facturae.",
        "it is a Facturae, the format of Spain; send the invoice as UBL or CII of EN 16931",
    ),
    (
        "http://www.ebinterface.at/",
        "it is an ebInterface invoice, the format of Austria; send the invoice as UBL or CII of EN 16931",
    ),
    (
        "urn:oasis:names:specification:ubl:schema:xsd:",
        "it is another document of UBL, not an invoice or a credit note; send the invoice for it",
    ),
];

/// Returns the syntax of a file.
///
/// # Errors
/// What the file is, and what to send instead.
pub(super) fn format(tree: &Tree) -> Result<XmlFormat, Problem> {
    let root = tree.root();
    match &*root.name {
        "ubl:Invoice" | "ubl:CreditNote" => return Ok(XmlFormat::Ubl),
        "rsm:CrossIndustryInvoice" => return Ok(XmlFormat::Cii),
        _ => {}
    }
    let namespace = root.foreign.as_deref().unwrap_or_default();
    let known = KNOWN.iter().find(|(it, _)| namespace.starts_with(it));
    let what = match known {
        Some((_, what)) => (*what).to_owned(),
        None => {
            let shown = |text: &str| text.chars().take(100).collect::<String>();
            let of = if namespace.is_empty() {
                "no namespace".to_owned()
            } else {
                format!("the namespace {:?}", shown(namespace))
            };
            format!(
                "its first element is <{}> of {of}, not <Invoice> or <CreditNote> (UBL 2.1) or \
                 <CrossIndustryInvoice> (CII)",
                shown(&root.name)
            )
        }
    };
    let detail = format!("The file is no EN 16931 invoice in UBL or CII: {what}.");
    Err(Problem::at("", detail))
}
