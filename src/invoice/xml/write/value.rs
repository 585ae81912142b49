//! Values as the texts and attributes of elements, each kind as the syntax writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::element::{Element, End};
use super::{Writer, says_something};
use crate::invoice::model::term::{Kind, Term};
use crate::invoice::model::{Attachment, Identifier, Note};
use crate::invoice::xml::XmlFormat;
use crate::invoice::xml::path::{Route, parts_of, routes};
use crate::invoice::xml::read::VAT_POINT_CODES;
use crate::invoice::xml::text::{one_line, prose};

/// The format of a day in CII (UNTDID 2379): `20260601`.
const DAY: &str = "102";
/// What a file is, if the invoice does not say it.
const ANY_FILE: &str = "application/octet-stream";

impl Writer<'_> {
    /// Writes a value that is no group.
    pub(super) fn value(
        &mut self,
        at: &mut Element,
        term: &'static Term,
        path: &'static str,
        value: &Value,
    ) {
        let text = value.as_str().unwrap_or_default();
        let is_written = match term.kind {
            Kind::Group(..) | Kind::Groups(..) => false,
            Kind::Lines => self.lines(at, term, path, value),
            Kind::Text | Kind::Code => self.leaf(at, path, &one_line(text)).is_some(),
            Kind::Currency => self.leaf(at, path, text).is_some(),
            Kind::Prose => {
                let mut said = prose(text);
                if text.ends_with("#\n") {
                    // A line break has to follow after a discount for early payment (BR-DE-18).
                    said.push('\n');
                }
                self.leaf(at, path, &said).is_some()
            }
            Kind::VatPointCode => {
                let same = VAT_POINT_CODES.iter().find(|(_, ubl)| *ubl == text);
                let same = same.filter(|_| self.format == XmlFormat::Cii);
                self.leaf(at, path, same.map_or(text, |(cii, _)| cii)).is_some()
            }
            Kind::Amount | Kind::Figure => {
                let currency = self.invoice.currency.map(|it| it.to_string());
                self.figure(at, path, text, currency)
            }
            Kind::VatCurrencyAmount => {
                let currency = self.invoice.vat_currency.map(|it| it.to_string());
                self.figure(at, path, text, currency)
            }
            Kind::Date => self.date(at, path, text),
            Kind::Identifier => {
                let id: Identifier = serde_json::from_value(value.clone()).unwrap_or_default();
                self.identifier(at, path, &id, false)
            }
            Kind::Identifiers => {
                let ids: Vec<Identifier> =
                    serde_json::from_value(value.clone()).unwrap_or_default();
                let said = ids.iter().filter(|it| !it.id.trim().is_empty());
                said.map(|id| self.identifier(at, path, id, true)).filter(|it| !it).count() == 0
            }
            Kind::Classifications => self.classifications(at, path, value),
            Kind::Notes => {
                let notes: Vec<Note> = serde_json::from_value(value.clone()).unwrap_or_default();
                let said = notes.iter().filter(|it| !it.text.trim().is_empty());
                said.map(|note| self.note(at, path, note)).filter(|it| !it).count() == 0
            }
            Kind::Attachment => {
                let file: Attachment = serde_json::from_value(value.clone()).unwrap_or_default();
                self.attachment(at, path, &file)
            }
        };
        if !is_written {
            self.leave_out(term);
        }
    }

    /// Writes a text to the first place that the schema has for it, and returns its element.
    fn leaf<'e>(
        &self,
        at: &'e mut Element,
        path: &'static str,
        text: &str,
    ) -> Option<&'e mut Element> {
        let all: Vec<&Route> = routes(path).iter().collect();
        self.leaf_on(at, &all, text)
    }

    fn leaf_on<'e>(
        &self,
        at: &'e mut Element,
        routes: &[&'static Route],
        text: &str,
    ) -> Option<&'e mut Element> {
        let end = |route: &Route| match route.attribute {
            Some(_) => End::Shared,
            None => End::New,
        };
        let route =
            routes.iter().find(|route| at.has_place(&route.steps, end(route), self.schema))?;
        let element = at.place(&route.steps, end(route), self.schema)?;
        match route.attribute {
            Some(name) => element.set(name, text),
            None => text.clone_into(&mut element.text),
        }
        Some(element)
    }

    /// The lines of an address have a place each. What is too much stands in the last place.
    fn lines(
        &self,
        at: &mut Element,
        term: &'static Term,
        path: &'static str,
        value: &Value,
    ) -> bool {
        let parts = parts_of(term, path);
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut texts: Vec<String> = texts.map(one_line).filter(|it| !it.is_empty()).collect();
        if texts.len() > parts.len() {
            let rest = texts.split_off(parts.len().saturating_sub(1));
            texts.push(rest.join(", "));
        }
        let written = parts.into_iter().zip(&texts);
        written.fold(true, |all, (part, text)| self.leaf(at, part, text).is_some() && all)
    }

    /// In UBL each amount and each price names its currency. In CII the totals of VAT do.
    fn figure(
        &self,
        at: &mut Element,
        path: &'static str,
        text: &str,
        currency: Option<String>,
    ) -> bool {
        let Some(element) = self.leaf(at, path, text) else { return false };
        let names_currency = match self.format {
            XmlFormat::Ubl => element.name.ends_with("Amount"),
            XmlFormat::Cii => element.name == "ram:TaxTotalAmount",
        };
        if let (true, Some(currency)) = (names_currency, currency) {
            element.set("currencyID", &currency);
        }
        true
    }

    fn date(&self, at: &mut Element, path: &'static str, day: &str) -> bool {
        if self.format == XmlFormat::Ubl {
            return self.leaf(at, path, day).is_some();
        }
        let Some(element) = self.leaf(at, path, "") else { return false };
        let inner = match element.name {
            "ram:TaxPointDate" => "udt:DateString",
            "ram:FormattedIssueDateTime" => "qdt:DateTimeString",
            _ => "udt:DateTimeString",
        };
        let mut date = Element::with_text(inner, day.replace('-', ""));
        date.set("format", DAY);
        element.children.push(date);
        true
    }

    fn identifier(
        &self,
        at: &mut Element,
        path: &'static str,
        id: &Identifier,
        repeats: bool,
    ) -> bool {
        let scheme = id.scheme.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let text = one_line(&id.id);
        let all = routes(path);
        // CII has one element for identifiers of a scheme, and another one for those without.
        let fits = |route: &&Route| {
            all.len() == 1 || (ends_with(route, "ram:GlobalID") == scheme.is_some())
        };
        let fitting: Vec<&Route> = all.iter().filter(fits).collect();
        // BT-18 and BT-128 have their scheme in an element beside them.
        let around = fitting.first().and_then(|it| it.steps.split_last()).map(|(_, around)| around);
        let is_beside = around
            .and_then(<[_]>::last)
            .is_some_and(|it| it.name == "ram:AdditionalReferencedDocument");
        let element = if repeats {
            let mut routes = fitting.iter();
            let route = routes.find(|it| at.has_place(&it.steps, End::New, self.schema));
            // Each has an element of its own, so those before it are not searched.
            let element = route.and_then(|it| self.added_on(at, it));
            element.map(|it| with_text(it, &text))
        } else {
            self.leaf_on(at, &fitting, &text)
        };
        let Some(element) = element else { return false };
        let Some(scheme) = scheme else { return true };
        if !is_beside {
            element.set("schemeID", scheme);
        } else if let Some(document) = around.and_then(|it| at.place(it, End::Shared, self.schema))
        {
            document.children.push(Element::with_text("ram:ReferenceTypeCode", scheme));
        }
        true
    }

    fn classifications(&self, at: &mut Element, path: &'static str, value: &Value) -> bool {
        let mut all = true;
        for class in value.as_array().into_iter().flatten().filter(|it| says_something(it)) {
            let part = |name: &str| class.get(name).and_then(Value::as_str).map(one_line);
            let Some(element) = self.added(at, path) else {
                all = false;
                continue;
            };
            element.text = part("id").unwrap_or_default();
            for (name, attribute) in [("scheme", "listID"), ("version", "listVersionID")] {
                if let Some(text) = part(name).filter(|it| !it.is_empty()) {
                    element.set(attribute, &text);
                }
            }
        }
        all
    }

    /// UBL has the subject before the text, between two `#` (EN 16931-3-2, BT-21).
    fn note(&self, at: &mut Element, path: &'static str, note: &Note) -> bool {
        let Some(element) = self.added(at, path) else { return false };
        let subject = note.subject.as_deref().map(one_line).filter(|it| !it.is_empty());
        let text = prose(&note.text);
        match (self.format, subject) {
            (XmlFormat::Ubl, Some(subject)) => element.text = format!("#{subject}#{text}"),
            (XmlFormat::Ubl, None) => element.text = text,
            (XmlFormat::Cii, subject) => {
                element.children.push(Element::with_text("ram:Content", text));
                let subject = subject.map(|it| Element::with_text("ram:SubjectCode", it));
                element.children.extend(subject);
            }
        }
        true
    }

    fn attachment(&self, at: &mut Element, path: &'static str, file: &Attachment) -> bool {
        let Some(bytes) = self.contents.of(file) else { return false };
        let document = at.child("cbc:ID").or(at.child("ram:IssuerAssignedID"));
        let reference = document.map(|it| it.text.clone()).unwrap_or_default();
        let Some(element) = self.leaf(at, path, &BASE64.encode(bytes)) else { return false };
        element.set("mimeCode", file.mime.as_deref().unwrap_or(ANY_FILE));
        element.set("filename", file.filename.as_deref().unwrap_or(&reference));
        true
    }
}

fn with_text<'e>(element: &'e mut Element, text: &str) -> &'e mut Element {
    text.clone_into(&mut element.text);
    element
}

fn ends_with(route: &Route, name: &str) -> bool {
    route.steps.last().is_some_and(|it| it.name == name)
}
