//! What the original invoice says beyond our model. Pure.

mod document;
mod lines;
mod parties;

use std::fmt::Display;

use super::xml::bounds;
use en16931::invoice::PostalAddress;
use en16931::{Identifier, Percentage};

/// Something that an invoice says beyond our model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Business term or group of EN 16931, such as `BT-12`. There is a text `bt-12` for each.
    pub id: &'static str,
    /// Which line it is about, by its id (BT-126); none: the whole document.
    pub line: Option<String>,
    /// As the invoice says it.
    pub value: String,
}

/// What a UBL or CII invoice says beyond our model, in the order of EN 16931; nothing if the file
/// is none, was never one, or is beyond what is taken today.
pub fn further_terms(original: &[u8]) -> Vec<Term> {
    if bounds::check(original).is_err() {
        return Vec::new();
    }
    let Ok(read) = en16931_formats::read(original) else { return Vec::new() };
    let mut terms = Terms::default();
    document::references(&read.invoice, &mut terms);
    parties::parties(&read.invoice, &mut terms);
    document::settlement(&read.invoice, &mut terms);
    lines::lines(&read.invoice, &mut terms);
    terms.found
}

/// The terms found so far, and the line that the next ones are about.
#[derive(Default)]
struct Terms {
    found: Vec<Term>,
    line: Option<String>,
}

impl Terms {
    /// White space in XML is layout; what is nothing else says nothing.
    fn say(&mut self, id: &'static str, value: Option<impl Display>) {
        let Some(value) = value else { return };
        let value = value.to_string();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.found.push(Term { id, line: self.line.clone(), value });
        }
    }

    /// An identifier with its scheme in brackets.
    fn say_identifier(&mut self, id: &'static str, identifier: Option<&Identifier>) {
        let value = identifier.filter(|it| !it.is_blank()).map(|it| match it.scheme() {
            Some(scheme) => format!("{} ({scheme})", it.content()),
            None => it.content().to_owned(),
        });
        self.say(id, value);
    }

    /// An address on one line.
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
