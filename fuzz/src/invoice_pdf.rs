//! Any bytes as a PDF: looking for the invoice in it ends in bounded words or in XML of a bounded
//! size, the same one again.

use tallyroom::invoice::{Limits, embedded_invoice, invoice_of_pdf};

use super::accepted::are_told;

/// Fails if something of that does not hold.
pub fn check(file: &[u8]) {
    match embedded_invoice(file) {
        Ok(Some(embedded)) => {
            assert!(embedded.xml.len() <= Limits::default().file_bytes());
            assert_eq!(invoice_of_pdf(file), Ok(embedded));
        }
        Ok(None) => are_told(&[invoice_of_pdf(file).expect_err("there is no invoice")]),
        Err(problem) => are_told(&[problem]),
    }
}
