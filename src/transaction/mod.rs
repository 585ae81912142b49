//! A commercial transaction, its parties and their contacts. Pure: no I/O.

mod change;
mod party;
mod patch;
mod reading;
#[cfg(test)]
mod sample;
mod submission;
mod visitor;

pub use change::{Change, ChangeKind, changes};
pub use party::{Contact, Party, PartyRole};
pub use patch::{PartyPatch, Patch};
pub use reading::Accompaniment;
pub(crate) use reading::json;
#[cfg(test)]
pub(crate) use sample::{sample, sample_submission};
pub use submission::{Accepted, Submission, external_id};
pub use visitor::Visitor;

use serde::Serialize;
use ulid::Ulid;

use crate::invoice::{Invoice, Problem};
use crate::record::RedactionPolicy;

/// One commercial transaction at its current revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// Ours; sorts by time of creation.
    pub id: Ulid,
    /// Whose key handed it in. Nobody else sees it.
    pub shop: String,
    /// The shop's own id, unique per shop.
    pub external_id: String,
    /// Counts up from 1 with each change by the shop.
    pub revision: i64,
    /// What the shop last said about it.
    pub terms: Terms,
    /// What is odd about the invoice, but no reason to refuse it.
    pub warnings: Vec<Problem>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970, of the newest revision.
    pub updated_at: i64,
}

/// What a shop says of a transaction, and may change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// The shop's word for where it stands, such as `awaiting_payment`.
    pub status: String,
    /// The invoice, complete and consistent.
    pub invoice: Invoice,
    /// Who owes.
    pub buyer: Party,
    /// Who is owed.
    pub seller: Party,
    /// What becomes of redacted content; as the config says if the shop says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redactions: Option<RedactionPolicy>,
}

impl Terms {
    /// Buyer or seller.
    pub fn party(&self, role: PartyRole) -> &Party {
        match role {
            PartyRole::Buyer => &self.buyer,
            PartyRole::Seller => &self.seller,
        }
    }

    /// Every contact that has a Matrix account, with the party it speaks for.
    pub fn matrix_contacts(&self) -> impl Iterator<Item = (PartyRole, &ruma::OwnedUserId)> {
        PartyRole::BOTH.into_iter().flat_map(|role| {
            self.party(role)
                .contacts
                .iter()
                .filter_map(move |contact| contact.matrix.as_ref().map(|user| (role, user)))
        })
    }
}
