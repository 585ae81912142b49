//! The labels and values of the fields, in the reader's language.

use std::collections::HashMap;

use super::Document;
use crate::invoice::Term;
use crate::language::Locale;
use crate::wording::{self, term};

/// The business term of a note to a line.
const NOTE: &str = "BT-127";
/// The business terms that are in the head, in this order.
const IN_HEAD: [&str; 7] = ["BT-25", "BT-26", "BT-12", "BT-11", "BT-72", "BT-73", "BT-74"];

/// A label and its value.
pub(super) type Field = (String, String);

/// Returns the fields of the head: dates and references.
pub(super) fn head(document: &Document<'_>) -> Vec<Field> {
    let (invoice, locale) = (&document.terms.invoice, document.locale);
    let mut fields = vec![(locale.text("issued"), locale.date(invoice.issue_date))];
    if let Some(due) = document.standing.due_date {
        fields.push((locale.text("due"), locale.date(due)));
    }
    for (id, value) in [
        ("buyer-reference", &invoice.buyer_reference),
        ("order-reference", &invoice.order_reference),
    ] {
        if let Some(value) = value {
            fields.push((locale.text(id), value.clone()));
        }
    }
    for id in IN_HEAD {
        let terms = document.further.iter().filter(|term| term.line.is_none() && term.id == id);
        fields.extend(terms.map(|it| term(it, locale)));
    }
    fields
}

/// Returns the other business terms of the whole document.
pub(super) fn further(document: &Document<'_>) -> Vec<Field> {
    let terms = document.further.iter();
    let terms = terms.filter(|term| term.line.is_none() && !IN_HEAD.contains(&term.id));
    terms.map(|it| term(it, document.locale)).collect()
}

/// Returns the other business terms of each line, by the id of the line.
pub(super) fn further_by_line<'a>(document: &Document<'a>) -> HashMap<&'a str, Vec<&'a Term>> {
    let mut by_line: HashMap<&str, Vec<&Term>> = HashMap::new();
    for term in document.further {
        if let Some(line) = &term.line {
            by_line.entry(line).or_default().push(term);
        }
    }
    by_line
}

/// Returns the terms of a line as paragraphs: first its note, then all others in one paragraph.
pub(super) fn in_paragraphs(terms: &[&Term], locale: &Locale) -> Vec<String> {
    let (notes, rest): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(|term| term.id == NOTE);
    let rest = rest.into_iter().map(|it| {
        let (label, value) = term(it, locale);
        locale.labelled(&label, &value)
    });
    let rest = rest.collect::<Vec<_>>().join(" · ");
    notes.into_iter().map(|note| note.value.clone()).chain([rest]).collect()
}

/// Isolates the value in a language that is written from right to left, so that a text of the other
/// direction does not mix with the text around it.
pub(super) fn apart(value: String, locale: &Locale) -> String {
    if locale.is_rtl() { format!("\u{2068}{value}\u{2069}") } else { value }
}

/// Returns the fields about how to pay; nothing if nobody has to pay.
pub(super) fn payment(document: &Document<'_>) -> Vec<Field> {
    let details = wording::payment(&document.terms.invoice, document.standing, document.locale);
    details.into_iter().map(|it| (it.label, it.shown)).collect()
}
