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

/// What is put on paper.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// What is sold, between whom.
    pub terms: &'a Terms,
    /// Whose language it is written in.
    pub locale: &'a Locale,
    /// What the original invoice says beyond our model.
    pub further: &'a [Term],
    /// The payload of the QR code to pay with, if there is one.
    pub qr: Option<&'a str>,
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// A typeface of ours is not readable.
    #[error("a typeface cannot be read")]
    Typeface,
    /// A page cannot have that size.
    #[error("a page cannot have that size")]
    Page,
    /// The document cannot be written.
    #[error("the document cannot be written: {0:?}")]
    Writing(KrillaError),
}

/// The invoice on A4. The same input gives the same bytes.
///
/// # Errors
/// When the typefaces or the document cannot be written; no text is a reason.
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
