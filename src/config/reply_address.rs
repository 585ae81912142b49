//! The address to which answers by e-mail come back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The greatest length of the part before the `@`, in bytes. A `+` and 43 characters follow it in each mail, and 64 are
/// allowed in total (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 20;
/// The greatest length of a domain, in bytes (RFC 1035, section 2.3.4).
const MAX_DOMAIN_BYTES: usize = 253;
/// The greatest length of one part of a domain, in bytes.
const MAX_LABEL_BYTES: usize = 63;

/// An address such as `replies@mail.shop.example`, in lower case. In each mail, a `+` and a token stand before the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplyAddress {
    /// The part before the `@`: letters, digits, `.`, `_` and `-`.
    pub local: String,
    /// The part after the `@`.
    pub domain: String,
}

impl TryFrom<String> for ReplyAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or("no address with an @")?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if local.is_empty() || local.len() > MAX_LOCAL_BYTES || !local.chars().all(is_word) {
            return Err(
                "a part before the @ that does not have 1 to 20 letters, digits, ., _ or -",
            );
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err("a dot at the beginning or end of the part before the @, or two together");
        }
        let is_label = |label: &str| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if domain.len() > MAX_DOMAIN_BYTES || !domain.split('.').all(is_label) {
            return Err("no domain after the @ (write names with other letters as xn--)");
        }
        Ok(Self { local: local.to_owned(), domain: domain.to_owned() })
    }
}

impl From<ReplyAddress> for String {
    fn from(address: ReplyAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ReplyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_short_name_and_a_domain() {
        let read = |text: &str| ReplyAddress::try_from(text.to_owned());
        assert_eq!(
            read("Replies@Mail.Shop.Example").unwrap().to_string(),
            "replies@mail.shop.example"
        );
        assert!(read("a@localhost").is_ok());
        let long = format!("{}@shop.example", "x".repeat(MAX_LOCAL_BYTES + 1));
        for refused in [
            "",
            "replies",
            "@shop.example",
            "replies@",
            "a+b@shop.example",
            "a b@shop.example",
            "a@b@shop.example",
            ".a@shop.example",
            "a..b@shop.example",
            "a@shop..example",
            "a@-shop.example",
            "<a@shop.example>",
            "a@shöp.example",
            "a@[127.0.0.1]",
            &long,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
