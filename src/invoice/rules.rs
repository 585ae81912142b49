//! Rules of EN 16931 that relate the figures of an invoice to each other.
//!
//! There are two levels. Totals that contradict each other are refused, since nobody could know the right
//! amount to pay. Everything else is a warning. The tolerances are those of the published Schematron (CEN
//! 1.3.16): none for totals, and less than one whole unit for the VAT of a category.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::codes;
use super::currency::Currency;
use super::model::{Adjustment, Invoice, Line, LineVat};
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

/// Returns the sum of the net amounts of the lines (BR-CO-10).
pub(super) fn sum_of_lines(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.net_amount).sum()
}

/// Returns the sum of the allowances (BR-CO-11) or of the charges (BR-CO-12).
pub(super) fn sum_of(adjustments: &[Adjustment]) -> Decimal {
    adjustments.iter().map(|adjustment| adjustment.amount).sum()
}

/// Returns the taxable amount of each category and rate: its lines, less allowances, plus charges
/// (BR-S-08, and the same rule of the other categories).
pub(super) fn taxable_by_vat(
    lines: &[Line],
    allowances: &[Adjustment],
    charges: &[Adjustment],
) -> BTreeMap<LineVat, Decimal> {
    let mut taxable: BTreeMap<LineVat, Decimal> = BTreeMap::new();
    let lines = lines.iter().map(|line| (&line.vat, line.net_amount));
    let allowances = allowances.iter().map(|it| (&it.vat, -it.amount));
    let charges = charges.iter().map(|it| (&it.vat, it.amount));
    for (vat, amount) in lines.chain(allowances).chain(charges) {
        *taxable.entry(group(&vat.category, vat.rate)).or_default() += amount;
    }
    taxable
}

/// Returns the row of the VAT breakdown to which a category and a rate belong. A missing rate counts as
/// zero, except in category O, which has no rate (BR-O-05).
fn group(category: &str, rate: Option<Decimal>) -> LineVat {
    let rate = rate.unwrap_or_default().normalize();
    let has_none = category == "O" && rate.is_zero();
    LineVat { category: category.to_owned(), rate: (!has_none).then_some(rate) }
}

/// Returns the taxable amount times the rate, rounded to the decimals of the currency (BR-CO-17).
pub(super) fn tax_on(taxable: Decimal, rate: Option<Decimal>, currency: Currency) -> Decimal {
    let (rate, decimals) = (rate.unwrap_or_default(), currency.decimals());
    rounded_product(taxable, rate, Decimal::ONE_HUNDRED, decimals)
        .unwrap_or_else(|| round(taxable * rate / Decimal::ONE_HUNDRED, decimals))
}

/// Returns the quantity times the price per base quantity, rounded to the decimals of the currency, or
/// `None` if it is too large or has too many digits.
pub(super) fn line_net(
    quantity: Decimal,
    price: Decimal,
    base_quantity: Option<Decimal>,
    currency: Currency,
) -> Option<Decimal> {
    let base_quantity = base_quantity.unwrap_or(Decimal::ONE);
    rounded_product(quantity, price, base_quantity, currency.decimals())
}

/// Checks a complete invoice.
pub(super) fn check(invoice: &Invoice) -> Findings {
    let mut findings = Findings::default();
    findings.refused.extend(totals(invoice));
    vat(invoice, &mut findings);
    lines(invoice, &mut findings.warnings);
    findings.warnings.extend(codes::unknown(invoice));
    findings
}

fn totals(invoice: &Invoice) -> impl Iterator<Item = Problem> + use<> {
    let totals = &invoice.totals;
    let currency = invoice.currency;
    // A profile without lines states only totals, and the smallest profile has no breakdown either.
    let states_only_totals = invoice.lines.is_empty() && invoice.vat_breakdown.is_empty();
    let vat: Decimal = if states_only_totals {
        totals.vat
    } else {
        invoice.vat_breakdown.iter().map(|it| it.tax).sum()
    };
    let lines = if invoice.lines.is_empty() { totals.lines } else { sum_of_lines(&invoice.lines) };
    [
        ("BR-CO-10", "lines", totals.lines, lines, "the sum of the lines' net amounts"),
        (
            "BR-CO-11",
            "allowances",
            totals.allowances,
            sum_of(&invoice.allowances),
            "the sum of the allowances",
        ),
        ("BR-CO-12", "charges", totals.charges, sum_of(&invoice.charges), "the sum of the charges"),
        (
            "BR-CO-13",
            "without_vat",
            totals.without_vat,
            totals.lines - totals.allowances + totals.charges,
            "lines less allowances plus charges",
        ),
        ("BR-CO-14", "vat", totals.vat, vat, "the sum of VAT per category"),
        (
            "BR-CO-15",
            "with_vat",
            totals.with_vat,
            totals.without_vat + totals.vat,
            "the total without VAT plus VAT",
        ),
        (
            "BR-CO-16",
            "due",
            totals.due,
            totals.with_vat - totals.paid + totals.rounding,
            "the total with VAT less what is paid, plus rounding",
        ),
    ]
    .into_iter()
    .filter(|(_, _, stated, computed, _)| stated != computed)
    .map(move |(rule, field, stated, computed, words)| {
        contradiction(rule, format!("/totals/{field}"), [stated, computed], words, currency)
    })
}

fn vat(invoice: &Invoice, findings: &mut Findings) {
    for (index, subtotal) in invoice.vat_breakdown.iter().enumerate() {
        let computed = tax_on(subtotal.taxable, subtotal.rate, invoice.currency);
        let off = (subtotal.tax - computed).abs();
        if off.is_zero() {
            continue;
        }
        let words = "the taxable amount times the rate";
        let at = format!("/vat_breakdown/{index}/tax");
        let figures = [subtotal.tax, computed];
        let problem = contradiction("BR-CO-17", at, figures, words, invoice.currency);
        if off >= VAT_TOLERANCE {
            findings.refused.push(problem);
        } else {
            findings.warnings.push(problem);
        }
    }
    if !invoice.lines.is_empty() {
        taxable(invoice, &mut findings.warnings);
    }
}

fn taxable(invoice: &Invoice, warnings: &mut Vec<Problem>) {
    let mut left = taxable_by_vat(&invoice.lines, &invoice.allowances, &invoice.charges);
    for (index, subtotal) in invoice.vat_breakdown.iter().enumerate() {
        let computed = left.remove(&group(&subtotal.category, subtotal.rate)).unwrap_or_default();
        if (subtotal.taxable - computed).abs() >= VAT_TOLERANCE {
            let rule = format!("BR-{}-08", rule_family(&subtotal.category));
            let at = format!("/vat_breakdown/{index}/taxable");
            let words = "lines less allowances plus charges of this category and rate";
            let figures = [subtotal.taxable, computed];
            warnings.push(contradiction(&rule, at, figures, words, invoice.currency));
        }
    }
    for (vat, amount) in left.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        let rule = format!("BR-{}-01", rule_family(&vat.category));
        let rate = vat.rate.map(|rate| format!(" at {} %", plain(rate))).unwrap_or_default();
        let detail = format!(
            "{rule}: the VAT breakdown has no row for category {}{rate}, in which the lines, \
             allowances and charges come to {}.",
            vat.category,
            exact(amount, invoice.currency)
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

fn lines(invoice: &Invoice, warnings: &mut Vec<Problem>) {
    let mut seen = std::collections::HashSet::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let computed =
            line_net(line.quantity, line.unit_price, line.base_quantity, invoice.currency);
        if let Some(computed) = computed
            && (line.net_amount - computed).abs() > LINE_TOLERANCE
        {
            warnings.push(contradiction(
                "PEPPOL-EN16931-R120",
                format!("/lines/{index}/net_amount"),
                [line.net_amount, computed],
                "quantity times unit price (an allowance or charge on the line explains it)",
                invoice.currency,
            ));
        }
        if !seen.insert(&line.id) {
            let detail = format!("The line id {:?} is used more than once.", line.id);
            warnings.push(Problem::at(format!("/lines/{index}/id"), detail));
        }
    }
}

fn contradiction(
    rule: &str,
    pointer: String,
    stated_and_computed: [Decimal; 2],
    words: &str,
    currency: Currency,
) -> Problem {
    let [stated, computed] = stated_and_computed.map(|figure| exact(figure, currency));
    Problem {
        detail: format!("{rule}: {stated} is stated, but {words} is {computed}."),
        pointer,
        rule: Some(rule.to_owned()),
        stated: Some(stated),
        computed: Some(computed),
    }
}

#[cfg(test)]
mod tests;
