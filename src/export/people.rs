//! How a transcript names people: as the shop does, or else as they call themselves, and always
//! with their side by the record.

use std::collections::HashMap;

use crate::record::{Line, plain_name};
use crate::transaction::{PartyRole, Transaction};

/// Everybody in one record, by Matrix ID.
#[derive(Debug)]
pub(super) struct People<'a> {
    /// What the shop calls its contacts.
    by_shop: HashMap<&'a str, String>,
    /// The newest name and party of whoever said something.
    seen: HashMap<&'a str, (Option<&'a str>, &'a str)>,
    /// Whose contacts are whose, for those who said nothing.
    roles: HashMap<&'a str, &'static str>,
}

impl<'a> People<'a> {
    pub(super) fn of(transaction: &'a Transaction, lines: &'a [Line<'a>]) -> Self {
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
        Self { by_shop: by_shop.collect(), seen: seen.collect(), roles: roles.collect() }
    }

    /// The name of whoever sent a line, as it was then.
    pub(super) fn sender(&self, line: &Line<'_>) -> String {
        let fixed = &line.entry.fixed;
        if fixed.sender.is_empty() {
            return "Unknown sender".to_owned();
        }
        self.name(&fixed.sender, line.name, &fixed.party)
    }

    /// Somebody in a sentence, such as `Ada (buyer)`.
    pub(super) fn called(&self, user: &str) -> String {
        let (name, party) = match self.seen.get(user) {
            Some((name, party)) => (*name, *party),
            None => (None, self.roles.get(user).copied().unwrap_or("other")),
        };
        format!("{} ({})", self.name(user, name, party), side(party))
    }

    /// The same of whoever sent a line.
    pub(super) fn sender_called(&self, line: &Line<'_>) -> String {
        format!("{} ({})", self.sender(line), side(&line.entry.fixed.party))
    }

    fn name(&self, user: &str, shown: Option<&str>, party: &str) -> String {
        if let Some(name) = self.by_shop.get(user) {
            return name.clone();
        }
        match shown.and_then(plain_name) {
            // Nobody vouches for the name of somebody who is of neither party.
            Some(name) if party == "other" => format!("{name} · {user}"),
            Some(name) => name,
            None => user.to_owned(),
        }
    }
}

/// A party in the words of the transcript.
pub(super) fn side(party: &str) -> &str {
    match party {
        "buyer" | "seller" => party,
        "bot" => "service",
        _ => "other",
    }
}
