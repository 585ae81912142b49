//! The Matrix users through which people write from the invoice page, and shops by the API.

use ruma::{OwnedUserId, ServerName, UserId};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::config::Config;
use crate::language::Locale;
use crate::names::GUEST_PREFIX;
use crate::transaction::{PartyRole, Terms, Transaction, Visitor};

/// The greatest length of a display name, in characters.
const MAX_DISPLAY_NAME_CHARS: usize = 100;

/// A user of our namespace that writes for one visitor, or for the shop under one name, in the room of one transaction
/// only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The user ID. It is always the same for the same visitor, or name, and transaction.
    pub user_id: OwnedUserId,
    /// The display name.
    pub display_name: String,
}

impl Guest {
    /// Returns the guest of `visitor`, or `None` if the server name is too long for a user ID.
    ///
    /// A visitor who has a Matrix account writes through a guest as well, since Tallyroom cannot
    /// and must not act as that account. The display name says in the language of the room that the
    /// visitor uses the invoice page.
    pub fn of(
        transaction: Ulid,
        terms: &Terms,
        visitor: &Visitor,
        server: &ServerName,
        locale: &Locale,
    ) -> Option<Self> {
        let key = visitor.key().unwrap_or_default();
        let user_id = user_id(transaction, visitor.role.as_str(), key, server)?;
        let name: String = visitor.shown_name(terms).chars().take(MAX_DISPLAY_NAME_CHARS).collect();
        let has_account = visitor.contact.as_ref().is_some_and(|it| it.matrix.is_some());
        let display_name = if has_account {
            locale.text_with("guest-name", &[("name", name.into())])
        } else {
            name
        };
        Some(Self { user_id, display_name })
    }

    /// Returns the guest through whom the shop itself writes under this name, on the seller's side. `None` if the server
    /// name is too long for a user ID.
    pub fn of_shop(transaction: Ulid, name: &str, server: &ServerName) -> Option<Self> {
        let user_id = user_id(transaction, "shop", name, server)?;
        Some(Self { user_id, display_name: name.to_owned() })
    }
}

/// Returns the visitor of a transaction with this role and contact key, and the guest through whom they speak. `None` if the
/// shop does not name them any more.
pub fn speaker(
    config: &Config,
    transaction: &Transaction,
    role: PartyRole,
    contact: Option<&str>,
) -> Option<(Visitor, Guest)> {
    let visitor = transaction.terms.visitor(role, contact)?;
    let (server, locale) = (&config.homeserver.domain, config.locale_of(transaction));
    let guest = Guest::of(transaction.id, &transaction.terms, &visitor, server, &locale)?;
    Some((visitor, guest))
}

/// Returns the user ID of a guest. `of` is `buyer`, `seller` or `shop`.
fn user_id(transaction: Ulid, of: &str, key: &str, server: &ServerName) -> Option<OwnedUserId> {
    let digest = Sha256::digest(format!("{transaction}\0{of}\0{key}"));
    let localpart = format!("{GUEST_PREFIX}{:.24}", format!("{digest:x}"));
    UserId::parse(format!("@{localpart}:{server}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::transaction::{Contact, sample};
    use ruma::server_name;

    /// The guest of a seller's contact called Sam.
    fn guest(account: Option<&str>, language: Language) -> Guest {
        let contact = Contact {
            name: Some("Sam".to_owned()),
            matrix: account.map(|user| OwnedUserId::try_from(user).unwrap()),
            ..Contact::default()
        };
        let visitor = Visitor { role: PartyRole::Seller, contact: Some(contact) };
        let terms = sample().terms;
        let server = server_name!("example.org");
        Guest::of(Ulid::nil(), &terms, &visitor, server, &Locale::of(language)).unwrap()
    }

    #[test]
    fn somebody_with_an_account_is_told_apart_in_the_language_of_the_room() {
        let shown = |language| guest(Some("@sam:example.org"), language).display_name;
        assert_eq!(shown(Language::English), "Sam (invoice page)");
        assert_eq!(shown(Language::German), "Sam (Rechnungsseite)");
        assert_eq!(guest(None, Language::German).display_name, "Sam");
    }

    #[test]
    fn the_shop_is_another_user_under_each_name_and_never_a_visitor() {
        let server = server_name!("example.org");
        let of_shop = |name| Guest::of_shop(Ulid::nil(), name, server).unwrap();
        assert_eq!(of_shop("Acme support"), of_shop("Acme support"));
        assert_eq!(of_shop("Acme support").display_name, "Acme support");
        assert_ne!(of_shop("Acme support").user_id, of_shop("Acme sales").user_id);
        let visitor = guest(None, Language::English);
        assert_ne!(of_shop(&visitor.display_name).user_id, visitor.user_id);
    }

    #[test]
    fn a_guest_is_the_same_user_in_every_language() {
        let user = |language| guest(Some("@sam:example.org"), language).user_id;
        assert!(Language::ALL.into_iter().all(|it| user(it) == user(Language::English)));
    }
}
