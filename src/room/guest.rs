//! The Matrix user through whom somebody speaks from the invoice page.

use ruma::{OwnedUserId, ServerName, UserId};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::names::GUEST_PREFIX;
use crate::transaction::{Terms, Visitor};

/// Longest display name, in characters.
const MAX_NAME: usize = 100;

/// A user of ours who speaks for one visitor in one transaction's room, and in no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The same for the same visitor and transaction, for ever.
    pub user_id: OwnedUserId,
    /// What people see.
    pub display_name: String,
}

impl Guest {
    /// Through whom `visitor` speaks; none if the server's name is too long for an id.
    ///
    /// Somebody with a Matrix account of their own speaks through a guest, too: we cannot and must
    /// not speak as them. The name tells that it is them.
    pub fn of(
        transaction: Ulid,
        terms: &Terms,
        visitor: &Visitor,
        server: &ServerName,
    ) -> Option<Self> {
        let key = visitor.key().unwrap_or_default();
        let digest = Sha256::digest(format!("{transaction}\0{}\0{key}", visitor.role.as_str()));
        let localpart = format!("{GUEST_PREFIX}{:.24}", format!("{digest:x}"));
        let user_id = UserId::parse(format!("@{localpart}:{server}")).ok()?;
        let name: String = visitor.shown_name(terms).chars().take(MAX_NAME).collect();
        let has_account = visitor.contact.as_ref().is_some_and(|it| it.matrix.is_some());
        let display_name = if has_account { format!("{name} (invoice page)") } else { name };
        Some(Self { user_id, display_name })
    }
}
