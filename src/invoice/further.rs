//! The business terms of an original invoice that our model does not have. Pure.

mod document;
mod lines;
mod parties;

use std::fmt::Display;

use super::currency::Currency;
use super::money::exact;
use super::xml::bounds;
use en16931::invoice::PostalAddress;
use en16931::{Identifier, Percentage};
use rust_decimal::Decimal;

/// A business term of an invoice that our model does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The business term or group of EN 16931, such as `BT-12`. Each has a text `bt-12` in every language.
    pub id: &'static str,
    /// The id of the line that it is about (BT-126); none if it is about the whole document.
    pub line: Option<String>,
    /// The value as the invoice states it.
    pub value: String,
}

/// Returns the business terms of a UBL or CII invoice that our model does not have, in the order of
/// EN 16931. Returns nothing if the file is not such an invoice, or exceeds the present limits.
pub fn further_terms(original: &[u8]) -> Vec<Term> {
    if bounds::check(original).is_err() {
        return Vec::new();
    }
    let Ok(read) = en16931_formats::read(original) else { return Vec::new() };
    let currency = read.invoice.currency.as_ref();
    let currency = currency.and_then(|code| Currency::parse(code.as_str()).ok());
    let mut terms = Terms { currency, ..Terms::default() };
    document::references(&read.invoice, &mut terms);
    parties::parties(&read.invoice, &mut terms);
    document::settlement(&read.invoice, &mut terms);
    lines::lines(&read.invoice, &mut terms);
    terms.found
}

/// The terms found so far, the line that the next ones are about, and the currency of the amounts.
#[derive(Default)]
struct Terms {
    found: Vec<Term>,
    line: Option<String>,
    currency: Option<Currency>,
}

impl Terms {
    /// Adds a term, unless its value is empty. White space in XML is only layout.
    fn say(&mut self, id: &'static str, value: Option<impl Display>) {
        let Some(value) = value else { return };
        let value = value.to_string();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.found.push(Term { id, line: self.line.clone(), value });
        }
    }

    /// Adds an amount or a price, with the decimals of the currency or with more.
    fn say_amount(&mut self, id: &'static str, amount: Option<Decimal>) {
        let write = |amount: Decimal| match self.currency {
            Some(currency) => exact(amount, currency),
            None => amount.to_string(),
        };
        self.say(id, amount.map(write));
    }

    /// Adds an identifier, with its scheme in brackets.
    fn say_identifier(&mut self, id: &'static str, identifier: Option<&Identifier>) {
        let value = identifier.filter(|it| !it.is_blank()).map(|it| match it.scheme() {
            Some(scheme) => format!("{} ({scheme})", it.content()),
            None => it.content().to_owned(),
        });
        self.say(id, value);
    }

    /// Adds an address in one line.
    fn say_address(&mut self, id: &'static str, it: &PostalAddress) {
        let city: Vec<&str> =
            [&it.post_code, &it.city].into_iter().flatten().map(String::as_str).collect();
        let city = city.join(" ");
        let country = it.country.as_ref().map(en16931::invoice::Code::as_str);
        let lines = [&it.line1, &it.line2, &it.line3].into_iter().flatten().map(String::as_str);
        let place = [Some(city.as_str()), it.subdivision.as_deref(), country].into_iter().flatten();
        let parts: Vec<&str> =
            lines.chain(place).map(str::trim).filter(|part| !part.is_empty()).collect();
        self.say(id, Some(parts.join(", ")));
    }
}

/// Such as `19 %`.
fn per_cent(rate: Percentage) -> String {
    format!("{} %", rate.into_decimal().normalize())
}

#[cfg(test)]
mod tests;
