//! Which syntax a file is in, and what it is if it is no invoice or no XML.

use super::super::problem::Problem;
use super::XmlFormat;
use super::tree::Tree;

/// What the namespaces of UBL begin with.
const UBL: &str = "urn:oasis:names:specification:ubl:schema:xsd:";

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
    (UBL, "not an invoice or a credit note of UBL 2.1; send the invoice for it"),
];

/// Files that are no XML, by their first bytes, and what to send instead.
const NO_XML: [(&[u8], &str); 15] = [
    (b"PK\x03\x04", "a ZIP archive, or a Word or Excel file, which is one"),
    (b"\x1f\x8b", PACKED),
    (b"7z\xbc\xaf", PACKED),
    (b"Rar!", PACKED),
    (b"BZh", PACKED),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"II*\0", PICTURE),
    (b"MM\0*", PICTURE),
    (b"\xd0\xcf\x11\xe0", "a file of Word, Excel or Outlook"),
    (b"{\\rtf", "a text with formats (RTF)"),
    (b"\x30\x82", "signed or encrypted (PKCS #7)"),
    (b"\xff\xfe\0\0", UTF_32),
    (b"\0\0\xfe\xff", UTF_32),
];
const PACKED: &str = "packed";
const PICTURE: &str = "a picture";
const UTF_32: &str = "in the encoding UTF-32";

/// Refuses a file of a kind that people send in the place of XML, such as a picture or an archive.
///
/// # Errors
/// What the file is.
pub(super) fn refuse_no_xml(file: &[u8]) -> Result<(), Problem> {
    let Some((_, what)) = NO_XML.iter().find(|(begin, _)| file.starts_with(begin)) else {
        return Ok(());
    };
    let send = match *what {
        UTF_32 => "send it in UTF-8",
        _ => "send the invoice itself, as XML (UBL or CII), as JSON, or as a PDF that carries it",
    };
    let detail =
        format!("The file is no EN 16931 invoice that can be taken: it is {what}; {send}.");
    Err(Problem::at("", detail))
}

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
        Some((UBL, what)) => {
            let name = root.name.chars().take(40).collect::<String>();
            format!("it is another document of UBL (<{name}>), {what}")
        }
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
