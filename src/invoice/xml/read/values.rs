//! Reads the values of terms: texts, codes, figures, dates, identifiers, notes and attached files.

use serde_json::{Map, Value};

use super::super::XmlFormat;
use super::super::date::{DateText, read_date};
use super::super::figure::read_figure;
use super::super::path::{parts_of, routes};
use super::super::text::{one_line, prose, shown};
use super::super::tree::Id;
use super::{Hit, Reader};
use crate::invoice::currency::Currency;
use crate::invoice::model::term::{Kind, Term};
use crate::invoice::money::parse;
use crate::invoice::problem::Problem;

/// The codes of UNTDID 2475, by which CII names the time at which VAT becomes due, and those of UNTDID
/// 2005 that mean the same (EN 16931-3-3, BT-8).
pub(in crate::invoice::xml) const VAT_POINT_CODES: [(&str, &str); 3] =
    [("5", "3"), ("29", "35"), ("72", "432")];

impl Reader<'_> {
    /// Reads the value of a term that is no group; none if the file does not say it.
    pub(super) fn value(
        &mut self,
        term: &'static Term,
        path: &'static str,
        from: Id,
    ) -> Option<Value> {
        match term.kind {
            // The caller walks through groups.
            Kind::Group(..) | Kind::Groups(..) => None,
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
                Some(self.identifier(hit, true))
            }
            Kind::Identifiers => {
                let hits: Vec<Hit> = routes(path)
                    .iter()
                    .flat_map(|route| self.route_hits(route, from))
                    .filter(|hit| !self.text(*hit).is_empty())
                    .collect();
                let all: Vec<Value> =
                    hits.into_iter().map(|hit| self.identifier(hit, false)).collect();
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

    /// An identifier and its scheme, which may stand in an element beside it if the identifier does not repeat.
    fn identifier(&self, hit: Hit, may_stand_beside: bool) -> Value {
        let id = one_line(self.text(hit));
        let scheme = self.tree.read_attribute(hit.id, "schemeID").filter(|it| !it.is_empty());
        // CII names the scheme of BT-18 and BT-128 in an element beside it.
        let beside = self.tree.children(self.tree.element(hit.id).parent, "ram:ReferenceTypeCode");
        let scheme = scheme.or_else(|| {
            let id = may_stand_beside.then(|| beside.into_iter().next()).flatten()?;
            Some(self.tree.read_text(id))
        });
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

    pub(super) fn figure(&mut self, hit: Hit) -> Option<Value> {
        let figure = read_figure(self.text(hit)).map_err(str::to_owned);
        match figure.and_then(|figure| parse(&figure).map(|_| figure)) {
            Ok(figure) => Some(Value::from(figure)),
            Err(why) => {
                self.unreadable(hit, &why);
                None
            }
        }
    }

    fn unreadable(&mut self, hit: Hit, why: &str) {
        let shown = shown(self.text(hit));
        let place = self.tree.xpath(hit.id);
        let why = why.trim_end_matches('.');
        let detail = format!("{place} holds {shown:?}, which cannot be read: {why}.");
        self.problems.push(Problem::at(self.pointer.clone(), detail));
    }
}
