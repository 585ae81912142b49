//! Lists what changed about buyer and seller.

use super::super::{Contact, Party, PartyRole, Terms};
use super::Found;
use super::invoice::pairs;
use crate::invoice::Address;

/// Compares names, addresses, VAT identifiers and contacts.
pub(super) fn parties(before: &Terms, after: &Terms, found: &mut Found) {
    for role in PartyRole::BOTH {
        let whats = match role {
            PartyRole::Buyer => ["buyer_name", "buyer_address", "buyer_vat_id", "buyer_contact"],
            PartyRole::Seller => {
                ["seller_name", "seller_address", "seller_vat_id", "seller_contact"]
            }
        };
        party(whats, before.party(role), after.party(role), found);
    }
}

fn party(
    [name, address, vat_id, contact]: [&'static str; 4],
    old: &Party,
    new: &Party,
    found: &mut Found,
) {
    found.text(name, None, Some(&old.name), Some(&new.name));
    let [before, after] = [old, new].map(|it| it.address.as_ref().map(on_one_line));
    found.text(address, None, before.as_ref(), after.as_ref());
    found.text(vat_id, None, old.vat_id.as_ref(), new.vat_id.as_ref());
    let [before, after]: [Vec<String>; 2] =
        [old, new].map(|it| it.contacts.iter().map(contact_name).collect());
    for (before, after) in pairs(&before, &after, Clone::clone) {
        found.text(contact, None, before, after);
    }
}

/// The name of a contact in a change. It never contains an e-mail address, because the other party
/// sees the change.
fn contact_name(contact: &Contact) -> String {
    let name = contact.name.clone().filter(|name| !name.contains('@'));
    name.or_else(|| contact.matrix.as_ref().map(ToString::to_string))
        .or_else(|| contact.duty.clone().filter(|duty| !duty.contains('@')))
        .unwrap_or_else(|| "…".to_owned())
}

fn on_one_line(address: &Address) -> String {
    let city = [&address.postal_code, &address.city].into_iter().flatten();
    let city = city.map(String::as_str).collect::<Vec<_>>().join(" ");
    let place = [Some(&city), address.region.as_ref(), address.country.as_ref()];
    let parts = address.lines.iter().chain(place.into_iter().flatten());
    parts.map(String::as_str).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
