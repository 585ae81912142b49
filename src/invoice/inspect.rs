//! Checks an invoice in any form, without taking it in.

use std::collections::HashSet;

use serde::Serialize;

use super::limits::{Limits, check_json};
use super::model::InvoiceInput;
use super::original::{OriginalKind, parse_file_within, without_mark};
use super::problem::{Problem, Severity, in_a_line, pointer};
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
    match OriginalKind::of(file) {
        OriginalKind::Json => of_json(without_mark(file), limits),
        OriginalKind::Xml | OriginalKind::Pdf => of_file(file, limits),
    }
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
                format!("It is no JSON: {}.", in_a_line(&error.to_string())),
            )]);
        }
    };
    if !value.is_object() {
        let detail = "An invoice in JSON is an object, such as {\"number\": \"2026-0117\", …}.";
        return refused(vec![Problem::at("", detail)]);
    }
    let invoice = value.get("invoice").unwrap_or(&value);
    let input: InvoiceInput = match serde_path_to_error::deserialize(invoice) {
        Ok(input) => input,
        Err(error) => {
            let detail =
                format!("The value cannot be read: {}.", in_a_line(&error.inner().to_string()));
            return refused(vec![Problem::at(pointer(error.path()), detail)]);
        }
    };
    match settle_within(input, Form::Json, limits) {
        Ok(settled) => Inspection { taken: true, findings: settled.warnings },
        Err(problems) => refused(problems),
    }
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
    let said: HashSet<(String, Option<String>)> =
        findings.iter().map(|it| (it.pointer.clone(), it.rule.clone())).collect();
    let is_new = |it: &Problem| !said.contains(&(it.pointer.clone(), it.rule.clone()));
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
        let bare = br#"{"number": "1", "issue_date": "2026-06-01", "currency": "EUR"}"#;
        assert_eq!(inspect(bare).findings[0].rule.as_deref(), Some("BR-16"));
    }

    #[test]
    fn what_is_no_invoice_is_not_taken_and_says_why() {
        for file in [&b""[..], b"{", b"[]", b"hello", b"%PDF-1.7", b"<html/>", b"{\"a\": 1}"] {
            let found = inspect(file);
            assert!(!found.taken && !found.findings[0].detail.is_empty(), "{file:?}");
        }
    }
}
