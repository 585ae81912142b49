//! The rules of EN 16931, run on an invoice as it is stated.
//!
//! The files hold one family each. What a rule says is written once, in the catalogue of its file: the same
//! sentence is in the finding and in the documentation. The yardstick is the set of validation artefacts that
//! CEN publishes (version 1.3.16), with their tolerances. Where they do something else than the text of the
//! norm, or something else in UBL than in CII, a comment says so.

mod adjustments;
mod breakdown;
mod codes;
mod conditions;
mod decimals;
mod document;
mod figures;
mod lines;
mod parties;
mod payment;
mod totals;
mod unlikely;
mod vat;
mod vat_families;
mod vat_words;

use super::currency::Currency;
use super::model::{InvoiceInput, LineInput};
use super::money::exact;
use super::problem::{Problem, Severity};
pub(super) use codes::List;
pub(super) use figures::{
    VatGroup, for_others, half_up, line_net, refusals, tax_on, taxable_by_vat,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
pub(super) use unlikely::{LINE_RULE, unlikely};

/// The form in which an invoice came. The published artefacts differ a little between the two syntaxes, and
/// JSON leaves out what the transaction says, or what is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The JSON of the API.
    #[default]
    Json,
    /// OASIS Universal Business Language 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

/// A rule and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Such as `BR-CO-15`.
    pub id: String,
    /// The family under which the documentation lists it.
    pub family: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What has to be, as a sentence for people.
    pub says: String,
}

/// The catalogue of a file: id and sentence of each rule in it.
type Catalogue = &'static [(&'static str, &'static str)];

/// Every family, with the catalogue of its rules. The VAT categories are one more, see [`vat`].
const FAMILIES: [(&str, Catalogue); 10] = [
    ("The document", document::RULES),
    ("Seller, buyer and other parties", parties::RULES),
    ("Payment", payment::RULES),
    ("Allowances and charges", adjustments::RULES),
    ("Lines", lines::RULES),
    ("Totals", totals::RULES),
    ("VAT breakdown", breakdown::RULES),
    ("Conditions", conditions::RULES),
    ("Decimals", decimals::RULES),
    ("Code lists", codes::RULES),
];

/// Every rule of EN 16931 that is run.
pub(super) fn all() -> Vec<Rule> {
    let fixed = FAMILIES.into_iter().flat_map(|(family, rules)| {
        rules.iter().map(move |(id, says)| Rule {
            id: (*id).to_owned(),
            family,
            severity: Severity::Fatal,
            says: (*says).to_owned(),
        })
    });
    fixed.chain(vat_words::all()).collect()
}

/// Runs every rule, and returns a finding for each violation.
pub(super) fn check(invoice: &InvoiceInput, form: Form) -> Vec<Problem> {
    let mut checker = Checker { invoice, form, found: Vec::new() };
    document::check(&mut checker);
    parties::check(&mut checker);
    payment::check(&mut checker);
    adjustments::check(&mut checker);
    lines::check(&mut checker);
    totals::check(&mut checker);
    breakdown::check(&mut checker);
    conditions::check(&mut checker);
    decimals::check(&mut checker);
    if form == Form::Json {
        // In XML the codes are checked where they stand, also those that the model does not hold.
        codes::check(&mut checker);
    }
    vat::check(&mut checker);
    checker.found
}

/// The finding that a rule of the catalogue is broken.
pub(super) fn broken(rule: &str, pointer: impl Into<String>) -> Problem {
    let says = FAMILIES
        .iter()
        .flat_map(|(_, rules)| rules.iter())
        .find(|(id, _)| *id == rule)
        .map_or("", |(_, says)| *says);
    finding(rule, says, pointer)
}

fn finding(rule: &str, says: &str, pointer: impl Into<String>) -> Problem {
    Problem::at(pointer, format!("{rule}: {says}")).breaking(rule).of(Severity::Fatal)
}

/// How CEN rounds a sum in CII.
#[derive(Clone, Copy)]
enum Sum {
    Decimal,
    Float,
}

/// An invoice that is being checked.
struct Checker<'a> {
    invoice: &'a InvoiceInput,
    form: Form,
    found: Vec<Problem>,
}

impl Checker<'_> {
    /// Whether the invoice came as XML, so that what is not in it is not stated anywhere.
    fn is_xml(&self) -> bool {
        self.form != Form::Json
    }

    /// Reports that `rule` is broken at `pointer`, unless it holds.
    fn must(&mut self, holds: bool, rule: &str, pointer: impl Into<String>) {
        if !holds {
            self.found.push(broken(rule, pointer));
        }
    }

    /// As [`must`](Self::must), for a rule about a figure.
    fn must_be(
        &mut self,
        holds: bool,
        rule: &str,
        pointer: impl Into<String>,
        figures: (Option<Decimal>, Decimal),
    ) {
        if !holds {
            self.found.push(with_figures(broken(rule, pointer), figures, self.invoice.currency));
        }
    }

    /// The rounded sum. In CII, CEN adds binary floating-point numbers, which can be seen if figures have
    /// more than two decimals. For some sums it also rounds such a number (`Sum::Float`), and for others a
    /// decimal one.
    fn sum(&self, kind: Sum, figures: impl Iterator<Item = Decimal>) -> Decimal {
        let (mut exact, mut float) = (Decimal::ZERO, 0.0);
        for figure in figures {
            exact += figure;
            float += figure.to_f64().unwrap_or_default();
        }
        if self.form != Form::Cii || exact.normalize().scale() <= 2 {
            return self.rounded(exact);
        }
        let sum = match kind {
            Sum::Decimal => Decimal::from_f64_retain(float).map(figures::half_up),
            Sum::Float => Decimal::from_f64_retain((float * 10.0 * 10.0 + 0.5).floor())
                .map(|hundredths| hundredths / Decimal::ONE_HUNDRED),
        };
        sum.unwrap_or_else(|| self.rounded(exact))
    }

    /// Rounds as CEN does, to two decimals. In JSON, currencies with more keep theirs.
    fn rounded(&self, figure: Decimal) -> Decimal {
        let decimals = self.invoice.currency.map_or(2, Currency::decimals);
        if self.is_xml() || decimals <= 2 { figures::half_up(figure) } else { figure }
    }
}

/// The lines on which the rules run, with their places. CEN has no rules for the sub-lines of the extension of
/// XRechnung, and a line that groups others or only informs is no part of the sums.
fn lines_of(invoice: &InvoiceInput) -> impl Iterator<Item = (usize, &LineInput)> {
    invoice.lines.iter().enumerate().filter(|(_, line)| line.is_summed())
}

/// Adds the stated and the computed figure to a finding, and to its sentence.
fn with_figures(
    mut finding: Problem,
    (stated, computed): (Option<Decimal>, Decimal),
    currency: Option<Currency>,
) -> Problem {
    let written = |figure: Decimal| currency.map_or(figure.to_string(), |it| exact(figure, it));
    let computed = written(computed);
    match stated.map(written) {
        Some(stated) => {
            finding.detail.push_str(&format!(" {stated} is stated, but it is {computed}."));
            finding.stated = Some(stated);
        }
        None => finding.detail.push_str(&format!(" Nothing is stated, but it is {computed}.")),
    }
    finding.computed = Some(computed);
    finding
}

/// Whether a text is stated and says something.
fn is_said(text: Option<&String>) -> bool {
    text.is_some_and(|it| !it.trim().is_empty())
}

#[cfg(test)]
mod tests;
