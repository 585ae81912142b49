//! Adds the metadata of Factur-X to a PDF that was just written.
//!
//! krilla writes the XMP metadata of PDF/A, and has no way to add to them. They are one stream that is not
//! compressed (ISO 19005-3, 6.6.2), and krilla lists the places of all objects in one plain table. So the stream
//! is made longer where it is, and the places behind it are moved.

use std::ops::Range;

use super::carried::CarriedInvoice;

/// The namespace of the metadata of Factur-X.
const NAMESPACE: &str = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";
/// What PDF/A wants to know of each property: its name, and what it is.
const PROPERTIES: [(&str, &str); 4] = [
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
];
/// The end of the list of extension schemas. A document has one list (ISO 19005-3, 6.6.2.3).
const END_OF_SCHEMAS: &str = "</rdf:Bag></pdfaExtension:schemas>";
const END_OF_METADATA: &str = "</rdf:RDF>";
const LENGTH: &str = "/Length ";
/// The length of an entry in the table of places (ISO 32000-1, 7.5.4), and of the place in it.
const ENTRY_BYTES: usize = 20;
const PLACE_BYTES: usize = 10;

/// Returns the PDF with the metadata of Factur-X in it. `None` if the PDF is not written as expected.
pub(super) fn with_facturx(pdf: &[u8], carried: &CarriedInvoice) -> Option<Vec<u8>> {
    let stream = metadata_stream(pdf)?;
    let before = std::str::from_utf8(pdf.get(stream.clone())?).ok()?;
    let schemas = before.find(END_OF_SCHEMAS)?;
    let end = before.rfind(END_OF_METADATA)?;
    let mut after = String::with_capacity(before.len() + 2_048);
    after.push_str(before.get(..schemas)?);
    after.push_str(&schema());
    after.push_str(before.get(schemas..end)?);
    after.push_str(&description(carried));
    after.push_str(before.get(end..)?);

    let length = length_before(pdf, &stream)?;
    let stated = after.len().to_string();
    let mut longer = Vec::with_capacity(pdf.len() + after.len() - before.len() + 16);
    longer.extend_from_slice(pdf.get(..length.start)?);
    longer.extend_from_slice(stated.as_bytes());
    longer.extend_from_slice(pdf.get(length.end..stream.start)?);
    longer.extend_from_slice(after.as_bytes());
    longer.extend_from_slice(pdf.get(stream.end..)?);
    let grown = longer.len() - pdf.len();
    move_places(&mut longer, stream.end, grown)?;
    Some(longer)
}

/// Finds the XMP packet: the last one, because what is embedded stands before it.
fn metadata_stream(pdf: &[u8]) -> Option<Range<usize>> {
    let start = rfind(pdf, b"<?xpacket begin=")?;
    let last = rfind(pdf, b"<?xpacket end=")?;
    let end = last + find(pdf.get(last..)?, b"?>")? + 2;
    (start < last).then_some(start..end)
}

/// Finds the length that the dictionary of this stream states.
fn length_before(pdf: &[u8], stream: &Range<usize>) -> Option<Range<usize>> {
    let start = rfind(pdf.get(..stream.start)?, LENGTH.as_bytes())? + LENGTH.len();
    let digits = pdf.get(start..)?.iter().take_while(|it| it.is_ascii_digit()).count();
    let stated: usize = std::str::from_utf8(pdf.get(start..start + digits)?).ok()?.parse().ok()?;
    (stated == stream.len()).then_some(start..start + digits)
}

/// Moves the places of all objects behind `end` of the original, and that of their table, by `grown`.
fn move_places(pdf: &mut Vec<u8>, end: usize, grown: usize) -> Option<()> {
    let start = rfind(pdf, b"startxref\n")? + b"startxref\n".len();
    let digits = pdf.get(start..)?.iter().take_while(|it| it.is_ascii_digit()).count();
    let table = number(pdf.get(start..start + digits)?)? + grown;
    let first_line = b"xref\n0 ";
    let counted = pdf.get(table..)?.strip_prefix(first_line)?;
    let line = find(counted, b"\n")?;
    let entries = number(counted.get(..line)?.trim_ascii())?;
    let first = table + first_line.len() + line + 1;
    for entry in pdf.get_mut(first..)?.chunks_exact_mut(ENTRY_BYTES).take(entries) {
        let is_used = entry.get(17) == Some(&b'n');
        let place = entry.get_mut(..PLACE_BYTES)?;
        let at = number(place)?;
        if is_used && at >= end {
            place.copy_from_slice(format!("{:010}", at + grown).get(..PLACE_BYTES)?.as_bytes());
        }
    }
    pdf.splice(start..start + digits, table.to_string().into_bytes());
    Some(())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|it| it == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|it| it == what)
}

/// Describes the properties, as PDF/A demands of a schema that it does not know (ISO 19005-3, 6.6.2.3.3).
fn schema() -> String {
    let properties: String = PROPERTIES
        .iter()
        .map(|(name, what)| {
            format!(
                "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
                 <pdfaProperty:valueType>Text</pdfaProperty:valueType>\
                 <pdfaProperty:category>external</pdfaProperty:category>\
                 <pdfaProperty:description>{what}</pdfaProperty:description></rdf:li>"
            )
        })
        .collect();
    format!(
        "<rdf:li xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
         xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\" rdf:parseType=\"Resource\">\
         <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>\
         <pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>\
         <pdfaSchema:prefix>fx</pdfaSchema:prefix>\
         <pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
}

/// Says what the PDF carries.
fn description(carried: &CarriedInvoice) -> String {
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:fx=\"{NAMESPACE}\">\
         <fx:DocumentType>INVOICE</fx:DocumentType>\
         <fx:DocumentFileName>{}</fx:DocumentFileName>\
         <fx:Version>{}</fx:Version>\
         <fx:ConformanceLevel>{}</fx:ConformanceLevel></rdf:Description>",
        carried.file_name(),
        carried.version(),
        carried.profile.conformance_level()
    )
}
