//! Checks an invoice in any form, without taking it in.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::limits::{Limits, check_json};
use super::model::InvoiceInput;
use super::original::{OriginalKind, parse_file_within, without_mark};
use super::problem::{Problem, Severity, in_a_line, listed, pointer};
use super::rules::Form;
use super::settle::settle_within;
use super::xml::XmlInvoice;

/// What is to be said of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Whether it would be taken in, with its findings as warnings.
    pub taken: bool,
    /// Everything that was found: broken rules, values that cannot be read, and what the file says beyond
    /// the model. Pointers are relative to the invoice.
    pub findings: Vec<Problem>,
}

impl Inspection {
    /// Whether the file is an invoice that breaks no rule. What only looks unlikely does not count.
    pub fn is_valid(&self) -> bool {
        self.taken && self.findings.iter().all(|it| it.severity != Some(Severity::Fatal))
    }
}

/// Checks a file within the default limits. See [`inspect_within`].
pub fn inspect(file: &[u8]) -> Inspection {
    inspect_within(file, &Limits::default())
}

/// Checks a file: UBL, CII, a PDF that carries one of them, or JSON (an invoice, or an object with one as
/// `invoice`).
pub fn inspect_within(file: &[u8], limits: &Limits) -> Inspection {
    let Inspection { taken, findings } = match OriginalKind::of(file) {
        OriginalKind::Json => of_json(without_mark(file), limits),
        OriginalKind::Xml | OriginalKind::Pdf => of_file(file, limits),
    };
    Inspection { taken, findings: listed(findings) }
}

fn of_json(file: &[u8], limits: &Limits) -> Inspection {
    let refused = |findings| Inspection { taken: false, findings };
    if let Err(problem) = limits.check_size(file.len()).and_then(|()| check_json(file, limits)) {
        return refused(vec![problem]);
    }
    let value: serde_json::Value = match serde_json::from_slice(file) {
        Ok(value) => value,
        Err(error) => {
            return refused(vec![Problem::at(
                "",
                format!("It is no JSON (which is in UTF-8): {}.", in_a_line(&error.to_string())),
            )]);
        }
    };
    if !value.is_object() {
        let detail = "An invoice in JSON is an object, such as {\"number\": \"2026-0117\", …}.";
        return refused(vec![Problem::at("", detail)]);
    }
    let input = match typed(file, value.get("invoice").is_some()) {
        Ok(input) => input,
        Err(problem) => return refused(vec![problem]),
    };
    match settle_within(input, Form::Json, limits) {
        Ok(settled) => Inspection { taken: true, findings: settled.warnings },
        Err(problems) => refused(problems),
    }
}

/// An object around an invoice, as the API takes it.
#[derive(Deserialize)]
struct Around {
    invoice: InvoiceInput,
}

/// Reads an invoice from the text itself, because a field that stands twice is refused only there.
fn typed(file: &[u8], is_around: bool) -> Result<InvoiceInput, Problem> {
    let mut json = serde_json::Deserializer::from_slice(file);
    let read = match is_around {
        true => serde_path_to_error::deserialize::<_, Around>(&mut json).map(|it| it.invoice),
        false => serde_path_to_error::deserialize(&mut json),
    };
    read.map_err(|error| {
        let pointer = pointer(error.path());
        let pointer =
            if is_around { pointer.strip_prefix("/invoice").unwrap_or(&pointer) } else { &pointer };
        let detail = in_a_line(&error.inner().to_string());
        let detail = detail.rsplit_once(" at line ").map_or(detail.as_str(), |(before, _)| before);
        Problem::at(pointer, format!("The value cannot be read: {detail}."))
    })
}

fn of_file(file: &[u8], limits: &Limits) -> Inspection {
    let invoice = match parse_file_within(file, limits) {
        Ok(invoice) => invoice,
        Err(problem) => return Inspection { taken: false, findings: vec![problem] },
    };
    let mut findings = invoice.check();
    let taken = settled(invoice, limits);
    let is_taken = taken.is_ok();
    let more = taken.unwrap_or_else(|problems| problems);
    // What a rule said already is not said again.
    let said: HashSet<(String, String)> =
        findings.iter().filter_map(|it| Some((it.pointer.clone(), it.rule.clone()?))).collect();
    // Nor what a rule said of the file as a whole.
    let is_new = |it: &Problem| {
        let Some(rule) = &it.rule else { return true };
        let is_said = |pointer: &str| said.contains(&(pointer.to_owned(), rule.clone()));
        !is_said(&it.pointer) && !is_said("")
    };
    findings.extend(more.into_iter().filter(is_new));
    Inspection { taken: is_taken, findings }
}

/// What is to be said of a file beside its rules if it is taken in, or else why it is not.
fn settled(invoice: XmlInvoice, limits: &Limits) -> Result<Vec<Problem>, Vec<Problem>> {
    let read = invoice.read()?;
    let settled = settle_within(read.invoice, read.format.into(), limits);
    let settled = settled.map_err(|mut problems| {
        read.places.name(&mut problems);
        problems
    })?;
    let mut warnings = settled.warnings;
    read.places.name(&mut warnings);
    warnings.extend(read.left_over.warnings());
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_form_is_checked_and_each_finding_has_its_place() {
        let sound = inspect(include_bytes!("../../tests/invoices/cases/factur-x.pdf"));
        assert!(sound.is_valid(), "{sound:?}");
        let broken = inspect(include_bytes!("../../tests/invoices/cases/BR-S-02.cii.xml"));
        assert!(broken.taken && !broken.is_valid());
        let found = broken.findings.iter().find(|it| it.rule.as_deref() == Some("BR-S-02"));
        assert!(found.is_some_and(|it| it.xpath.is_some()), "{broken:?}");
        let json = inspect(include_bytes!("../../tests/invoices/cases/kwd.json"));
        assert!(json.is_valid(), "{json:?}");
        let twice = inspect(br#"{"number": "1", "number": "2", "issue_date": "2026-06-01"}"#);
        assert!(
            !twice.taken && twice.findings[0].detail.contains("duplicate field `number`"),
            "{twice:?}"
        );
        let twice = inspect(br#"{"invoice": {}, "invoice": {}}"#);
        assert!(
            !twice.taken && twice.findings[0].detail.contains("duplicate field `invoice`"),
            "{twice:?}"
        );
        let unknown = inspect(br#"{"invoice": {"invoice_number": "1"}}"#);
        assert_eq!(unknown.findings[0].pointer, "/invoice_number");
        let wrong = inspect(br#"{"invoice": {"currency": "eur"}}"#);
        assert_eq!(wrong.findings[0].pointer, "/currency");
        let bare = br#"{"number": "1", "issue_date": "2026-06-01", "currency": "EUR"}"#;
        assert_eq!(inspect(bare).findings[0].rule.as_deref(), Some("BR-16"));
    }

    #[test]
    fn what_a_rule_said_of_the_whole_file_is_not_said_again() {
        let file = include_str!("../../tests/invoices/CII_example1.xml");
        let day = "<udt:DateTimeString format=\"102\">20150109</udt:DateTimeString>";
        assert!(file.contains(day));
        let month =
            file.replacen(day, "<udt:DateTimeString format=\"610\">201501</udt:DateTimeString>", 1);
        let found = inspect(month.as_bytes());
        let of_day = found.findings.iter().filter(|it| it.rule.as_deref() == Some("BR-03"));
        assert_eq!((found.taken, of_day.count()), (false, 1), "{found:?}");
    }

    #[test]
    fn what_has_no_breakdown_is_taken_and_breaks_the_rules_that_ask_for_it() {
        let found = inspect(include_bytes!("../../tests/invoices/rules/BR-CO-18.ubl.xml"));
        let rules: Vec<_> = found.findings.iter().filter_map(|it| it.rule.as_deref()).collect();
        assert_eq!((found.taken, rules), (true, vec!["BR-CO-18", "BR-S-01"]), "{found:?}");
    }

    #[test]
    fn what_declares_another_encoding_than_it_has_is_told() {
        let file = include_str!("../../tests/invoices/ubl-tc434-example1.xml");
        let (_, rest) = file.split_once("?>").unwrap();
        let file = format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}",
            rest.replacen("PATAT", "PÄTAT", 1)
        );
        let found = inspect(file.as_bytes());
        assert!(
            found.findings.iter().any(|it| it.detail.contains("declares the encoding ISO-8859-1")),
            "{found:?}"
        );
        // The model has no place for it, and no rule is about it.
        let element = "<x:Own xmlns:x=\"urn:x\">7</x:Own><cbc:IssueDate>";
        let more = inspect(file.replacen("<cbc:IssueDate>", element, 1).as_bytes());
        assert_eq!(more.findings.len(), found.findings.len() + 1, "{more:?}");
    }

    #[test]
    fn what_is_no_invoice_is_not_taken_and_says_why() {
        for file in [&b""[..], b"{", b"[]", b"hello", b"%PDF-1.7", b"<html/>", b"{\"a\": 1}"] {
            let found = inspect(file);
            assert!(!found.taken && !found.findings[0].detail.is_empty(), "{file:?}");
        }
    }
}
