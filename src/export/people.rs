//! The names of people in a transcript. A person has the name that the shop gave, or else their own
//! display name. The party that the record gives is always added.

use std::collections::HashMap;

use crate::language::Locale;
use crate::record::{Line, plain_name};
use crate::transaction::{PartyRole, Transaction};

/// The people of one record, by Matrix ID.
#[derive(Debug)]
pub(super) struct People<'a> {
    /// The names that the shop gave to its contacts.
    by_shop: HashMap<&'a str, String>,
    /// The newest display name and the party of each sender.
    seen: HashMap<&'a str, (Option<&'a str>, &'a str)>,
    /// The parties of the contacts, for those who sent nothing.
    roles: HashMap<&'a str, &'static str>,
    locale: &'a Locale,
}

impl<'a> People<'a> {
    pub(super) fn of(
        transaction: &'a Transaction,
        lines: &'a [Line<'a>],
        locale: &'a Locale,
    ) -> Self {
        let terms = &transaction.terms;
        let contacts = PartyRole::BOTH.into_iter().flat_map(|role| &terms.party(role).contacts);
        let by_shop = contacts.filter_map(|contact| {
            let user = contact.matrix.as_ref()?;
            Some((user.as_str(), plain_name(contact.name.as_deref()?)?))
        });
        let seen = lines.iter().map(|line| {
            let fixed = &line.entry.fixed;
            (fixed.sender.as_str(), (line.name, fixed.party.as_str()))
        });
        let roles = terms.matrix_contacts().map(|(role, user)| (user.as_str(), role.as_str()));
        Self { by_shop: by_shop.collect(), seen: seen.collect(), roles: roles.collect(), locale }
    }

    /// The name of the sender of a line at that time.
    pub(super) fn sender(&self, line: &Line<'_>) -> String {
        let fixed = &line.entry.fixed;
        if fixed.sender.is_empty() {
            return self.locale.text("transcript-unknown-sender");
        }
        self.name(&fixed.sender, line.name, &fixed.party)
    }

    /// The name of a user with the party, such as `Ada (buyer)`.
    pub(super) fn called(&self, user: &str) -> String {
        let (name, party) = match self.seen.get(user) {
            Some((name, party)) => (*name, *party),
            None => (None, self.roles.get(user).copied().unwrap_or("other")),
        };
        self.with_side(&self.name(user, name, party), party)
    }

    /// The name of the sender of a line with the party, such as `Ada (buyer)`.
    pub(super) fn sender_called(&self, line: &Line<'_>) -> String {
        self.with_side(&self.sender(line), &line.entry.fixed.party)
    }

    /// The word for a party.
    pub(super) fn side(&self, party: &str) -> String {
        let role = match party {
            "buyer" | "seller" | "bot" => party,
            _ => "other",
        };
        self.locale.text(&format!("role-{role}"))
    }

    fn with_side(&self, name: &str, party: &str) -> String {
        let side = self.side(party);
        let arguments = [("name", name.into()), ("side", side.as_str().into())];
        self.locale.text_with("named-with-side", &arguments)
    }

    fn name(&self, user: &str, shown: Option<&str>, party: &str) -> String {
        if let Some(name) = self.by_shop.get(user) {
            return name.clone();
        }
        match shown.and_then(plain_name) {
            // Display names can be chosen freely. Someone who belongs to neither party could take the
            // name of somebody else, so the Matrix ID is added.
            Some(name) if party == "other" => format!("{name} · {user}"),
            Some(name) => name,
            None => user.to_owned(),
        }
    }
}
