//! Figures are right to the last decimal of the currency, above and below zero.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Invoice;
use super::*;

fn invoice(currency: &str, lines: Value) -> Value {
    json!({ "number": "C-1", "issue_date": "2026-06-01", "currency": currency, "lines": lines })
}

fn line(quantity: &str, price: &str, category: &str, rate: &str) -> Value {
    json!({ "description": "Oak plank", "quantity": quantity, "unit_price": price,
            "vat": { "category": category, "rate": rate } })
}

fn settled(invoice: Value) -> Result<Settled, Vec<Problem>> {
    settle(serde_json::from_value(invoice).unwrap(), Form::Json)
}

/// The settled invoice as it is sent, and stored, and the number of its warnings.
fn shown(invoice: Value) -> (Value, usize) {
    let Settled { invoice, warnings } = settled(invoice).unwrap();
    (serde_json::to_value(invoice).unwrap(), warnings.len())
}

#[test]
fn what_is_below_zero_is_the_mirror_of_what_is_above() {
    for (quantity, net, tax, due) in
        [("1", "72.50", "13.78", "86.28"), ("-1", "-72.50", "-13.78", "-86.28")]
    {
        let (json, warnings) = shown(invoice("EUR", json!([line(quantity, "72.50", "S", "19")])));
        assert_eq!(json["lines"][0]["net_amount"], net);
        assert_eq!(json["vat_breakdown"][0]["tax"], tax);
        assert_eq!(json["totals"]["due"], due);
        assert_eq!(warnings, 0);
    }
    for (quantity, price, net) in
        [("1", "2.345", "2.35"), ("-1", "2.345", "-2.35"), ("1", "-2.345", "-2.35")]
    {
        let (json, _) = shown(invoice("EUR", json!([line(quantity, price, "Z", "0")])));
        assert_eq!(json["lines"][0]["net_amount"], net);
    }
    let mut stated = invoice("EUR", json!([line("-1", "72.50", "S", "19")]));
    stated["totals"] = json!({ "vat": "-13.78", "due": "-86.28" });
    stated["vat_breakdown"] =
        json!([{ "category": "S", "rate": "19", "taxable": "-72.50", "tax": "-13.78" }]);
    assert_eq!(shown(stated).1, 0);
}

#[test]
fn every_amount_has_the_decimals_of_its_currency() {
    for (currency, price, net, tax, due) in [
        ("EUR", "100", "100.00", "19.00", "119.00"),
        ("JPY", "999.5", "1000", "190", "1190"),
        ("JPY", "-999.5", "-1000", "-190", "-1190"),
        ("KWD", "12.3445", "12.345", "2.346", "14.691"),
        ("CLF", "1.00005", "1.0001", "0.1900", "1.1901"),
        ("XAU", "1.005", "1.01", "0.19", "1.20"),
    ] {
        let (json, warnings) = shown(invoice(currency, json!([line("1", price, "S", "19")])));
        assert_eq!(json["lines"][0]["net_amount"], net, "{currency}");
        assert_eq!(json["lines"][0]["unit_price"], price, "{currency}");
        assert_eq!(json["vat_breakdown"][0]["taxable"], net, "{currency}");
        assert_eq!(json["vat_breakdown"][0]["tax"], tax, "{currency}");
        assert_eq!(json["totals"]["due"], due, "{currency}");
        let zero = &net.replace(|c: char| c.is_ascii_digit(), "0").replace('-', "");
        let zero = zero.trim_start_matches('0');
        assert_eq!(json["totals"]["paid"], format!("0{zero}"), "{currency}");
        assert_eq!(warnings, 0);
    }
}

#[test]
fn zeros_at_the_end_do_not_matter_and_other_decimals_are_refused_with_the_rule() {
    let with = |currency: &str, pointer: &str, value: &str| {
        let mut invoice = invoice(currency, json!([line("1", "100", "S", "19")]));
        invoice["lines"][0]["net_amount"] = json!("100");
        let adjustment =
            |amount| json!([{ "amount": amount, "vat": { "category": "S", "rate": "19" } }]);
        invoice["allowances"] = adjustment("5");
        invoice["charges"] = adjustment("5");
        invoice["vat_breakdown"] =
            json!([{ "category": "S", "rate": "19", "taxable": "100", "tax": "19" }]);
        invoice["totals"] = json!({ "lines": "100", "allowances": "5", "charges": "5",
            "without_vat": "100", "vat": "19", "with_vat": "119", "paid": "0", "rounding": "0",
            "due": "119" });
        *invoice.pointer_mut(pointer).unwrap() = json!(value);
        settled(invoice)
    };
    for (pointer, rule) in [
        ("/lines/0/net_amount", "BR-DEC-23"),
        ("/allowances/0/amount", "BR-DEC-01"),
        ("/charges/0/amount", "BR-DEC-05"),
        ("/vat_breakdown/0/taxable", "BR-DEC-19"),
        ("/vat_breakdown/0/tax", "BR-DEC-20"),
        ("/totals/lines", "BR-DEC-09"),
        ("/totals/allowances", "BR-DEC-10"),
        ("/totals/charges", "BR-DEC-11"),
        ("/totals/without_vat", "BR-DEC-12"),
        ("/totals/vat", "BR-DEC-13"),
        ("/totals/with_vat", "BR-DEC-14"),
        ("/totals/paid", "BR-DEC-16"),
        ("/totals/rounding", "BR-DEC-17"),
        ("/totals/due", "BR-DEC-18"),
    ] {
        for (currency, value, proposed) in [
            ("EUR", "119.001", "\"119.00\""),
            ("JPY", "-118.5", "\"-119\""),
            ("KWD", "0.0005", "\"0.001\""),
        ] {
            let problems = with(currency, pointer, value).unwrap_err();
            let [problem] = &problems[..] else { panic!("{problems:?}") };
            assert_eq!((problem.pointer.as_str(), problem.rule.as_deref()), (pointer, Some(rule)));
            assert!(problem.detail.contains(proposed), "{problem:?}");
            assert!(problem.detail.starts_with(rule) && problem.detail.contains(currency));
        }
    }
    for currency in ["EUR", "JPY", "KWD", "CLF"] {
        let plain = with(currency, "/totals/due", "119").unwrap();
        let zeros = with(currency, "/totals/due", "119.00000000").unwrap();
        let [plain, zeros] = [plain, zeros].map(|it| serde_json::to_string(&it.invoice).unwrap());
        assert_eq!(plain, zeros);
    }
}

#[test]
fn a_price_or_a_quantity_keeps_every_decimal() {
    let price = "47.050000000000004";
    let (json, warnings) =
        shown(invoice("EUR", json!([line("2.123456789012345", price, "Z", "0")])));
    assert_eq!(json["lines"][0]["unit_price"], price);
    assert_eq!(json["lines"][0]["quantity"], "2.123456789012345");
    assert_eq!(json["lines"][0]["net_amount"], "99.91");
    assert_eq!(warnings, 0);
    let longest = "0.1234567890123456789012345678";
    let (json, _) = shown(invoice("EUR", json!([line("1000", longest, "Z", "0")])));
    assert_eq!(json["lines"][0]["unit_price"], longest);
    assert_eq!(json["lines"][0]["net_amount"], "123.46");
}

#[test]
fn a_stored_amount_comes_back_as_it_was_stored() {
    let (mut json, _) = shown(invoice("JPY", json!([line("1", "634", "Z", "0")])));
    // Before amounts had the decimals of their currency, all had two.
    json["totals"]["due"] = json!("634.50");
    json["totals"]["with_vat"] = json!("634.00");
    let stored: Invoice = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(stored).unwrap(), json);
}

fn figure(units: i64, scale: u32) -> String {
    Decimal::new(units, scale).to_string()
}

fn any_lines() -> impl Strategy<Value = Vec<Value>> {
    let vat = prop::sample::select(vec![("S", "21"), ("S", "6.5"), ("Z", "0"), ("AE", "0")]);
    let line = (-1_000_000_i64..1_000_000, 0_u32..6, -10_000_000_i64..10_000_000, 0_u32..7, vat)
        .prop_map(|(quantity, scale, price, price_scale, (category, rate))| {
            line(&figure(quantity, scale), &figure(price, price_scale), category, rate)
        });
    vec(line, 1..20)
}

/// The same with the opposite sign.
fn reversed(figure: &Value) -> Value {
    let text = figure.as_str().unwrap();
    match text.strip_prefix('-') {
        Some(positive) => json!(positive),
        None if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) => json!(text),
        None => json!(format!("-{text}")),
    }
}

proptest! {
    #[test]
    fn an_invoice_and_its_reversal_cancel_in_every_figure(
        lines in any_lines(),
        allowance in 0_i64..10_000,
        paid in 0_i64..1_000_000,
        currency in prop::sample::select(vec!["JPY", "EUR", "KWD", "CLF", "XXX"]),
    ) {
        let decimals = Currency::parse(currency).unwrap().decimals();
        let with = |lines: Vec<Value>, sign: i64| {
            let mut input = invoice(currency, json!(lines));
            input["allowances"] = json!([{ "amount": figure(sign * allowance, decimals),
                                           "vat": { "category": "S", "rate": "21" } }]);
            input["totals"] = json!({ "paid": figure(sign * paid, decimals) });
            shown(input)
        };
        let opposite = lines.iter().map(|line| {
            let mut line = line.clone();
            line["quantity"] = reversed(&line["quantity"]);
            line
        });
        let (ours, warnings) = with(lines.clone(), 1);
        let (theirs, their_warnings) = with(opposite.collect(), -1);
        prop_assert_eq!((warnings, their_warnings), (0, 0));
        for (name, total) in ours["totals"].as_object().unwrap() {
            prop_assert_eq!(&reversed(total), &theirs["totals"][name], "{}", name);
        }
        for (list, fields) in [("lines", &["net_amount"][..]), ("vat_breakdown", &["taxable", "tax"])] {
            let [ours, theirs] = [&ours, &theirs].map(|it| it[list].as_array().unwrap());
            prop_assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                for field in fields {
                    prop_assert_eq!(&reversed(&ours[field]), &theirs[field], "{}", field);
                }
            }
        }
    }

    /// An independent computation in whole numbers.
    #[test]
    fn every_computed_figure_is_what_whole_numbers_give(
        lines in any_lines(),
        currency in prop::sample::select(vec!["JPY", "EUR", "KWD", "CLF"]),
    ) {
        let decimals = Currency::parse(currency).unwrap().decimals();
        // A figure in units of 10 to the power of -scale.
        let units = |figure: &Value, scale: u32| -> i128 {
            let text = figure.as_str().unwrap();
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let zeros = usize::try_from(scale).unwrap() - fraction.len();
            format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().unwrap()
        };
        let rounded = |numerator: i128, unit: i128| {
            (numerator.abs() * 2 + unit) / (unit * 2) * numerator.signum()
        };
        let (json, _) = shown(invoice(currency, json!(lines)));
        let mut taxable = std::collections::BTreeMap::new();
        for line in json["lines"].as_array().unwrap() {
            let product = units(&line["quantity"], 6) * units(&line["unit_price"], 6);
            let net = rounded(product, 10_i128.pow(12 - decimals));
            prop_assert_eq!(units(&line["net_amount"], decimals), net);
            *taxable.entry(line["vat"].to_string()).or_insert(0) += net;
        }
        let mut vat = 0;
        for row in json["vat_breakdown"].as_array().unwrap() {
            let key = json!({ "category": row["category"], "rate": row["rate"] }).to_string();
            prop_assert_eq!(Some(units(&row["taxable"], decimals)), taxable.get(&key).copied());
            let tax = rounded(taxable[&key] * units(&row["rate"], 1), 1_000);
            prop_assert_eq!(units(&row["tax"], decimals), tax);
            vat += tax;
        }
        let due = taxable.values().sum::<i128>() + vat;
        prop_assert_eq!(units(&json["totals"]["vat"], decimals), vat);
        prop_assert_eq!(units(&json["totals"]["due"], decimals), due);
    }
}
