//! Writes one PDF, with the invoice for programs in it. Pure: no I/O, except that typefaces are read.

use crate::fonts::Fonts;
use crate::invoice::{
    AttachedContents, FacturxProfile, Further, XmlFormat, epc_payload, write_xml,
};
use crate::language::Locale;
use crate::pdf::{CarriedInvoice, Document, Paper, PdfError, invoice_pdf};
use crate::transaction::{Terms, Transaction};

/// Writes the current invoice of a transaction, which came in as `original` or as JSON.
///
/// # Errors
/// Those of [`invoice_pdf`].
pub(super) fn paper(
    transaction: &Transaction,
    original: Option<&[u8]>,
    locale: &Locale,
    with_code: bool,
    fonts: &Fonts,
) -> Result<Paper, PdfError> {
    let terms = &transaction.terms;
    let further = Further::of(&terms.invoice, original);
    let code =
        with_code.then(|| epc_payload(&terms.invoice, &terms.status, &terms.seller.name)).flatten();
    let carried = carried(terms, original);
    invoice_pdf(&Document {
        terms,
        locale,
        further: &further.terms,
        qr: code.as_deref(),
        fonts,
        written_at: transaction.updated_at,
        carried: carried.as_ref(),
    })
}

/// The invoice for programs, in the profile that has a place for all that it says.
fn carried(terms: &Terms, original: Option<&[u8]>) -> Option<CarriedInvoice> {
    let contents = AttachedContents::for_invoice(&terms.invoice, original);
    let mut invoice = terms.whole_invoice();
    let profile = FacturxProfile::of(&invoice);
    let specification = profile.specification(&invoice);
    invoice.specification = Some(specification.clone());
    match write_xml(&invoice, XmlFormat::Cii, &contents) {
        Ok(written) => Some(CarriedInvoice { xml: written.xml, profile, specification }),
        Err(problem) => {
            tracing::warn!(
                pointer = problem.pointer,
                "an invoice cannot be written as CII into its PDF"
            );
            None
        }
    }
}
