//! A change of a transaction by the shop: a new invoice, status, contacts and so on.

use serde::Deserialize;

use super::submission::{Source, accept_terms};
use super::{Contact, Party, Terms};
use crate::invoice::{Address, InvoiceInput, Problem};
use crate::record::RedactionPolicy;

/// The changes that a shop sends. Fields that are left out stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The whole new invoice.
    #[serde(default)]
    pub invoice: Option<InvoiceInput>,
    /// The new status.
    #[serde(default)]
    pub status: Option<String>,
    /// Changes to the buyer.
    #[serde(default)]
    pub buyer: Option<PartyPatch>,
    /// Changes to the seller.
    #[serde(default)]
    pub seller: Option<PartyPatch>,
    /// Whether redacted content is kept or erased from now on. `honour` also erases content that was
    /// redacted before. `retain` does not restore erased content.
    #[serde(default)]
    pub redactions: Option<RedactionPolicy>,
    /// Where the invoice is from.
    #[serde(skip)]
    pub source: Source,
}

/// The changes to one party. A list of contacts replaces the old list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyPatch {
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new VAT identifier.
    #[serde(default)]
    pub vat_id: Option<String>,
    /// The new address.
    #[serde(default)]
    pub address: Option<Address>,
    /// The whole new list of contacts.
    #[serde(default)]
    pub contacts: Option<Vec<Contact>>,
}

impl Patch {
    /// Whether the patch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.invoice.is_none()
            && self.status.is_none()
            && self.buyer.is_none()
            && self.seller.is_none()
            && self.redactions.is_none()
    }

    /// Returns the terms after this change, and the warnings about them.
    ///
    /// # Errors
    /// All problems of the new terms, each with a JSON pointer into the patch.
    pub fn apply(self, current: &Terms) -> Result<(Terms, Vec<Problem>), Vec<Problem>> {
        let redactions = self.redactions.or(current.redactions);
        let invoice = self.invoice.unwrap_or_else(|| InvoiceInput::from(current.invoice.clone()));
        let (terms, warnings) = accept_terms(
            Some(self.status.unwrap_or_else(|| current.status.clone())),
            (invoice, self.source),
            patched(self.buyer, &current.buyer),
            patched(self.seller, &current.seller),
        )?;
        Ok((Terms { redactions, ..terms }, warnings))
    }
}

fn patched(patch: Option<PartyPatch>, current: &Party) -> Party {
    let patch = patch.unwrap_or_default();
    Party {
        name: patch.name.unwrap_or_else(|| current.name.clone()),
        vat_id: patch.vat_id.or_else(|| current.vat_id.clone()),
        address: patch.address.or_else(|| current.address.clone()),
        contacts: patch.contacts.unwrap_or_else(|| current.contacts.clone()),
    }
}
