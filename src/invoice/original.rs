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

/// A file that an invoice carries (BT-125).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// The name that the invoice gives it; the reference of its document (BT-122) if it gives none.
    pub name: String,
    /// The media type that the invoice claims.
    pub media_type: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Returns the file that the supporting document at this place (BG-24, from 0) of an original carries, or
/// `None` if there is none.
///
/// # Errors
/// Those of [`read_file`].
pub fn attached_file(original: &[u8], place: usize) -> Result<Option<AttachedFile>, Vec<Problem>> {
    let mut documents = read_file(original)?.invoice.documents.into_iter();
    let Some(document) = documents.nth(place) else { return Ok(None) };
    let Some(attachment) = document.attachment else { return Ok(None) };
    let bytes = attachment.bytes().map_err(|error| {
        let at = format!("/documents/{place}/attachment/content");
        vec![Problem::at(at, format!("The file is not in Base64: {error}."))]
    })?;
    Ok(bytes.map(|bytes| AttachedFile {
        name: attachment.filename.or(document.reference).unwrap_or_default(),
        media_type: attachment.mime,
        bytes,
    }))
}

/// Reads an invoice or credit note from XML, or from a PDF that carries it.
///
/// # Errors
/// Those of [`xml_of`], and if the XML is not an invoice or contains a value that cannot be read.
pub fn read_file(original: &[u8]) -> Result<FromXml, Vec<Problem>> {
    read(&xml_of(original).map_err(|problem| vec![problem])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_an_invoice_can_be_taken_out() {
        let invoice = include_bytes!("../../tests/invoices/ubl-tc434-example2.xml");
        let files: Vec<_> = (0..3).map(|place| attached_file(invoice, place).unwrap()).collect();
        let found: Vec<_> = files.iter().flatten().collect();
        assert_eq!(found.len(), 1, "{files:?}");
        assert_eq!(found[0].name, "test.pdf");
        assert_eq!(found[0].media_type.as_deref(), Some("application/pdf"));
        assert!(!found[0].bytes.is_empty());
    }
}
