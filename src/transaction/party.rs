//! Buyer and seller, and how each is reached.

use std::collections::HashSet;

use ruma::{OwnedUserId, UserId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::invoice::{Address, Problem};
use crate::names::NAMESPACE_PREFIX;

/// Most contacts that one party may have: each is an invitation.
const MAX_CONTACTS: usize = 50;
/// Longest Matrix user ID, in bytes (spec, "User identifiers").
const MAX_USER_ID: usize = 255;
/// Longest name, duty or e-mail, in characters.
const MAX_WORDS: usize = 200;

/// Which side of the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// BG-7.
    Buyer,
    /// BG-4.
    Seller,
}

impl PartyRole {
    /// Both, buyer first.
    pub const BOTH: [Self; 2] = [Self::Buyer, Self::Seller];

    /// As written in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
        }
    }

    /// From the database; none: neither.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|role| role.as_str() == text)
    }

    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }
}

/// An organisation or person on one side of the invoice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// BT-27 or BT-44. May be left out beside an XML invoice, which states it.
    #[serde(default)]
    pub name: String,
    /// BT-31 or BT-48.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// BG-5 or BG-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// In order of preference.
    #[serde(default)]
    pub contacts: Vec<Contact>,
}

/// One way to reach a party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The person's or desk's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their Matrix account; without one they can only speak from the invoice page.
    #[serde(
        default,
        deserialize_with = "optional_matrix_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub matrix: Option<OwnedUserId>,
    /// What to ask them about, such as `accounts receivable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Party {
    /// What is wrong with this party; pointers start with `/buyer` or `/seller`.
    pub(super) fn problems(&self, role: PartyRole) -> Vec<Problem> {
        let at = format!("/{}", role.as_str());
        let mut problems = Vec::new();
        if self.name.trim().is_empty() {
            let detail = format!("The {}'s name is missing: give `name`.", role.as_str());
            problems.push(Problem::at(format!("{at}/name"), detail));
        }
        check_words(&mut problems, &format!("{at}/name"), Some(&self.name));
        check_words(&mut problems, &format!("{at}/vat_id"), self.vat_id.as_ref());
        if self.contacts.len() > MAX_CONTACTS {
            let detail = format!(
                "A party may have at most {MAX_CONTACTS} contacts; here are {}.",
                self.contacts.len()
            );
            problems.push(Problem::at(format!("{at}/contacts"), detail));
        }
        let mut seen = HashSet::new();
        for (index, contact) in self.contacts.iter().enumerate() {
            let at = format!("{at}/contacts/{index}");
            check_words(&mut problems, &format!("{at}/name"), contact.name.as_ref());
            check_words(&mut problems, &format!("{at}/duty"), contact.duty.as_ref());
            check_words(&mut problems, &format!("{at}/email"), contact.email.as_ref());
            let Some(user) = &contact.matrix else {
                if contact.name.is_none() && contact.email.is_none() {
                    problems.push(Problem::at(
                        at,
                        "This contact cannot be told apart: give at least one of `matrix`, \
                         `email` and `name`.",
                    ));
                }
                continue;
            };
            if user.localpart().starts_with(NAMESPACE_PREFIX) {
                let detail = format!(
                    "{user} is one of Tallyroom's own accounts; give the person's Matrix ID."
                );
                problems.push(Problem::at(format!("{at}/matrix"), detail));
            }
            if !seen.insert(user) {
                let detail = format!("{user} is listed twice as a contact; list it once.");
                problems.push(Problem::at(format!("{at}/matrix"), detail));
            }
        }
        problems
    }
}

/// A Matrix user ID.
///
/// # Errors
/// What it looks like instead.
pub(super) fn matrix_id(text: &str) -> Result<OwnedUserId, String> {
    let example = "it looks like `@accounts:example.org`";
    if text.len() > MAX_USER_ID {
        return Err(format!("a Matrix ID has at most {MAX_USER_ID} bytes; {example}"));
    }
    UserId::parse(text).map_err(|error| format!("{text:?} is no Matrix ID ({error}); {example}"))
}

fn optional_matrix_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<OwnedUserId>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| matrix_id(&text)).transpose().map_err(serde::de::Error::custom)
}

fn check_words(problems: &mut Vec<Problem>, pointer: &str, words: Option<&String>) {
    let Some(words) = words else { return };
    if words.chars().count() > MAX_WORDS {
        let detail = format!("Longer than {MAX_WORDS} characters; shorten it.");
        problems.push(Problem::at(pointer, detail));
    }
    if words.chars().any(char::is_control) {
        problems
            .push(Problem::at(pointer, "Control characters are not allowed here; remove them."));
    }
}
