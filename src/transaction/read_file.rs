//! The file in which an invoice came: where its values stand, and what was found in it.

use crate::invoice::{Form, FromXml, InvoiceInput, Places, Problem, Settled, settle};

/// What is known of the file in which an invoice came.
#[derive(Clone, Debug)]
pub struct ReadFile {
    form: Form,
    places: Places,
    warnings: Vec<Problem>,
}

impl ReadFile {
    /// What is known of this one.
    pub(super) fn of(read: &FromXml) -> Self {
        let mut warnings = read.findings.clone();
        warnings.extend(read.left_over.warnings());
        Self { form: read.format.into(), places: read.places.clone(), warnings }
    }

    /// Settles the invoice of the file. Adds the places in the file to its problems, and the warnings about
    /// the file.
    pub(super) fn settle(self, invoice: InvoiceInput) -> Result<Settled, Vec<Problem>> {
        match settle(invoice, self.form) {
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
