//! What a key may be used for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One thing that a key can be allowed to do. The names are stored, so they do not change later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read transactions, records and files, and check invoices.
    Read,
    /// Hand in transactions, change them, and invite their contacts.
    Write,
    /// Make, list and revoke links to the invoice page.
    Links,
    /// Follow the events of the shop, and decide where they are sent.
    Events,
    /// Read the audit log of the shop.
    Audit,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Links, Self::Events, Self::Audit];

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Links => "links",
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// A set of scopes. As a text, it is their names with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// All scopes, which the keys in the config have.
    pub fn all() -> Self {
        Self(Scope::ALL.into())
    }

    /// Reads what was stored. A name that this version does not know allows nothing.
    pub fn stored(text: &str) -> Self {
        Self(text.split(',').filter_map(Scope::from_text).collect())
    }

    /// Whether this scope is one of them.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Returns the names of the scopes.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|it| it.as_str()).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

/// A text that names something else than scopes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no scope; name one or more of {all}, with commas between them", all = Scopes::all())]
pub struct UnknownScope(String);

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let scope =
            |name: &str| Scope::from_text(name).ok_or_else(|| UnknownScope(name.to_owned()));
        text.split(',').map(str::trim).map(scope).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let some: Scopes = "write, read".parse().unwrap();
        assert!(some.allow(Scope::Read) && some.allow(Scope::Write) && !some.allow(Scope::Links));
        assert_eq!(some.to_string(), "read,write");
        assert_eq!(Scopes::stored(&some.to_string()), some);
        assert_eq!(Scopes::all().to_string(), "read,write,links,events,audit");
        assert_eq!(Scopes::all().to_string().parse(), Ok(Scopes::all()));
    }

    #[test]
    fn what_is_no_scope_is_refused_by_a_person_and_allows_nothing_when_it_is_stored() {
        for text in ["", "admin", "read,", "read,Write"] {
            let error = text.parse::<Scopes>().unwrap_err().to_string();
            assert!(
                error.ends_with("read,write,links,events,audit, with commas between them"),
                "{error}"
            );
        }
        assert_eq!(Scopes::stored(""), Scopes::default());
        assert_eq!(Scopes::stored("read,later").names(), ["read"]);
    }
}
