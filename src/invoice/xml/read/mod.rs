//! Reads a tree into the JSON form of the invoice, as the rows of the model say: walks through its groups,
//! and finds the places of their terms.

mod amounts;
mod values;

use std::collections::HashMap;

pub(super) use values::VAT_POINT_CODES;

use serde_json::{Map, Value};

use super::XmlFormat;
use super::path::{Route, follow, path_of, routes, written};
use super::places::Places;
use super::text::one_line;
use super::tree::{Id, Tree};
use crate::invoice::currency::Currency;
use crate::invoice::model::InvoiceInput;
use crate::invoice::model::line::INFORMATION;
use crate::invoice::model::term::{Kind, Term};
use crate::invoice::problem::Problem;

/// The part of the specification identifier (BT-24) that claims the extension of XRechnung, in any version.
const XRECHNUNG_EXTENSION: &str = ":extension:xrechnung_";
/// The group of the VAT breakdown.
const VAT_BREAKDOWN: &str = "BG-23";
/// The totals.
const TOTALS: &str = "BG-22";

/// What was read, and what could not be.
pub(super) struct Reading {
    /// The invoice in its JSON form.
    pub(super) invoice: Value,
    /// Whether there is a group that says nothing. It matters to the rules that it is there.
    pub(super) has_empty_groups: bool,
    /// Values that cannot be read.
    pub(super) problems: Vec<Problem>,
    /// Where the values stand in the file.
    pub(super) places: Places,
}

/// Reads the whole tree.
pub(super) fn read(tree: &Tree, format: XmlFormat) -> Reading {
    let mut reader = Reader {
        tree,
        format,
        currency: None,
        vat_currency: None,
        is_extension_of_xrechnung: false,
        has_empty_groups: false,
        pointer: String::new(),
        problems: Vec::new(),
        places: Places::new(format, &tree.root().name),
        xpath: format!("/{}", tree.root().name),
    };
    // Amounts are compared with the currencies, which may stand after them.
    // What is no currency is refused for itself, and not at each amount.
    reader.currency = reader.text_of("currency").filter(|it| Currency::parse(it).is_ok());
    reader.vat_currency = reader.text_of("vat_currency");
    reader.is_extension_of_xrechnung = reader
        .text_of("specification")
        .is_some_and(|specification| specification.contains(XRECHNUNG_EXTENSION));
    let invoice = reader.group(InvoiceInput::TERMS, 0);
    let Reader { has_empty_groups, problems, places, .. } = reader;
    Reading { invoice: Value::Object(invoice), has_empty_groups, problems, places }
}

struct Reader<'t> {
    tree: &'t Tree,
    format: XmlFormat,
    /// BT-5 and BT-6.
    currency: Option<String>,
    vat_currency: Option<String>,
    /// Whether BT-24 claims the extension of XRechnung.
    is_extension_of_xrechnung: bool,
    has_empty_groups: bool,
    /// The JSON pointer to what is being read.
    pointer: String,
    /// The XPath of the group that is being read.
    xpath: String,
    problems: Vec<Problem>,
    places: Places,
}

/// A place that holds a value: an element, or an attribute of it.
#[derive(Clone, Copy)]
struct Hit {
    id: Id,
    attribute: Option<&'static str>,
}

impl<'t> Reader<'t> {
    fn text_of(&self, field: &str) -> Option<String> {
        let term = InvoiceInput::TERMS.iter().find(|term| term.json == field)?;
        let hit = self.hits(path_of(term, self.format), 0).into_iter().next()?;
        Some(self.text(hit)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn group(&mut self, terms: &'static [Term], from: Id) -> Map<String, Value> {
        let mut group = Map::new();
        for term in terms {
            let before = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(term.json);
            if let Some(value) = self.term(term, from) {
                group.insert(term.json.to_owned(), value);
            }
            self.pointer.truncate(before);
        }
        group
    }

    fn term(&mut self, term: &'static Term, from: Id) -> Option<Value> {
        let path = path_of(term, self.format);
        // UBL has payments before the invoice in the same place.
        if path.is_empty() && !matches!(term.kind, Kind::Group(..))
            || (term.ids == "BG-DEX-09" && !self.is_extension_of_xrechnung)
        {
            return None;
        }
        match term.kind {
            Kind::Group(terms, _) => {
                let hits = self.hits(path, from);
                let id = hits.first()?.id;
                if let (TOTALS, Some(again)) = (term.ids, hits.get(1)) {
                    self.in_totals_again(*again);
                }
                let before = self.xpath.len();
                self.enter(path);
                let group = self.group(terms, id);
                self.xpath.truncate(before);
                self.has_empty_groups |= group.is_empty() && !path.is_empty();
                (!group.is_empty() || !path.is_empty()).then_some(Value::Object(group))
            }
            Kind::Groups(terms, _) => {
                let hits = self.hits(path, from);
                let ordinals = self.ordinals(&hits);
                let mut all = Vec::with_capacity(hits.len());
                for (hit, parent) in self.with_sub_lines(hits) {
                    if term.ids == VAT_BREAKDOWN && self.is_for_vat_accounting(hit.id) {
                        continue;
                    }
                    let index = all.len();
                    let (pointer, xpath) = (self.pointer.len(), self.xpath.len());
                    self.pointer.push_str(&format!("/{index}"));
                    self.enter(path);
                    let ordinal = ordinals.get(&hit.id).copied().unwrap_or(1);
                    self.xpath.push_str(&format!("[{ordinal}]"));
                    self.places.add(&self.pointer, self.xpath.clone());
                    let mut group = self.group(terms, hit.id);
                    if let Some(parent) = parent {
                        group.insert("parent".to_owned(), Value::from(self.tree.read_text(parent)));
                        group.insert("role".to_owned(), Value::from(INFORMATION));
                    }
                    all.push(Value::Object(group));
                    self.pointer.truncate(pointer);
                    self.xpath.truncate(xpath);
                }
                (!all.is_empty()).then_some(Value::Array(all))
            }
            _ => self.value(term, path, from),
        }
    }

    /// Whether a row of a VAT breakdown is in the currency of VAT accounting. Some files repeat the breakdown
    /// in it, which EN 16931 does not have.
    fn is_for_vat_accounting(&self, row: Id) -> bool {
        let tax = self.tree.children(row, "cbc:TaxAmount").next();
        let named = tax.and_then(|id| {
            self.tree.element(id).attributes.iter().find(|it| it.name == "currencyID")
        });
        let currency = named.map(|it| it.value.trim());
        currency.is_some()
            && currency == self.vat_currency.as_deref()
            && currency != self.currency.as_deref()
    }

    /// The lines with their sub-lines after them (XRechnung extension), and the id of the line around each
    /// sub-line. Other groups have none.
    fn with_sub_lines(&self, hits: Vec<Hit>) -> Vec<(Hit, Option<Id>)> {
        let mut all = Vec::with_capacity(hits.len());
        let mut open: Vec<(Hit, Option<Id>)> =
            hits.into_iter().rev().map(|hit| (hit, None)).collect();
        while let Some((hit, parent)) = open.pop() {
            all.push((hit, parent));
            let number = self.tree.children(hit.id, "cbc:ID").next();
            let inner: Vec<Id> = ["cac:SubInvoiceLine", "cac:SubCreditNoteLine"]
                .iter()
                .flat_map(|name| self.tree.children(hit.id, name))
                .collect();
            open.extend(inner.into_iter().rev().map(|id| (Hit { id, attribute: None }, number)));
        }
        all
    }

    /// Adds the path of a group to the XPath.
    fn enter(&mut self, path: &'static str) {
        let path = routes(path).first().map(written).unwrap_or_default();
        if !path.is_empty() {
            self.xpath.push('/');
            self.xpath.push_str(&path);
        }
    }

    /// The place of each element among those with the same name around it, from 1.
    fn ordinals(&self, hits: &[Hit]) -> HashMap<Id, usize> {
        let mut ordinals = HashMap::new();
        for hit in hits {
            if !ordinals.contains_key(&hit.id) {
                let element = self.tree.element(hit.id);
                let alike = self.tree.children(element.parent, &element.name);
                ordinals.extend(alike.enumerate().map(|(index, id)| (id, index + 1)));
            }
        }
        ordinals
    }

    /// The places that the first route with any leads to.
    fn hits(&self, path: &'static str, from: Id) -> Vec<Hit> {
        routes(path)
            .iter()
            .map(|route| self.route_hits(route, from))
            .find(|hits| !hits.is_empty())
            .unwrap_or_default()
    }

    fn route_hits(&self, route: &Route, from: Id) -> Vec<Hit> {
        let attribute = route.attribute;
        let has = |id: &Id| match attribute {
            None => true,
            Some(name) => self.tree.element(*id).attributes.iter().any(|it| it.name == name),
        };
        let ids = follow(self.tree, from, route).into_iter().filter(has);
        ids.map(|id| Hit { id, attribute }).collect()
    }

    /// The first place that says something. An element that is there but empty says nothing.
    fn said(&self, path: &'static str, from: Id) -> Option<Hit> {
        let all = routes(path).iter().flat_map(|route| self.route_hits(route, from));
        all.into_iter().find(|hit| !self.text(*hit).is_empty())
    }

    fn first(&self, path: &'static str, from: Id) -> Option<Value> {
        self.said(path, from).map(|hit| Value::from(one_line(self.text(hit))))
    }

    /// The text of a place, which is marked as read.
    fn text(&self, hit: Hit) -> &'t str {
        match hit.attribute {
            None => self.tree.read_text(hit.id),
            Some(name) => self.tree.read_attribute(hit.id, name).unwrap_or_default(),
        }
    }
}
