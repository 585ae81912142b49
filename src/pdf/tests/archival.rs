//! The PDF is PDF/A-3b and carries the invoice for programs.

use lopdf::{Dictionary, Document as Read, Object};

use super::*;
use crate::invoice::{AttachedContents, FacturxProfile, XmlFormat, invoice_of_pdf, write_xml};

/// 1 July 2026, 12:34:56 UTC.
const AT: i64 = 1_782_909_296_000;

fn carried(terms: &Terms) -> CarriedInvoice {
    carried_with(terms, &AttachedContents::default())
}

fn carried_with(terms: &Terms, contents: &AttachedContents) -> CarriedInvoice {
    let mut invoice = terms.whole_invoice();
    let profile = FacturxProfile::of(&invoice);
    let specification = profile.specification(&invoice);
    invoice.specification = Some(specification.clone());
    let xml = write_xml(&invoice, XmlFormat::Cii, contents).unwrap().xml;
    CarriedInvoice { xml, profile, specification }
}

fn paper(terms: &Terms, carried: &CarriedInvoice) -> Vec<u8> {
    let (locale, fonts) = (english(), Fonts::none());
    let document =
        Document { fonts: &fonts, written_at: AT, carried: Some(carried), ..plain(terms, &locale) };
    invoice_pdf(&document).unwrap().bytes
}

fn catalog(read: &Read) -> &Dictionary {
    read.catalog().unwrap()
}

fn metadata(read: &Read) -> String {
    let stream = catalog(read).get(b"Metadata").and_then(|it| read.dereference(it)).unwrap().1;
    String::from_utf8(stream.as_stream().unwrap().content.clone()).unwrap()
}

/// The relationship and the name of the only associated file.
fn associated(read: &Read) -> (String, String) {
    let (_, files) = catalog(read).get(b"AF").and_then(|it| read.dereference(it)).unwrap();
    let [file] = files.as_array().unwrap().as_slice() else { panic!("{files:?}") };
    let (_, file) = read.dereference(file).unwrap();
    let get = |key: &[u8]| match file.as_dict().unwrap().get(key).unwrap() {
        Object::Name(name) | Object::String(name, _) => String::from_utf8_lossy(name).into_owned(),
        other => panic!("{other:?}"),
    };
    (get(b"AFRelationship"), get(b"F"))
}

#[test]
fn the_pdf_carries_the_invoice_and_says_so_in_its_metadata() {
    for xml in [LONG, RICH, CREDIT_NOTE] {
        let terms = from_xml(xml);
        let carried = carried(&terms);
        let bytes = paper(&terms, &carried);
        if let Ok(folder) = std::env::var("TALLYROOM_PREVIEW") {
            std::fs::write(format!("{folder}/facturx-{}.pdf", xml.len()), &bytes).unwrap();
        }
        assert_eq!(bytes, paper(&terms, &carried), "the same input gives the same bytes");
        let read = Read::load_mem(&bytes).unwrap();
        let metadata = metadata(&read);
        for said in [
            "<pdfaid:part>3</pdfaid:part>",
            "<pdfaid:conformance>B</pdfaid:conformance>",
            "<fx:DocumentType>INVOICE</fx:DocumentType>",
            "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>",
            "<fx:Version>1.0</fx:Version>",
            "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>",
            "<pdfaSchema:prefix>fx</pdfaSchema:prefix>",
        ] {
            assert!(metadata.contains(said), "{said} in {metadata}");
        }
        assert_eq!(metadata.matches("<pdfaExtension:schemas>").count(), 1);
        assert_eq!(associated(&read), ("Alternative".to_owned(), "factur-x.xml".to_owned()));
        assert_eq!(invoice_of_pdf(&bytes).unwrap().xml, carried.xml.as_bytes());
    }
}

#[test]
fn an_invoice_read_from_our_own_pdf_is_the_same_invoice() {
    for xml in [LONG, RICH, CREDIT_NOTE] {
        let terms = from_xml(xml);
        let contents = AttachedContents::of_original(xml.as_bytes());
        let bytes = paper(&terms, &carried_with(&terms, &contents));
        let again = from_xml(std::str::from_utf8(&invoice_of_pdf(&bytes).unwrap().xml).unwrap());
        let mut expected = terms.whole_invoice();
        expected.specification = again.invoice.specification.clone();
        // CII has no place for a discount without the price before it.
        for line in &mut expected.lines {
            let gross = line.price_discount.map(|discount| line.unit_price + discount);
            line.gross_price = line.gross_price.or(gross);
        }
        assert_eq!(again.whole_invoice(), expected);
    }
}

#[test]
fn a_profile_that_says_less_than_the_pages_is_only_data_of_them() {
    let terms = from_xml(RICH);
    for (profile, relation, name, version) in [
        (FacturxProfile::Minimum, "Data", "factur-x.xml", "1.0"),
        (FacturxProfile::BasicWl, "Data", "factur-x.xml", "1.0"),
        (FacturxProfile::Extended, "Alternative", "factur-x.xml", "1.0"),
        (FacturxProfile::Xrechnung, "Alternative", "xrechnung.xml", "3.0"),
    ] {
        let carried = CarriedInvoice { profile, ..carried(&terms) };
        let read = Read::load_mem(&paper(&terms, &carried)).unwrap();
        assert_eq!(associated(&read), (relation.to_owned(), name.to_owned()), "{profile:?}");
        let metadata = metadata(&read);
        let level = profile.conformance_level();
        for said in [
            format!("<fx:ConformanceLevel>{level}</fx:ConformanceLevel>"),
            format!("<fx:DocumentFileName>{name}</fx:DocumentFileName>"),
            format!("<fx:Version>{version}</fx:Version>"),
        ] {
            assert!(metadata.contains(&said), "{said} in {metadata}");
        }
    }
}

#[test]
fn what_pdf_a_forbids_makes_a_plain_pdf_that_still_carries_the_invoice() {
    let mut terms = from_xml(RICH);
    let carried = carried(&terms);
    // PDF/A allows 32,767 bytes in the name of the author (ISO 19005-3, 6.1.13).
    terms.seller.name = "long ".repeat(8_000);
    let bytes = paper(&terms, &carried);
    let read = Read::load_mem(&bytes).unwrap();
    assert!(!metadata(&read).contains("pdfaid"), "it does not claim to be PDF/A");
    assert_eq!(invoice_of_pdf(&bytes).unwrap().xml, carried.xml.as_bytes());
}

#[test]
fn texts_that_no_typeface_has_are_still_pdf_a() {
    let odd = "\u{0}\u{1b}[31m\u{202e}evil\u{2066} 👩‍👩‍👧 漢字 \u{fffd} שלום مرحبا e\u{301} \u{e000} \u{200d}\u{200f} \u{fffe}";
    let mut terms = from_lines(2, "x");
    terms.invoice.lines[1].description = odd.to_owned();
    terms.invoice.number = odd.to_owned();
    terms.seller.name = odd.to_owned();
    let bytes = paper(&terms, &carried(&from_xml(RICH)));
    assert!(metadata(&Read::load_mem(&bytes).unwrap()).contains("<pdfaid:part>3</pdfaid:part>"));
}
