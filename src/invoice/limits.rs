//! The limits of each text, figure and list of an invoice. They are checked before the rules.
//!
//! Texts end up in room names, messages and databases. Figures within these limits can be added and
//! multiplied as the rules require, without an overflow.

use rust_decimal::Decimal;

use super::currency::Currency;
use super::input::{AdjustmentInput, InvoiceInput, LineInput};
use super::model::{LineVat, Payment};
use super::money::{decimals_problem, size_problem};
use super::problem::Problem;

/// The greatest length of a short text (numbers, ids, references, units), in characters.
const MAX_SHORT_CHARS: usize = 200;
/// The greatest length of a description, a reason or payment terms, in characters.
const MAX_LONG_CHARS: usize = 4_000;
/// The greatest length of a note, in characters.
const MAX_NOTE_CHARS: usize = 20_000;
/// The greatest number of notes, and of further accounts.
const MAX_NOTES_OR_ACCOUNTS: usize = 100;
/// The greatest number of lines, of allowances, of charges, and of rows of the VAT breakdown.
const MAX_LINES_OR_ROWS: usize = 100_000;

/// Returns a problem for each text, figure and list that exceeds its limit.
pub(super) fn exceeded(input: &InvoiceInput) -> Vec<Problem> {
    let mut limits = Limits { exceeded: Vec::new(), currency: input.currency };
    limits.short("/number", &input.number);
    limits.short("/type", &input.type_code);
    limits.short("/buyer_reference", input.buyer_reference.as_deref().unwrap_or_default());
    limits.short("/order_reference", input.order_reference.as_deref().unwrap_or_default());
    limits.count("/lines", input.lines.len(), MAX_LINES_OR_ROWS);
    for (index, line) in input.lines.iter().enumerate() {
        limits.line(&format!("/lines/{index}"), line);
    }
    for (name, rule, all) in
        [("allowances", "BR-DEC-01", &input.allowances), ("charges", "BR-DEC-05", &input.charges)]
    {
        limits.count(&format!("/{name}"), all.len(), MAX_LINES_OR_ROWS);
        for (index, adjustment) in all.iter().enumerate() {
            limits.adjustment(&format!("/{name}/{index}"), adjustment, rule);
        }
    }
    let breakdown = input.vat_breakdown.as_deref().unwrap_or_default();
    limits.count("/vat_breakdown", breakdown.len(), MAX_LINES_OR_ROWS);
    for (index, subtotal) in breakdown.iter().enumerate() {
        let at = format!("/vat_breakdown/{index}");
        limits.tax(&at, &subtotal.category, subtotal.rate);
        limits.amount(&format!("{at}/taxable"), Some(subtotal.taxable), "BR-DEC-19");
        limits.amount(&format!("{at}/tax"), Some(subtotal.tax), "BR-DEC-20");
    }
    limits.totals(input);
    if let Some(payment) = &input.payment {
        limits.payment(payment);
    }
    limits.count("/notes", input.notes.len(), MAX_NOTES_OR_ACCOUNTS);
    for (index, note) in input.notes.iter().enumerate() {
        limits.text(&format!("/notes/{index}"), note, MAX_NOTE_CHARS, true);
    }
    limits.exceeded
}

/// Collects the problems.
struct Limits {
    exceeded: Vec<Problem>,
    /// The currency of all amounts, or `None` if the invoice names none.
    currency: Option<Currency>,
}

impl Limits {
    fn line(&mut self, at: &str, line: &LineInput) {
        self.short(&format!("{at}/id"), line.id.as_deref().unwrap_or_default());
        self.long(&format!("{at}/description"), &line.description);
        self.fine(&format!("{at}/quantity"), Some(line.quantity));
        self.short(&format!("{at}/unit"), &line.unit);
        self.fine(&format!("{at}/unit_price"), Some(line.unit_price));
        self.fine(&format!("{at}/base_quantity"), line.base_quantity);
        if line.base_quantity.is_some_and(|base| base <= Decimal::ZERO) {
            let detail = "The base quantity of a price must be more than zero.";
            let problem = Problem::at(format!("{at}/base_quantity"), detail);
            self.exceeded.push(problem.breaking("PEPPOL-EN16931-R121"));
        }
        self.amount(&format!("{at}/net_amount"), line.net_amount, "BR-DEC-23");
        self.vat(at, &line.vat);
    }

    fn adjustment(&mut self, at: &str, adjustment: &AdjustmentInput, rule: &str) {
        self.amount(&format!("{at}/amount"), Some(adjustment.amount), rule);
        self.long(&format!("{at}/reason"), adjustment.reason.as_deref().unwrap_or_default());
        self.vat(at, &adjustment.vat);
    }

    fn vat(&mut self, at: &str, vat: &LineVat) {
        self.tax(&format!("{at}/vat"), &vat.category, vat.rate);
    }

    fn tax(&mut self, at: &str, category: &str, rate: Option<Decimal>) {
        self.short(&format!("{at}/category"), category);
        let at = format!("{at}/rate");
        self.fine(&at, rate);
        if rate.is_some_and(|rate| rate < Decimal::ZERO || rate > Decimal::ONE_HUNDRED) {
            let detail = "A VAT rate is a percentage from 0 to 100, such as \"21\".";
            self.exceeded.push(Problem::at(at, detail));
        }
    }

    fn totals(&mut self, input: &InvoiceInput) {
        let totals = &input.totals;
        for (name, rule, amount) in [
            ("lines", "BR-DEC-09", totals.lines),
            ("allowances", "BR-DEC-10", totals.allowances),
            ("charges", "BR-DEC-11", totals.charges),
            ("without_vat", "BR-DEC-12", totals.without_vat),
            ("vat", "BR-DEC-13", totals.vat),
            ("with_vat", "BR-DEC-14", totals.with_vat),
            ("paid", "BR-DEC-16", totals.paid),
            ("rounding", "BR-DEC-17", totals.rounding),
            ("due", "BR-DEC-18", totals.due),
        ] {
            self.amount(&format!("/totals/{name}"), amount, rule);
        }
    }

    fn payment(&mut self, payment: &Payment) {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        self.short("/payment/means", &or_empty(&payment.means));
        self.short("/payment/iban", &or_empty(&payment.iban));
        self.short("/payment/bic", &or_empty(&payment.bic));
        self.short("/payment/account_name", &or_empty(&payment.account_name));
        self.long("/payment/reference", &or_empty(&payment.reference));
        self.long("/payment/terms", &or_empty(&payment.terms));
        self.count(
            "/payment/further_accounts",
            payment.further_accounts.len(),
            MAX_NOTES_OR_ACCOUNTS,
        );
        for (index, account) in payment.further_accounts.iter().enumerate() {
            let at = format!("/payment/further_accounts/{index}");
            self.short(&format!("{at}/iban"), &account.iban);
            self.short(&format!("{at}/bic"), &or_empty(&account.bic));
        }
    }

    fn short(&mut self, at: &str, text: &str) {
        self.text(at, text, MAX_SHORT_CHARS, false);
    }

    /// Checks a long text, which may have several lines.
    fn long(&mut self, at: &str, text: &str) {
        self.text(at, text, MAX_LONG_CHARS, true);
    }

    fn text(&mut self, at: &str, text: &str, limit: usize, may_break: bool) {
        let length = text.chars().count();
        if length > limit {
            let detail = format!("At most {limit} characters are allowed here, not {length}.");
            self.exceeded.push(Problem::at(at, detail));
        }
        let is_bad = |c: char| c.is_control() && !(may_break && matches!(c, '\n' | '\r' | '\t'));
        if text.chars().any(is_bad) {
            let detail = "Control characters are not allowed here; remove them.";
            self.exceeded.push(Problem::at(at, detail));
        }
    }

    /// Checks an amount. `rule` is the rule of EN 16931 about the decimals of this amount.
    fn amount(&mut self, at: &str, figure: Option<Decimal>, rule: &str) {
        self.fine(at, figure);
        let detail = figure.zip(self.currency).and_then(|(it, of)| decimals_problem(it, of));
        let problem = detail.map(|it| Problem::at(at, format!("{rule}: {it}")).breaking(rule));
        self.exceeded.extend(problem);
    }

    /// Checks a price, a quantity or a rate. It may have as many decimals as it has.
    fn fine(&mut self, at: &str, figure: Option<Decimal>) {
        self.exceeded.extend(figure.and_then(size_problem).map(|detail| Problem::at(at, detail)));
    }

    fn count(&mut self, at: &str, count: usize, limit: usize) {
        if count > limit {
            let detail = format!("At most {limit} are allowed here, not {count}.");
            self.exceeded.push(Problem::at(at, detail));
        }
    }
}
