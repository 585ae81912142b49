//! A change of a transaction by the shop: a new invoice, status, contacts and so on.

use serde::Deserialize;

use super::read_file::ReadFile;
use super::submission::{accept_terms, check_length, under_invoice};
use super::{Contact, Party, Terms};
use crate::invoice::{Address, Form, InvoiceInput, Limits, Problem, Settled, settle_within};
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
    /// The file in which the invoice came, if it did not come as JSON.
    #[serde(skip)]
    pub file: Option<ReadFile>,
    /// The limits within which it is applied.
    #[serde(skip)]
    pub limits: Limits,
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

    /// Returns the terms after this change, and the warnings about them. An invoice that does not change is
    /// not checked again: it may be from before the present rules, and `warnings` are those that it has.
    ///
    /// # Errors
    /// All problems of the new terms, each with a JSON pointer into the patch.
    pub fn apply(
        self,
        current: &Terms,
        warnings: &[Problem],
    ) -> Result<(Terms, Vec<Problem>), Vec<Problem>> {
        let redactions = self.redactions.or(current.redactions);
        let is_longer = self.invoice.is_some() || self.buyer.is_some() || self.seller.is_some();
        // Of what does not change, nobody is asked to make it shorter: the limits may have been lowered.
        let limits = |party: &Option<PartyPatch>| match party {
            Some(_) => &self.limits,
            None => &Limits::HIGHEST,
        };
        let (of_buyer, of_seller) = (limits(&self.buyer), limits(&self.seller));
        let settled = match self.invoice {
            None => {
                let warnings = warnings.to_vec();
                Ok(Settled { invoice: current.invoice.clone(), warnings })
            }
            Some(invoice) => under_invoice(match self.file {
                Some(file) => file.settle(invoice, &self.limits),
                None => settle_within(invoice, Form::Json, &self.limits),
            }),
        };
        let (mut terms, warnings) = accept_terms(
            Some(self.status.unwrap_or_else(|| current.status.clone())),
            settled,
            (patched(self.buyer, &current.buyer), of_buyer),
            (patched(self.seller, &current.seller), of_seller),
        )?;
        if is_longer {
            check_length(&mut terms)?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::sample;

    #[test]
    fn an_invoice_from_before_the_present_rules_is_kept_and_its_status_can_change() {
        let mut current = sample().terms;
        current.invoice.currency = crate::invoice::Currency::parse("JPY").unwrap();
        current.invoice.totals.due = "54.50".parse().unwrap();
        let status = Some("paid".to_owned());
        let warned = [Problem::at("/invoice/payment/card/number", "BR-51")];
        let (terms, warnings) =
            Patch { status, ..Patch::default() }.apply(&current, &warned).unwrap();
        assert_eq!(warnings, warned, "what was found when it was handed in");
        assert_eq!((terms.status.as_str(), &terms.invoice), ("paid", &current.invoice));
        // Nor is a party that is longer than it may be today.
        current.seller.name = "A".repeat(2_000);
        let status = || Some("paid".to_owned());
        Patch { status: status(), ..Patch::default() }.apply(&current, &warned).unwrap();
        let buyer = Some(PartyPatch { name: Some("A".repeat(2_000)), ..PartyPatch::default() });
        let problems = Patch { buyer, ..Patch::default() }.apply(&current, &[]).unwrap_err();
        assert_eq!(problems[0].pointer, "/buyer/name");
        let invoice = Some(InvoiceInput::from(current.invoice.clone()));
        let problems = Patch { invoice, ..Patch::default() }.apply(&current, &[]).unwrap_err();
        assert!(problems.iter().any(|it| it.rule.as_deref() == Some("BR-DEC-18")), "{problems:?}");
    }
}
