//! The parties of a transaction (buyer and seller) and their contacts.

use std::collections::HashSet;

use ruma::{OwnedUserId, UserId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::invoice::{Address, Limits, Problem};
use crate::names::NAMESPACE_PREFIX;

/// The greatest number of contacts of one party. Each contact needs an invitation.
const MAX_CONTACTS: usize = 50;
/// The greatest length of a Matrix user ID, in bytes (Matrix specification, "User identifiers").
const MAX_USER_ID_BYTES: usize = 255;
/// The greatest length of a contact's name, duty or e-mail address, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// The role of a party in the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// The buyer (BG-7).
    Buyer,
    /// The seller (BG-4).
    Seller,
}

impl PartyRole {
    /// Both roles, buyer first.
    pub const BOTH: [Self; 2] = [Self::Buyer, Self::Seller];

    /// The name of the role in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
        }
    }

    /// Reads the name of a role. Returns `None` for any other text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|role| role.as_str() == text)
    }

    /// The other role.
    pub fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }
}

/// The organisation or person that is the buyer or the seller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The name (BT-27 or BT-44). It may be left out with an XML invoice, which contains it.
    #[serde(default)]
    pub name: String,
    /// The VAT identifier (BT-31 or BT-48).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// The address (BG-5 or BG-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The contacts, in order of preference.
    #[serde(default)]
    pub contacts: Vec<Contact>,
}

/// One way to reach a party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The name of the person or department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The Matrix account. A contact without one can only write on the invoice page.
    #[serde(
        default,
        deserialize_with = "optional_matrix_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub matrix: Option<OwnedUserId>,
    /// The responsibility of the contact, such as `accounts receivable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Party {
    /// Returns the problems of this party. Their pointers start with `/buyer` or `/seller`.
    pub(super) fn problems(&self, role: PartyRole, limits: &Limits) -> Vec<Problem> {
        let at = format!("/{}", role.as_str());
        let mut problems = Vec::new();
        if self.name.trim().is_empty() {
            let detail = format!("The {}'s name is missing: give `name`.", role.as_str());
            problems.push(Problem::at(format!("{at}/name"), detail));
        }
        let of_invoice = [
            ("name", Some(&self.name), limits.of_name()),
            ("vat_id", self.vat_id.as_ref(), limits.of_code()),
        ];
        for (field, text, limit) in of_invoice {
            let Some(text) = text else { continue };
            let too_long = limit.length_problem(text);
            problems.extend(too_long.map(|it| Problem::at(format!("{at}/{field}"), it)));
            check_controls(&mut problems, &format!("{at}/{field}"), text);
        }
        if self.contacts.len() > MAX_CONTACTS {
            let detail = format!(
                "A party may have at most {MAX_CONTACTS} contacts, and this one has {}.",
                self.contacts.len()
            );
            problems.push(Problem::at(format!("{at}/contacts"), detail));
        }
        let mut seen = HashSet::new();
        for (index, contact) in self.contacts.iter().enumerate() {
            let at = format!("{at}/contacts/{index}");
            check_text(&mut problems, &format!("{at}/name"), contact.name.as_ref());
            check_text(&mut problems, &format!("{at}/duty"), contact.duty.as_ref());
            check_text(&mut problems, &format!("{at}/email"), contact.email.as_ref());
            let Some(user) = &contact.matrix else {
                if contact.name.is_none() && contact.email.is_none() {
                    problems.push(Problem::at(
                        at,
                        "This contact cannot be identified: give at least one of `matrix`, \
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

/// Parses a Matrix user ID.
///
/// # Errors
/// A message about what is wrong, with an example of a valid ID.
pub(super) fn matrix_id(text: &str) -> Result<OwnedUserId, String> {
    let example = "a valid one is, for example, `@accounts:example.org`";
    if text.len() > MAX_USER_ID_BYTES {
        return Err(format!("a Matrix ID has at most {MAX_USER_ID_BYTES} bytes; {example}"));
    }
    UserId::parse(text).map_err(|error| format!("{text:?} is not a Matrix ID ({error}); {example}"))
}

fn optional_matrix_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<OwnedUserId>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| matrix_id(&text)).transpose().map_err(serde::de::Error::custom)
}

fn check_text(problems: &mut Vec<Problem>, pointer: &str, text: Option<&String>) {
    let Some(text) = text else { return };
    if text.chars().count() > MAX_TEXT_CHARS {
        let detail = format!("The text has more than {MAX_TEXT_CHARS} characters; shorten it.");
        problems.push(Problem::at(pointer, detail));
    }
    check_controls(problems, pointer, text);
}

fn check_controls(problems: &mut Vec<Problem>, pointer: &str, text: &str) {
    if text.chars().any(char::is_control) {
        problems
            .push(Problem::at(pointer, "Control characters are not allowed here; remove them."));
    }
}
