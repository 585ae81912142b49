//! Making the signed links that let a party in.

use serde::Deserialize;
use thiserror::Error;
use ulid::Ulid;

use super::token::{Purpose, TokenKey};
use crate::clock::now;
use crate::config::Config;
use crate::store::{NewGrant, Store, StoreError, Way};
use crate::transaction::{PartyRole, Transaction};

/// Longest that a link may work, in days.
pub const MAX_DAYS: u32 = 3_650;
/// In seconds.
const DAY: i64 = 86_400;
/// In seconds.
const LONGEST: i64 = MAX_DAYS as i64 * DAY;

/// Which link is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// For whom its reader speaks.
    pub party: PartyRole,
    /// Name, e-mail or Matrix ID of the contact who gets it; none: whoever the party gives it to.
    #[serde(default)]
    pub contact: Option<String>,
    /// How long it works, in seconds; none: as the config says.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

/// A link that was made.
#[derive(Clone, Debug)]
pub struct Link {
    /// Of the grant, to revoke it by.
    pub id: Ulid,
    /// The address. Whoever has it is let in.
    pub url: String,
    /// Key of the contact.
    pub contact: Option<String>,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

/// Why there is no link.
#[derive(Debug, Error)]
pub enum NoLink {
    /// No page is served.
    #[error("There is no invoice page: set page.url in the config and start Tallyroom again.")]
    NoPage,
    /// Not one contact is called so.
    #[error(
        "{count} contacts of the {} have this name, e-mail or Matrix ID: name exactly one of them.",
        .party.as_str()
    )]
    Contact {
        /// Whose contacts.
        party: PartyRole,
        /// How many are.
        count: usize,
    },
    /// Out of range.
    #[error("A link works for 1 to {seconds} seconds ({days} days).", seconds = LONGEST, days = MAX_DAYS)]
    Lifetime,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a link to the page of `transaction`.
///
/// # Errors
/// See [`NoLink`].
pub async fn make_link(
    store: &Store,
    config: &Config,
    key: &TokenKey,
    transaction: &Transaction,
    request: &LinkRequest,
) -> Result<Link, NoLink> {
    let LinkRequest { party, .. } = *request;
    let contact = match &request.contact {
        None => None,
        Some(text) => {
            let found = transaction.terms.party(party).contact_called(text);
            Some(found.map_err(|count| NoLink::Contact { party, count })?.key().to_owned())
        }
    };
    let seconds = request.expires_in.unwrap_or(i64::from(config.page.link_days) * DAY);
    if !(1..=LONGEST).contains(&seconds) {
        return Err(NoLink::Lifetime);
    }
    let id = Ulid::new();
    let url = config.signed_link(key.sign(Purpose::Link, &[id])).ok_or(NoLink::NoPage)?;
    let expires_at = now() + seconds * 1_000;
    let grant = NewGrant {
        id,
        transaction: transaction.id,
        role: party,
        contact: contact.as_deref(),
        way: Way::Link,
        expires_at,
    };
    // The id has 80 random bits: there is no other grant of this id.
    store.open_grant(&grant).await?;
    Ok(Link { id, url, contact, expires_at })
}
