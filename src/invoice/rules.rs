//! Rules of EN 16931 that relate the figures of an invoice to each other.
//!
//! Two levels only: totals that contradict each other are refused, since nobody could pay a right
//! amount; whatever else is odd is a warning. Tolerances are those of the published Schematron
//! (CEN 1.3.16): none for totals, less than one whole unit for VAT per category.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::model::{Adjustment, Invoice, Line, LineVat};
use super::money::{plain, round};
use super::problem::Problem;

/// VAT per category may differ from taxable times rate by less than this.
const VAT_TOLERANCE: Decimal = Decimal::ONE;
/// PEPPOL-EN16931-R120: a line's net may differ from quantity times price by this.
const LINE_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// What the rules found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) refused: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// Sum of line nets, BR-CO-10.
pub(super) fn sum_of_lines(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.net_amount).sum()
}

/// Sum of allowances (BR-CO-11) or charges (BR-CO-12).
pub(super) fn sum_of(adjustments: &[Adjustment]) -> Decimal {
    adjustments.iter().map(|adjustment| adjustment.amount).sum()
}

/// Taxable amount by category and rate: its lines less allowances plus charges (BR-S-08 and its
/// kin). None if a sum is too large.
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
        let rate = vat.rate.map(|rate| rate.normalize());
        *taxable.entry(LineVat { category: vat.category.clone(), rate }).or_default() += amount;
    }
    taxable
}

/// BR-CO-17: taxable times rate, rounded to the cent. None if it is too large.
pub(super) fn tax_on(taxable: Decimal, rate: Option<Decimal>) -> Option<Decimal> {
    taxable.checked_mul(rate.unwrap_or_default())?.checked_div(Decimal::ONE_HUNDRED).map(round)
}

/// Quantity times price per base quantity, rounded to the cent. None if it is too large.
pub(super) fn line_net(
    quantity: Decimal,
    price: Decimal,
    base_quantity: Option<Decimal>,
) -> Option<Decimal> {
    let product = quantity.checked_mul(price)?;
    product.checked_div(base_quantity.unwrap_or(Decimal::ONE)).map(round)
}

/// Checks a complete invoice.
pub(super) fn check(invoice: &Invoice) -> Findings {
    let mut findings = Findings::default();
    findings.refused.extend(totals(invoice));
    vat(invoice, &mut findings);
    lines(invoice, &mut findings.warnings);
    findings
}

fn totals(invoice: &Invoice) -> impl Iterator<Item = Problem> + use<> {
    let totals = &invoice.totals;
    let vat: Decimal = invoice.vat_breakdown.iter().map(|it| it.tax).sum();
    // A profile without lines states only their total.
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
    .map(|(rule, field, stated, computed, words)| {
        contradiction(rule, format!("/totals/{field}"), stated, computed, words)
    })
}

fn vat(invoice: &Invoice, findings: &mut Findings) {
    let taxable = taxable_by_vat(&invoice.lines, &invoice.allowances, &invoice.charges);
    for (index, subtotal) in invoice.vat_breakdown.iter().enumerate() {
        let at = format!("/vat_breakdown/{index}");
        if let Some(computed) = tax_on(subtotal.taxable, subtotal.rate) {
            let off = (subtotal.tax - computed).abs();
            let words = "the taxable amount times the rate";
            let problem =
                contradiction("BR-CO-17", format!("{at}/tax"), subtotal.tax, computed, words);
            if off >= VAT_TOLERANCE {
                findings.refused.push(problem);
            } else if !off.is_zero() {
                findings.warnings.push(problem);
            }
        }
        if invoice.lines.is_empty() {
            continue;
        }
        let key = LineVat {
            category: subtotal.category.clone(),
            rate: subtotal.rate.map(|rate| rate.normalize()),
        };
        let computed = taxable.get(&key).copied().unwrap_or_default();
        if (subtotal.taxable - computed).abs() >= VAT_TOLERANCE {
            // Named for the standard rate; every category has a rule of its own to this effect.
            let rule = format!("BR-{}-08", subtotal.category);
            findings.warnings.push(contradiction(
                &rule,
                format!("{at}/taxable"),
                subtotal.taxable,
                computed,
                "lines less allowances plus charges of this category and rate",
            ));
        }
    }
}

fn lines(invoice: &Invoice, warnings: &mut Vec<Problem>) {
    let mut seen = std::collections::HashSet::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let computed = line_net(line.quantity, line.unit_price, line.base_quantity);
        if let Some(computed) = computed
            && (line.net_amount - computed).abs() > LINE_TOLERANCE
        {
            warnings.push(contradiction(
                "PEPPOL-EN16931-R120",
                format!("/lines/{index}/net_amount"),
                line.net_amount,
                computed,
                "quantity times unit price (an allowance or charge on the line explains it)",
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
    stated: Decimal,
    computed: Decimal,
    words: &str,
) -> Problem {
    let (stated, computed) = (plain(stated), plain(computed));
    Problem {
        detail: format!("{rule}: {stated} is stated, but {words} is {computed}."),
        pointer,
        rule: Some(rule.to_owned()),
        stated: Some(stated),
        computed: Some(computed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::{InvoiceInput, Problem, Settled, settle};

    fn invoice() -> Value {
        json!({
            "number": "42", "issue_date": "2026-06-01", "currency": "EUR",
            "lines": [
                { "description": "a", "quantity": "3", "unit_price": "0.335", "vat": { "category": "S", "rate": "21" } },
                { "description": "b", "quantity": "1", "unit_price": "100", "vat": { "category": "S", "rate": "21.0" } },
                { "description": "c", "quantity": "2", "unit_price": "9.99", "vat": { "category": "Z", "rate": "0" } },
            ],
            "allowances": [{ "amount": "10.00", "reason": "loyalty", "vat": { "category": "S", "rate": "21" } }],
            "charges": [{ "amount": "5.00", "vat": { "category": "Z", "rate": "0" } }],
        })
    }

    fn settled(invoice: Value) -> Result<Settled, Vec<Problem>> {
        settle(serde_json::from_value::<InvoiceInput>(invoice).unwrap())
    }

    fn refused(invoice: Value) -> Vec<(String, Option<String>)> {
        settled(invoice).unwrap_err().into_iter().map(|it| (it.pointer, it.rule)).collect()
    }

    #[test]
    fn what_is_left_out_is_computed() {
        let Settled { invoice, warnings } = settled(invoice()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        // 3 × 0.335 is 1.005: a half goes up.
        let json = serde_json::to_value(&invoice).unwrap();
        assert_eq!(json["lines"][0]["net_amount"], "1.01");
        assert_eq!(json["lines"][1]["id"], "2");
        assert_eq!(json["type"], "380");
        assert_eq!(
            json["vat_breakdown"],
            json!([
                { "category": "S", "rate": "21", "taxable": "91.01", "tax": "19.11" },
                { "category": "Z", "rate": "0", "taxable": "24.98", "tax": "0.00" },
            ])
        );
        assert_eq!(
            json["totals"],
            json!({ "lines": "120.99", "allowances": "10.00", "charges": "5.00",
                    "without_vat": "115.99", "vat": "19.11", "with_vat": "135.10",
                    "paid": "0.00", "rounding": "0.00", "due": "135.10" })
        );
    }

    #[test]
    fn a_total_that_contradicts_the_rest_names_rule_and_figures() {
        for (field, rule) in [
            ("lines", "BR-CO-10"),
            ("allowances", "BR-CO-11"),
            ("charges", "BR-CO-12"),
            ("without_vat", "BR-CO-13"),
            ("vat", "BR-CO-14"),
            ("with_vat", "BR-CO-15"),
            ("due", "BR-CO-16"),
        ] {
            let mut wrong = invoice();
            wrong["totals"] = json!({ field: "1.23" });
            let problems = settled(wrong).unwrap_err();
            let problem = problems.iter().find(|it| it.rule.as_deref() == Some(rule)).unwrap();
            assert_eq!(problem.pointer, format!("/totals/{field}"));
            assert_eq!(problem.stated.as_deref(), Some("1.23"));
            assert!(problem.detail.contains("1.23") && problem.detail.contains(rule));
            assert!(problem.detail.contains(problem.computed.as_deref().unwrap()));
        }
    }

    #[test]
    fn vat_may_be_off_by_less_than_one_unit() {
        let with_tax = |tax: &str| {
            let mut invoice = invoice();
            invoice["vat_breakdown"] = json!([
                { "category": "S", "rate": "21", "taxable": "91.01", "tax": tax },
                { "category": "Z", "rate": "0", "taxable": "24.98", "tax": "0.00" },
            ]);
            invoice
        };
        assert!(settled(with_tax("19.11")).unwrap().warnings.is_empty());
        let warnings = settled(with_tax("20.10")).unwrap().warnings;
        assert_eq!(warnings[0].rule.as_deref(), Some("BR-CO-17"));
        let rule = Some("BR-CO-17".to_owned());
        assert_eq!(refused(with_tax("20.11")), [("/vat_breakdown/0/tax".to_owned(), rule)]);
    }

    #[test]
    fn line_arithmetic_only_warns() {
        let mut odd = invoice();
        odd["lines"][1]["net_amount"] = json!("90.00");
        odd["lines"][1]["id"] = json!("1");
        let warnings = settled(odd).unwrap().warnings;
        let rules: Vec<_> = warnings.iter().map(|it| it.rule.as_deref()).collect();
        assert_eq!(rules, [Some("PEPPOL-EN16931-R120"), None]);
        assert_eq!(warnings[0].pointer, "/lines/1/net_amount");
    }

    #[test]
    fn figures_too_large_to_multiply_are_refused() {
        let mut huge = invoice();
        huge["lines"][0]["quantity"] = json!("999999999999999");
        huge["lines"][0]["unit_price"] = json!("999999999999999");
        assert_eq!(refused(huge), [("/lines/0/quantity".to_owned(), None)]);
    }

    fn line() -> impl Strategy<Value = Value> {
        let vat = prop_oneof![Just(("S", "21")), Just(("S", "6")), Just(("Z", "0"))];
        (-1_000_000_i64..1_000_000, 0_u32..4, 0_i64..10_000_000, vat).prop_map(
            |(quantity, scale, price, (category, rate))| {
                let figure = |units, scale| rust_decimal::Decimal::new(units, scale).to_string();
                json!({
                    "description": "x", "quantity": figure(quantity, scale),
                    "unit_price": figure(price, 4), "vat": { "category": category, "rate": rate },
                })
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_computed_satisfies_every_rule_and_settles_to_itself(
            lines in proptest::collection::vec(line(), 1..20)
        ) {
            let mut input = invoice();
            input["lines"] = json!(lines);
            let first = settled(input).unwrap();
            prop_assert!(first.warnings.is_empty(), "{:?}", first.warnings);
            let again = settle(InvoiceInput::from(first.invoice.clone())).unwrap();
            prop_assert_eq!(&again, &first);
            // And after a trip through JSON, as it is stored and sent.
            let json = serde_json::to_value(&first.invoice).unwrap();
            prop_assert_eq!(settled(json).unwrap(), first);
        }
    }
}
