//! How the figures of an invoice relate to each other, and which contradictions are refused.
//!
//! Totals that contradict each other are refused, since nobody could know the right amount to pay.
//! Everything else is a warning.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::invoice::currency::Currency;
use crate::invoice::model::{AdjustmentInput, InvoiceInput, LineAdjustmentInput, LineInput};
use crate::invoice::money::{exact, round, rounded_product};
use crate::invoice::problem::{Problem, Severity};

/// The VAT of a category may differ from the taxable amount times the rate by less than this.
const VAT_TOLERANCE: Decimal = Decimal::ONE;
/// A VAT category and rate: a row of the VAT breakdown to which lines, allowances and charges belong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::invoice) struct VatGroup {
    pub(in crate::invoice) category: String,
    pub(in crate::invoice) rate: Option<Decimal>,
}

/// Returns the taxable amount of each category and rate: its lines, less allowances, plus charges
/// (BR-S-08, and the same rule of the other categories).
pub(in crate::invoice) fn taxable_by_vat(invoice: &InvoiceInput) -> BTreeMap<VatGroup, Decimal> {
    let mut taxable: BTreeMap<VatGroup, Decimal> = BTreeMap::new();
    let lines = invoice.lines.iter().map(|line| (&line.vat, line.net_amount.unwrap_or_default()));
    let allowances = invoice.allowances.iter().map(|it| (&it.vat, -it.amount.unwrap_or_default()));
    let charges = invoice.charges.iter().map(|it| (&it.vat, it.amount.unwrap_or_default()));
    for (vat, amount) in lines.chain(allowances).chain(charges) {
        *taxable.entry(group(&vat.category, vat.rate)).or_default() += amount;
    }
    taxable
}

/// Returns the row of the VAT breakdown to which a category and a rate belong. A missing rate counts as
/// zero, except in category O, which has no rate (BR-O-05).
pub(super) fn group(category: &str, rate: Option<Decimal>) -> VatGroup {
    let rate = rate.unwrap_or_default().normalize();
    let has_none = category == "O" && rate.is_zero();
    VatGroup { category: category.to_owned(), rate: (!has_none).then_some(rate) }
}

/// Returns the taxable amount times the rate, rounded to the decimals of the currency (BR-CO-17).
pub(in crate::invoice) fn tax_on(
    taxable: Decimal,
    rate: Option<Decimal>,
    currency: Currency,
) -> Decimal {
    let (rate, decimals) = (rate.unwrap_or_default(), currency.decimals());
    rounded_product(taxable, rate, Decimal::ONE_HUNDRED, decimals)
        .unwrap_or_else(|| round(taxable * rate / Decimal::ONE_HUNDRED, decimals))
}

/// Returns the quantity times the price per base quantity, rounded to the decimals of the currency, less
/// the allowances and plus the charges of the line (PEPPOL-EN16931-R120); or `None` if it is too large or
/// has too many digits.
pub(in crate::invoice) fn line_net(line: &LineInput, currency: Currency) -> Option<Decimal> {
    let base_quantity = line.base_quantity.unwrap_or(Decimal::ONE);
    let decimals = currency.decimals();
    let gross = rounded_product(line.quantity?, line.unit_price?, base_quantity, decimals)?;
    let sum = |all: &[LineAdjustmentInput]| all.iter().filter_map(|it| it.amount).sum::<Decimal>();
    gross.checked_sub(sum(&line.allowances))?.checked_add(sum(&line.charges))
}

/// Returns what is collected for somebody else (BR-DEX-09 of the XRechnung extension).
pub(in crate::invoice) fn for_others(invoice: &InvoiceInput) -> Decimal {
    invoice.third_party_payments.iter().filter_map(|it| it.amount).sum()
}

/// Rounds to two decimals as XPath's `round()` does in the published artefacts: a half is rounded up, also
/// below zero.
pub(in crate::invoice) fn half_up(figure: Decimal) -> Decimal {
    let half = Decimal::new(5, 3);
    figure
        .checked_add(half)
        .map_or(figure, |it| it.round_dp_with_strategy(2, RoundingStrategy::ToNegativeInfinity))
}

/// Returns the contradictions for which a complete invoice is refused.
pub(in crate::invoice) fn refusals(invoice: &InvoiceInput, currency: Currency) -> Vec<Problem> {
    let mut refused: Vec<Problem> = totals(invoice, currency).collect();
    let vat = vat_off(invoice, currency).filter(|(off, _)| *off >= VAT_TOLERANCE);
    refused.extend(vat.map(|(_, problem)| problem));
    refused
}

fn totals(invoice: &InvoiceInput, currency: Currency) -> impl Iterator<Item = Problem> + use<> {
    let totals = &invoice.totals;
    let breakdown = invoice.vat_breakdown.as_deref().unwrap_or_default();
    let figure = |stated: Option<Decimal>| stated.unwrap_or_default();
    // The smallest profile has no breakdown. Where another invoice has none, that is BR-CO-18, and nothing that
    // contradicts its totals.
    let vat: Decimal = if breakdown.is_empty() {
        figure(totals.vat)
    } else {
        breakdown.iter().filter_map(|it| it.tax).sum()
    };
    let lines = if invoice.lines.is_empty() {
        figure(totals.lines)
    } else {
        invoice
            .lines
            .iter()
            .filter(|line| line.is_summed())
            .filter_map(|line| line.net_amount)
            .sum()
    };
    let sum_of = |all: &[AdjustmentInput]| all.iter().filter_map(|it| it.amount).sum::<Decimal>();
    [
        ("BR-CO-10", "lines", figure(totals.lines), lines, "the sum of the lines' net amounts"),
        (
            "BR-CO-11",
            "allowances",
            figure(totals.allowances),
            sum_of(&invoice.allowances),
            "the sum of the allowances",
        ),
        (
            "BR-CO-12",
            "charges",
            figure(totals.charges),
            sum_of(&invoice.charges),
            "the sum of the charges",
        ),
        (
            "BR-CO-13",
            "without_vat",
            figure(totals.without_vat),
            figure(totals.lines) - figure(totals.allowances) + figure(totals.charges),
            "lines less allowances plus charges",
        ),
        ("BR-CO-14", "vat", figure(totals.vat), vat, "the sum of VAT per category"),
        (
            "BR-CO-15",
            "with_vat",
            figure(totals.with_vat),
            figure(totals.without_vat) + figure(totals.vat),
            "the total without VAT plus VAT",
        ),
        (
            "BR-CO-16",
            "due",
            figure(totals.due),
            figure(totals.with_vat) - figure(totals.paid)
                + figure(totals.rounding)
                + for_others(invoice),
            "the total with VAT less what is paid, plus rounding and what is collected for others",
        ),
    ]
    .into_iter()
    .filter(|(_, _, stated, computed, _)| stated != computed)
    .map(move |(rule, field, stated, computed, words)| {
        contradiction(rule, format!("/totals/{field}"), [stated, computed], words, currency)
    })
}

/// Returns each row whose VAT is not the taxable amount times the rate, and by how much it is off.
pub(super) fn vat_off(
    invoice: &InvoiceInput,
    currency: Currency,
) -> impl Iterator<Item = (Decimal, Problem)> + use<'_> {
    invoice.vat_breakdown.iter().flatten().enumerate().filter_map(move |(index, row)| {
        let computed = tax_on(row.taxable.unwrap_or_default(), row.rate, currency);
        let tax = row.tax.unwrap_or_default();
        let off = (tax - computed).abs();
        let at = format!("/vat_breakdown/{index}/tax");
        let words = "the taxable amount times the rate";
        let problem = || contradiction("BR-CO-17", at, [tax, computed], words, currency);
        (!off.is_zero()).then(|| (off, problem()))
    })
}

pub(super) fn contradiction(
    rule: &str,
    pointer: String,
    figures: [Decimal; 2],
    words: &str,
    currency: Currency,
) -> Problem {
    let [stated, computed] = figures.map(|figure| exact(figure, currency));
    let detail = format!("{rule}: {stated} is stated, but {words} is {computed}.");
    let mut problem = Problem::at(pointer, detail).breaking(rule).of(Severity::Fatal);
    problem.stated = Some(stated);
    problem.computed = Some(computed);
    problem
}
