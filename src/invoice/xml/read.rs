//! Reads a tree into the JSON form of the invoice, as the rows of the model say.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::currency::Currency;
use super::super::model::InvoiceInput;
use super::super::model::line::INFORMATION;
use super::super::model::term::{Kind, Term};
use super::super::money::parse;
use super::super::problem::Problem;
use super::XmlFormat;
use super::date::{DateText, read_date};
use super::figure::read_figure;
use super::path::{Route, follow, parts_of, path_of, routes, written};
use super::places::Places;
use super::tree::{Id, Tree};

/// The greatest number of characters of an unreadable value that its refusal repeats.
const MAX_SHOWN_CHARS: usize = 60;
/// The part of the specification identifier (BT-24) that claims the extension of XRechnung, in any version.
const XRECHNUNG_EXTENSION: &str = ":extension:xrechnung_";
/// The group of the VAT breakdown.
const VAT_BREAKDOWN: &str = "BG-23";
/// The codes of UNTDID 2475, by which CII names the time at which VAT becomes due, and those of UNTDID
/// 2005 that mean the same (EN 16931-3-3, BT-8).
pub(super) const VAT_POINT_CODES: [(&str, &str); 3] = [("5", "3"), ("29", "35"), ("72", "432")];

/// The paths of the totals of VAT, of which a file may have one in each of two currencies.
const TOTALS_OF_VAT: [&str; 2] = ["cac:TaxTotal/cbc:TaxAmount", "ram:TaxTotalAmount"];

/// What was read, and what could not be.
pub(super) struct Reading {
    /// The invoice in its JSON form.
    pub(super) invoice: Value,
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
        pointer: String::new(),
        problems: Vec::new(),
        places: Places::new(format, &tree.root().name),
        xpath: format!("/{}", tree.root().name),
    };
    // Amounts are compared with the currencies, which may stand after them.
    reader.currency = reader.text_of("currency");
    reader.vat_currency = reader.text_of("vat_currency");
    reader.is_extension_of_xrechnung = reader
        .text_of("specification")
        .is_some_and(|specification| specification.contains(XRECHNUNG_EXTENSION));
    let invoice = reader.group(InvoiceInput::TERMS, 0);
    let Reader { problems, places, .. } = reader;
    Reading { invoice: Value::Object(invoice), problems, places }
}

struct Reader<'t> {
    tree: &'t Tree,
    format: XmlFormat,
    /// BT-5 and BT-6.
    currency: Option<String>,
    vat_currency: Option<String>,
    /// Whether BT-24 claims the extension of XRechnung.
    is_extension_of_xrechnung: bool,
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
                let id = self.hits(path, from).first()?.id;
                let before = self.xpath.len();
                self.enter(path);
                let group = self.group(terms, id);
                self.xpath.truncate(before);
                // An element that is there but says nothing matters to the rules.
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
            Kind::Lines => {
                let parts = parts_of(term, path);
                let lines: Vec<Value> =
                    parts.into_iter().filter_map(|part| self.first(part, from)).collect();
                (!lines.is_empty()).then_some(Value::Array(lines))
            }
            Kind::Text | Kind::Code => self.first(path, from),
            Kind::Currency => {
                let hit = self.said(path, from)?;
                let code = one_line(self.text(hit));
                match Currency::parse(&code) {
                    Ok(_) => Some(Value::from(code)),
                    Err(why) => {
                        self.unreadable(hit, &why);
                        None
                    }
                }
            }
            Kind::VatPointCode => {
                let code = self.first(path, from)?;
                let same = VAT_POINT_CODES.iter().find(|(cii, _)| code.as_str() == Some(cii));
                let same = same.filter(|_| self.format == XmlFormat::Cii);
                Some(same.map_or(code, |(_, ubl)| Value::from(*ubl)))
            }
            Kind::Prose => {
                let texts = self.hits(path, from).into_iter().map(|hit| prose(self.text(hit)));
                let mut texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
                texts.dedup();
                (!texts.is_empty()).then(|| Value::from(texts.join("\n")))
            }
            Kind::Amount => self.amount(path, from, false),
            Kind::VatCurrencyAmount => self.amount(path, from, true),
            Kind::Figure => {
                let hit = self.said(path, from)?;
                // A price names its currency.
                let currency = self.tree.read_attribute(hit.id, "currencyID");
                let other = currency.filter(|it| {
                    !it.is_empty() && self.currency.as_ref().is_some_and(|currency| currency != it)
                });
                if let Some(other) = other {
                    self.in_other_currency(hit, other);
                }
                self.figure(hit)
            }
            Kind::Date => self.date(path, from),
            Kind::Identifier => {
                let hit = self.said(path, from)?;
                Some(self.identifier(hit))
            }
            Kind::Identifiers => {
                let hits: Vec<Hit> = routes(path)
                    .iter()
                    .flat_map(|route| self.route_hits(route, from))
                    .filter(|hit| !self.text(*hit).is_empty())
                    .collect();
                let all: Vec<Value> = hits.into_iter().map(|hit| self.identifier(hit)).collect();
                (!all.is_empty()).then_some(Value::Array(all))
            }
            Kind::Classifications => {
                let hits = self.hits(path, from).into_iter();
                let all: Vec<Value> = hits
                    .filter(|hit| !self.text(*hit).is_empty())
                    .map(|hit| {
                        let attributes = [("scheme", "listID"), ("version", "listVersionID")];
                        self.with_attributes("id", one_line(self.text(hit)), hit, &attributes)
                    })
                    .collect();
                (!all.is_empty()).then_some(Value::Array(all))
            }
            Kind::Notes => {
                let hits = self.hits(path, from).into_iter();
                let all: Vec<Value> = hits.filter_map(|hit| self.note(hit.id)).collect();
                (!all.is_empty()).then_some(Value::Array(all))
            }
            Kind::Attachment => {
                let hit = self.said(path, from)?;
                let content: String = self.text(hit).split_whitespace().collect();
                let attributes = [("filename", "filename"), ("mime", "mimeCode")];
                Some(self.with_attributes("content", content, hit, &attributes))
            }
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

    fn identifier(&self, hit: Hit) -> Value {
        let id = one_line(self.text(hit));
        let scheme = self.tree.read_attribute(hit.id, "schemeID").filter(|it| !it.is_empty());
        // CII names the scheme of BT-18 and BT-128 in an element beside it.
        let beside = self.tree.children(self.tree.element(hit.id).parent, "ram:ReferenceTypeCode");
        let scheme = scheme.or_else(|| beside.into_iter().next().map(|id| self.tree.read_text(id)));
        match scheme {
            None => Value::from(id),
            Some(scheme) => Value::Object(Map::from_iter([
                ("id".to_owned(), Value::from(id)),
                ("scheme".to_owned(), Value::from(scheme)),
            ])),
        }
    }

    fn with_attributes(
        &self,
        name: &str,
        text: String,
        hit: Hit,
        attributes: &[(&str, &str)],
    ) -> Value {
        let mut value = Map::from_iter([(name.to_owned(), Value::from(text))]);
        for (field, attribute) in attributes {
            if let Some(text) =
                self.tree.read_attribute(hit.id, attribute).filter(|text| !text.is_empty())
            {
                value.insert((*field).to_owned(), Value::from(text));
            }
        }
        Value::Object(value)
    }

    /// A note. UBL writes its subject before the text, between two `#` (EN 16931-3-2, BT-21).
    fn note(&self, id: Id) -> Option<Value> {
        let (subject, text) = match self.format {
            XmlFormat::Ubl => {
                let text = self.tree.read_text(id);
                let parts = text.strip_prefix('#').and_then(|rest| rest.split_once('#'));
                let is_code = |it: &str| (1..=3).contains(&it.len()) && it.is_ascii();
                match parts.filter(|(subject, _)| is_code(subject)) {
                    Some((subject, text)) => (Some(subject), prose(text)),
                    None => (None, prose(text)),
                }
            }
            XmlFormat::Cii => {
                let part = |name: &str| {
                    let ids = self.tree.children(id, name);
                    ids.map(|id| prose(self.tree.read_text(id))).collect::<Vec<_>>().join("\n")
                };
                let subject = self.tree.children(id, "ram:SubjectCode").next();
                (subject.map(|id| self.tree.read_text(id)), part("ram:Content"))
            }
        };
        if text.is_empty() {
            return None;
        }
        Some(match subject.filter(|subject| !subject.is_empty()) {
            None => Value::from(text),
            Some(subject) => Value::Object(Map::from_iter([
                ("subject".to_owned(), Value::from(subject)),
                ("text".to_owned(), Value::from(text)),
            ])),
        })
    }

    fn figure(&mut self, hit: Hit) -> Option<Value> {
        let figure = read_figure(self.text(hit)).map_err(str::to_owned);
        match figure.and_then(|figure| parse(&figure).map(|_| figure)) {
            Ok(figure) => Some(Value::from(figure)),
            Err(why) => {
                self.unreadable(hit, &why);
                None
            }
        }
    }

    /// An amount in the currency of the invoice, or in the one of VAT accounting. An amount that names no
    /// currency is in the one of the invoice.
    fn amount(&mut self, path: &'static str, from: Id, in_vat_currency: bool) -> Option<Value> {
        let wanted = if in_vat_currency {
            self.vat_currency.clone()?
        } else {
            self.currency.clone().unwrap_or_default()
        };
        if in_vat_currency && self.currency.as_ref() == Some(&wanted) {
            return None;
        }
        let hits: Vec<Hit> =
            routes(path).iter().flat_map(|route| self.route_hits(route, from)).collect();
        let currency_of = |hit: &Hit| {
            let named =
                self.tree.element(hit.id).attributes.iter().find(|it| it.name == "currencyID");
            named.map(|it| it.value.trim().to_owned()).filter(|it| !it.is_empty())
        };
        let said: Vec<(Hit, Option<String>)> = hits
            .iter()
            .filter(|hit| !self.tree.element(hit.id).text.trim().is_empty())
            .map(|hit| (*hit, currency_of(hit)))
            .collect();
        let fits = |currency: &Option<String>| match currency {
            Some(currency) => *currency == wanted,
            None => !in_vat_currency,
        };
        let is_any = self.currency.is_none() && !in_vat_currency;
        if let Some((hit, _)) = said.iter().find(|(_, currency)| is_any || fits(currency)) {
            self.tree.read_attribute(hit.id, "currencyID");
            return self.figure(*hit);
        }
        let (hit, other) = said.into_iter().find_map(|(hit, it)| Some((hit, it?)))?;
        let is_for_vat = Some(&other) == self.vat_currency.as_ref();
        if !in_vat_currency && !is_for_vat && self.currency.is_some() {
            self.tree.read_text(hit.id);
            self.in_other_currency(hit, &other);
            // The rules go on with the figure, except with a total of VAT: the right one may be missing.
            if !TOTALS_OF_VAT.contains(&path) {
                return self.figure(hit);
            }
        }
        None
    }

    /// Every amount of an invoice is in its currency, and so is every price.
    fn in_other_currency(&mut self, hit: Hit, other: &str) {
        self.tree.read_attribute(hit.id, "currencyID");
        let shown: String = other.chars().take(MAX_SHOWN_CHARS).collect();
        let detail = format!(
            "{} is in {shown}, but the invoice is in {} (BT-5). Every amount of an invoice is in its \
             currency; correct one of the two.",
            self.tree.xpath(hit.id),
            self.currency.as_deref().unwrap_or_default()
        );
        let problem = Problem::at(self.pointer.clone(), detail);
        self.problems.push(problem.breaking("PEPPOL-EN16931-R051"));
    }

    fn date(&mut self, path: &'static str, from: Id) -> Option<Value> {
        let places: Vec<Hit> =
            routes(path).iter().flat_map(|route| self.route_hits(route, from)).collect();
        for hit in places {
            // In CII, the element of a date has another one in it, which names its format.
            let inner = self.tree.element(hit.id).children.first().copied();
            let id = inner.filter(|_| self.format == XmlFormat::Cii).unwrap_or(hit.id);
            let element = self.tree.element(id);
            let format = element.attributes.iter().find(|it| it.name == "format");
            match read_date(element.text.trim(), format.map(|it| it.value.trim())) {
                DateText::None => {
                    self.tree.read_text(id);
                    self.tree.read_attribute(id, "format");
                }
                DateText::Day(day) => {
                    self.tree.read_text(id);
                    self.tree.read_attribute(id, "format");
                    return Some(Value::from(day.to_string()));
                }
                // It stays unread, so it is listed as it stands in the file.
                DateText::NoDay => {
                    self.tree.read_attribute(id, "format");
                }
                DateText::Unreadable(why) => {
                    self.tree.read_text(id);
                    self.tree.read_attribute(id, "format");
                    self.unreadable(Hit { id, attribute: None }, &why);
                }
            }
        }
        None
    }

    fn unreadable(&mut self, hit: Hit, why: &str) {
        let shown: String = self.text(hit).chars().take(MAX_SHOWN_CHARS).collect();
        let place = self.tree.xpath(hit.id);
        let why = why.trim_end_matches('.');
        let detail = format!("{place} holds {shown:?}, which cannot be read: {why}.");
        self.problems.push(Problem::at(self.pointer.clone(), detail));
    }
}

/// Returns a short text as one line, because white space in XML is only layout.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a long text with its lines, without the indentation of the file.
pub(super) fn prose(text: &str) -> String {
    text.trim().lines().map(one_line).collect::<Vec<_>>().join("\n")
}
