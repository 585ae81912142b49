//! Tells who the Matrix users of a conversation are: for which party each speaks, and by which name
//! the visitor sees them.

use std::collections::HashMap;
use std::sync::Arc;

use super::PageState;
use super::model::{Named, Side};
use super::session::Session;
use crate::record::{Entry, plain_name, self_chosen_name};
use crate::room::Guest;
use crate::store::{GuestRow, StoreError};
use crate::transaction::{PartyRole, Terms, Visitor};

/// The users of a conversation, as one visitor sees them.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    own: OwnUsers,
    /// The party for which the visitor speaks.
    role: PartyRole,
    users: Arc<KnownUsers>,
}

/// The Matrix users that are the visitor.
#[derive(Clone, Debug)]
struct OwnUsers {
    /// The guest through whom the visitor speaks on the page.
    guest: String,
    /// The visitor's own Matrix account, if the shop named one.
    account: Option<String>,
}

/// The users whom the shop or this service knows, by Matrix ID.
#[derive(Clone, Debug, Default)]
struct KnownUsers(HashMap<String, KnownUser>);

/// What is known about one user.
#[derive(Clone, Debug, Default)]
struct KnownUser {
    /// The name that the shop gave to a contact, or the display name of a guest.
    name: Option<String>,
    /// The party for which the user speaks now.
    role: Option<PartyRole>,
}

impl Cast {
    /// Reads the users of the conversation for the visitor of this session.
    pub(super) async fn of(state: &PageState, session: &Session) -> Result<Self, StoreError> {
        let stored_guests = state.store.guests(session.transaction.id).await?;
        Ok(Self::with(state, session, stored_guests))
    }

    /// Returns the users of the conversation, of whom these are the stored guests, for the visitor
    /// of this session.
    pub(super) fn with(state: &PageState, session: &Session, stored_guests: Vec<GuestRow>) -> Self {
        let transaction = &session.transaction;
        let server = &state.config.homeserver.domain;
        let locale = state.config.locale_of(transaction);
        let visitors = possible_visitors(&transaction.terms);
        let possible_guests = visitors.filter_map(|visitor| {
            let guest = Guest::of(transaction.id, &transaction.terms, &visitor, server, &locale)?;
            Some((visitor.role, guest))
        });
        // The order matters: what is added later replaces what was added before.
        let mut users = KnownUsers::default();
        users.add_contacts(&transaction.terms);
        users.add_possible_guests(possible_guests);
        users.add_stored_guests(stored_guests);
        let (own, role) = (OwnUsers::of(session), session.visitor.role);
        Self { own, role, users: Arc::new(users) }
    }

    /// Returns the same users for the visitor of this session, which is of the same transaction.
    pub(super) fn for_visitor(&self, session: &Session) -> Self {
        let (own, role) = (OwnUsers::of(session), session.visitor.role);
        Self { own, role, users: Arc::clone(&self.users) }
    }

    /// Whether a user speaks for the other party.
    pub(super) fn is_other_party(&self, user: &str) -> bool {
        self.users.role(user).is_some_and(|role| role != self.role)
    }

    /// Whether a user is the visitor.
    pub(super) fn is_mine(&self, user: &str) -> bool {
        self.is_own_guest(user) || self.own.account.as_deref() == Some(user)
    }

    /// Whether a user is the guest through whom the visitor speaks on the page.
    pub(super) fn is_own_guest(&self, user: &str) -> bool {
        self.own.guest == user
    }

    /// Returns the name of a user: the one that the shop uses, or else `shown`, which is the
    /// user's own choice. `party` is the party for which the user spoke when the shown event was
    /// sent. Without it, the party for which the user speaks now is taken.
    pub(super) fn named(&self, user: &str, shown: Option<&str>, party: Option<PartyRole>) -> Named {
        let role = party.or_else(|| self.users.role(user));
        let known = self.users.name(user).and_then(plain_name);
        let name = known.or_else(|| shown.and_then(self_chosen_name));
        let name = match (name, role) {
            (Some(name), Some(_)) => name,
            // Nobody vouches for this name, so the Matrix ID is shown with it.
            (Some(name), None) => format!("{name} · {user}"),
            (None, _) => user.to_owned(),
        };
        Named { name, role }
    }

    /// Returns the name and party of the sender of an entry.
    pub(super) fn sender_of(&self, entry: &Entry) -> Named {
        let Entry { fixed, display_name, .. } = entry;
        self.named(&fixed.sender, display_name.as_deref(), PartyRole::from_text(&fixed.party))
    }

    /// Returns whose line it is if `user` sent it for `party`.
    pub(super) fn side(&self, user: &str, party: Option<PartyRole>) -> Side {
        match party {
            _ if self.is_mine(user) => Side::Mine,
            Some(role) if role == self.role => Side::Ours,
            Some(_) => Side::Theirs,
            None => Side::Third,
        }
    }
}

impl OwnUsers {
    fn of(session: &Session) -> Self {
        let account = session.visitor.contact.as_ref().and_then(|it| it.matrix.as_ref());
        Self { guest: session.guest.user_id.to_string(), account: account.map(ToString::to_string) }
    }
}

impl KnownUsers {
    /// Adds the contacts who have a Matrix account. A contact without a name gets none here.
    fn add_contacts(&mut self, terms: &Terms) {
        for role in PartyRole::BOTH {
            for contact in &terms.party(role).contacts {
                let Some(account) = &contact.matrix else { continue };
                self.add(account.as_str(), contact.name.clone(), Some(role));
            }
        }
    }

    /// Adds the guests of everybody who can be let in to the page. A person who has written
    /// nothing has no stored guest yet, but may still have read the messages.
    fn add_possible_guests(&mut self, guests: impl Iterator<Item = (PartyRole, Guest)>) {
        for (role, guest) in guests {
            self.add(guest.user_id.as_str(), Some(guest.display_name), Some(role));
        }
    }

    /// Adds the guests that exist, also those of former contacts.
    fn add_stored_guests(&mut self, guests: Vec<GuestRow>) {
        for GuestRow { guest, party, .. } in guests {
            let role = PartyRole::from_text(&party);
            self.add(guest.user_id.as_str(), Some(guest.display_name), role);
        }
    }

    /// Adds what is known about a user. `None` keeps what was known before.
    fn add(&mut self, user: &str, name: Option<String>, role: Option<PartyRole>) {
        let known = self.0.entry(user.to_owned()).or_default();
        known.name = name.or(known.name.take());
        known.role = role.or(known.role);
    }

    fn name(&self, user: &str) -> Option<&str> {
        self.0.get(user)?.name.as_deref()
    }

    fn role(&self, user: &str) -> Option<PartyRole> {
        self.0.get(user)?.role
    }
}

/// Everybody who can be let in to the page: each contact of both parties, and for each party
/// somebody who is none of its contacts.
fn possible_visitors(terms: &Terms) -> impl Iterator<Item = Visitor> {
    PartyRole::BOTH.into_iter().flat_map(move |role| {
        let contacts = terms.party(role).contacts.iter().cloned().map(Some).chain([None]);
        contacts.map(move |contact| Visitor { role, contact })
    })
}
