//! Rules of EN 16931 that relate the figures of an invoice to each other.
//!
//! There are two levels. Totals that contradict each other are refused, since nobody could know the right
//! amount to pay. Everything else is a warning. The tolerances are those of the published Schematron (CEN
//! 1.3.16): none for totals, and less than one whole unit for the VAT of a category.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::codes;
use super::currency::Currency;
use super::model::{AdjustmentInput, InvoiceInput, LineAdjustmentInput, LineInput};
use super::money::{exact, plain, round, rounded_product};
use super::problem::Problem;

/// The VAT of a category may differ from the taxable amount times the rate by less than this.
const VAT_TOLERANCE: Decimal = Decimal::ONE;
/// The net amount of a line may differ from quantity times price by this (PEPPOL-EN16931-R120).
const LINE_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// The result of the rules.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) refused: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// A VAT category and rate: a row of the VAT breakdown to which lines, allowances and charges belong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VatGroup {
    pub(super) category: String,
    pub(super) rate: Option<Decimal>,
}

/// Returns the taxable amount of each category and rate: its lines, less allowances, plus charges
/// (BR-S-08, and the same rule of the other categories).
pub(super) fn taxable_by_vat(invoice: &InvoiceInput) -> BTreeMap<VatGroup, Decimal> {
    let mut taxable: BTreeMap<VatGroup, Decimal> = BTreeMap::new();
    let summed = invoice.lines.iter().filter(|line| line.is_summed());
    let lines = summed.map(|line| (&line.vat, line.net_amount.unwrap_or_default()));
    let allowances = invoice.allowances.iter().map(|it| (&it.vat, -it.amount.unwrap_or_default()));
    let charges = invoice.charges.iter().map(|it| (&it.vat, it.amount.unwrap_or_default()));
    for (vat, amount) in lines.chain(allowances).chain(charges) {
        *taxable.entry(group(&vat.category, vat.rate)).or_default() += amount;
    }
    taxable
}

/// Returns the row of the VAT breakdown to which a category and a rate belong. A missing rate counts as
/// zero, except in category O, which has no rate (BR-O-05).
fn group(category: &str, rate: Option<Decimal>) -> VatGroup {
    let rate = rate.unwrap_or_default().normalize();
    let has_none = category == "O" && rate.is_zero();
    VatGroup { category: category.to_owned(), rate: (!has_none).then_some(rate) }
}

/// Returns the taxable amount times the rate, rounded to the decimals of the currency (BR-CO-17).
pub(super) fn tax_on(taxable: Decimal, rate: Option<Decimal>, currency: Currency) -> Decimal {
    let (rate, decimals) = (rate.unwrap_or_default(), currency.decimals());
    rounded_product(taxable, rate, Decimal::ONE_HUNDRED, decimals)
        .unwrap_or_else(|| round(taxable * rate / Decimal::ONE_HUNDRED, decimals))
}

/// Returns the quantity times the price per base quantity, rounded to the decimals of the currency, less
/// the allowances and plus the charges of the line (PEPPOL-EN16931-R120); or `None` if it is too large or
/// has too many digits.
pub(super) fn line_net(line: &LineInput, currency: Currency) -> Option<Decimal> {
    let base_quantity = line.base_quantity.unwrap_or(Decimal::ONE);
    let decimals = currency.decimals();
    let gross = rounded_product(line.quantity?, line.unit_price?, base_quantity, decimals)?;
    let sum = |all: &[LineAdjustmentInput]| all.iter().filter_map(|it| it.amount).sum::<Decimal>();
    gross.checked_sub(sum(&line.allowances))?.checked_add(sum(&line.charges))
}

/// Returns what is collected for somebody else (BR-DEX-09 of the XRechnung extension).
pub(super) fn for_others(invoice: &InvoiceInput) -> Decimal {
    invoice.third_party_payments.iter().filter_map(|it| it.amount).sum()
}

/// Checks a complete invoice.
pub(super) fn check(invoice: &InvoiceInput) -> Findings {
    let mut findings = Findings::default();
    let Some(currency) = invoice.currency else { return findings };
    findings.refused.extend(totals(invoice, currency));
    vat(invoice, currency, &mut findings);
    lines(invoice, currency, &mut findings.warnings);
    findings.warnings.extend(codes::unknown(invoice));
    findings
}

fn totals(invoice: &InvoiceInput, currency: Currency) -> impl Iterator<Item = Problem> + use<> {
    let totals = &invoice.totals;
    let breakdown = invoice.vat_breakdown.as_deref().unwrap_or_default();
    let figure = |stated: Option<Decimal>| stated.unwrap_or_default();
    // A profile without lines states only totals, and the smallest profile has no breakdown either.
    let states_only_totals = invoice.lines.is_empty() && breakdown.is_empty();
    let vat: Decimal = if states_only_totals {
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

fn vat(invoice: &InvoiceInput, currency: Currency, findings: &mut Findings) {
    for (index, subtotal) in invoice.vat_breakdown.iter().flatten().enumerate() {
        let computed = tax_on(subtotal.taxable.unwrap_or_default(), subtotal.rate, currency);
        let tax = subtotal.tax.unwrap_or_default();
        let off = (tax - computed).abs();
        if off.is_zero() {
            continue;
        }
        let words = "the taxable amount times the rate";
        let at = format!("/vat_breakdown/{index}/tax");
        let problem = contradiction("BR-CO-17", at, [tax, computed], words, currency);
        if off >= VAT_TOLERANCE {
            findings.refused.push(problem);
        } else {
            findings.warnings.push(problem);
        }
    }
    if !invoice.lines.is_empty() {
        taxable(invoice, currency, &mut findings.warnings);
    }
}

fn taxable(invoice: &InvoiceInput, currency: Currency, warnings: &mut Vec<Problem>) {
    let mut left = taxable_by_vat(invoice);
    for (index, subtotal) in invoice.vat_breakdown.iter().flatten().enumerate() {
        let taxable = subtotal.taxable.unwrap_or_default();
        let computed = left.remove(&group(&subtotal.category, subtotal.rate)).unwrap_or_default();
        if (taxable - computed).abs() >= VAT_TOLERANCE {
            let rule = format!("BR-{}-08", rule_family(&subtotal.category));
            let at = format!("/vat_breakdown/{index}/taxable");
            let words = "lines less allowances plus charges of this category and rate";
            warnings.push(contradiction(&rule, at, [taxable, computed], words, currency));
        }
    }
    for (vat, amount) in left.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        let rule = format!("BR-{}-01", rule_family(&vat.category));
        let rate = vat.rate.map(|rate| format!(" at {} %", plain(rate))).unwrap_or_default();
        let detail = format!(
            "{rule}: the VAT breakdown has no row for category {}{rate}, in which the lines, \
             allowances and charges come to {}.",
            vat.category,
            exact(amount, currency)
        );
        warnings.push(Problem::at("/vat_breakdown", detail).breaking(&rule));
    }
}

/// Returns the name that EN 16931 gives to the rules of a VAT category. Mostly it is the category's code.
fn rule_family(category: &str) -> &str {
    match category {
        "K" => "IC",
        "L" => "AF",
        "M" => "AG",
        other => other,
    }
}

fn lines(invoice: &InvoiceInput, currency: Currency, warnings: &mut Vec<Problem>) {
    let mut seen = std::collections::HashSet::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let computed = line_net(line, currency);
        if let Some(computed) = computed
            && let Some(net) = line.net_amount
            && (net - computed).abs() > LINE_TOLERANCE
        {
            warnings.push(contradiction(
                "PEPPOL-EN16931-R120",
                format!("/lines/{index}/net_amount"),
                [net, computed],
                "quantity times unit price, less allowances and plus charges of the line,",
                currency,
            ));
        }
        if let Some(id) = &line.id
            && !seen.insert(id)
        {
            let detail = format!("The line id {id:?} is used more than once.");
            warnings.push(Problem::at(format!("/lines/{index}/id"), detail));
        }
    }
}

fn contradiction(
    rule: &str,
    pointer: String,
    figures: [Decimal; 2],
    words: &str,
    currency: Currency,
) -> Problem {
    let [stated, computed] = figures.map(|figure| exact(figure, currency));
    Problem {
        detail: format!("{rule}: {stated} is stated, but {words} is {computed}."),
        pointer,
        xpath: None,
        rule: Some(rule.to_owned()),
        stated: Some(stated),
        computed: Some(computed),
    }
}

#[cfg(test)]
mod tests;
