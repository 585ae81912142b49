//! A commercial transaction, its parties and their contacts. Pure: no I/O.

#[cfg(test)]
mod cases;
mod change;
mod json;
mod merge;
mod party;
mod patch;
mod payment;
mod read_file;
mod reading;
mod same_content;
#[cfg(test)]
mod sample;
mod status;
mod submission;
mod visitor;
mod whole_invoice;

pub use change::{Change, ChangeKind, changes};
pub(crate) use json::{json, json_within};
pub use party::{Contact, Party, PartyRole};
pub use patch::{ContactPatch, PartyPatch, Patch};
pub use payment::NewPayment;
pub use read_file::ReadFile;
pub use reading::Accompaniment;
#[cfg(test)]
pub(crate) use sample::{sample, sample_submission};
pub use status::{NamedStatus, Owed, Standing, Status, StatusRules, status_to_show};
pub use submission::{Accepted, Submission, external_id};
pub use visitor::Visitor;
pub(crate) use whole_invoice::whole_invoice;

use rust_decimal::Decimal;
use serde::Serialize;
use ulid::Ulid;

use crate::invoice::{Invoice, Problem};
use crate::record::RedactionPolicy;

/// One commercial transaction at its current revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// The id that Tallyroom gave. Ids sort by the time of creation.
    pub id: Ulid,
    /// The shop whose API key submitted it. No other shop can see it.
    pub shop: String,
    /// The shop's own id, which is unique within the shop.
    pub external_id: String,
    /// The number of the revision. It starts at 1 and grows by 1 with each change by the shop.
    pub revision: i64,
    /// The content of the newest revision.
    pub terms: Terms,
    /// The problems of the invoice that are no reason to refuse it.
    pub warnings: Vec<Problem>,
    /// The sum of the payments that were handed in, in the currency of the invoice.
    pub paid: Decimal,
    /// What need not be paid because the payments came early enough for a discount.
    pub discount: Decimal,
    /// How often a payment was handed in or taken back.
    pub payment_changes: i64,
    /// The words that were its status so far, each once, the newest first. A bounded number of them is kept.
    pub statuses: Vec<String>,
    /// The time of creation, in milliseconds since 1970.
    pub created_at: i64,
    /// The time of the newest revision, in milliseconds since 1970.
    pub updated_at: i64,
}

/// The content of a transaction that the shop submits and may change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// The status in the shop's own terms, such as `awaiting_payment`.
    pub status: String,
    /// The invoice, complete and consistent.
    pub invoice: Invoice,
    /// The party that owes the amount.
    pub buyer: Party,
    /// The party to which the amount is owed.
    pub seller: Party,
    /// Whether redacted content is kept or erased. If it is `None`, the config decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redactions: Option<RedactionPolicy>,
}

impl Transaction {
    /// Returns a number that grows with each change of the invoice as people see it: with each revision, and with
    /// each payment.
    pub fn version(&self) -> i64 {
        self.revision.saturating_add(self.payment_changes)
    }
}

impl Terms {
    /// Returns the buyer or the seller.
    pub fn party(&self, role: PartyRole) -> &Party {
        match role {
            PartyRole::Buyer => &self.buyer,
            PartyRole::Seller => &self.seller,
        }
    }

    /// Returns every contact who is written to by e-mail: with an address, and without a Matrix account. The address is
    /// the key of such a contact.
    pub fn mail_contacts(&self) -> impl Iterator<Item = (PartyRole, &str)> {
        PartyRole::BOTH.into_iter().flat_map(|role| {
            let contacts = self.party(role).contacts.iter().filter(|it| it.matrix.is_none());
            contacts.filter_map(move |contact| Some((role, contact.email.as_deref()?)))
        })
    }

    /// Returns every contact that has a Matrix account, with the role of its party.
    pub fn matrix_contacts(&self) -> impl Iterator<Item = (PartyRole, &ruma::OwnedUserId)> {
        PartyRole::BOTH.into_iter().flat_map(|role| {
            self.party(role)
                .contacts
                .iter()
                .filter_map(move |contact| contact.matrix.as_ref().map(|user| (role, user)))
        })
    }
}
