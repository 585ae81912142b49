//! The invoice as a PDF, typeset like a good printed one. Pure, except that letters that the program
//! does not have in it are read from the typefaces of the machine.

mod blocks;
mod breaks;
mod carried;
mod faces;
mod fields;
mod paint;
mod sheet;
mod table;
mod text;
mod totals;
mod xmp;

pub use carried::CarriedInvoice;

use krilla::error::KrillaError;

use crate::fonts::{Fonts, HanForm};
use crate::invoice::Term;
use crate::language::Locale;
use crate::transaction::{Party, Standing, Terms};

use sheet::Sheet;
use text::Typesetter;

/// The version of what the PDF looks like and has in it. Raise it with each change that a reader of the PDF
/// could notice: PDFs that were kept are then written again.
pub const VERSION: u32 = 3;

/// The content of the PDF.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The invoice and its parties.
    pub terms: &'a Terms,
    /// What is asked of the buyer.
    pub standing: &'a Standing,
    /// The language and the formats of the texts.
    pub locale: &'a Locale,
    /// The business terms of the original invoice that our model does not have.
    pub further: &'a [Term],
    /// The payload of the QR code to pay with, if there is one.
    pub qr: Option<&'a str>,
    /// Where letters come from that the program does not have in it.
    pub fonts: &'a Fonts,
    /// The time of the revision, in milliseconds since 1970. It is the date of the PDF, so that the same
    /// revision gives the same bytes.
    pub written_at: i64,
    /// The same invoice for programs. With it, the PDF is a Factur-X file.
    pub carried: Option<&'a CarriedInvoice>,
}

/// The PDF of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The PDF.
    pub bytes: Vec<u8>,
    /// Whether every character has a typeface. If not, the PDF may become better when a typeface is installed.
    pub is_complete: bool,
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
    /// The document has something in it that PDF/A forbids. Names the kinds, without any text of the invoice.
    #[error("PDF/A forbids what is in the document: {}", .0.join(", "))]
    Forbidden(Vec<&'static str>),
    /// The metadata that PDF/A and Factur-X demand cannot be written.
    #[error("the metadata cannot be written")]
    Metadata,
    /// The document cannot be written.
    #[error("the document cannot be written: {}", without_words(.0))]
    Writing(KrillaError),
}

/// Names the kind of an error. Its details may repeat texts of the invoice, which are not for the log.
fn without_words(error: &KrillaError) -> &'static str {
    match error {
        KrillaError::Font(..) => "a typeface cannot be embedded",
        KrillaError::Validation(_) => "it breaks a rule",
        _ => "its parts cannot be put together",
    }
}

/// How strict the PDF is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standard {
    /// PDF/A-3b (ISO 19005-3), and Factur-X if it carries the invoice.
    Archival,
    /// Any PDF 1.7. It may carry the invoice, too, but does not claim to be Factur-X.
    Plain,
}

/// Writes the invoice on A4 pages, as PDF/A-3b. The same input gives the same bytes.
///
/// What PDF/A forbids makes a plain PDF of it, with a warning in the log. Typefaces of the machine may be
/// broken in ways that are seen only when they are embedded. Then the PDF is written without them.
///
/// # Errors
/// If the document cannot be written. No text and no typeface of the machine causes an error.
pub fn invoice_pdf(document: &Document<'_>) -> Result<Paper, PdfError> {
    let written = pdf_with(document, document.fonts);
    match written {
        Err(error) if !document.fonts.is_empty() => {
            tracing::warn!(%error, "an invoice is written as PDF without the installed typefaces");
            pdf_with(document, &Fonts::none())
        }
        _ => written,
    }
}

fn pdf_with(document: &Document<'_>, fonts: &Fonts) -> Result<Paper, PdfError> {
    let typesetter = Typesetter::new(fonts.clone(), document.han())?;
    let sheet = laid_out(document, &typesetter);
    let bytes = match paint::write(document, &sheet, Standard::Archival) {
        Err(error @ (PdfError::Forbidden(_) | PdfError::Metadata)) => {
            tracing::warn!(%error, "an invoice is written as plain PDF, because it cannot be PDF/A");
            paint::write(document, &sheet, Standard::Plain)?
        }
        written => written?,
    };
    Ok(Paper { bytes, is_complete: !typesetter.misses_characters() })
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
