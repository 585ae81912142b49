//! The file in which an invoice came: what it is, and the XML in it. Pure: no I/O.

use std::borrow::Cow;

use super::embedded::{invoice_of_pdf, is_pdf};
use super::problem::Problem;
use super::xml::{FromXml, read};

/// What kind of file an invoice came in. The bytes say it, and not what somebody called them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalKind {
    /// UBL or CII.
    Xml,
    /// A PDF that carries one of them.
    Pdf,
}

impl OriginalKind {
    /// Returns the kind of a file.
    pub fn of(original: &[u8]) -> Self {
        if is_pdf(original) { Self::Pdf } else { Self::Xml }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Pdf => "application/pdf",
        }
    }

    /// The end of the file's name, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Pdf => "pdf",
        }
    }
}

/// Returns the XML of an original: the file itself, or what the PDF carries.
///
/// # Errors
/// If the file is a PDF that carries no invoice or cannot be read.
pub fn xml_of(original: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    Ok(match OriginalKind::of(original) {
        OriginalKind::Xml => Cow::Borrowed(original),
        OriginalKind::Pdf => Cow::Owned(invoice_of_pdf(original)?.xml),
    })
}

/// Reads an invoice or credit note from XML, or from a PDF that carries it.
///
/// # Errors
/// Those of [`xml_of`], and if the XML is not an invoice or contains a value that cannot be read.
pub fn read_file(original: &[u8]) -> Result<FromXml, Vec<Problem>> {
    read(&xml_of(original).map_err(|problem| vec![problem])?)
}
