//! The parties of an invoice.

use super::model::Address;

/// A party as an XML invoice states it (BG-4, BG-7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartyDetails {
    /// The name (BT-27 or BT-44); empty if it is not stated.
    pub name: String,
    /// BT-31 or BT-48.
    pub vat_id: Option<String>,
    /// BG-5 or BG-8.
    pub address: Option<Address>,
}

