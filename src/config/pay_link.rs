//! A shop's link to its payment provider, with places for what is to be paid.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use url::Url;

use super::template::filled;
use crate::transaction::Transaction;

/// The greatest length of an address with its places, in bytes.
const MAX_URL_BYTES: usize = 2_048;
/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What may stand in braces.
const PLACES: [&str; 6] =
    ["transaction", "external_id", "number", "amount", "currency", "reference"];

/// Where buyers can pay the invoices of a shop by other means than a transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayLink {
    /// The name of the shop.
    pub shop: String,
    /// The address, with places in braces such as `{amount}`.
    pub url: String,
}

impl PayLink {
    /// Returns what is wrong with the address, if anything is.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let Self { url, .. } = self;
        if url.len() > MAX_URL_BYTES {
            return Some("more than 2048 bytes");
        }
        let with =
            |sample: &str| filled(url, |name| PLACES.contains(&name).then(|| sample.to_owned()));
        let (Ok(one), Ok(other)) = (with("a"), with("b")) else {
            return Some("an unknown word in braces");
        };
        let (Ok(one), Ok(other)) = (Url::parse(&one), Url::parse(&other)) else {
            return Some("no URL");
        };
        if one.scheme() != "https" {
            return Some("another scheme than https://");
        }
        if !one.username().is_empty() || one.password().is_some() {
            return Some("a user name or password");
        }
        // Whatever the values are, the host stays the same.
        (one.origin() != other.origin()).then_some("words in braces before the path")
    }

    /// Returns the address at which `amount` of a transaction is paid.
    pub fn address(&self, transaction: &Transaction, amount: Decimal) -> Option<Url> {
        let invoice = &transaction.terms.invoice;
        let (id, currency) = (transaction.id.to_string(), invoice.currency.to_string());
        let amount = amount.to_string();
        let reference = invoice.payment.as_ref().and_then(|it| it.reference.as_deref());
        let value = |name: &str| match name {
            "transaction" => Some(id.as_str()),
            "external_id" => Some(transaction.external_id.as_str()),
            "number" => Some(invoice.number.as_str()),
            "amount" => Some(amount.as_str()),
            "currency" => Some(currency.as_str()),
            "reference" => Some(reference.unwrap_or(&invoice.number)),
            _ => None,
        };
        Url::parse(&filled(&self.url, |name| value(name).map(percent_encoded)).ok()?).ok()
    }
}

/// Returns a text as it is written in an address.
fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(url: &str) -> PayLink {
        PayLink { shop: "acme".to_owned(), url: url.to_owned() }
    }

    #[test]
    fn an_address_has_https_a_fixed_host_and_known_words() {
        for (url, problem) in [
            ("https://pay.example.org/{external_id}?amount={amount}", None),
            ("https://pay.example.org", None),
            ("http://pay.example.org/{amount}", Some("another scheme than https://")),
            ("javascript:alert(1)", Some("another scheme than https://")),
            ("https://{shop}.example.org/", Some("an unknown word in braces")),
            ("https://{number}.example.org/", Some("words in braces before the path")),
            ("https://pay.example.org:4{number}/", Some("no URL")),
            ("https://me:secret@pay.example.org/", Some("a user name or password")),
            ("https://pay.example.org/{amount", Some("an unknown word in braces")),
            ("https://pay.example.org/amount}", Some("an unknown word in braces")),
            ("pay.example.org", Some("no URL")),
        ] {
            assert_eq!(link(url).problem(), problem, "{url}");
        }
    }

    #[test]
    fn exactly_the_unreserved_characters_stay() {
        let stay = |c: &char| percent_encoded(&c.to_string()) == c.to_string();
        let left: String = ('\0'..='\u{ff}').filter(stay).collect();
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
        assert_eq!(left, format!("-.0123456789{letters}"));
    }

    #[test]
    fn values_are_encoded() {
        let mut transaction = crate::transaction::sample();
        transaction.external_id = "order 7/ä&x=1#".to_owned();
        transaction.terms.invoice.number = "../42".to_owned();
        let link = link("https://pay.example.org/{number}/{external_id}?sum={amount}{currency}");
        let address = link.address(&transaction, Decimal::new(5_400, 2)).unwrap();
        assert_eq!(
            address.as_str(),
            "https://pay.example.org/..%2F42/order%207%2F%C3%A4%26x%3D1%23?sum=54.00EUR"
        );
    }
}
