//! The invoice as a PDF, typeset like a good printed one. Pure: no I/O.

mod blocks;
mod faces;
mod fields;
mod paint;
mod sheet;
mod table;
mod text;
mod totals;

use krilla::error::KrillaError;

use crate::invoice::Term;
use crate::language::Locale;
use crate::transaction::Terms;

use sheet::Sheet;
use text::Typesetter;

/// The content of the PDF.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The invoice, its status and its parties.
    pub terms: &'a Terms,
    /// The language and the formats of the texts.
    pub locale: &'a Locale,
    /// The business terms of the original invoice that our model does not have.
    pub further: &'a [Term],
    /// The payload of the QR code to pay with, if there is one.
    pub qr: Option<&'a str>,
}

/// Why the PDF could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// An embedded typeface cannot be read.
    #[error("a typeface cannot be read")]
    Typeface,
    /// A page cannot have this size.
    #[error("a page cannot have that size")]
    Page,
    /// The document cannot be written.
    #[error("the document cannot be written: {0:?}")]
    Writing(KrillaError),
}

/// Writes the invoice on A4 pages. The same input gives the same bytes.
///
/// # Errors
/// If the typefaces cannot be read or the document cannot be written. No text causes an error.
pub fn invoice_pdf(document: &Document<'_>) -> Result<Vec<u8>, PdfError> {
    let typesetter = Typesetter::new()?;
    let sheet = laid_out(document, &typesetter);
    paint::write(document, &sheet)
}

fn laid_out(document: &Document<'_>, typesetter: &Typesetter) -> Sheet {
    let mut sheet = Sheet::new(document.locale.is_rtl());
    blocks::head(document, typesetter, &mut sheet);
    table::lines(document, typesetter, &mut sheet);
    totals::totals(document, typesetter, &mut sheet);
    blocks::payment(document, typesetter, &mut sheet);
    blocks::notes(document, typesetter, &mut sheet);
    blocks::further(document, typesetter, &mut sheet);
    blocks::running(document, typesetter, &mut sheet);
    sheet
}

#[cfg(test)]
mod tests;
