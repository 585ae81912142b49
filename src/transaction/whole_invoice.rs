//! The invoice of a transaction with what its parties say.

use super::{Party, Terms};
use crate::invoice::{Address, Invoice};

impl Terms {
    /// The invoice with the name, the VAT identifier and the address of both parties in it, see
    /// [`whole_invoice`].
    pub fn whole_invoice(&self) -> Invoice {
        whole_invoice(self.invoice.clone(), &self.seller, &self.buyer)
    }
}

/// Puts the name, the VAT identifier and the address of both parties into an invoice (BG-4 and BG-7). JSON
/// states them beside the invoice, and a shop can change them after an invoice came in as XML: what the parties
/// of the transaction say counts. Contacts in Matrix are no part of an invoice.
pub(crate) fn whole_invoice(mut invoice: Invoice, by_seller: &Party, by_buyer: &Party) -> Invoice {
    let seller = invoice.seller.get_or_insert_default();
    let trading_name = seller.trading_name.as_deref();
    complete(by_seller, trading_name, (&mut seller.name, &mut seller.vat_id, &mut seller.address));
    let buyer = invoice.buyer.get_or_insert_default();
    let trading_name = buyer.trading_name.as_deref();
    complete(by_buyer, trading_name, (&mut buyer.name, &mut buyer.vat_id, &mut buyer.address));
    invoice
}

type Stated<'a> = (&'a mut Option<String>, &'a mut Option<String>, &'a mut Option<Address>);

fn complete(party: &Party, trading_name: Option<&str>, (name, vat_id, address): Stated<'_>) {
    // A party of which the invoice states no other name has its trading name.
    let is_trading_name = name.is_none() && trading_name == Some(&party.name);
    if !is_trading_name && !party.name.trim().is_empty() {
        *name = Some(party.name.clone());
    }
    if party.vat_id.is_some() {
        vat_id.clone_from(&party.vat_id);
    }
    if party.address.is_some() {
        address.clone_from(&party.address);
    }
}

#[cfg(test)]
mod tests {
    use crate::transaction::sample_submission;

    #[test]
    fn what_the_parties_say_is_in_the_invoice() {
        let mut submission = sample_submission();
        submission.seller.vat_id = Some("DE123456789".to_owned());
        let terms = submission.accept().unwrap().terms;
        let invoice = terms.whole_invoice();
        let seller = invoice.seller.unwrap();
        assert_eq!(seller.name, Some(terms.seller.name));
        assert_eq!(seller.vat_id.as_deref(), Some("DE123456789"));
        assert_eq!(invoice.buyer.unwrap().name, Some(terms.buyer.name));
    }
}
