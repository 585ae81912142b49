//! Tells who the Matrix users of a conversation are: for which party each speaks, and by which name
//! the visitor sees them.
//!
//! A contact with a Matrix account is two users: the account, and the guest through whom they speak on the page. Both
//! are one person, known by the account.

use std::collections::HashMap;
use std::sync::Arc;

use super::PageState;
use super::model::{Named, Side};
use super::session::Session;
use crate::record::{Entry, plain_name, self_chosen_name};
use crate::room::Guest;
use crate::store::{GuestRow, RoomMember, StoreError};
use crate::transaction::{Contact, PartyRole, Terms, Visitor};

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
    /// The name of the contact, or the display name of another guest.
    name: String,
    /// The party for which the user speaks now.
    role: Option<PartyRole>,
    /// The Matrix account of the person whose guest this user is, if they have one.
    account: Option<String>,
}

impl Cast {
    /// Reads the users of the conversation for the visitor of this session.
    pub(super) async fn of(state: &PageState, session: &Session) -> Result<Self, StoreError> {
        let id = session.transaction.id;
        let stored_guests = state.store.guests(id).await?;
        let members = state.store.contact_members(id).await?;
        Ok(Self::with(state, session, &stored_guests, &members))
    }

    /// Returns the users of the conversation for the visitor of this session. These are the stored
    /// guests, and the contacts who are members of the room.
    pub(super) fn with(
        state: &PageState,
        session: &Session,
        stored_guests: &[GuestRow],
        members: &[RoomMember],
    ) -> Self {
        let transaction = &session.transaction;
        let server = &state.config.homeserver.domain;
        let locale = state.config.locale_of(transaction);
        let mut users = KnownUsers::default();
        for visitor in possible_visitors(&transaction.terms) {
            let guest = Guest::of(transaction.id, &transaction.terms, &visitor, server, &locale);
            users.add_visitor(&transaction.terms, &visitor, guest, members);
        }
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

    /// Returns the guest through whom the visitor speaks on the page.
    pub(super) fn own_guest(&self) -> &str {
        &self.own.guest
    }

    /// Returns the name of the visitor, as that of any other user.
    pub(super) fn own_name(&self) -> String {
        self.named(&self.own.guest, None, None).name
    }

    /// Returns the Matrix ID by which the person who uses this account or guest is known.
    pub(super) fn person<'a>(&'a self, user: &'a str) -> &'a str {
        self.users.account(user).unwrap_or(user)
    }

    /// Returns the name of a user: the one of the contact, or else `shown`, which is the
    /// user's own choice. `party` is the party for which the user spoke when the shown event was
    /// sent. Without it, the party for which the user speaks now is taken.
    pub(super) fn named(&self, user: &str, shown: Option<&str>, party: Option<PartyRole>) -> Named {
        let role = party.or_else(|| self.users.role(user));
        let known = self.users.name(user).and_then(plain_name);
        let name = known.or_else(|| shown.and_then(self_chosen_name));
        let name = match (name, role) {
            (Some(name), Some(_)) => name,
            (Some(name), None) => unvouched(&name, user),
            (None, _) => user.to_owned(),
        };
        Named { name, role, is_visitor: self.is_mine(user) }
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
    /// Adds somebody who can be let in to the page, with their account if they have one. Who has
    /// written nothing has no stored guest yet, but may still have read the messages.
    fn add_visitor(
        &mut self,
        terms: &Terms,
        visitor: &Visitor,
        guest: Option<Guest>,
        members: &[RoomMember],
    ) {
        let name = match &visitor.contact {
            Some(contact) => contact_name(contact, members),
            None => visitor.shown_name(terms).to_owned(),
        };
        let account = visitor.contact.as_ref().and_then(|it| it.matrix.as_ref());
        let account = account.map(ToString::to_string);
        let role = Some(visitor.role);
        if let Some(guest) = guest {
            let known = KnownUser { name: name.clone(), role, account: account.clone() };
            self.0.insert(guest.user_id.to_string(), known);
        }
        if let Some(account) = account {
            self.0.insert(account, KnownUser { name, role, account: None });
        }
    }

    /// Adds the guests of former contacts, and those through whom the shop itself speaks.
    fn add_stored_guests(&mut self, guests: &[GuestRow]) {
        for GuestRow { guest, party, contact, .. } in guests {
            self.0.entry(guest.user_id.to_string()).or_insert_with(|| KnownUser {
                name: guest.display_name.clone(),
                role: PartyRole::from_text(party),
                account: contact.clone().filter(|key| key.starts_with('@')),
            });
        }
    }

    fn name(&self, user: &str) -> Option<&str> {
        Some(self.0.get(user)?.name.as_str())
    }

    fn role(&self, user: &str) -> Option<PartyRole> {
        self.0.get(user)?.role
    }

    fn account(&self, user: &str) -> Option<&str> {
        self.0.get(user)?.account.as_deref()
    }
}

/// Returns the name of a contact: the one that the shop gave, or else the one that they chose for their account in the
/// room, or else what identifies them.
pub(super) fn contact_name(contact: &Contact, members: &[RoomMember]) -> String {
    let chosen = || {
        let account = contact.matrix.as_ref()?;
        let member = members.iter().find(|it| it.user_id == account.as_str())?;
        self_chosen_name(member.display_name.as_deref()?)
    };
    let given = contact.name.as_deref().and_then(plain_name);
    given.or_else(chosen).or_else(|| plain_name(contact.shown_name())).unwrap_or_default()
}

/// Returns the name of somebody in the room who is no contact.
pub(super) fn stranger_name(member: &RoomMember) -> String {
    let chosen = member.display_name.as_deref().and_then(self_chosen_name);
    chosen.map_or_else(|| member.user_id.clone(), |name| unvouched(&name, &member.user_id))
}

/// Nobody vouches for this name, so the Matrix ID is shown with it.
fn unvouched(name: &str, user: &str) -> String {
    format!("{name} · {user}")
}

/// Everybody who can be let in to the page: each contact of both parties, and for each party
/// somebody who is none of its contacts.
fn possible_visitors(terms: &Terms) -> impl Iterator<Item = Visitor> {
    PartyRole::BOTH.into_iter().flat_map(move |role| {
        let contacts = terms.party(role).contacts.iter().cloned().map(Some).chain([None]);
        contacts.map(move |contact| Visitor { role, contact })
    })
}
