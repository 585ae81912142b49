//! The JSON Schema of an invoice, from the rows of the model.

use serde_json::{Map, Value, json};

use super::term::{Kind, Term};
use super::{Address, InvoiceInput};

/// What a figure is in JSON: a text, so that no digit is lost on the way.
const FIGURE: &str = r"^-?[0-9]+(\.[0-9]+)?$";

/// Returns the JSON Schema (draft 2020-12) of an invoice as shops send it.
pub fn schema() -> Value {
    let mut schema = group(InvoiceInput::TERMS, 0);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".into(), json!("Invoice (EN 16931-1)"));
        object.insert("required".into(), json!(["number", "issue_date", "currency"]));
    }
    schema
}

/// Returns the JSON Schema of the address of a party.
pub fn address_schema() -> Value {
    address(Address::TERMS, 0)
}

/// An address: its parts, or one text that has a line for each line of the address.
fn address(terms: &[Term], role: usize) -> Value {
    json!({ "oneOf": [{ "type": "string" }, group(terms, role)] })
}

fn group(terms: &[Term], role: usize) -> Value {
    let properties: Map<String, Value> = terms
        .iter()
        .map(|term| {
            let mut property = property(term, role);
            if term.takes_null {
                property = or_null(property);
            }
            if let (Some(object), false) = (property.as_object_mut(), term.id(role).is_empty()) {
                object.insert("description".into(), json!(term.id(role)));
            }
            (term.json.to_owned(), property)
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// The same schema, for a value that may also be `null`.
fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn property(term: &Term, role: usize) -> Value {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let text = || json!({ "type": "string" });
    match term.kind {
        Kind::Text | Kind::Prose | Kind::Code | Kind::VatPointCode => text(),
        Kind::Lines => list(text()),
        Kind::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        Kind::Amount | Kind::VatCurrencyAmount | Kind::Figure => {
            json!({ "type": "string", "pattern": FIGURE })
        }
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Identifier => qualified("id", "scheme"),
        Kind::Identifiers => list(qualified("id", "scheme")),
        Kind::Classifications => list(parts(&["id", "scheme", "version"], &["id"])),
        Kind::Notes => list(qualified("text", "subject")),
        Kind::Attachment => {
            let mut attachment = parts(&["filename", "mime", "content", "sha256"], &[]);
            attachment["properties"]["size"] = json!({ "type": ["integer", "null"], "minimum": 0 });
            attachment
        }
        Kind::Group(terms, own) if std::ptr::eq(terms, Address::TERMS) => {
            address(terms, role + own)
        }
        Kind::Group(terms, own) => group(terms, role + own),
        Kind::Groups(terms, own) => list(group(terms, role + own)),
    }
}

/// A text, or an object with the text and what qualifies it.
fn qualified(text: &str, by: &str) -> Value {
    json!({ "oneOf": [{ "type": "string" }, parts(&[text, by], &[text])] })
}

fn parts(names: &[&str], required: &[&str]) -> Value {
    let text = |name: &str| match required.contains(&name) {
        true => json!({ "type": "string" }),
        false => json!({ "type": ["string", "null"] }),
    };
    let texts: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), text(name))).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": texts,
        "required": required,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use super::*;
    use crate::invoice::model::walk::walk;

    /// Returns the rows of a table in Markdown: each term, and where it stands in JSON, UBL and CII.
    fn table() -> String {
        let mut rows = String::new();
        add_rows(InvoiceInput::TERMS, 0, "", &mut rows);
        rows
    }

    fn add_rows(terms: &[Term], role: usize, around: &str, rows: &mut String) {
        for term in terms {
            let repeats = match term.kind {
                Kind::Groups(..)
                | Kind::Identifiers
                | Kind::Classifications
                | Kind::Notes
                | Kind::Lines => "[]",
                _ => "",
            };
            let json = format!("{around}{}{repeats}", term.json);
            let id = term.id(role);
            let path = |path: &str| match path {
                "" => String::new(),
                path => {
                    path.split('|').map(|it| format!("`{it}`")).collect::<Vec<_>>().join("<br>")
                }
            };
            // Writing to a text cannot fail.
            let _ = writeln!(rows, "| {id} | `{json}` | {} | {} |", path(term.ubl), path(term.cii));
            if let Kind::Group(terms, own) | Kind::Groups(terms, own) = term.kind {
                add_rows(terms, role + own, &format!("{json}."), rows);
            }
        }
    }

    const DOCUMENT: &str = include_str!("../../../docs/invoice.md");

    #[test]
    fn the_document_has_the_table_of_the_model() {
        let table = table();
        if let Ok(path) = std::env::var("TALLYROOM_TABLE") {
            std::fs::write(path, &table).unwrap();
        }
        assert!(
            DOCUMENT.contains(&table),
            "write TALLYROOM_TABLE=FILE, and put it into the document"
        );
    }

    #[test]
    fn every_business_term_and_group_of_the_standard_has_a_place() {
        let rows = table();
        let found: BTreeSet<&str> = rows.lines().filter_map(|row| row.split(' ').nth(1)).collect();
        // Seller and buyer are two groups of terms each; numbers that EN 16931-1 does not use.
        let unused = [4, 36, 51, 65, 76];
        let within_lines_of_addresses = [162, 163, 164, 165];
        for number in (1..=161).filter(|it| !unused.contains(it)) {
            let id = format!("BT-{number}");
            let in_notes = ["BT-21", "BT-22"].contains(&id.as_str());
            assert!(found.contains(id.as_str()) || in_notes, "{id}");
        }
        assert!(
            within_lines_of_addresses.iter().all(|it| !found.contains(format!("BT-{it}").as_str()))
        );
        for number in (1..=32).filter(|it| ![2, 17, 29].contains(it)) {
            assert!(found.contains(format!("BG-{number}").as_str()), "BG-{number}");
        }
    }

    /// An invoice with every field of the model, made from the rows.
    fn everything(terms: &[Term]) -> Value {
        let value = |term: &Term| match term.kind {
            Kind::Lines => json!(["a"]),
            Kind::Currency => json!("EUR"),
            Kind::Amount | Kind::VatCurrencyAmount | Kind::Figure => json!("1"),
            Kind::Date => json!("2026-06-01"),
            Kind::Identifier => json!({ "id": "a", "scheme": "b" }),
            Kind::Identifiers => json!([{ "id": "a", "scheme": "b" }, "c"]),
            Kind::Classifications => json!([{ "id": "a", "scheme": "b", "version": "c" }]),
            Kind::Notes => json!([{ "subject": "a", "text": "b" }, "c"]),
            Kind::Attachment => json!({ "filename": "a", "mime": "b", "content": "QQ==" }),
            Kind::Group(terms, _) => everything(terms),
            Kind::Groups(terms, _) => json!([everything(terms)]),
            _ => json!("a"),
        };
        Value::Object(terms.iter().map(|term| (term.json.to_owned(), value(term))).collect())
    }

    #[test]
    fn each_row_is_a_field_and_each_field_a_row() {
        let all = everything(InvoiceInput::TERMS);
        let read: InvoiceInput = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), all);
        let mut leaves = 0;
        walk(&all, |_| leaves += 1);
        assert!(leaves > 150, "{leaves}");
    }

    #[test]
    fn the_schema_names_every_field() {
        let schema = schema();
        let at = |pointer: &str| schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(at("/properties/number/description"), "BT-1");
        let line = "/properties/lines/items/properties";
        assert_eq!(at(&format!("{line}/vat/properties/rate/description")), "BT-152");
        assert_eq!(
            at("/properties/charges/items/properties/vat/properties/rate/description"),
            "BT-103"
        );
        let address = "/properties/buyer/anyOf/0/properties/address/anyOf/0/oneOf/1/properties";
        assert_eq!(at(&format!("{address}/city/description")), "BT-52");
    }
}
