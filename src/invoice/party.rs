//! The parties of an invoice, as far as a transaction knows them.

use super::model::{Address, Buyer, Seller};

/// A party as an invoice states it (BG-4, BG-7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartyDetails {
    /// The name (BT-27 or BT-44), or else the trading name; empty if none is stated.
    pub name: String,
    /// BT-31 or BT-48.
    pub vat_id: Option<String>,
    /// BG-5 or BG-8.
    pub address: Option<Address>,
}

impl From<&Seller> for PartyDetails {
    fn from(it: &Seller) -> Self {
        Self {
            name: it.name.as_ref().or(it.trading_name.as_ref()).cloned().unwrap_or_default(),
            vat_id: it.vat_id.clone(),
            address: it.address.clone(),
        }
    }
}

impl From<&Buyer> for PartyDetails {
    fn from(it: &Buyer) -> Self {
        Self {
            name: it.name.as_ref().or(it.trading_name.as_ref()).cloned().unwrap_or_default(),
            vat_id: it.vat_id.clone(),
            address: it.address.clone(),
        }
    }
}
