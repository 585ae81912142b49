//! Reads UBL 2.1 and CII D16B, as the rows of the model say.

mod date;
mod decode;
mod document;
mod figure;
mod left_over;
mod path;
mod places;
mod read;
pub(super) mod syntax;
mod tree;
mod unknown;

pub use left_over::{LeftOver, LeftOvers};
pub use places::Places;

use super::model::{InvoiceInput, Payment};
use super::party::PartyDetails;
use super::problem::{Problem, pointer};
use super::profiles::{self, Claims, Document as _, Place};
use super::rules::{self, Form};
use document::XmlDocument;
use serde_json::Value;
use tree::Tree;

/// The two syntaxes of EN 16931.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlFormat {
    /// OASIS Universal Business Language 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

/// The content of an XML invoice.
#[derive(Clone, Debug, PartialEq)]
pub struct FromXml {
    /// The invoice with everything that it states, so that settling checks it instead of computing it.
    pub invoice: InvoiceInput,
    /// The seller (BG-4).
    pub seller: PartyDetails,
    /// The buyer (BG-7).
    pub buyer: PartyDetails,
    /// The syntax of the file.
    pub format: XmlFormat,
    /// Where the values of the invoice stand in the file.
    pub places: Places,
    /// What the file says beyond the model.
    pub left_over: LeftOvers,
    /// The rules that the file breaks.
    pub findings: Vec<Problem>,
}

impl From<XmlFormat> for Form {
    fn from(format: XmlFormat) -> Self {
        match format {
            XmlFormat::Ubl => Self::Ubl,
            XmlFormat::Cii => Self::Cii,
        }
    }
}

/// What was read of a file, also if some of its values cannot be read.
struct Parsed {
    format: XmlFormat,
    tree: Tree,
    /// Without the values that cannot be read.
    invoice: Result<InvoiceInput, Problem>,
    /// The values that cannot be read.
    unreadable: Vec<Problem>,
    /// Where the values stand in the file.
    places: Places,
    /// The rules that are broken.
    findings: Vec<Problem>,
}

fn parse(bytes: &[u8]) -> Result<Parsed, Problem> {
    let tree = Tree::read(bytes)?;
    let format = unknown::format(&tree)?;
    let document = XmlDocument { tree: &tree, format };
    let specification = document.first(&Place::default(), "specification");
    let claims = Claims::of(&specification.unwrap_or_default());
    let mut findings = syntax::violations(&tree, format, claims);
    let read::Reading { invoice, problems, places } = read::read(&tree, format);
    let (mut read, mut value) = (typed(&invoice), invoice);
    if let Ok(invoice) = &read {
        let mut rules = rules::check(invoice, format.into());
        rules.extend(profiles::check(&document, claims));
        // What is there and cannot be read is not missing.
        let is_there = |it: &Problem| {
            problems.iter().any(|problem| problem.rule.is_none() && problem.pointer == it.pointer)
        };
        findings.extend(rules.into_iter().filter(|it| !is_there(it)));
        // The rules ask whether a group is there. An empty one says nothing to anybody else.
        if without_empty_groups(&mut value) {
            read = typed(&value);
        }
    }
    profiles::weigh(&mut findings, claims);
    places.name(&mut findings);
    Ok(Parsed { format, tree, invoice: read, unreadable: problems, places, findings })
}

fn typed(invoice: &Value) -> Result<InvoiceInput, Problem> {
    serde_path_to_error::deserialize(invoice).map_err(|error| {
        let detail = format!("The value cannot be read: {}.", error.inner());
        Problem::at(pointer(error.path()), detail)
    })
}

/// Removes groups that say nothing, and returns whether there was one. Elements of lists stay.
fn without_empty_groups(value: &mut Value) -> bool {
    let mut any = false;
    match value {
        Value::Array(all) => {
            for element in all {
                any |= without_empty_groups(element);
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                any |= without_empty_groups(field);
            }
            let before = fields.len();
            fields.retain(|_, field| field.as_object().is_none_or(|it| !it.is_empty()));
            any |= fields.len() < before;
        }
        _ => {}
    }
    any
}

/// Runs every rule on a file, also if it would be refused.
///
/// # Errors
/// If the file is no invoice at all.
pub fn check(bytes: &[u8]) -> Result<Vec<Problem>, Problem> {
    let Parsed { invoice, unreadable, places, mut findings, .. } = parse(bytes)?;
    findings.extend(invoice.err());
    findings.extend(unreadable);
    places.name(&mut findings);
    Ok(findings)
}

/// Reads an invoice or credit note.
///
/// # Errors
/// If the file is not an invoice, or contains values that cannot be read. The detail names the place in the
/// file. The pointer is empty, unless one field of our model corresponds to that place.
pub fn read(bytes: &[u8]) -> Result<FromXml, Vec<Problem>> {
    let parsed = parse(bytes).map_err(|problem| vec![problem])?;
    let Parsed { format, tree, invoice, unreadable: mut problems, places, findings } = parsed;
    let mut invoice = match invoice {
        Ok(invoice) if problems.is_empty() => invoice,
        invoice => {
            problems.extend(invoice.err());
            places.name(&mut problems);
            return Err(problems);
        }
    };
    if let Some(payment) = &mut invoice.payment {
        name_each_account_once(payment);
    }
    Ok(FromXml {
        seller: invoice.seller.as_ref().map(PartyDetails::from).unwrap_or_default(),
        buyer: invoice.buyer.as_ref().map(PartyDetails::from).unwrap_or_default(),
        invoice,
        format,
        places,
        left_over: left_over::left_over(&tree),
        findings,
    })
}

/// CII repeats an account for each means of payment for which it is used.
fn name_each_account_once(payment: &mut Payment) {
    let mut known: Vec<String> = payment.iban.iter().cloned().collect();
    payment.further_accounts.retain(|account| {
        let is_new = !account.iban.is_empty() && !known.contains(&account.iban);
        known.push(account.iban.clone());
        is_new
    });
}

#[cfg(test)]
mod tests;
