//! The visitors of the invoice page: a contact of a party, or the party as a whole.

use super::{Contact, Party, PartyRole, Terms};

/// A person who may see a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Visitor {
    /// The role of the party to which the visitor belongs.
    pub role: PartyRole,
    /// The contact. `None` means a person to whom the party has given its own link.
    pub contact: Option<Contact>,
}

impl Contact {
    /// The key that identifies this contact within its party: the Matrix ID, or else the e-mail
    /// address, or else the name. It changes if the shop changes that field.
    pub fn key(&self) -> &str {
        let matrix = self.matrix.as_ref().map(|user| user.as_str());
        matrix.or(self.email.as_deref()).or(self.name.as_deref()).unwrap_or_default()
    }

    /// The name to show: the name, or else the localpart of the Matrix ID, or else the e-mail address.
    pub fn shown_name(&self) -> &str {
        let localpart = self.matrix.as_ref().map(|user| user.localpart());
        self.name.as_deref().or(localpart).or(self.email.as_deref()).unwrap_or_default()
    }

    fn is_called(&self, text: &str) -> bool {
        self.matrix.as_ref().is_some_and(|user| user == text)
            || [&self.email, &self.name].iter().any(|it| it.as_deref() == Some(text))
    }
}

impl Party {
    /// Returns the contact with this key.
    pub fn contact(&self, key: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.key() == key)
    }

    /// Returns the only contact whose Matrix ID, e-mail address or name is `text`.
    ///
    /// # Errors
    /// The number of such contacts, if it is not one.
    pub fn contact_called(&self, text: &str) -> Result<&Contact, usize> {
        let called: Vec<_> = self.contacts.iter().filter(|it| it.is_called(text)).collect();
        match called[..] {
            [only] => Ok(only),
            _ => Err(called.len()),
        }
    }
}

impl Terms {
    /// Returns the visitor with this role and contact key, or `None` if the shop no longer lists that
    /// contact.
    pub fn visitor(&self, role: PartyRole, key: Option<&str>) -> Option<Visitor> {
        let contact = match key {
            Some(key) => Some(self.party(role).contact(key)?.clone()),
            None => None,
        };
        Some(Visitor { role, contact })
    }

    /// Returns the contact with this Matrix account.
    pub fn visitor_with_account(&self, user: &ruma::UserId) -> Option<Visitor> {
        let (role, _) = self.matrix_contacts().find(|(_, contact)| *contact == user)?;
        self.visitor(role, Some(user.as_str()))
    }
}

impl Visitor {
    /// The key of the contact; see [`Contact::key`].
    pub fn key(&self) -> Option<&str> {
        self.contact.as_ref().map(Contact::key)
    }

    /// The name to show: that of the contact, or else that of the party.
    pub fn shown_name<'a>(&'a self, terms: &'a Terms) -> &'a str {
        let contact = self.contact.as_ref().map(Contact::shown_name);
        contact.unwrap_or(&terms.party(self.role).name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: Option<&str>, email: Option<&str>) -> Contact {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Contact { name: own(name), email: own(email), ..Contact::default() }
    }

    #[test]
    fn a_contact_is_found_by_any_of_its_names_if_it_is_the_only_one() {
        let party = Party {
            contacts: vec![
                contact(Some("Ada"), Some("ada@x.org")),
                contact(Some("Ada"), Some("ada@y.org")),
                contact(Some("Grace"), None),
            ],
            ..Party::default()
        };
        assert_eq!(party.contact_called("ada@y.org").unwrap().key(), "ada@y.org");
        assert_eq!(party.contact_called("Grace").unwrap().key(), "Grace");
        assert_eq!(party.contact_called("Ada"), Err(2));
        assert_eq!(party.contact_called("Joan"), Err(0));
        assert_eq!(party.contact("ada@x.org").unwrap().shown_name(), "Ada");
    }
}
