//! Ten thousand random JSON invoices, each compared with a computation that shares nothing with ours.
//!
//! The other computation counts in whole numbers of the smallest unit of the currency and keeps fractions as
//! a numerator and a denominator, so that it has no rounding but the one that EN 16931 asks for. A failure
//! names the seed of its invoice.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tallyroom::invoice::{Form, Problem, settle};

/// How many invoices are made.
const INVOICES: u64 = 10_000;
/// Of how many invoices one is also reversed, settled again, and made wrong.
const REVERSED_EVERY: u64 = 8;
/// Currencies, and the decimals that ISO 4217 gives them.
const CURRENCIES: [(&str, u32); 12] = [
    ("JPY", 0),
    ("ISK", 0),
    ("CLP", 0),
    ("EUR", 2),
    ("USD", 2),
    ("CHF", 2),
    ("KWD", 3),
    ("BHD", 3),
    ("TND", 3),
    ("JOD", 3),
    ("CLF", 4),
    ("UYW", 4),
];
/// The categories of VAT (a subset of UNTDID 5305), and whether their rate may be more than zero.
const CATEGORIES: [(&str, bool); 10] = [
    ("S", true),
    ("L", true),
    ("M", true),
    ("B", true),
    ("Z", false),
    ("E", false),
    ("AE", false),
    ("K", false),
    ("G", false),
    ("O", false),
];
/// The rules about figures. Random invoices break others, such as those about missing names.
const RULES_OF_FIGURES: [&str; 10] = [
    "BR-CO-10", "BR-CO-11", "BR-CO-12", "BR-CO-13", "BR-CO-14", "BR-CO-15", "BR-CO-16", "BR-CO-17",
    "BR-CO-18", "-08",
];

/// A figure with decimals, as a whole number of its last digit.
#[derive(Clone, Copy, Debug)]
struct Figure {
    units: i128,
    decimals: u32,
}

impl Figure {
    fn random(rng: &mut StdRng, max_units: i128, max_decimals: u32, may_be_negative: bool) -> Self {
        let units = rng.random_range(1..=max_units);
        let is_negative = may_be_negative && rng.random_bool(0.25);
        Self {
            units: if is_negative { -units } else { units },
            decimals: rng.random_range(0..=max_decimals),
        }
    }

    fn text(self) -> String {
        written(self.units, self.decimals)
    }

    fn scale(self) -> i128 {
        10_i128.pow(self.decimals)
    }
}

/// Writes a whole number of units with this many decimals.
fn written(units: i128, decimals: u32) -> String {
    let digits = format!("{:0>width$}", units.abs(), width = decimals as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    let sign = if units < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Divides, and rounds a half away from zero.
fn divided(numerator: i128, denominator: i128) -> i128 {
    let magnitude = (2 * numerator.abs() + denominator.abs()) / (2 * denominator.abs());
    if (numerator < 0) == (denominator < 0) { magnitude } else { -magnitude }
}

/// Everything that a shop may leave out, in whole units of the currency.
#[derive(Clone, Debug, Default, PartialEq)]
struct Computed {
    lines: Vec<i128>,
    allowances: Vec<i128>,
    charges: Vec<i128>,
    /// By category and rate: what is taxed, and the tax.
    vat: BTreeMap<(String, Option<String>), (i128, i128)>,
    total_of_lines: i128,
    without_vat: i128,
    vat_total: i128,
    with_vat: i128,
    due: i128,
}

/// An invoice as a shop hands it in, and what must come of it.
struct Case {
    invoice: Value,
    computed: Computed,
    decimals: u32,
}

struct Taxed {
    category: String,
    rate: Option<Figure>,
}

impl Taxed {
    fn random(rng: &mut StdRng) -> Self {
        let (category, has_rate) = *CATEGORIES.choose(rng).unwrap();
        let rate = match (category, has_rate) {
            ("O", _) => None,
            (_, false) => Some(Figure { units: 0, decimals: rng.random_range(0..=2) }),
            _ => {
                let all = [(19, 0), (7, 0), (21, 0), (55, 1), (81, 1), (1000, 2), (2575, 2)];
                let (units, decimals) = *all.choose(rng).unwrap();
                Some(Figure { units, decimals })
            }
        };
        Self { category: category.to_owned(), rate }
    }

    fn json(&self) -> Value {
        match self.rate {
            Some(rate) => json!({ "category": self.category, "rate": rate.text() }),
            None => json!({ "category": self.category }),
        }
    }

    /// The row of the breakdown: a rate is the same with more zeros at its end.
    fn row(&self) -> (String, Option<String>) {
        (self.category.clone(), self.rate.map(|rate| shortest(&rate.text())))
    }

    fn tax(&self, taxable: i128) -> i128 {
        self.rate.map_or(0, |rate| divided(taxable * rate.units, 100 * rate.scale()))
    }
}

fn shortest(figure: &str) -> String {
    match figure.contains('.') {
        true => figure.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => figure.to_owned(),
    }
}

/// An amount of an allowance or a charge: stated, or a percentage of a base amount.
fn adjustment(rng: &mut StdRng, decimals: u32) -> (Value, i128) {
    let may_be_percent = rng.random_bool(0.5);
    if may_be_percent {
        let base = rng.random_range(-1_000_000..=1_000_000_i128);
        let percent = Figure::random(rng, 10_000, 4, false);
        let amount = divided(base * percent.units, 100 * percent.scale());
        (json!({ "base_amount": written(base, decimals), "percent": percent.text() }), amount)
    } else {
        let amount = rng.random_range(-100_000..=100_000_i128);
        (json!({ "amount": written(amount, decimals) }), amount)
    }
}

fn case(seed: u64) -> Case {
    let mut rng = StdRng::seed_from_u64(seed);
    let rng = &mut rng;
    let (currency, decimals) = *CURRENCIES.choose(rng).unwrap();
    let unit = 10_i128.pow(decimals);
    let mut computed = Computed::default();
    let mut taxable: BTreeMap<(String, Option<String>), (Taxed, i128)> = BTreeMap::new();
    let mut tax = |taxed: Taxed, amount: i128| {
        taxable.entry(taxed.row()).or_insert((taxed, 0)).1 += amount;
    };
    let mut lines = Vec::new();
    for _ in 0..rng.random_range(1..=12) {
        let quantity = Figure::random(rng, 100_000, 4, true);
        let price = Figure::random(rng, 10_000_000, 7, true);
        let base = rng.random_bool(0.3).then(|| Figure::random(rng, 1_000, 2, false));
        let base_units = base.unwrap_or(Figure { units: 1, decimals: 0 });
        let mut net = divided(
            quantity.units * price.units * base_units.scale() * unit,
            quantity.scale() * price.scale() * base_units.units,
        );
        let taxed = Taxed::random(rng);
        let mut line = json!({ "description": "Thing", "quantity": quantity.text(),
            "unit_price": price.text(), "vat": taxed.json() });
        if let Some(base) = base {
            line["base_quantity"] = json!(base.text());
        }
        for (list, sign) in [("allowances", -1), ("charges", 1)] {
            let mut all = Vec::new();
            for _ in 0..rng.random_range(0..=2) {
                let (json, amount) = adjustment(rng, decimals);
                net += sign * amount;
                all.push(json);
            }
            line[list] = json!(all);
        }
        lines.push(line);
        computed.lines.push(net);
        tax(taxed, net);
    }
    let mut invoice = json!({ "number": seed.to_string(), "issue_date": "2026-06-01",
        "currency": currency, "lines": lines });
    for (list, sign) in [("allowances", -1), ("charges", 1)] {
        let mut all = Vec::new();
        for _ in 0..rng.random_range(0..=3) {
            let (mut json, amount) = adjustment(rng, decimals);
            let taxed = Taxed::random(rng);
            json["vat"] = taxed.json();
            all.push(json);
            let into = if sign < 0 { &mut computed.allowances } else { &mut computed.charges };
            into.push(amount);
            tax(taxed, sign * amount);
        }
        invoice[list] = json!(all);
    }
    computed.total_of_lines = computed.lines.iter().sum();
    computed.without_vat = computed.total_of_lines - computed.allowances.iter().sum::<i128>()
        + computed.charges.iter().sum::<i128>();
    for (row, (taxed, amount)) in taxable {
        computed.vat.insert(row, (amount, taxed.tax(amount)));
    }
    computed.vat_total = computed.vat.values().map(|(_, tax)| tax).sum();
    computed.with_vat = computed.without_vat + computed.vat_total;
    let paid = if rng.random_bool(0.4) { rng.random_range(0..=50_000) } else { 0 };
    let rounding = if rng.random_bool(0.4) { rng.random_range(-99..=99) } else { 0 };
    computed.due = computed.with_vat - paid + rounding;
    if paid != 0 || rounding != 0 {
        invoice["totals"] =
            json!({ "paid": written(paid, decimals), "rounding": written(rounding, decimals) });
    }
    Case { invoice, computed, decimals }
}

fn settled(invoice: &Value) -> Result<(Value, Vec<Problem>), Vec<Problem>> {
    let settled = settle(serde_json::from_value(invoice.clone()).unwrap(), Form::Json)?;
    Ok((serde_json::to_value(settled.invoice).unwrap(), settled.warnings))
}

/// Takes the same figures out of a settled invoice.
fn figures(invoice: &Value, decimals: u32) -> Computed {
    let units = |figure: &Value| -> i128 {
        let text = figure.as_str().unwrap();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        assert_eq!(fraction.len(), decimals as usize, "{text}");
        format!("{whole}{fraction}").parse().unwrap()
    };
    let list = |list: &str, field: &str| -> Vec<i128> {
        let all = invoice[list].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|it| units(&it[field])).collect()
    };
    let total = |field: &str| units(&invoice["totals"][field]);
    let rows = invoice["vat_breakdown"].as_array().unwrap();
    let vat = rows.iter().map(|row| {
        let rate = row["rate"].as_str().map(shortest);
        (
            (row["category"].as_str().unwrap().to_owned(), rate),
            (units(&row["taxable"]), units(&row["tax"])),
        )
    });
    let computed = Computed {
        lines: list("lines", "net_amount"),
        allowances: list("allowances", "amount"),
        charges: list("charges", "amount"),
        vat: vat.collect(),
        total_of_lines: total("lines"),
        without_vat: total("without_vat"),
        vat_total: total("vat"),
        with_vat: total("with_vat"),
        due: total("due"),
    };
    assert_eq!(computed.vat.len(), rows.len(), "two rows have the same category and rate");
    assert_eq!(total("allowances"), computed.allowances.iter().sum::<i128>());
    assert_eq!(total("charges"), computed.charges.iter().sum::<i128>());
    computed
}

fn is_about_figures(problem: &Problem) -> bool {
    let rule = problem.rule.as_deref().unwrap_or_default();
    RULES_OF_FIGURES.iter().any(|it| rule == *it || (it.starts_with('-') && rule.ends_with(it)))
}

/// The same invoice with every quantity and amount below zero instead of above it.
fn reversed(invoice: &Value) -> Value {
    let mut reversed = invoice.clone();
    let negate = |value: &mut Value| {
        let negated = value.as_str().map(|text| match text.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => format!("-{text}"),
        });
        if let Some(negated) = negated {
            *value = json!(negated);
        }
    };
    let negate_fields = |of: &mut Value, fields: &[&str]| {
        for field in fields {
            if let Some(value) = of.get_mut(*field) {
                negate(value);
            }
        }
    };
    let adjustments = |of: &mut Value| {
        for list in ["allowances", "charges"] {
            for it in of[list].as_array_mut().into_iter().flatten() {
                negate_fields(it, &["amount", "base_amount"]);
            }
        }
    };
    adjustments(&mut reversed);
    for line in reversed["lines"].as_array_mut().unwrap() {
        negate_fields(line, &["quantity"]);
        adjustments(line);
    }
    if let Some(totals) = reversed.get_mut("totals") {
        negate_fields(totals, &["paid", "rounding"]);
    }
    reversed
}

impl Computed {
    fn negated(&self) -> Self {
        let all = |list: &[i128]| list.iter().map(|it| -it).collect();
        Self {
            lines: all(&self.lines),
            allowances: all(&self.allowances),
            charges: all(&self.charges),
            vat: self
                .vat
                .iter()
                .map(|(row, (taxable, tax))| (row.clone(), (-taxable, -tax)))
                .collect(),
            total_of_lines: -self.total_of_lines,
            without_vat: -self.without_vat,
            vat_total: -self.vat_total,
            with_vat: -self.with_vat,
            due: -self.due,
        }
    }
}

fn check(seed: u64) {
    let Case { invoice, computed, decimals } = case(seed);
    let (complete, warnings) =
        settled(&invoice).unwrap_or_else(|problems| panic!("seed {seed}: {problems:?}\n{invoice}"));
    assert_eq!(figures(&complete, decimals), computed, "seed {seed}: {invoice}");
    let wrong: Vec<_> = warnings.iter().filter(|it| is_about_figures(it)).collect();
    assert!(wrong.is_empty(), "seed {seed}: {wrong:?}\n{invoice}");

    if seed.is_multiple_of(REVERSED_EVERY) {
        check_what_comes_of_it(seed, &invoice, &computed, complete, decimals);
    }
}

/// Settles the reversal, the complete invoice, and one with a wrong total.
fn check_what_comes_of_it(
    seed: u64,
    invoice: &Value,
    computed: &Computed,
    complete: Value,
    decimals: u32,
) {
    let (reversal, _) = settled(&reversed(invoice))
        .unwrap_or_else(|problems| panic!("seed {seed}, reversed: {problems:?}"));
    assert_eq!(figures(&reversal, decimals), computed.negated(), "seed {seed}, reversed");

    let (again, _) =
        settled(&complete).unwrap_or_else(|problems| panic!("seed {seed}, complete: {problems:?}"));
    assert_eq!(again, complete, "seed {seed}: what is complete stays as it is");

    // A total that is wrong by the smallest unit is refused, and named.
    let total = ["lines", "without_vat", "with_vat", "due"]
        [usize::try_from(seed / REVERSED_EVERY % 4).unwrap()];
    let right = figures(&complete, decimals);
    let right = match total {
        "lines" => right.total_of_lines,
        "without_vat" => right.without_vat,
        "with_vat" => right.with_vat,
        _ => right.due,
    };
    let mut wrong = complete;
    wrong["totals"][total] = json!(written(right + 1, decimals));
    let refused =
        settled(&wrong).err().unwrap_or_else(|| panic!("seed {seed}: a wrong {total} passed"));
    let named = refused.iter().any(|it| it.rule.is_some() && it.pointer.starts_with("/totals/"));
    assert!(named, "seed {seed}: {refused:?}");
}

#[test]
fn random_invoices_agree_with_an_independent_computation() {
    let threads = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                let step = usize::try_from(threads).unwrap();
                (first..INVOICES).step_by(step).for_each(check);
            });
        }
    });
}

#[test]
fn the_random_invoices_reach_every_category_and_number_of_decimals() {
    let mut decimals = BTreeMap::<u32, usize>::new();
    let mut categories = BTreeMap::<String, usize>::new();
    let mut below_zero = 0;
    for seed in 0..500 {
        let case = case(seed);
        *decimals.entry(case.decimals).or_default() += 1;
        for (category, _) in case.computed.vat.keys() {
            *categories.entry(category.clone()).or_default() += 1;
        }
        below_zero += usize::from(case.computed.due < 0);
    }
    assert_eq!(decimals.keys().copied().collect::<Vec<_>>(), [0, 2, 3, 4]);
    assert_eq!(categories.len(), CATEGORIES.len(), "{categories:?}");
    assert!(below_zero > 50, "{below_zero} of 500 are below zero");
}
