//! Checks the limits of each text, figure and list of an invoice, before the rules.
//!
//! Texts end up in room names, messages and databases. Figures within these limits can be added and
//! multiplied as the rules require, without an overflow.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Limit, Limits, limit};
use crate::invoice::currency::Currency;
use crate::invoice::model::InvoiceInput;
use crate::invoice::model::term::Kind;
use crate::invoice::model::walk::{Leaf, walk};
use crate::invoice::money::{decimals_problem, size_problem};
use crate::invoice::payment_terms::MAX_DAYS;
use crate::invoice::problem::Problem;

/// The rule of EN 16931 about the decimals of each amount.
const RULES_OF_DECIMALS: [(&str, &str); 21] = [
    ("BT-92", "BR-DEC-01"),
    ("BT-93", "BR-DEC-02"),
    ("BT-99", "BR-DEC-05"),
    ("BT-100", "BR-DEC-06"),
    ("BT-106", "BR-DEC-09"),
    ("BT-107", "BR-DEC-10"),
    ("BT-108", "BR-DEC-11"),
    ("BT-109", "BR-DEC-12"),
    ("BT-110", "BR-DEC-13"),
    ("BT-112", "BR-DEC-14"),
    ("BT-111", "BR-DEC-15"),
    ("BT-113", "BR-DEC-16"),
    ("BT-114", "BR-DEC-17"),
    ("BT-115", "BR-DEC-18"),
    ("BT-116", "BR-DEC-19"),
    ("BT-117", "BR-DEC-20"),
    ("BT-131", "BR-DEC-23"),
    ("BT-136", "BR-DEC-24"),
    ("BT-137", "BR-DEC-25"),
    ("BT-141", "BR-DEC-27"),
    ("BT-142", "BR-DEC-28"),
];

/// Returns a problem for each text, figure and list that exceeds its limit.
pub(in crate::invoice) fn exceeded(input: &InvoiceInput, limits: &Limits) -> Vec<Problem> {
    let mut exceeded = counts(input, limits);
    let value = match serde_json::to_value(input) {
        Ok(value) => value,
        Err(error) => return vec![Problem::at("", error.to_string())],
    };
    long_lists(&value, &mut String::new(), limit!(limits, rows), &mut exceeded);
    walk(&value, |leaf| exceeded.extend(leaf_problem(leaf, input, limits)));
    exceeded.extend(figures(input));
    exceeded
}

/// Checks how many elements the lists have that are in one event of the room.
fn counts(input: &InvoiceInput, limits: &Limits) -> Vec<Problem> {
    let few = limit!(limits, notes_or_accounts);
    let further = input.payment.as_ref().map_or(0, |payment| payment.further_accounts.len());
    let discounts = input.payment.as_ref().map_or(0, |payment| payment.discounts.len());
    let lists = [
        ("/payment/further_accounts", further),
        ("/payment/discounts", discounts),
        ("/notes", input.notes.len()),
    ];
    let too_many = lists.into_iter().filter(|(_, count)| few.is_exceeded_by(*count));
    too_many.map(|(at, count)| too_many_rows(at, count, few)).collect()
}

/// Adds a problem for each list that has too many rows, wherever it is in the invoice.
fn long_lists(value: &Value, pointer: &mut String, rows: Limit, problems: &mut Vec<Problem>) {
    let mut below = |step: &str, value: &Value| {
        let before = pointer.len();
        pointer.push('/');
        pointer.push_str(step);
        long_lists(value, pointer, rows, problems);
        pointer.truncate(before);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(all) if rows.is_exceeded_by(all.len()) => {
            problems.push(too_many_rows(pointer, all.len(), rows));
        }
        Value::Array(all) => {
            let all = all.iter().enumerate();
            all.for_each(|(index, value)| below(&index.to_string(), value));
        }
        _ => {}
    }
}

fn too_many_rows(at: &str, count: usize, limit: Limit) -> Problem {
    let most = limit.most;
    Problem::at(at, format!("At most {most} are allowed here, not {count} {limit}."))
}

fn leaf_problem(leaf: &Leaf<'_>, input: &InvoiceInput, limits: &Limits) -> Option<Problem> {
    let (code, short, long) =
        (limit!(limits, code_chars), limit!(limits, text_chars), limit!(limits, long_text_chars));
    let at = |detail: String| Problem::at(leaf.pointer, detail);
    match leaf.term.kind {
        Kind::Amount => amount_problem(leaf, input.currency),
        Kind::VatCurrencyAmount => amount_problem(leaf, input.vat_currency),
        // It may have as many decimals as it has.
        Kind::Figure => size_problem(figure(leaf.value)?).map(at),
        Kind::Text => text_problem(leaf.value.as_str()?, short, false).map(at),
        Kind::Code | Kind::VatPointCode => text_problem(leaf.value.as_str()?, code, false).map(at),
        Kind::Prose => text_problem(leaf.value.as_str()?, long, true).map(at),
        Kind::Notes => {
            let text = leaf.value.as_str().or_else(|| leaf.value.get("text")?.as_str())?;
            text_problem(text, long, true).map(at)
        }
        Kind::Lines | Kind::Identifier | Kind::Identifiers | Kind::Classifications => {
            texts(leaf.value).find_map(|text| text_problem(text, short, false)).map(at)
        }
        Kind::Attachment => ["filename", "mime"]
            .iter()
            .filter_map(|part| leaf.value.get(part)?.as_str())
            .find_map(|text| text_problem(text, short, false))
            .map(at),
        Kind::Currency | Kind::Date | Kind::Group(..) | Kind::Groups(..) => None,
    }
}

/// Returns why an amount cannot be part of an invoice.
fn amount_problem(leaf: &Leaf<'_>, currency: Option<Currency>) -> Option<Problem> {
    let amount = figure(leaf.value)?;
    if let Some(detail) = size_problem(amount) {
        return Some(Problem::at(leaf.pointer, detail));
    }
    let detail = decimals_problem(amount, currency?)?;
    let rule = RULES_OF_DECIMALS.iter().find(|(term, _)| *term == leaf.id).map(|(_, rule)| *rule);
    Some(match rule {
        Some(rule) => Problem::at(leaf.pointer, format!("{rule}: {detail}")).breaking(rule),
        None => Problem::at(leaf.pointer, detail),
    })
}

/// Returns the texts of a value that is a text, a list of texts, or an object of texts.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Array(all) => Box::new(all.iter().filter_map(Value::as_str)),
        Value::Object(parts) => Box::new(parts.values().filter_map(Value::as_str)),
        text => Box::new(text.as_str().into_iter()),
    }
}

fn figure(value: &Value) -> Option<Decimal> {
    value.as_str()?.parse().ok()
}

fn text_problem(text: &str, limit: Limit, may_break: bool) -> Option<String> {
    let is_bad = |c: char| c.is_control() && !(may_break && matches!(c, '\n' | '\r' | '\t'));
    let controls = || "Control characters are not allowed here; remove them.".to_owned();
    limit.length_problem(text).or_else(|| text.chars().any(is_bad).then(controls))
}

/// Checks the figures whose range is limited by what they mean.
fn figures(input: &InvoiceInput) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in input.lines.iter().enumerate() {
        if line.base_quantity.is_some_and(|base| base <= Decimal::ZERO) {
            let detail = "The base quantity of a price must be more than zero.";
            let problem = Problem::at(format!("/lines/{index}/base_quantity"), detail);
            problems.push(problem.breaking("PEPPOL-EN16931-R121"));
        }
    }
    for (index, it) in input.payment.iter().flat_map(|it| &it.discounts).enumerate() {
        let is_count =
            |it: Decimal| it.is_integer() && it >= Decimal::ZERO && it <= MAX_DAYS.into();
        if it.days.is_some_and(|it| !is_count(it)) {
            let at = format!("/payment/discounts/{index}/days");
            let detail = format!("The days of a discount are a whole number from 0 to {MAX_DAYS}.");
            problems.push(Problem::at(at, detail));
        }
        let is_percentage = |it: Decimal| it >= Decimal::ZERO && it <= Decimal::ONE_HUNDRED;
        if it.percent.is_some_and(|it| !is_percentage(it)) {
            let at = format!("/payment/discounts/{index}/percent");
            problems.push(Problem::at(
                at,
                "A discount is a percentage from 0 to 100, such as \"2.00\".",
            ));
        }
    }
    let lines = input.lines.iter().map(|it| it.vat.rate).enumerate();
    let allowances = input.allowances.iter().map(|it| it.vat.rate).enumerate();
    let charges = input.charges.iter().map(|it| it.vat.rate).enumerate();
    let rows = input.vat_breakdown.iter().flatten().map(|it| it.rate).enumerate();
    let rates = lines
        .map(|(index, rate)| (format!("/lines/{index}/vat/rate"), rate))
        .chain(allowances.map(|(index, rate)| (format!("/allowances/{index}/vat/rate"), rate)))
        .chain(charges.map(|(index, rate)| (format!("/charges/{index}/vat/rate"), rate)))
        .chain(rows.map(|(index, rate)| (format!("/vat_breakdown/{index}/rate"), rate)));
    problems.extend(
        rates
            .filter(|(_, rate)| {
                rate.is_some_and(|rate| rate < Decimal::ZERO || rate > Decimal::ONE_HUNDRED)
            })
            .map(|(at, _)| {
                Problem::at(at, "A VAT rate is a percentage from 0 to 100, such as \"21\".")
            }),
    );
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_list_is_counted_wherever_it_is() {
        let limits = Limits { rows: 2, notes_or_accounts: 1, ..Limits::default() };
        let allowance = json!({ "amount": "1", "reason": "Rebate" });
        let line = json!({ "allowances": [allowance, allowance, allowance] });
        let input = json!({ "lines": [{}, line], "notes": ["a", "b"], "charges": [{}, {}] });
        let found = exceeded(&serde_json::from_value(input).unwrap(), &limits);
        let found: Vec<(&str, &str)> = found.iter().map(|it| (&*it.pointer, &*it.detail)).collect();
        assert_eq!(
            found,
            [
                (
                    "/notes",
                    "At most 1 are allowed here, not 2 (config key invoice.limits.notes_or_accounts)."
                ),
                (
                    "/lines/1/allowances",
                    "At most 2 are allowed here, not 3 (config key invoice.limits.rows)."
                ),
            ]
        );
    }
}
