//! Reads and writes UBL 2.1 and CII D16B, as the rows of the model say.

mod date;
mod decode;
mod document;
mod figure;
mod left_over;
mod path;
mod places;
mod read;
pub(super) mod syntax;
mod text;
mod tree;
mod unknown;
mod write;

pub use left_over::{LeftOver, LeftOvers};
pub use places::Places;
pub(super) use write::CORE_INVOICE;
pub use write::{AttachedContents, Written, refusal, write};

use std::collections::HashSet;

use serde_json::Value;

use super::limits::Limits;
use super::model::{InvoiceInput, Payment};
use super::party::PartyDetails;
use super::problem::{Problem, pointer};
use super::profile_rules::{self, Claims, Document as _, Place};
use super::rules::{self, Form};
use document::XmlDocument;
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
}

impl XmlFormat {
    /// Both, in the order in which they are offered.
    pub const BOTH: [Self; 2] = [Self::Ubl, Self::Cii];

    /// The name in addresses and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ubl => "ubl",
            Self::Cii => "cii",
        }
    }

    /// Reads that name. Returns `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|it| it.name() == name)
    }
}

impl From<XmlFormat> for Form {
    fn from(format: XmlFormat) -> Self {
        match format {
            XmlFormat::Ubl => Self::Ubl,
            XmlFormat::Cii => Self::Cii,
        }
    }
}

/// A file that was parsed once: [`check`](Self::check) runs the rules on it, and [`read`](Self::read) takes
/// the invoice out of it.
pub struct XmlInvoice {
    format: XmlFormat,
    tree: Tree,
    /// Whether it may be in another encoding than it declares.
    doubt: Option<Problem>,
    /// Everything that can be read, also groups that are there and say nothing.
    stated: Result<InvoiceInput, Problem>,
    /// Whether there is a group that says nothing.
    has_empty_groups: bool,
    /// The values that cannot be read.
    unreadable: Vec<Problem>,
    /// Where the values stand in the file.
    places: Places,
}

impl XmlInvoice {
    /// Parses a file within the default limits.
    ///
    /// # Errors
    /// Those of [`parse_within`](Self::parse_within).
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        Self::parse_within(bytes, &Limits::default())
    }

    /// Parses a file.
    ///
    /// # Errors
    /// If the file is no invoice in UBL or CII at all, or exceeds a limit. The detail says what it is, or names
    /// the place in the file where it stops to be one.
    pub fn parse_within(bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        #[cfg(test)]
        counted::parsed();
        limits.check_size(bytes.len())?;
        unknown::refuse_no_xml(bytes)?;
        let tree = Tree::read(bytes, limits)?;
        let format = unknown::format(&tree)?;
        let read::Reading { invoice, has_empty_groups, problems, places } =
            read::read(&tree, format);
        let stated = typed(invoice);
        let doubt = decode::doubt(bytes);
        Ok(Self { format, tree, doubt, stated, has_empty_groups, unreadable: problems, places })
    }

    /// Runs every rule of EN 16931 on the file, and of the profile that it claims, also if it would be refused.
    /// Values that cannot be read are no findings of the rules; [`read`](Self::read) names them.
    pub fn check(&self) -> Vec<Problem> {
        #[cfg(test)]
        counted::checked();
        let document = XmlDocument { tree: &self.tree, format: self.format };
        let specification = document.first(&Place::default(), "specification");
        let claims = Claims::of(&specification.unwrap_or_default());
        let mut findings = syntax::violations(&self.tree, self.format, claims);
        if let Ok(invoice) = &self.stated {
            // What is there and cannot be read is not missing.
            let unread = self.unreadable.iter().filter(|it| it.rule.is_none());
            let unread: HashSet<&str> = unread.map(|it| it.pointer.as_str()).collect();
            let mut rules = rules::check(invoice, self.format.into());
            rules.extend(profile_rules::check(&document, claims));
            findings.extend(rules.into_iter().filter(|it| !unread.contains(it.pointer.as_str())));
        }
        profile_rules::weigh(&mut findings, claims);
        keep_figures(&mut findings);
        findings.extend(self.doubt.clone());
        self.places.name(&mut findings);
        findings
    }

    /// Takes the invoice or credit note out of the file. Runs no rules.
    ///
    /// # Errors
    /// If the file contains values that cannot be read. The detail names the place in the file. The pointer
    /// is empty, unless one field of our model corresponds to that place.
    pub fn read(self) -> Result<FromXml, Vec<Problem>> {
        let Self {
            format, tree, stated, has_empty_groups, unreadable: mut problems, places, ..
        } = self;
        // The rules ask whether a group is there. An empty one says nothing to anybody else.
        let stated = if has_empty_groups { stated.and_then(without_empty_groups) } else { stated };
        let mut invoice = match stated {
            Ok(invoice) if problems.is_empty() => invoice,
            stated => {
                problems.extend(stated.err());
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
        })
    }
}

/// Removes what is found without its figures if it is found with them as well.
fn keep_figures(findings: &mut Vec<Problem>) {
    let key = |it: &Problem| (it.rule.clone(), it.pointer.clone());
    let with_figures = findings.iter().filter(|it| it.computed.is_some());
    let with_figures: HashSet<_> = with_figures.map(key).collect();
    findings.retain(|it| it.computed.is_some() || !with_figures.contains(&key(it)));
}

fn typed(invoice: Value) -> Result<InvoiceInput, Problem> {
    serde_path_to_error::deserialize(invoice).map_err(|error| {
        let detail = format!("The value cannot be read: {}.", error.inner());
        Problem::at(pointer(error.path()), detail)
    })
}

fn without_empty_groups(invoice: InvoiceInput) -> Result<InvoiceInput, Problem> {
    let mut value =
        serde_json::to_value(invoice).map_err(|error| Problem::at("", error.to_string()))?;
    remove_empty_groups(&mut value);
    typed(value)
}

/// Removes groups that say nothing. Elements of lists stay.
fn remove_empty_groups(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(remove_empty_groups),
        Value::Object(fields) => {
            fields.values_mut().for_each(remove_empty_groups);
            fields.retain(|_, field| field.as_object().is_none_or(|it| !it.is_empty()));
        }
        _ => {}
    }
}

/// CII repeats an account for each means of payment for which it is used.
fn name_each_account_once(payment: &mut Payment) {
    let mut known: HashSet<String> = payment.iban.iter().cloned().collect();
    payment
        .further_accounts
        .retain(|account| !account.iban.is_empty() && known.insert(account.iban.clone()));
}

/// How often a file was parsed, and the rules were run, in the thread of a test.
#[cfg(test)]
pub(super) mod counted {
    use std::cell::Cell;

    thread_local! {
        static PARSED: Cell<usize> = const { Cell::new(0) };
        static CHECKED: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn parsed() {
        PARSED.with(|it| it.set(it.get() + 1));
    }

    pub(super) fn checked() {
        CHECKED.with(|it| it.set(it.get() + 1));
    }

    /// How often `work` parses a file, and runs the rules on one.
    pub(in crate::invoice) fn within(work: impl FnOnce()) -> (usize, usize) {
        let now = || (PARSED.with(Cell::get), CHECKED.with(Cell::get));
        let before = now();
        work();
        let after = now();
        (after.0 - before.0, after.1 - before.1)
    }
}

#[cfg(test)]
mod tests;
