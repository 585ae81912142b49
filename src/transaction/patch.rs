//! A change of a transaction by the shop: a new invoice, status, contacts and so on.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json::json_value;
use super::merge::{merge, named};
use super::read_file::ReadFile;

use super::submission::{accept_terms, check_length, under_invoice};
use super::{Contact, Party, PartyRole, Terms};
use crate::invoice::{
    Address, Form, Invoice, InvoiceInput, Limits, Problem, Settled, settle_within,
};
use crate::language::LanguageTag;
use crate::record::RedactionPolicy;

/// The changes that a shop sends, as a JSON Merge Patch (RFC 7396). Fields that are left out stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The whole new invoice.
    #[serde(default, deserialize_with = "named")]
    pub invoice: Option<InvoiceInput>,
    /// Changes to the invoice. Before the patch is applied, [`Self::with_merged_invoice`] makes the whole new invoice
    /// of them.
    #[serde(skip)]
    pub merge: Option<Map<String, Value>>,
    /// The new status.
    #[serde(default, deserialize_with = "named")]
    pub status: Option<String>,
    /// Changes to the buyer.
    #[serde(default, deserialize_with = "named")]
    pub buyer: Option<PartyPatch>,
    /// Changes to the seller.
    #[serde(default, deserialize_with = "named")]
    pub seller: Option<PartyPatch>,
    /// Whether redacted content is kept or erased from now on. `honour` also erases content that was
    /// redacted before. `retain` does not restore erased content. The inner `None`: as the config says.
    #[serde(default, deserialize_with = "named")]
    pub redactions: Option<Option<RedactionPolicy>>,
    /// The language of what the bot writes in the room from now on. The inner `None`: that of the shop.
    #[serde(default, deserialize_with = "named")]
    pub language: Option<Option<LanguageTag>>,
    /// The file in which the invoice came, if it did not come as JSON.
    #[serde(skip)]
    pub file: Option<ReadFile>,
    /// The limits within which it is applied.
    #[serde(skip)]
    pub limits: Limits,
}

/// The changes to one party. A list of contacts replaces the old list. An inner `None` removes the field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyPatch {
    /// The new name.
    #[serde(default, deserialize_with = "named")]
    pub name: Option<String>,
    /// The new VAT identifier.
    #[serde(default, deserialize_with = "named")]
    pub vat_id: Option<Option<String>>,
    /// Changes to the address, or a new one as a text.
    #[serde(default, deserialize_with = "named")]
    pub address: Option<Value>,
    /// The whole new list of contacts.
    #[serde(default, deserialize_with = "named")]
    pub contacts: Option<Option<Vec<Contact>>>,
}

/// The changes to one contact.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct ContactPatch(Map<String, Value>);

impl ContactPatch {
    /// Returns the contact after this change.
    ///
    /// # Errors
    /// The first value that a contact cannot have, with its JSON pointer into the patch.
    pub fn apply(self, current: &Contact) -> Result<Contact, Vec<Problem>> {
        merged(current, self.0)
    }
}

/// Returns `current` after the changes of a patch.
fn merged<T: DeserializeOwned>(
    current: &impl Serialize,
    patch: Map<String, Value>,
) -> Result<T, Vec<Problem>> {
    let mut target = match serde_json::to_value(current) {
        Ok(Value::Object(target)) => target,
        _ => Map::new(),
    };
    merge(&mut target, patch);
    json_value(Value::Object(target))
}

impl Patch {
    /// Whether the patch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.invoice.is_none()
            && self.merge.is_none()
            && self.status.is_none()
            && self.buyer.is_none()
            && self.seller.is_none()
            && self.redactions.is_none()
            && self.language.is_none()
    }

    /// Whether the patch names the contacts of a party.
    pub fn names_contacts(&self) -> bool {
        let parties = [&self.buyer, &self.seller].into_iter().flatten();
        parties.into_iter().any(|party| party.contacts.is_some())
    }

    /// Returns the same patch with the whole new invoice in the place of the changes to `current`.
    ///
    /// # Errors
    /// What makes the result no invoice, each with a JSON pointer into the patch.
    pub fn with_merged_invoice(mut self, current: &Invoice) -> Result<Self, Vec<Problem>> {
        if let Some(changes) = self.merge.take() {
            let under = |problem: Problem| problem.under("/invoice");
            let merged = merged(current, changes);
            self.invoice =
                Some(merged.map_err(|them| them.into_iter().map(under).collect::<Vec<_>>())?);
        }
        Ok(self)
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
        let redactions = self.redactions.unwrap_or(current.redactions);
        let language = self.language.unwrap_or_else(|| current.language.clone());
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
        let buyer = patched(self.buyer, &current.buyer, PartyRole::Buyer)?;
        let seller = patched(self.seller, &current.seller, PartyRole::Seller)?;
        let (mut terms, warnings) = accept_terms(
            Some(self.status.unwrap_or_else(|| current.status.clone())),
            settled,
            (buyer, of_buyer),
            (seller, of_seller),
        )?;
        if is_longer {
            check_length(&mut terms)?;
        }
        Ok((Terms { redactions, language, ..terms }, warnings))
    }
}

fn patched(
    patch: Option<PartyPatch>,
    current: &Party,
    role: PartyRole,
) -> Result<Party, Vec<Problem>> {
    let patch = patch.unwrap_or_default();
    let under = |problem: Problem| problem.under(&format!("/{}/address", role.as_str()));
    let address = match patch.address {
        None => current.address.clone(),
        Some(Value::Null) => None,
        Some(changes) => {
            let changed = match changes {
                Value::Object(changes) => {
                    let current: Address = current.address.clone().unwrap_or_default();
                    merged(&current, changes)
                }
                text => json_value(text),
            };
            Some(changed.map_err(|them| them.into_iter().map(under).collect::<Vec<_>>())?)
        }
    };
    Ok(Party {
        name: patch.name.unwrap_or_else(|| current.name.clone()),
        vat_id: patch.vat_id.unwrap_or_else(|| current.vat_id.clone()),
        address,
        contacts: patch
            .contacts
            .map_or_else(|| current.contacts.clone(), Option::unwrap_or_default),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::transaction::sample;

    fn patch(json: serde_json::Value) -> Result<Terms, Vec<Problem>> {
        let current = sample().terms;
        let limits = Limits::default();
        let patch = Patch::from_merge_patch(json.to_string().as_bytes(), &limits)?;
        let patch = patch.with_merged_invoice(&current.invoice)?;
        Ok(patch.apply(&current, &[])?.0)
    }

    #[test]
    fn what_a_patch_does_not_name_stays_and_null_removes() {
        let before = sample().terms;
        let after = patch(json!({
            "buyer": { "vat_id": "ATU12345678", "address": { "city": "Graz" } },
            "invoice": { "due_date": "2026-12-24" },
        }))
        .unwrap();
        assert_eq!(after.buyer.vat_id.as_deref(), Some("ATU12345678"));
        assert_eq!(after.buyer.address.as_ref().unwrap().city.as_deref(), Some("Graz"));
        assert_eq!(after.buyer.name, before.buyer.name);
        assert_eq!(after.invoice.due_date.unwrap().to_string(), "2026-12-24");
        assert_eq!(after.invoice.lines, before.invoice.lines);

        let mut current = after;
        let apply = |json: serde_json::Value, current: &Terms| {
            let read = Patch::from_json(json.to_string().as_bytes())?;
            read.apply(current, &[]).map(|(terms, _)| terms)
        };
        let address = json!({ "buyer": { "address": { "city": null, "country": "AT" } } });
        current = apply(address, &current).unwrap();
        let address = current.buyer.address.clone().unwrap();
        assert_eq!((address.city, address.country.as_deref()), (None, Some("AT")));
        let text = json!({ "seller": { "address": "Rathausplatz 1, Wien" } });
        assert!(apply(text, &current).unwrap().seller.address.is_some());
        current.redactions = Some(RedactionPolicy::Honour);
        current = apply(json!({ "language": "de-at" }), &current).unwrap();
        assert_eq!(current.language, LanguageTag::of("de-AT"));
        let removed = json!({
            "buyer": { "vat_id": null, "address": null, "contacts": null }, "redactions": null,
            "language": null,
        });
        let after = apply(removed, &current).unwrap();
        assert_eq!((after.buyer.vat_id, after.buyer.address), (None, None));
        assert_eq!((after.buyer.contacts.len(), after.redactions), (0, None));
        assert_eq!(after.language, None);
    }

    #[test]
    fn what_cannot_be_removed_is_refused_with_its_pointer() {
        for (json, pointer) in [
            (json!({ "status": null }), "/status"),
            (json!({ "language": "pt" }), "/language"),
            (json!({ "buyer": null }), "/buyer"),
            (json!({ "seller": { "name": null } }), "/seller/name"),
            (json!({ "invoice": null }), "/invoice"),
            (json!({ "invoice": { "number": null } }), "/invoice/number"),
            (json!({ "invoice": { "due_date": 7 } }), "/invoice/due_date"),
            (json!({ "invoice": { "nonsense": 7 } }), "/invoice/nonsense"),
            (json!({ "buyer": { "address": { "city": 7 } } }), "/buyer/address"),
        ] {
            let problems = patch(json.clone()).unwrap_err();
            assert_eq!(problems[0].pointer, pointer, "{json}: {problems:?}");
        }
    }

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
