//! Writes one PDF, with the invoice for programs in it. Pure: no I/O, except that typefaces are read.

use crate::fonts::Fonts;
use crate::invoice::{
    AttachedContents, FacturxProfile, Problem, Term, XmlFormat, epc_payload, write_xml,
};
use crate::language::Locale;
use crate::pdf::{CarriedInvoice, Document, Paper, PdfError, invoice_pdf};
use crate::transaction::{Standing, Terms};

/// What a PDF says, in any language.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The invoice and its parties.
    pub terms: &'a Terms,
    /// What is asked of the buyer.
    pub standing: &'a Standing,
    /// The business terms of the invoice that have no place of their own.
    pub further: &'a [Term],
    /// The contents of the files that the invoice carries.
    pub contents: &'a AttachedContents,
    /// Whether it has the code to pay with, if something is to be paid.
    pub with_code: bool,
    /// The date of the PDF, in milliseconds since 1970.
    pub written_at: i64,
}

/// A PDF, and what the invoice for programs in it lacks.
#[derive(Clone, Debug)]
pub struct WrittenPaper {
    /// The PDF.
    pub paper: Paper,
    /// What the invoice says and the XML in the PDF cannot. Pointers are relative to the invoice.
    pub left_out: Vec<Problem>,
    /// Why there is no XML in the PDF, if there is none.
    pub not_carried: Option<Problem>,
}

/// Writes an invoice as PDF, with the invoice for programs in it if it can be written as CII.
///
/// # Errors
/// Those of [`invoice_pdf`].
pub fn write_paper(
    content: &Content<'_>,
    locale: &Locale,
    fonts: &Fonts,
) -> Result<WrittenPaper, PdfError> {
    let &Content { terms, standing, further, contents, with_code, written_at } = content;
    let code = standing
        .owed
        .payable()
        .filter(|_| with_code)
        .and_then(|amount| epc_payload(&terms.invoice, amount, &terms.seller.name));
    let (carried, left_out, not_carried) = match carried(terms, contents) {
        Ok((carried, left_out)) => (Some(carried), left_out, None),
        Err(problem) => {
            tracing::warn!(
                pointer = problem.pointer,
                "an invoice cannot be written as CII into its PDF"
            );
            (None, Vec::new(), Some(problem))
        }
    };
    let paper = invoice_pdf(&Document {
        terms,
        standing,
        locale,
        further,
        qr: code.as_deref(),
        fonts,
        written_at,
        carried: carried.as_ref(),
    })?;
    Ok(WrittenPaper { paper, left_out, not_carried })
}

/// The invoice for programs, in the profile that has a place for all that it says, and what it lacks.
fn carried(
    terms: &Terms,
    contents: &AttachedContents,
) -> Result<(CarriedInvoice, Vec<Problem>), Problem> {
    let mut invoice = terms.whole_invoice();
    let profile = FacturxProfile::of(&invoice);
    let specification = profile.specification(&invoice);
    invoice.specification = Some(specification.clone());
    let written = write_xml(&invoice, XmlFormat::Cii, contents)?;
    Ok((CarriedInvoice { xml: written.xml, profile, specification }, written.left_out))
}
