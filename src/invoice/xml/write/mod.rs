//! Writes UBL 2.1 and CII D16B, as the rows of the model say.
//!
//! The rows say where a value stands. The other files of this folder hold what they do not say: the order of
//! the elements (`schema`), and what a syntax demands beside the values (`fixed`, `prepare`).

mod contents;
mod element;
mod fixed;
mod prepare;
mod print;
mod schema;
mod value;

use serde_json::Value;

pub use contents::AttachedContents;
pub(in crate::invoice) use prepare::CORE_INVOICE;

use super::XmlFormat;
use super::path::{Route, Step, path_of, routes};
use crate::invoice::model::term::{Kind, Term};
use crate::invoice::model::{Invoice, InvoiceInput};
use crate::invoice::problem::Problem;
use crate::invoice::sub_lines::{Nested, nested};
use element::{Element, End};
use schema::Schema;

/// The group of the VAT breakdown.
const VAT_BREAKDOWN: &str = "BG-23";
/// The group of the lines.
const LINES: &str = "BG-25";
/// What CII has in the first row of the VAT breakdown: BT-7 and BT-8.
const IN_VAT_BREAKDOWN: &str = "Settlement/ram:ApplicableTradeTax/";

/// An invoice as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The file, in UTF-8.
    pub xml: String,
    /// What the invoice says and the file cannot. Pointers are relative to the invoice.
    pub left_out: Vec<Problem>,
}

/// Writes an invoice as UBL 2.1 (an invoice or a credit note) or as CII D16B.
///
/// Seller (BG-4) and buyer (BG-7) are those of the invoice itself. For a transaction, write the invoice that
/// `Terms::whole_invoice` returns: it has what the parties of the transaction say. A file that the invoice carries (BT-125)
/// is written if its content is in `contents`: the model knows only its digest. What the file that came in says
/// beyond the model is not written.
///
/// What a syntax demands and the invoice does not state gets a value that claims nothing: BT-24 is then
/// `urn:cen.eu:en16931:2017`, and BT-81 follows from the group that says how to pay.
///
/// # Errors
/// If the invoice has no lines and UBL is asked for, whose schema demands one; or if it has amounts that are
/// collected for somebody else (BG-DEX-09), and is no invoice in UBL: nothing else has a place for them, and what is
/// due would be wrong.
pub fn write(
    invoice: &Invoice,
    format: XmlFormat,
    contents: &AttachedContents,
) -> Result<Written, Problem> {
    if let Some(refusal) = refusal(invoice, format) {
        return Err(refusal);
    }
    let stated = prepare::prepared(invoice, format);
    let value = serde_json::to_value(&stated).map_err(|it| Problem::at("", it.to_string()))?;
    let mut root = Element::new(match (format, invoice.is_credit_note()) {
        (XmlFormat::Cii, _) => "rsm:CrossIndustryInvoice",
        (XmlFormat::Ubl, false) => "ubl:Invoice",
        (XmlFormat::Ubl, true) => "ubl:CreditNote",
    });
    let mut writer = Writer {
        format,
        schema: Schema::for_format(format),
        invoice: &stated,
        contents,
        pointer: String::new(),
        left_out: Vec::new(),
    };
    writer.group(&mut root, InvoiceInput::TERMS, &value);
    fixed::add(&mut root, format);
    root.in_order(writer.schema);
    Ok(Written { xml: print::print(&root), left_out: writer.left_out })
}

/// Why an invoice cannot be written in a syntax, if it cannot.
pub fn refusal(invoice: &Invoice, format: XmlFormat) -> Option<Problem> {
    if invoice.lines.is_empty() && format == XmlFormat::Ubl {
        let detail = "An invoice without lines cannot be written as UBL, which demands a line. Write it \
                      as CII.";
        return Some(Problem::at("/lines", detail));
    }
    let has_place = format == XmlFormat::Ubl && !invoice.is_credit_note();
    if !invoice.third_party_payments.is_empty() && !has_place {
        let detail = "An invoice with amounts that are collected for somebody else (BG-DEX-09) can only be \
                      written as UBL, and no credit note: there is no other place for them, and what is due \
                      would be wrong without them.";
        return Some(Problem::at("/third_party_payments", detail));
    }
    None
}

struct Writer<'a> {
    format: XmlFormat,
    schema: &'static Schema,
    invoice: &'a InvoiceInput,
    contents: &'a AttachedContents,
    /// The JSON pointer to what is being written.
    pointer: String,
    left_out: Vec<Problem>,
}

impl Writer<'_> {
    fn group(&mut self, at: &mut Element, terms: &'static [Term], group: &Value) {
        // Other values of CII stand in the first row of the VAT breakdown. The lines come last, so that nothing has
        // to be found among them.
        let order = |term: &&Term| match term.ids {
            VAT_BREAKDOWN => 0,
            LINES => 2,
            _ => 1,
        };
        let mut terms: Vec<&Term> = terms.iter().collect();
        terms.sort_by_key(order);
        for term in terms {
            let Some(value) = group.get(term.json).filter(|it| says_something(it)) else {
                continue;
            };
            let before = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(term.json);
            self.term(at, term, value);
            self.pointer.truncate(before);
        }
    }

    fn term(&mut self, at: &mut Element, term: &'static Term, value: &Value) {
        let path = path_of(term, self.format);
        let is_group = matches!(term.kind, Kind::Group(..));
        let has_breakdown = self.invoice.vat_breakdown.as_ref().is_some_and(|it| !it.is_empty());
        if (path.is_empty() && !is_group) || (path.starts_with(IN_VAT_BREAKDOWN) && !has_breakdown)
        {
            self.leave_out(term);
            return;
        }
        match term.kind {
            Kind::Group(terms, _) => {
                let schema = self.schema;
                let route =
                    routes(path).iter().find(|it| at.has_place(&it.steps, End::Shared, schema));
                let place = route.and_then(|it| at.place(&it.steps, End::Shared, schema));
                match place {
                    Some(element) => self.group(element, terms, value),
                    None => self.leave_out(term),
                }
            }
            Kind::Groups(terms, _) if term.ids == LINES && self.format == XmlFormat::Ubl => {
                self.nested_lines(at, term, terms, value);
            }
            Kind::Groups(terms, _) => {
                for (index, row) in value.as_array().into_iter().flatten().enumerate() {
                    if !says_something(row) {
                        continue;
                    }
                    let before = self.pointer.len();
                    self.pointer.push_str(&format!("/{index}"));
                    match self.added(at, path) {
                        Some(element) => self.group(element, terms, row),
                        None => self.leave_out(term),
                    }
                    self.pointer.truncate(before);
                }
            }
            _ => self.value(at, term, path, value),
        }
    }

    /// The lines in UBL, which has lines that only inform inside of the line that they are about.
    fn nested_lines(
        &mut self,
        at: &mut Element,
        term: &'static Term,
        terms: &'static [Term],
        lines: &Value,
    ) {
        let places = nested(&self.invoice.lines);
        let mut elements: Vec<Option<Element>> = Vec::with_capacity(places.len());
        let (line, inner) = match at.name {
            "ubl:CreditNote" => ("cac:CreditNoteLine", "cac:SubCreditNoteLine"),
            _ => ("cac:InvoiceLine", "cac:SubInvoiceLine"),
        };
        for (index, row) in lines.as_array().into_iter().flatten().enumerate() {
            let before = self.pointer.len();
            self.pointer.push_str(&format!("/{index}"));
            let place = places.get(index).copied().unwrap_or(Nested::Line);
            let name = match place {
                Nested::Line => line,
                Nested::Within(_) => inner,
                Nested::Nowhere => {
                    self.leave_out(term);
                    elements.push(None);
                    self.pointer.truncate(before);
                    continue;
                }
            };
            let mut row = row.clone();
            if let (Nested::Within(_), Some(row)) = (place, row.as_object_mut()) {
                // Its place says both.
                row.remove("parent");
                row.remove("role");
            }
            let mut element = Element::new(name);
            self.group(&mut element, terms, &row);
            elements.push(Some(element));
            self.pointer.truncate(before);
        }
        // A line comes after the line around it, so that from the end on each is whole when it is moved.
        let mut inside: Vec<Vec<Element>> = Vec::new();
        inside.resize_with(elements.len(), Vec::new);
        for (index, place) in places.iter().enumerate().rev() {
            let Some(mut element) = elements.get_mut(index).and_then(Option::take) else {
                continue;
            };
            let inner = inside.get_mut(index).map(std::mem::take).unwrap_or_default();
            element.children.extend(inner.into_iter().rev());
            match place {
                Nested::Within(around) => inside.get_mut(*around).map(|it| it.push(element)),
                _ => elements.get_mut(index).map(|it| *it = Some(element)),
            };
        }
        at.children.extend(elements.into_iter().flatten());
    }

    /// A new element at the end of a path, for a value that repeats.
    fn added<'e>(&self, at: &'e mut Element, path: &'static str) -> Option<&'e mut Element> {
        let route =
            routes(path).iter().find(|it| at.has_place(&it.steps, End::New, self.schema))?;
        self.added_on(at, route)
    }

    /// The last element of the route that may repeat is a new one, and so is all in it.
    fn added_on<'e>(&self, at: &'e mut Element, route: &Route) -> Option<&'e mut Element> {
        let mut around = at.name;
        let mut last = None;
        for (index, step) in route.steps.iter().enumerate() {
            if self.schema.child(around, step.name).is_some_and(|(_, it)| it.repeats) {
                last = Some(index);
            }
            around = step.name;
        }
        let Some(last) = last else { return at.place(&route.steps, End::New, self.schema) };
        let (outer, inner) = route.steps.split_at_checked(last)?;
        let (repeated, inner): (&Step, &[Step]) = inner.split_first()?;
        let outer = at.place(outer, End::Shared, self.schema)?;
        outer.children.push(element::made(repeated));
        outer.children.last_mut()?.place(inner, End::New, self.schema)
    }

    fn leave_out(&mut self, term: &Term) {
        let syntax = match self.format {
            XmlFormat::Ubl => "UBL",
            XmlFormat::Cii => "CII",
        };
        let what = match term.json {
            "lines" => format!(
                "A line that groups others, or that informs about none, has no place in {syntax}"
            ),
            name => format!("`{name}` has no place in {syntax} here"),
        };
        self.left_out.push(Problem::at(self.pointer.clone(), format!("{what}. It is left out.")));
    }
}

/// Whether there is any text in a value.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(all) => all.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests;
