//! The rules of Peppol for single countries.

mod denmark;
mod greece;
mod iceland;
mod italy;
mod netherlands;
mod norway;
mod sweden;

use super::checker::{Checker, Entry};

/// What these rules say, country by country.
pub(super) const RULES: [(&str, &[Entry]); 7] = [
    ("Peppol: Denmark", denmark::RULES),
    ("Peppol: Greece", greece::RULES),
    ("Peppol: Iceland", iceland::RULES),
    ("Peppol: Italy", italy::RULES),
    ("Peppol: the Netherlands", netherlands::RULES),
    ("Peppol: Norway", norway::RULES),
    ("Peppol: Sweden", sweden::RULES),
];

/// The name and weight of a rule of any country.
pub(super) fn named(rule: &str) -> Option<Entry> {
    RULES.iter().flat_map(|(_, rules)| rules.iter()).find(|(id, ..)| *id == rule).copied()
}

pub(super) fn check(checker: &mut Checker<'_>) {
    denmark::check(checker);
    greece::check(checker);
    iceland::check(checker);
    italy::check(checker);
    netherlands::check(checker);
    norway::check(checker);
    sweden::check(checker);
}
