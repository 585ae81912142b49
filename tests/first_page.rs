//! Drawing the first page of a PDF ends, whatever the PDF is, and gives a picture within the bounds or nothing.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Seek, Write};
use std::process::{Command, Output, Stdio};

use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression, FlushCompress};

/// An invoice, of which the program itself makes a PDF.
const INVOICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invoices/ubl-tc434-example2.xml");
const WITH_PASSWORD: &[u8] = include_bytes!("invoices/pdf/password.pdf");
/// It may be read without its password.
const WITH_OWNER_PASSWORD: &[u8] = include_bytes!("invoices/pdf/only-owner-password.pdf");

/// What the program says to a PDF. It runs as the service runs it.
fn ended(pdf: &[u8]) -> Output {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(pdf).unwrap();
    input.rewind().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyroom"));
    command.arg("first-page").env_clear().current_dir("/").stdin(Stdio::from(input));
    command.output().unwrap()
}

fn invoice() -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyroom"));
    let Output { status, stdout, .. } =
        command.args(["invoice", "convert", "--to", "pdf", INVOICE]).output().unwrap();
    assert!(status.success(), "{status}");
    stdout
}

/// Width, height and bytes of the picture of the first page, if there is one.
fn drawn(pdf: &[u8]) -> Option<(u32, u32, Vec<u8>)> {
    let Output { status, stdout, .. } = ended(pdf);
    if !status.success() {
        assert_eq!(stdout, b"", "{status}");
        return None;
    }
    assert_eq!(&stdout[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(stdout[at..at + 4].try_into().unwrap());
    let (width, height) = (number(16), number(20));
    assert!((1..=960).contains(&width) && (1..=640).contains(&height), "{width} × {height}");
    assert!(stdout.len() <= 512 * 1024, "{}", stdout.len());
    Some((width, height, stdout))
}

fn size(pdf: &[u8]) -> Option<(u32, u32)> {
    drawn(pdf).map(|(width, height, _)| (width, height))
}

/// A PDF of these objects, of which the first is the catalogue and the second the tree of pages.
fn pdf_of(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let (start, count) = (pdf.len(), objects.len() + 1);
    pdf.extend(table.into_bytes());
    pdf.extend(
        format!("trailer\n<< /Root 1 0 R /Size {count} >>\nstartxref\n{start}\n%%EOF\n")
            .into_bytes(),
    );
    pdf
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A PDF with one page of this size. Its content is the fourth object, and more may follow.
fn page_of(media_box: &str, resources: &str, content: Vec<u8>, more: Vec<Vec<u8>>) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [{media_box}] /Contents 4 0 R /Resources << {resources} >> >>"
    );
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        content,
    ];
    objects.extend(more);
    pdf_of(&objects)
}

const A4: &str = "0 0 595 842";

#[test]
fn the_first_page_of_an_invoice_is_drawn() {
    let (width, height, png) = drawn(&invoice()).unwrap();
    assert_eq!((width, height), (452, 640));
    let (.., blank) = drawn(&page_of(A4, "", stream("", b""), vec![])).unwrap();
    assert!(png.len() > 4 * blank.len(), "{} and {} bytes", png.len(), blank.len());
    assert!(size(WITH_OWNER_PASSWORD).is_some());
    // Text in one of the typefaces that need not be in a PDF.
    let fonts = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let text = stream("", b"BT /F 60 Tf 72 700 Td (Thank you for your order) Tj ET");
    let (.., text) = drawn(&page_of(A4, fonts, text, vec![])).unwrap();
    assert!(text.len() > 2 * blank.len(), "{} and {} bytes", text.len(), blank.len());
}

#[test]
fn what_cannot_be_read_has_no_first_page() {
    assert_eq!(size(WITH_PASSWORD), None);
    for other in [&b""[..], b"%PDF-1.7", b"the plan", b"\x89PNG\r\n\x1a\n", &[0; 70_000]] {
        assert_eq!(size(other), None);
    }
    assert_eq!(size(&pdf_of(&[b"<< /Type /Catalog >>".to_vec()])), None);
    // Half of a file may still have its first page, or not.
    let invoice = invoice();
    for length in [invoice.len() / 4, invoice.len() / 2, invoice.len() - 30] {
        size(&invoice[..length]);
    }
}

#[test]
fn a_page_of_any_size_has_a_picture_within_the_bounds() {
    for (media_box, expected) in [
        ("0 0 1000000000 1000000000", (640, 640)),
        ("0 0 14400 1", (960, 2)),
        ("0 0 1 1000000", (2, 640)),
        ("0 0 0.001 0.001", (640, 640)),
    ] {
        let red = stream("", b"1 0 0 rg 0 0 1000000000 1000000000 re f");
        let found = size(&page_of(media_box, "", red, vec![]));
        assert!(found.is_none_or(|it| it == expected), "{media_box}: {found:?}");
    }
    for media_box in ["0 0 0 0", "0 0 -5 1e400", "0 0", "(a) (b) (c) (d)"] {
        size(&page_of(media_box, "", stream("", b""), vec![]));
    }
}

/// Zeros that were packed twice: a few kB for a gigabyte.
fn bomb() -> Vec<u8> {
    const MEGABYTE: usize = 1 << 20;
    let mut once = Vec::with_capacity(MEGABYTE);
    // What is packed after a full flush can follow itself.
    let mut pack = Compress::new(Compression::best(), true);
    let packed = |pack: &mut Compress| {
        let mut out = Vec::with_capacity(MEGABYTE);
        pack.compress_vec(&vec![0; MEGABYTE], &mut out, FlushCompress::Full).unwrap();
        out
    };
    once.extend(packed(&mut pack));
    let again = packed(&mut pack);
    for _ in 0..1_000 {
        once.extend_from_slice(&again);
    }
    let mut twice = ZlibEncoder::new(Vec::new(), Compression::best());
    twice.write_all(&once).unwrap();
    twice.finish().unwrap()
}

#[test]
fn what_would_take_all_memory_ends() {
    let bomb = bomb();
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    let filter = "/Filter [/FlateDecode /FlateDecode]";
    // As the content of the page, as a picture, and as a typeface.
    size(&page_of(A4, "", stream(filter, &bomb), vec![]));
    let paint = stream("", b"595 0 0 842 0 0 cm /I Do");
    let image = "/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8";
    let image = stream(&format!("{image} {filter}"), &bomb);
    size(&page_of(A4, "/XObject << /I 5 0 R >>", paint, vec![image]));
    let fonts = "/Font << /F << /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar 65 /LastChar 65 /Widths [500] \
                 /FontDescriptor << /Type /FontDescriptor /FontName /X /Flags 4 /FontFile2 5 0 R >> >> >>";
    let text = stream("", b"BT /F 60 Tf 72 700 Td (A) Tj ET");
    size(&page_of(A4, fonts, text, vec![stream(filter, &bomb)]));
}

#[test]
fn what_leads_to_itself_or_takes_for_ever_ends() {
    // A page that is above itself, a tree of pages in a circle, a form that draws itself, and a length that says where it is.
    size(&pdf_of(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1 /Parent 3 0 R >>".to_vec(),
        b"<< /Type /Page /Parent 3 0 R /Contents 3 0 R >>".to_vec(),
    ]));
    let form = |draws: &str| {
        let dictionary = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /F 5 0 R /G 6 0 R >> >>";
        stream(dictionary, draws.as_bytes())
    };
    let forms = "/XObject << /F 5 0 R /G 6 0 R >>";
    size(&page_of(A4, forms, stream("", b"/F Do"), vec![form("/G Do"), form("/F Do")]));
    size(&page_of(A4, "", b"<< /Length 4 0 R >>\nstream\nq\nendstream".to_vec(), vec![]));
    let prev = [
        pdf_of(&[b"<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >>".to_vec()]),
        b"trailer << /Prev 9 >>".to_vec(),
    ];
    size(&prev.concat());

    // Ten forms that each draw the next one a hundred times.
    let drawing = |number: usize| {
        let dictionary = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /N {} 0 R >> >>",
            number + 1
        );
        stream(&dictionary, "/N Do ".repeat(100).as_bytes())
    };
    let mut forms: Vec<_> = (5..15).map(drawing).collect();
    forms.push(stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 595 842]",
        b"1 0 0 rg 9 9 99 99 re f",
    ));
    let deep = page_of(A4, "/XObject << /N 5 0 R >>", stream("", b"/N Do"), forms);
    assert_eq!(size(&deep), None, "it ends when its time is over");
}
