//! Visits every value of an invoice, with its business term and its place.

use serde_json::Value;

use super::InvoiceInput;
use super::term::{Kind, Term};

/// One value of an invoice.
pub(in crate::invoice) struct Leaf<'a> {
    /// The term that it belongs to.
    pub(in crate::invoice) term: &'static Term,
    /// The business term, such as `BT-1`.
    pub(in crate::invoice) id: &'static str,
    /// The JSON pointer (RFC 6901) to it, relative to the invoice.
    pub(in crate::invoice) pointer: &'a str,
    /// The groups around it: the id of each, and its place if the group repeats, from the outside in.
    pub(in crate::invoice) groups: &'a [(&'static str, Option<usize>)],
    /// The value. An identifier, a note, a class or a file is an object or a text.
    pub(in crate::invoice) value: &'a Value,
}

/// Calls `visit` for each value of an invoice as JSON, in the order of the model. What repeats is one list
/// for [`Kind::Lines`], and one value for each element otherwise.
pub(in crate::invoice) fn walk(invoice: &Value, mut visit: impl FnMut(&Leaf<'_>)) {
    let mut walker = Walker { pointer: String::new(), groups: Vec::new(), visit: &mut visit };
    walker.group(InvoiceInput::TERMS, 0, invoice);
}

struct Walker<'v> {
    pointer: String,
    groups: Vec<(&'static str, Option<usize>)>,
    visit: &'v mut dyn FnMut(&Leaf<'_>),
}

impl Walker<'_> {
    fn group(&mut self, terms: &'static [Term], role: usize, group: &Value) {
        for term in terms {
            if let Some(value) = group.get(term.json).filter(|it| !it.is_null()) {
                let before = self.pointer.len();
                self.pointer.push('/');
                self.pointer.push_str(term.json);
                self.term(term, role, value);
                self.pointer.truncate(before);
            }
        }
    }

    fn term(&mut self, term: &'static Term, role: usize, value: &Value) {
        match (term.kind, value) {
            (Kind::Group(terms, own), value) => {
                self.groups.push((term.id(role), None));
                self.group(terms, role + own, value);
                self.groups.pop();
            }
            (Kind::Groups(terms, own), Value::Array(all)) => {
                for (index, value) in all.iter().enumerate() {
                    let before = self.pointer.len();
                    self.pointer.push_str(&format!("/{index}"));
                    self.groups.push((term.id(role), Some(index)));
                    self.group(terms, role + own, value);
                    self.groups.pop();
                    self.pointer.truncate(before);
                }
            }
            (Kind::Lines, value) => self.leaf(term, role, value),
            (_, Value::Array(all)) => {
                for (index, value) in all.iter().enumerate() {
                    let before = self.pointer.len();
                    self.pointer.push_str(&format!("/{index}"));
                    self.leaf(term, role, value);
                    self.pointer.truncate(before);
                }
            }
            (_, value) => self.leaf(term, role, value),
        }
    }

    fn leaf(&mut self, term: &'static Term, role: usize, value: &Value) {
        let leaf =
            Leaf { term, id: term.id(role), pointer: &self.pointer, groups: &self.groups, value };
        (self.visit)(&leaf);
    }
}
