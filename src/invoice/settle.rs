//! From what a shop sent to a complete, consistent invoice.

use rust_decimal::Decimal;

use super::input::{InvoiceInput, LineInput};
use super::model::{Adjustment, Invoice, Line, Payment, Totals, VatSubtotal};
use super::problem::Problem;
use super::rules::{self, Findings, line_net, sum_of, sum_of_lines, tax_on, taxable_by_vat};

/// Longest short text (numbers, ids, references, units), in characters.
const MAX_SHORT: usize = 200;
/// Longest description, reason or payment terms, in characters.
const MAX_LONG: usize = 4_000;
/// Longest note, in characters.
const MAX_NOTE: usize = 20_000;
/// Most notes.
const MAX_NOTES: usize = 100;
/// Most lines.
const MAX_LINES: usize = 100_000;

/// A complete invoice, and what is odd about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Every total is there and agrees with the others.
    pub invoice: Invoice,
    /// No reason to refuse it.
    pub warnings: Vec<Problem>,
}

/// Computes what was left out and checks what was given. Settling a settled invoice changes
/// nothing.
///
/// # Errors
/// Every problem at once, with pointers relative to the invoice.
pub fn settle(input: InvoiceInput) -> Result<Settled, Vec<Problem>> {
    let mut problems = texts(&input);
    if input.number.trim().is_empty() {
        problems.push(Problem::at("/number", "The invoice needs a number (BR-02)."));
    }
    let stated_lines = input.totals.lines.is_some();
    if input.lines.is_empty() && !stated_lines {
        let detail = "The invoice needs at least one line (BR-16), or stated totals.";
        problems.push(Problem::at("/lines", detail));
    }
    if input.lines.len() > MAX_LINES {
        let detail = format!("At most {MAX_LINES} lines are possible.");
        problems.push(Problem::at("/lines", detail));
    }
    let mut lines = Vec::with_capacity(input.lines.len());
    for (index, line) in input.lines.into_iter().enumerate() {
        match settle_line(line, index) {
            Ok(line) => lines.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let adjustment = |it: super::AdjustmentInput| Adjustment {
        amount: it.amount,
        reason: it.reason,
        vat: it.vat,
    };
    let allowances: Vec<_> = input.allowances.into_iter().map(adjustment).collect();
    let charges: Vec<_> = input.charges.into_iter().map(adjustment).collect();
    let vat_breakdown = match input.vat_breakdown {
        Some(stated) => stated,
        None => break_down(&lines, &allowances, &charges)?,
    };
    let given = input.totals;
    let line_total = given.lines.unwrap_or_else(|| sum_of_lines(&lines));
    let allowance_total = given.allowances.unwrap_or_else(|| sum_of(&allowances));
    let charge_total = given.charges.unwrap_or_else(|| sum_of(&charges));
    let without_vat = given.without_vat.unwrap_or(line_total - allowance_total + charge_total);
    let vat = given.vat.unwrap_or_else(|| vat_breakdown.iter().map(|it| it.tax).sum());
    let with_vat = given.with_vat.unwrap_or(without_vat + vat);
    let paid = given.paid.unwrap_or_default();
    let rounding = given.rounding.unwrap_or_default();
    let invoice = Invoice {
        number: input.number,
        type_code: input.type_code,
        issue_date: input.issue_date,
        due_date: input.due_date,
        currency: input.currency,
        lines,
        allowances,
        charges,
        vat_breakdown,
        totals: Totals {
            lines: line_total,
            allowances: allowance_total,
            charges: charge_total,
            without_vat,
            vat,
            with_vat,
            paid,
            rounding,
            due: given.due.unwrap_or(with_vat - paid + rounding),
        },
        payment: input.payment.filter(|payment| *payment != Payment::default()),
        notes: input.notes,
        buyer_reference: input.buyer_reference,
        order_reference: input.order_reference,
    };
    let Findings { refused, warnings } = rules::check(&invoice);
    if refused.is_empty() { Ok(Settled { invoice, warnings }) } else { Err(refused) }
}

fn settle_line(line: LineInput, index: usize) -> Result<Line, Problem> {
    if line.base_quantity.is_some_and(|base| base <= Decimal::ZERO) {
        let detail = "The base quantity of a price must be more than zero (PEPPOL-EN16931-R121).";
        return Err(Problem::at(format!("/lines/{index}/base_quantity"), detail));
    }
    let net =
        line.net_amount.or_else(|| line_net(line.quantity, line.unit_price, line.base_quantity));
    let Some(net_amount) = net else {
        let detail = "Quantity times price is too large a figure.";
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
) -> Result<Vec<VatSubtotal>, Vec<Problem>> {
    taxable_by_vat(lines, allowances, charges)
        .into_iter()
        .map(|(vat, taxable)| {
            let tax = tax_on(taxable, vat.rate).ok_or_else(|| {
                vec![Problem::at("/lines", "The VAT on these lines is too large a figure.")]
            })?;
            Ok(VatSubtotal { category: vat.category, rate: vat.rate, taxable, tax })
        })
        .collect()
}

/// What is wrong with the invoice's texts: they end up in room names, messages and databases.
fn texts(input: &InvoiceInput) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |at: String, text: &str, limit: usize, may_break: bool| {
        if text.chars().count() > limit {
            problems.push(Problem::at(&at, format!("Longer than {limit} characters; shorten it.")));
        }
        let is_bad = |c: char| c.is_control() && !(may_break && matches!(c, '\n' | '\r' | '\t'));
        if text.chars().any(is_bad) {
            let detail = "Control characters are not allowed here; remove them.";
            problems.push(Problem::at(&at, detail));
        }
    };
    check("/number".into(), &input.number, MAX_SHORT, false);
    check("/type".into(), &input.type_code, MAX_SHORT, false);
    for (name, text) in
        [("buyer_reference", &input.buyer_reference), ("order_reference", &input.order_reference)]
    {
        check(format!("/{name}"), text.as_deref().unwrap_or_default(), MAX_SHORT, false);
    }
    for (index, line) in input.lines.iter().enumerate() {
        let at = format!("/lines/{index}");
        check(format!("{at}/id"), line.id.as_deref().unwrap_or_default(), MAX_SHORT, false);
        check(format!("{at}/description"), &line.description, MAX_LONG, true);
        check(format!("{at}/unit"), &line.unit, MAX_SHORT, false);
        check(format!("{at}/vat/category"), &line.vat.category, MAX_SHORT, false);
    }
    for (name, list) in [("allowances", &input.allowances), ("charges", &input.charges)] {
        for (index, it) in list.iter().enumerate() {
            let reason = it.reason.as_deref().unwrap_or_default();
            check(format!("/{name}/{index}/reason"), reason, MAX_LONG, true);
            check(format!("/{name}/{index}/vat/category"), &it.vat.category, MAX_SHORT, false);
        }
    }
    for (index, it) in input.vat_breakdown.iter().flatten().enumerate() {
        check(format!("/vat_breakdown/{index}/category"), &it.category, MAX_SHORT, false);
    }
    if let Some(payment) = &input.payment {
        for (name, text, limit) in [
            ("means", &payment.means, MAX_SHORT),
            ("iban", &payment.iban, MAX_SHORT),
            ("bic", &payment.bic, MAX_SHORT),
            ("account_name", &payment.account_name, MAX_SHORT),
            ("reference", &payment.reference, MAX_LONG),
            ("terms", &payment.terms, MAX_LONG),
        ] {
            let text = text.as_deref().unwrap_or_default();
            check(format!("/payment/{name}"), text, limit, name == "terms" || name == "reference");
        }
        for (index, account) in payment.further_accounts.iter().enumerate() {
            let at = format!("/payment/further_accounts/{index}");
            check(format!("{at}/iban"), &account.iban, MAX_SHORT, false);
            check(
                format!("{at}/bic"),
                account.bic.as_deref().unwrap_or_default(),
                MAX_SHORT,
                false,
            );
        }
    }
    for (index, note) in input.notes.iter().enumerate() {
        check(format!("/notes/{index}"), note, MAX_NOTE, true);
    }
    if input.notes.len() > MAX_NOTES {
        problems.push(Problem::at("/notes", format!("At most {MAX_NOTES} notes are possible.")));
    }
    problems
}
