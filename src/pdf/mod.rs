//! The invoice as a PDF, typeset like a good printed one. Pure, except that letters that the program
//! does not have in it are read from the typefaces of the machine.

mod blocks;
mod breaks;
mod faces;
mod fields;
mod paint;
mod sheet;
mod table;
mod text;
mod totals;

use krilla::error::KrillaError;

use crate::fonts::{Fonts, HanForm};
use crate::invoice::Term;
use crate::language::Locale;
use crate::transaction::{Party, Terms};

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
    /// Where letters come from that the program does not have in it.
    pub fonts: &'a Fonts,
}

impl Document<'_> {
    /// The form of Chinese characters in texts that do not show it themselves. No language of the page
    /// writes any, so the countries of the parties decide.
    fn han(&self) -> HanForm {
        let of = |party: &Party| HanForm::of_country(party.address.as_ref()?.country.as_deref()?);
        let Terms { seller, buyer, .. } = self.terms;
        of(seller).or_else(|| of(buyer)).unwrap_or(HanForm::Simplified)
    }
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
/// Typefaces of the machine may be broken in ways that are seen only when they are embedded. Then the PDF
/// is written without them.
///
/// # Errors
/// If the document cannot be written. No text and no typeface of the machine causes an error.
pub fn invoice_pdf(document: &Document<'_>) -> Result<Vec<u8>, PdfError> {
    let written = pdf_with(document, document.fonts);
    match written {
        Err(error) if !document.fonts.is_empty() => {
            tracing::warn!(%error, "an invoice is written as PDF without the installed typefaces");
            pdf_with(document, &Fonts::none())
        }
        _ => written,
    }
}

fn pdf_with(document: &Document<'_>, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let typesetter = Typesetter::new(fonts.clone(), document.han())?;
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
