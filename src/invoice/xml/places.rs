//! Where in its file each value of an invoice stands.

use std::collections::HashMap;

use super::super::model::InvoiceInput;
use super::super::model::term::{Kind, Term};
use super::super::problem::Problem;
use super::XmlFormat;
use super::path::{path_of, routes, written};

/// The places of the values of an invoice in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    format: XmlFormat,
    root: String,
    /// The XPath of each element of a list, by its JSON pointer.
    elements: HashMap<String, String>,
}

impl Places {
    pub(super) fn new(format: XmlFormat, root: &str) -> Self {
        Self { format, root: format!("/{root}"), elements: HashMap::new() }
    }

    pub(super) fn add(&mut self, pointer: &str, xpath: String) {
        self.elements.insert(pointer.to_owned(), xpath);
    }

    /// Adds the place in the file to each problem whose pointer, relative to the invoice, is that of a
    /// value.
    pub fn name(&self, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|problem| problem.xpath.is_none()) {
            problem.xpath = self.xpath(&problem.pointer);
        }
    }

    /// Returns the XPath of the value with this JSON pointer, or of the place where it is missing.
    fn xpath(&self, pointer: &str) -> Option<String> {
        let mut xpath = self.root.clone();
        let mut terms = InvoiceInput::TERMS;
        let mut read = String::new();
        for segment in pointer.split('/').skip(1) {
            read.push('/');
            read.push_str(segment);
            if segment.bytes().all(|byte| byte.is_ascii_digit()) {
                if let Some(element) = self.elements.get(&read) {
                    xpath.clone_from(element);
                }
                continue;
            }
            let term: &Term = terms.iter().find(|term| term.json == segment)?;
            let path = routes(path_of(term, self.format)).first().map(written).unwrap_or_default();
            if !path.is_empty() {
                xpath.push('/');
                xpath.push_str(&path);
            }
            match term.kind {
                Kind::Group(inner, _) | Kind::Groups(inner, _) => terms = inner,
                _ => break,
            }
        }
        (!read.is_empty()).then_some(xpath)
    }
}
