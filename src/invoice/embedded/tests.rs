//! PDFs of several programs (`tests/invoices/pdf`), and damaged ones.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::invoice::read_file;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/invoices/pdf/", $name))
    };
}

const FACTUR_X: &[u8] = file!("factur-x.pdf");

fn found(pdf: &[u8]) -> Embedded {
    let embedded = embedded_invoice(pdf).unwrap().unwrap();
    read_file(&embedded.xml).unwrap();
    assert_eq!(invoice_of_pdf(pdf).unwrap(), embedded);
    embedded
}

fn refusal(pdf: &[u8]) -> String {
    invoice_of_pdf(pdf).unwrap_err().detail
}

/// A PDF without a table of its objects, which has this stream as its attachment.
fn with_attachment(filter: &str, content: &[u8]) -> Vec<u8> {
    let mut pdf =
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /AF [2 0 R] >>\nendobj\n2 0 obj\n<< /Type \
        /Filespec /F (factur-x.xml) /EF << /F 3 0 R >> >>\nendobj\n3 0 obj\n"
            .to_vec();
    write!(pdf, "<< /Length {} {filter} >>\nstream\n", content.len()).unwrap();
    pdf.extend_from_slice(content);
    pdf.extend_from_slice(b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 4 >>\n%%EOF\n");
    pdf
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_invoice_is_found_whichever_program_wrote_the_pdf() {
    let plain = found(FACTUR_X);
    assert_eq!(plain.name, "factur-x.xml");
    assert!(plain.xml.starts_with(b"<?xml"));
    for other in [&file!("object-streams.pdf")[..], file!("more-attachments.pdf")] {
        assert_eq!(found(other), plain);
    }
    for (pdf, name) in [
        (&file!("only-in-names.pdf")[..], "ZUGFeRD-invoice.xml"),
        (file!("only-associated.pdf"), "xrechnung.xml"),
    ] {
        assert_eq!(found(pdf), Embedded { name: name.to_owned(), ..plain.clone() });
    }
    let theirs = found(file!("by-factur-x-library.pdf"));
    assert_eq!(theirs.xml, include_bytes!("../../../tests/invoices/CII_example4.xml"));
}

#[test]
fn a_pdf_without_an_invoice_is_refused_with_what_to_send_instead() {
    let refused = refusal(file!("without-attachments.pdf"));
    for part in ["a PDF for people only", "no attachments", "Factur-X", "UBL or CII"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(refusal(file!("other-attachment.pdf")).contains("\"hours.csv\""));
    assert_eq!(embedded_invoice(file!("other-attachment.pdf")).unwrap(), None);
}

#[test]
fn an_encrypted_pdf_is_read_only_if_nobody_needs_a_password() {
    assert_eq!(found(file!("only-owner-password.pdf")), found(FACTUR_X));
    assert!(refusal(file!("password.pdf")).contains("encrypted with a password"));
}

#[test]
fn two_different_invoices_are_refused_and_twice_the_same_is_one() {
    let refused = refusal(file!("two-invoices.pdf"));
    assert!(refused.contains("2 different invoices"), "{refused}");
    assert!(refused.contains("factur-x.xml") && refused.contains("xrechnung.xml"), "{refused}");
}

#[test]
fn a_damaged_table_of_objects_does_no_harm_and_a_cut_file_is_refused() {
    let text = String::from_utf8_lossy(FACTUR_X).into_owned();
    let place = FACTUR_X.windows(9).rposition(|window| window == b"startxref").unwrap();
    assert!(text.contains("startxref"));
    let without_table = &FACTUR_X[..place];
    assert_eq!(found(without_table), found(FACTUR_X));
    let mut wrong_place = without_table.to_vec();
    wrong_place.extend_from_slice(b"startxref\n99999999\n%%EOF\n");
    assert_eq!(found(&wrong_place), found(FACTUR_X));
    let mut later = b"\nMIME header of a mail\n".to_vec();
    later.extend_from_slice(FACTUR_X);
    assert!(is_pdf(&later));
    // What is cut off may have been the attachments.
    let none = file!("without-attachments.pdf");
    assert!(refusal(&none[..none.len() - 100]).contains("not complete"));
    for end in [0, 8, 100, 1_000, 3_000] {
        let refused = invoice_of_pdf(&FACTUR_X[..end]).unwrap_err().detail;
        assert!(refused.contains("PDF"), "{end}: {refused}");
    }
}

#[test]
fn what_is_cut_or_changed_anywhere_makes_no_panic() {
    for step in 0..FACTUR_X.len() / 97 {
        let mut pdf = FACTUR_X.to_vec();
        pdf[step * 97 + step % 97] ^= 0x15;
        let _ = embedded_invoice(&pdf);
        let _ = embedded_invoice(&FACTUR_X[..step * 97]);
    }
}

#[test]
fn nothing_is_unpacked_without_end() {
    let limits = Limits { file_megabytes: 1, ..Limits::default() };
    let refused =
        |pdf: &[u8]| invoice_of_pdf_within(pdf, &limits).expect_err("it is too large").detail;
    let huge = packed(&vec![b' '; limits.file_bytes() + 1]);
    assert!(huge.len() < 20_000);
    let told = refused(&with_attachment("/Filter /FlateDecode", &huge));
    assert!(told.contains("1000000 bytes (config key invoice.limits.file_megabytes)"), "{told}");
    let twice = packed(&packed(&vec![b' '; 2 * limits.file_bytes()]));
    let filter = "/Filter [/FlateDecode /FlateDecode]";
    assert!(refused(&with_attachment(filter, &twice)).contains("1000000 bytes"));
    let unknown = refusal(&with_attachment("/Filter /Unheard", b"<Invoice/>"));
    assert!(unknown.contains("cannot be unpacked"), "{unknown}");
    let plain = with_attachment("", b"<Invoice/>");
    assert_eq!(embedded_invoice(&plain).unwrap().unwrap().xml, b"<Invoice/>");
    let streams = b"endstream ".repeat(limits.pdf_streams + 1);
    let told = refusal(&with_attachment("", &streams));
    assert!(
        told.contains("more than 2000 streams (config key invoice.limits.pdf_streams)"),
        "{told}"
    );
}

#[test]
fn a_list_of_attachments_that_leads_in_a_circle_or_too_deep_ends() {
    let circle =
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Names << /EmbeddedFiles 2 0 R >> >>\nendobj\n\
        2 0 obj\n<< /Kids [2 0 R 3 0 R] >>\nendobj\n3 0 obj\n<< /Kids [2 0 R] /Names [(a) 4 0 R] \
        >>\nendobj\ntrailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n";
    assert_eq!(embedded_invoice(circle).unwrap(), None);
    let mut deep =
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Names << /EmbeddedFiles 2 0 R >> >>\nendobj\n"
            .to_vec();
    for id in 2..60 {
        write!(deep, "{id} 0 obj\n<< /Kids [{} 0 R] >>\nendobj\n", id + 1).unwrap();
    }
    deep.extend_from_slice(b"trailer\n<< /Root 1 0 R /Size 60 >>\n%%EOF\n");
    let told = refusal(&deep);
    assert!(told.contains("16 deep (config key invoice.limits.pdf_list_depth)"), "{told}");
}
