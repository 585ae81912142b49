//! Seller, buyer, payee, tax representative and delivery.

use en16931::invoice::{Contact, Delivery, Invoice, Party};

use super::Terms;

/// BG-4 to BG-15.
pub(super) fn parties(invoice: &Invoice, terms: &mut Terms) {
    seller(&invoice.seller, terms);
    buyer(&invoice.buyer, terms);
    if let Some(payee) = &invoice.payee {
        terms.say("BT-59", payee.name.as_ref());
        terms.say_identifier("BT-60", payee.identifier.as_ref());
        terms.say_identifier("BT-61", payee.legal_registration.as_ref());
    }
    if let Some(representative) = &invoice.tax_representative {
        terms.say("BT-62", representative.name.as_ref());
        terms.say("BT-63", representative.vat_identifier.as_ref());
        terms.say_address("BG-12", &representative.address);
    }
    if let Some(delivered) = &invoice.delivery {
        delivery(delivered, terms);
    }
    if let Some(period) = &invoice.invoicing_period {
        terms.say("BT-73", period.start);
        terms.say("BT-74", period.end);
    }
}

fn seller(seller: &Party, terms: &mut Terms) {
    terms.say("BT-28", trading_name(seller));
    for identifier in &seller.identifiers {
        terms.say_identifier("BT-29", Some(identifier));
    }
    terms.say_identifier("BT-30", seller.legal_registration.as_ref());
    terms.say("BT-32", seller.tax_registration.as_ref());
    terms.say("BT-33", seller.additional_legal_information.as_ref());
    terms.say_identifier("BT-34", seller.electronic_address.as_ref());
    contact(&seller.contact, ["BT-41", "BT-42", "BT-43"], terms);
}

fn buyer(buyer: &Party, terms: &mut Terms) {
    terms.say("BT-45", trading_name(buyer));
    for identifier in &buyer.identifiers {
        terms.say_identifier("BT-46", Some(identifier));
    }
    terms.say_identifier("BT-47", buyer.legal_registration.as_ref());
    terms.say_identifier("BT-49", buyer.electronic_address.as_ref());
    contact(&buyer.contact, ["BT-56", "BT-57", "BT-58"], terms);
}

/// Our model takes the trading name of a party that states no other.
fn trading_name(party: &Party) -> Option<&String> {
    party.trading_name.as_ref().filter(|name| party.name.as_ref().is_some_and(|it| it != *name))
}

fn contact(contact: &Contact, [name, phone, email]: [&'static str; 3], terms: &mut Terms) {
    terms.say(name, contact.name.as_ref());
    terms.say(phone, contact.phone.as_ref());
    terms.say(email, contact.email.as_ref());
}

fn delivery(delivery: &Delivery, terms: &mut Terms) {
    terms.say("BT-70", delivery.party_name.as_ref());
    terms.say_identifier("BT-71", delivery.location.as_ref());
    terms.say("BT-72", delivery.date);
    if let Some(address) = &delivery.address {
        terms.say_address("BG-15", address);
    }
}
