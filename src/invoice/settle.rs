//! Turns what a shop sent into a complete and consistent invoice.

use rust_decimal::Decimal;

use super::currency::Currency;
use super::input::{InvoiceInput, LineInput, TotalsInput};
use super::limits;
use super::model::{Adjustment, Invoice, Line, Payment, Totals, VatSubtotal};
use super::money::size_problem;
use super::problem::Problem;
use super::rules::{self, Findings, line_net, sum_of, sum_of_lines, tax_on, taxable_by_vat};

/// A complete invoice, and the warnings about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The invoice. It has all totals, and they agree with each other.
    pub invoice: Invoice,
    /// The warnings, which are no reason to refuse it.
    pub warnings: Vec<Problem>,
}

/// Computes what was left out, and checks what was stated. Settling a settled invoice again changes
/// nothing.
///
/// # Errors
/// All problems at once, with pointers relative to the invoice. Contradictions between figures are only
/// reported if each single figure is valid.
pub fn settle(input: InvoiceInput) -> Result<Settled, Vec<Problem>> {
    let mut problems = limits::exceeded(&input);
    problems.extend(missing(&input));
    let (Some(issue_date), Some(currency)) = (input.issue_date, input.currency) else {
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let lines = input
        .lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| settle_line(line, index, currency).map_err(|problem| vec![problem]))
        .collect::<Result<Vec<_>, _>>()?;
    let allowances: Vec<_> = input.allowances.into_iter().map(Adjustment::from).collect();
    let charges: Vec<_> = input.charges.into_iter().map(Adjustment::from).collect();
    let vat_breakdown =
        input.vat_breakdown.unwrap_or_else(|| break_down(&lines, &allowances, &charges, currency));
    let totals = settle_totals(&input.totals, &lines, &allowances, &charges, &vat_breakdown);
    let invoice = Invoice {
        number: input.number,
        type_code: input.type_code,
        issue_date,
        due_date: input.due_date,
        currency,
        lines,
        allowances,
        charges,
        vat_breakdown,
        totals,
        payment: input.payment.filter(|payment| *payment != Payment::default()),
        notes: input.notes,
        buyer_reference: input.buyer_reference,
        order_reference: input.order_reference,
    };
    let too_large = too_large(&invoice);
    if !too_large.is_empty() {
        return Err(too_large);
    }
    let invoice = invoice.in_currency();
    let Findings { refused, warnings } = rules::check(&invoice);
    if refused.is_empty() { Ok(Settled { invoice, warnings }) } else { Err(refused) }
}

/// Returns a problem for each mandatory field that is missing.
fn missing(input: &InvoiceInput) -> Vec<Problem> {
    let mut missing = Vec::new();
    let mut must = |present: bool, pointer: &str, rule: &str, detail: &str| {
        if !present {
            missing.push(Problem::at(pointer, format!("{rule}: {detail}")).breaking(rule));
        }
    };
    must(!input.number.trim().is_empty(), "/number", "BR-02", "an invoice needs a number.");
    let detail = "an invoice needs a type, such as \"380\"; left out, it is that.";
    must(!input.type_code.trim().is_empty(), "/type", "BR-04", detail);
    let detail = "an invoice needs its date of issue, such as \"2026-06-01\".";
    must(input.issue_date.is_some(), "/issue_date", "BR-03", detail);
    let detail = "an invoice needs its currency, such as \"EUR\".";
    must(input.currency.is_some(), "/currency", "BR-05", detail);
    let TotalsInput { without_vat, vat, with_vat, due, .. } = input.totals;
    let states_totals = [without_vat, vat, with_vat, due].iter().all(Option::is_some);
    let detail = "an invoice needs at least one line, or else its totals `without_vat`, `vat`, \
                  `with_vat` and `due`.";
    must(!input.lines.is_empty() || states_totals, "/lines", "BR-16", detail);
    if input.vat_breakdown.is_none() {
        let lines = input.lines.iter().map(|line| &line.vat).enumerate();
        let allowances = input.allowances.iter().map(|it| &it.vat).enumerate();
        let charges = input.charges.iter().map(|it| &it.vat).enumerate();
        let taxed = lines
            .map(|it| ("lines", it))
            .chain(allowances.map(|it| ("allowances", it)))
            .chain(charges.map(|it| ("charges", it)));
        for (list, (index, vat)) in taxed {
            let detail = "VAT in category S cannot be computed without its rate.";
            let pointer = format!("/{list}/{index}/vat/rate");
            must(vat.category != "S" || vat.rate.is_some(), &pointer, "BR-S-05", detail);
        }
    }
    missing
}

fn settle_line(line: LineInput, index: usize, currency: Currency) -> Result<Line, Problem> {
    let net = line
        .net_amount
        .or_else(|| line_net(line.quantity, line.unit_price, line.base_quantity, currency));
    let Some(net_amount) = net.filter(|net| size_problem(*net).is_none()) else {
        let detail = "Quantity times price is too large a figure, or one with too many digits.";
        return Err(Problem::at(format!("/lines/{index}/quantity"), detail));
    };
    Ok(Line {
        id: line.id.unwrap_or_else(|| (index + 1).to_string()),
        description: line.description,
        quantity: line.quantity,
        unit: line.unit,
        unit_price: line.unit_price,
        base_quantity: line.base_quantity,
        net_amount,
        vat: line.vat,
    })
}

fn break_down(
    lines: &[Line],
    allowances: &[Adjustment],
    charges: &[Adjustment],
    currency: Currency,
) -> Vec<VatSubtotal> {
    taxable_by_vat(lines, allowances, charges)
        .into_iter()
        .map(|(vat, taxable)| {
            let tax = tax_on(taxable, vat.rate, currency);
            VatSubtotal { category: vat.category, rate: vat.rate, taxable, tax }
        })
        .collect()
}

fn settle_totals(
    given: &TotalsInput,
    lines: &[Line],
    allowances: &[Adjustment],
    charges: &[Adjustment],
    vat_breakdown: &[VatSubtotal],
) -> Totals {
    let allowance_total = given.allowances.unwrap_or_else(|| sum_of(allowances));
    let charge_total = given.charges.unwrap_or_else(|| sum_of(charges));
    let line_total = given.lines.unwrap_or_else(|| match given.without_vat {
        // Profiles without lines state only the results (Factur-X MINIMUM).
        Some(without_vat) if lines.is_empty() => without_vat + allowance_total - charge_total,
        _ => sum_of_lines(lines),
    });
    let without_vat = given.without_vat.unwrap_or(line_total - allowance_total + charge_total);
    let vat = given.vat.unwrap_or_else(|| vat_breakdown.iter().map(|it| it.tax).sum());
    let with_vat = given.with_vat.unwrap_or(without_vat + vat);
    let paid = given.paid.unwrap_or_default();
    let rounding = given.rounding.unwrap_or_default();
    Totals {
        lines: line_total,
        allowances: allowance_total,
        charges: charge_total,
        without_vat,
        vat,
        with_vat,
        paid,
        rounding,
        due: given.due.unwrap_or(with_vat - paid + rounding),
    }
}

/// Returns a problem for each computed sum that exceeds the limits of a figure. A settled invoice must be
/// valid input again.
fn too_large(invoice: &Invoice) -> Vec<Problem> {
    let totals = &invoice.totals;
    let taxable = invoice.vat_breakdown.iter().flat_map(|it| [it.taxable, it.tax]);
    let sums: [(&str, Decimal); 7] = [
        ("/totals/lines", totals.lines),
        ("/totals/allowances", totals.allowances),
        ("/totals/charges", totals.charges),
        ("/totals/without_vat", totals.without_vat),
        ("/totals/vat", totals.vat),
        ("/totals/with_vat", totals.with_vat),
        ("/totals/due", totals.due),
    ];
    taxable
        .map(|figure| ("/vat_breakdown", figure))
        .chain(sums)
        .filter_map(|(pointer, figure)| Some(Problem::at(pointer, size_problem(figure)?)))
        .collect()
}

#[cfg(test)]
mod money_tests;
#[cfg(test)]
mod tests;
