//! The file in which an invoice came: what it is, and the XML in it. Pure: no I/O.

use std::borrow::Cow;

use super::embedded::{invoice_of_pdf_within, is_pdf};
use super::limits::Limits;
use super::problem::Problem;
use super::xml::{FromXml, XmlInvoice};

/// The byte order mark of UTF-8, which some programs write before the content.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a text with formats (RTF) begins with, which is not JSON although a brace stands there.
const RTF: &[u8] = b"{\\rtf";

/// What kind of file an invoice came in. The bytes say it, and not what somebody called them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalKind {
    /// JSON, as the API takes it.
    Json,
    /// UBL or CII; also what is none of the others.
    Xml,
    /// A PDF that carries one of them.
    Pdf,
}

impl OriginalKind {
    /// Returns the kind of a file. A byte order mark and white space may stand before the content.
    pub fn of(original: &[u8]) -> Self {
        match without_mark(original).trim_ascii_start().first() {
            Some(b'{' | b'[') if !without_mark(original).starts_with(RTF) => Self::Json,
            _ if is_pdf(original) => Self::Pdf,
            _ => Self::Xml,
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Pdf => "application/pdf",
        }
    }

    /// The end of the file's name, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Pdf => "pdf",
        }
    }
}

/// Returns a file without the byte order mark of UTF-8 before its content.
pub fn without_mark(file: &[u8]) -> &[u8] {
    file.strip_prefix(MARK).unwrap_or(file)
}

/// Returns the XML of an original: the file itself, or what the PDF carries.
///
/// # Errors
/// If the file is JSON, or a PDF that carries no invoice, exceeds a limit or cannot be read.
pub fn xml_of<'a>(original: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Problem> {
    limits.check_size(original.len())?;
    Ok(match OriginalKind::of(original) {
        OriginalKind::Json => {
            let detail = "The file is JSON, not an invoice in XML (UBL or CII) or a PDF that carries one. \
                          Send JSON with the content type `application/json`.";
            return Err(Problem::at("", detail));
        }
        OriginalKind::Xml => Cow::Borrowed(original),
        OriginalKind::Pdf => Cow::Owned(invoice_of_pdf_within(original, limits)?.xml),
    })
}

/// Parses an invoice or credit note in XML, or in a PDF that carries it, within the default limits.
///
/// # Errors
/// Those of [`parse_file_within`].
pub fn parse_file(original: &[u8]) -> Result<XmlInvoice, Problem> {
    parse_file_within(original, &Limits::default())
}

/// Parses an invoice or credit note in XML, or in a PDF that carries it.
///
/// # Errors
/// Those of [`xml_of`], and if the XML is no invoice.
pub fn parse_file_within(original: &[u8], limits: &Limits) -> Result<XmlInvoice, Problem> {
    XmlInvoice::parse_within(&xml_of(original, limits)?, limits)
}

/// Reads an invoice or credit note from XML, or from a PDF that carries it, within the default limits. Runs no
/// rules.
///
/// # Errors
/// Those of [`parse_file_within`], and if the XML contains a value that cannot be read.
pub fn read_file(original: &[u8]) -> Result<FromXml, Vec<Problem>> {
    parse_file(original).map_err(|problem| vec![problem])?.read()
}

/// Reads the original of an invoice that was taken in. Its limits may have been lowered since then, so it is read
/// within the greatest ones.
///
/// # Errors
/// Those of [`read_file`].
pub(crate) fn read_kept(original: &[u8]) -> Result<FromXml, Vec<Problem>> {
    parse_file_within(original, &Limits::HIGHEST).map_err(|problem| vec![problem])?.read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::xml::counted::within;
    use crate::invoice::{Form, Further, attached_file, inspect, settle};

    #[test]
    fn the_bytes_say_what_a_file_is_whatever_stands_before_its_content() {
        let kinds: [(&[u8], OriginalKind); 10] = [
            (b"{}", OriginalKind::Json),
            (b" \r\n\t{\"a\": \"%PDF-1.7\"}", OriginalKind::Json),
            (b"\xef\xbb\xbf {", OriginalKind::Json),
            (b"[]", OriginalKind::Json),
            (b"\xef\xbb\xbf\n<Invoice/>", OriginalKind::Xml),
            (b"<a>%PDF-1.7</a>", OriginalKind::Xml),
            (b"", OriginalKind::Xml),
            (b"{\\rtf1", OriginalKind::Xml),
            (b"%PDF-1.7", OriginalKind::Pdf),
            (b"\xef\xbb\xbf\n%PDF-1.7", OriginalKind::Pdf),
        ];
        for (file, kind) in kinds {
            assert_eq!(OriginalKind::of(file), kind, "{file:?}");
        }
    }

    #[test]
    fn a_file_is_parsed_once_and_its_rules_are_run_only_for_who_asks() {
        let invoice = include_bytes!("../../tests/invoices/ubl-tc434-example2.xml");
        let pdf = include_bytes!("../../tests/invoices/cases/factur-x.pdf");
        for file in [&invoice[..], &pdf[..]] {
            assert_eq!(within(|| drop(inspect(file))), (1, 1), "the check");
            assert_eq!(within(|| drop(Further::of_file(file))), (1, 0), "the page");
            assert_eq!(within(|| drop(attached_file(file, 0))), (1, 0), "an attached file");
            let settled = settle(read_file(file).unwrap().invoice, Form::Ubl).unwrap().invoice;
            let all = || drop(Further::with_contents(&settled, Some(file)));
            assert_eq!(within(all), (1, 0), "a PDF of it, with the files in it");
            assert_eq!(within(|| drop(read_file(file))), (1, 0), "the invoice alone");
        }
    }
}
