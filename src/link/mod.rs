//! The signed links that let a party in to the invoice page.

pub mod token;

use serde::Deserialize;
use thiserror::Error;
use ulid::Ulid;

use self::token::{Purpose, TokenKey};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::config::Config;
use crate::store::{GrantRow, NewGrant, Store, StoreError, Way};
use crate::transaction::{PartyRole, Transaction};

/// The greatest lifetime of a link, in days.
pub const MAX_DAYS: u32 = 3_650;
/// The number of seconds in a day.
const DAY_SECONDS: i64 = 86_400;
/// The greatest lifetime of a link, in seconds.
const MAX_LIFETIME_SECONDS: i64 = MAX_DAYS as i64 * DAY_SECONDS;

/// A request for a link.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The party for which its reader speaks.
    pub party: PartyRole,
    /// The name, e-mail or Matrix ID of the contact who gets the link. Without it, the link is for
    /// anybody to whom the party gives it.
    #[serde(default)]
    pub contact: Option<String>,
    /// The lifetime of the link, in seconds. The default is in the config (`page.link_days`).
    #[serde(default)]
    pub expires_in: Option<i64>,
}

/// A link that was made.
#[derive(Clone, Debug)]
pub struct Link {
    /// The id of the grant, with which the link can be revoked.
    pub id: Ulid,
    /// The address. Everybody who has it is let in.
    pub url: String,
    /// The key of the contact.
    pub contact: Option<String>,
    /// When the link expires, in milliseconds since 1970.
    pub expires_at: i64,
}

/// The reason why no link was made.
#[derive(Debug, Error)]
pub enum NoLink {
    /// The config does not enable the page.
    #[error("There is no invoice page. Set page.url in the config and restart Tallyroom.")]
    NoPage,
    /// The text does not name exactly one contact.
    #[error(
        "{count} contacts of the {} have this name, e-mail or Matrix ID. Name exactly one contact.",
        .party.as_str()
    )]
    Contact {
        /// The party whose contacts were searched.
        party: PartyRole,
        /// The number of contacts that were found.
        count: usize,
    },
    /// The lifetime is out of range.
    #[error(
        "The lifetime of a link must be from 1 to {seconds} seconds ({days} days).",
        seconds = MAX_LIFETIME_SECONDS,
        days = MAX_DAYS
    )]
    Lifetime,
    /// The call was run before, and its link does not work any more.
    #[error(
        "This call made the link {id} before, which {why}. Send it with a new Idempotency-Key to make another one."
    )]
    Over {
        /// The id of the link.
        id: Ulid,
        /// Why it does not work.
        why: &'static str,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a link to the page of `transaction`, with this id. The audit log says that `origin` did so. If the id is that
/// of a link that was made before, returns that one again, whatever has become of the contact.
///
/// # Errors
/// See [`NoLink`].
pub async fn make_link(
    store: &Store,
    config: &Config,
    key: &TokenKey,
    transaction: &Transaction,
    request: &LinkRequest,
    id: Ulid,
    origin: &Origin,
) -> Result<Link, NoLink> {
    if let Some(made) = store.grant(id).await? {
        return again(config, key, id, made);
    }
    let LinkRequest { party, .. } = *request;
    let contact = match &request.contact {
        None => None,
        Some(text) => {
            let found = transaction.terms.party(party).contact_called(text);
            Some(found.map_err(|count| NoLink::Contact { party, count })?.key().to_owned())
        }
    };
    let seconds = request.expires_in.unwrap_or(usual_lifetime(config));
    if !(1..=MAX_LIFETIME_SECONDS).contains(&seconds) {
        return Err(NoLink::Lifetime);
    }
    let to = (party, contact.as_deref(), seconds);
    open(store, config, key, transaction, to, id, origin).await
}

/// Makes a link like [`make_link`], with the usual lifetime, for the contact with this key. The transaction must have it.
///
/// # Errors
/// See [`NoLink`].
pub async fn link_of_contact(
    store: &Store,
    config: &Config,
    key: &TokenKey,
    transaction: &Transaction,
    (party, contact): (PartyRole, &str),
    id: Ulid,
    origin: &Origin,
) -> Result<Link, NoLink> {
    let to = (party, Some(contact), usual_lifetime(config));
    open(store, config, key, transaction, to, id, origin).await
}

/// The lifetime of a link for which none is asked, in seconds.
fn usual_lifetime(config: &Config) -> i64 {
    i64::from(config.page.link_days) * DAY_SECONDS
}

/// Opens the grant of a link, unless it is there.
async fn open(
    store: &Store,
    config: &Config,
    key: &TokenKey,
    transaction: &Transaction,
    (role, contact, seconds): (PartyRole, Option<&str>, i64),
    id: Ulid,
    origin: &Origin,
) -> Result<Link, NoLink> {
    let url = url(config, key, id)?;
    let expires_at = now() + seconds * 1_000;
    let grant =
        NewGrant { id, transaction: transaction.id, role, contact, way: Way::Link, expires_at };
    let line = origin.does(Action::LinkMade, &transaction.shop).to(transaction.id).with(id);
    if !store.open_link(&grant, line).await?
        && let Some(made) = store.grant(id).await?
    {
        return again(config, key, id, made);
    }
    Ok(Link { id, url, contact: contact.map(str::to_owned), expires_at })
}

/// The link that was made before.
fn again(config: &Config, key: &TokenKey, id: Ulid, made: GrantRow) -> Result<Link, NoLink> {
    if made.revoked_at.is_some() {
        return Err(NoLink::Over { id, why: "was revoked" });
    }
    if !made.is_open() {
        return Err(NoLink::Over { id, why: "has expired" });
    }
    let url = url(config, key, id)?;
    Ok(Link { id, url, contact: made.contact, expires_at: made.expires_at })
}

fn url(config: &Config, key: &TokenKey, id: Ulid) -> Result<String, NoLink> {
    config.signed_link(key.sign(Purpose::Link, &[id])).ok_or(NoLink::NoPage)
}
