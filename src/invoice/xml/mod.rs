//! Reads UBL 2.1 and CII D16B, as the rows of the model say.

mod date;
mod decode;
mod figure;
mod left_over;
mod path;
mod places;
mod read;
mod tree;
mod unknown;

pub use left_over::{LeftOver, LeftOvers};
pub use places::Places;

use super::model::{InvoiceInput, Payment};
use super::party::PartyDetails;
use super::problem::{Problem, pointer};
use tree::Tree;

/// The two syntaxes of EN 16931.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlFormat {
    /// OASIS Universal Business Language 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

/// The content of an XML invoice.
#[derive(Clone, Debug, PartialEq)]
pub struct FromXml {
    /// The invoice with everything that it states, so that settling checks it instead of computing it.
    pub invoice: InvoiceInput,
    /// The seller (BG-4).
    pub seller: PartyDetails,
    /// The buyer (BG-7).
    pub buyer: PartyDetails,
    /// The syntax of the file.
    pub format: XmlFormat,
    /// Where the values of the invoice stand in the file.
    pub places: Places,
    /// What the file says beyond the model.
    pub left_over: LeftOvers,
}

/// Reads an invoice or credit note.
///
/// # Errors
/// If the file is not an invoice, or contains values that cannot be read. The detail names the place in the
/// file. The pointer is empty, unless one field of our model corresponds to that place.
pub fn read(bytes: &[u8]) -> Result<FromXml, Vec<Problem>> {
    let tree = Tree::read(bytes).map_err(|problem| vec![problem])?;
    let format = unknown::format(&tree).map_err(|problem| vec![problem])?;
    let read::Reading { invoice, mut problems, places } = read::read(&tree, format);
    let mut invoice: InvoiceInput = match serde_path_to_error::deserialize(invoice) {
        Ok(invoice) => invoice,
        Err(error) => {
            let detail = format!("The value cannot be read: {}.", error.inner());
            problems.push(Problem::at(pointer(error.path()), detail));
            places.name(&mut problems);
            return Err(problems);
        }
    };
    if !problems.is_empty() {
        places.name(&mut problems);
        return Err(problems);
    }
    state_nothing_as_zero(&mut invoice);
    if let Some(payment) = &mut invoice.payment {
        name_each_account_once(payment);
    }
    Ok(FromXml {
        seller: invoice.seller.as_ref().map(PartyDetails::from).unwrap_or_default(),
        buyer: invoice.buyer.as_ref().map(PartyDetails::from).unwrap_or_default(),
        invoice,
        format,
        places,
        left_over: left_over::left_over(&tree),
    })
}

/// CII repeats an account for each means of payment for which it is used.
fn name_each_account_once(payment: &mut Payment) {
    let mut known: Vec<String> = payment.iban.iter().cloned().collect();
    payment.further_accounts.retain(|account| {
        let is_new = !account.iban.is_empty() && !known.contains(&account.iban);
        known.push(account.iban.clone());
        is_new
    });
}

/// What an XML invoice does not state is nothing, and is not computed from the rest of it: sums of allowances
/// and charges, what was paid, and a VAT breakdown.
fn state_nothing_as_zero(invoice: &mut InvoiceInput) {
    invoice.vat_breakdown.get_or_insert_default();
    let totals = &mut invoice.totals;
    for total in [&mut totals.allowances, &mut totals.charges, &mut totals.vat] {
        total.get_or_insert_default();
    }
}

#[cfg(test)]
mod tests;
