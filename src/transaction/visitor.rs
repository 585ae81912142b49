//! Who looks at the invoice page: a contact of a party, or the party as such.

use super::{Contact, Party, PartyRole, Terms};

/// Somebody who may see a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Visitor {
    /// For whom they speak.
    pub role: PartyRole,
    /// Who they are; none: whoever the party gave its link to.
    pub contact: Option<Contact>,
}

impl Contact {
    /// What tells this contact from the others of its party, as long as the shop names it so.
    pub fn key(&self) -> &str {
        let matrix = self.matrix.as_ref().map(|user| user.as_str());
        matrix.or(self.email.as_deref()).or(self.name.as_deref()).unwrap_or_default()
    }

    /// How to call them.
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
    /// The contact of this key.
    pub fn contact(&self, key: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.key() == key)
    }

    /// The contact whose Matrix ID, e-mail address or name is `text`.
    ///
    /// # Errors
    /// How many there are instead of one.
    pub fn contact_called(&self, text: &str) -> Result<&Contact, usize> {
        let called: Vec<_> = self.contacts.iter().filter(|it| it.is_called(text)).collect();
        match called[..] {
            [only] => Ok(only),
            _ => Err(called.len()),
        }
    }
}

impl Terms {
    /// The visitor of this role and contact key; none if the shop no longer names that contact.
    pub fn visitor(&self, role: PartyRole, key: Option<&str>) -> Option<Visitor> {
        let contact = match key {
            Some(key) => Some(self.party(role).contact(key)?.clone()),
            None => None,
        };
        Some(Visitor { role, contact })
    }

    /// The contact with this Matrix account.
    pub fn visitor_with_account(&self, user: &ruma::UserId) -> Option<Visitor> {
        let (role, _) = self.matrix_contacts().find(|(_, contact)| *contact == user)?;
        self.visitor(role, Some(user.as_str()))
    }
}

impl Visitor {
    /// As in [`Contact::key`].
    pub fn key(&self) -> Option<&str> {
        self.contact.as_ref().map(Contact::key)
    }

    /// How to call them.
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
