//! The Matrix users through which people write from the invoice page.

use ruma::{OwnedUserId, ServerName, UserId};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::names::GUEST_PREFIX;
use crate::transaction::{Terms, Visitor};

/// The greatest length of a display name, in characters.
const MAX_DISPLAY_NAME_CHARS: usize = 100;

/// A user of our namespace that writes for one visitor, in the room of one transaction only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The user ID. It is always the same for the same visitor and transaction.
    pub user_id: OwnedUserId,
    /// The display name.
    pub display_name: String,
}

impl Guest {
    /// Returns the guest of `visitor`, or `None` if the server name is too long for a user ID.
    ///
    /// A visitor who has a Matrix account writes through a guest as well, since Tallyroom cannot
    /// and must not act as that account. The display name says that the visitor uses the invoice
    /// page.
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
        let name: String = visitor.shown_name(terms).chars().take(MAX_DISPLAY_NAME_CHARS).collect();
        let has_account = visitor.contact.as_ref().is_some_and(|it| it.matrix.is_some());
        let display_name = if has_account { format!("{name} (invoice page)") } else { name };
        Some(Self { user_id, display_name })
    }
}
