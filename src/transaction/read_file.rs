//! The file in which an invoice came: where its values stand, and what was found in it.

use crate::invoice::{
    Form, FromXml, InvoiceInput, Limits, PartyDetails, Places, Problem, Settled, parse_file_within,
    settle_within,
};

/// What is known of the file in which an invoice came.
#[derive(Clone, Debug)]
pub struct ReadFile {
    form: Form,
    places: Places,
    warnings: Vec<Problem>,
}

impl ReadFile {
    /// Reads a file, and runs the rules on it. Returns the invoice, its seller and its buyer, and what is
    /// known of the file.
    pub(super) fn read(
        file: &[u8],
        limits: &Limits,
    ) -> Result<(InvoiceInput, PartyDetails, PartyDetails, Self), Vec<Problem>> {
        let invoice = parse_file_within(file, limits).map_err(|problem| vec![problem])?;
        let mut warnings = invoice.check();
        let FromXml { invoice, seller, buyer, format, places, left_over } = invoice.read()?;
        warnings.extend(left_over.warnings());
        Ok((invoice, seller, buyer, Self { form: format.into(), places, warnings }))
    }

    /// Settles the invoice of the file. Adds the places in the file to its problems, and the warnings about
    /// the file.
    pub(super) fn settle(
        self,
        invoice: InvoiceInput,
        limits: &Limits,
    ) -> Result<Settled, Vec<Problem>> {
        match settle_within(invoice, self.form, limits) {
            Ok(mut settled) => {
                self.places.name(&mut settled.warnings);
                settled.warnings.extend(self.warnings);
                Ok(settled)
            }
            Err(mut problems) => {
                self.places.name(&mut problems);
                Err(problems)
            }
        }
    }
}
