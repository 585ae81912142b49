//! What an invoice cannot do without, and how much of anything it may have.

use serde_json::{Value, json};

use super::*;

fn invoice() -> Value {
    json!({
        "number": "42", "issue_date": "2026-06-01", "currency": "EUR",
        "lines": [{ "description": "a", "quantity": "1", "unit_price": "1",
                    "vat": { "category": "S", "rate": "20" } }],
    })
}

fn with(pointer: &str, value: Value) -> Result<Settled, Vec<Problem>> {
    let mut invoice = invoice();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    invoice.pointer_mut(parent).unwrap()[key] = value;
    settle(serde_json::from_value(invoice).unwrap(), Form::Json)
}

fn pointers(settled: Result<Settled, Vec<Problem>>) -> Vec<String> {
    settled.unwrap_err().into_iter().map(|it| it.pointer).collect()
}

#[test]
fn every_gap_is_named_at_once() {
    let problems = settle(serde_json::from_value(json!({})).unwrap(), Form::Json).unwrap_err();
    let found: Vec<_> =
        problems.iter().map(|it| (it.pointer.as_str(), it.rule.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("/number", Some("BR-02")),
            ("/issue_date", Some("BR-03")),
            ("/currency", Some("BR-05")),
            ("/lines", Some("BR-16")),
        ]
    );
}

#[test]
fn stated_totals_stand_for_lines_but_only_all_of_them() {
    let all = json!({ "without_vat": "10.00", "vat": "2.00", "with_vat": "12.00", "due": "12.00" });
    let without_lines = |totals: Value| {
        let mut invoice = invoice();
        invoice["lines"] = json!([]);
        invoice["totals"] = totals;
        settle(serde_json::from_value(invoice).unwrap(), Form::Json)
    };
    let settled = without_lines(all.clone()).unwrap();
    assert_eq!(settled.invoice.totals.lines, Decimal::TEN);
    assert_eq!(settle(settled.invoice.clone().into(), Form::Json).unwrap(), settled);
    for left_out in ["without_vat", "vat", "with_vat", "due"] {
        let mut some = all.clone();
        some.as_object_mut().unwrap().remove(left_out);
        assert_eq!(pointers(without_lines(some)), ["/lines"], "{left_out}");
    }
    let mut wrong = all;
    wrong["with_vat"] = json!("13.00");
    assert_eq!(pointers(without_lines(wrong)), ["/totals/with_vat", "/totals/due"]);
}

#[test]
fn an_unknown_field_is_refused() {
    for parent in ["", "/lines/0", "/lines/0/vat", "/totals", "/payment"] {
        let mut invoice = invoice();
        invoice["totals"] = json!({});
        invoice["payment"] = json!({});
        invoice.pointer_mut(parent).unwrap()["colour"] = json!("red");
        let refusal = serde_json::from_value::<InvoiceInput>(invoice).unwrap_err().to_string();
        assert!(refusal.contains("unknown field `colour`"), "{parent}: {refusal}");
    }
}

#[test]
fn an_unknown_type_is_kept_by_its_number() {
    assert_eq!(with("/type", json!("999")).unwrap().invoice.type_code, "999");
    assert_eq!(pointers(with("/type", json!(" "))), ["/type"]);
}

#[test]
fn what_is_left_out_is_left_out_again() {
    let json = serde_json::to_value(with("/payment", json!({})).unwrap().invoice).unwrap();
    for name in ["due_date", "allowances", "charges", "payment", "notes", "order_reference"] {
        assert!(json.get(name).is_none(), "{name}");
    }
    assert!(json["lines"][0].get("base_quantity").is_none());
}

#[test]
fn figures_too_large_for_an_invoice_are_refused_wherever_they_come_from() {
    let line = |quantity: &str, price: &str| {
        json!({ "description": "a", "quantity": quantity, "unit_price": price,
                "vat": { "category": "S", "rate": "100" } })
    };
    // Too large to multiply; too large a product; then sums of lines, of tax, and with tax.
    let most = "999999999999999";
    for (lines, pointer) in [
        (json!([line(most, most)]), "/lines/0/quantity"),
        (json!([line(most, "79000000000000"), line(most, "79000000000000")]), "/lines/0/quantity"),
        (json!([line(most, "1"), line("1", "1")]), "/vat_breakdown"),
        (json!([line(most, "1")]), "/totals/with_vat"),
    ] {
        let found = pointers(with("/lines", lines));
        assert!(found.iter().any(|it| it == pointer), "{pointer}: {found:?}");
    }
    let at_most = with("/lines", json!([line("499999999999999", "1")])).unwrap();
    assert_eq!(at_most.invoice.totals.with_vat.to_string(), "999999999999998.00");
}

#[test]
fn a_rate_is_a_percentage() {
    for rate in ["-1", "100.01", "999999999999999"] {
        assert_eq!(pointers(with("/lines/0/vat/rate", json!(rate))), ["/lines/0/vat/rate"]);
    }
    assert_eq!(pointers(with("/lines/0/vat", json!({ "category": "S" }))), ["/lines/0/vat/rate"]);
}

#[test]
fn a_price_for_no_units_is_refused() {
    for base in ["0", "-1"] {
        let problems = with("/lines/0/base_quantity", json!(base)).unwrap_err();
        assert_eq!(problems[0].pointer, "/lines/0/base_quantity");
        assert_eq!(problems[0].rule.as_deref(), Some("PEPPOL-EN16931-R121"));
    }
    let settled = with("/lines/0/base_quantity", json!("8")).unwrap();
    assert_eq!(settled.invoice.totals.lines.to_string(), "0.13");
}

#[test]
fn texts_have_limits_and_no_control_characters() {
    let account = |iban: &str| json!({ "further_accounts": [{ "iban": iban }] });
    for (pointer, value, at) in [
        ("/number", json!("4\u{1b}2"), "/number"),
        ("/number", json!("4\n2"), "/number"),
        ("/number", json!("x".repeat(1_001)), "/number"),
        ("/buyer_reference", json!("\u{0}"), "/buyer_reference"),
        ("/lines/0/description", json!("a\u{0}b"), "/lines/0/description"),
        ("/lines/0/description", json!("é".repeat(20_001)), "/lines/0/description"),
        ("/lines/0/unit", json!("C\t62"), "/lines/0/unit"),
        ("/notes", json!(["fine", "not\u{0}"]), "/notes/1"),
        ("/notes", json!(vec![""; 101]), "/notes"),
        ("/payment", json!({ "iban": "D\nE" }), "/payment/iban"),
        ("/payment", account("D\u{7f}E"), "/payment/further_accounts/0/iban"),
    ] {
        assert_eq!(pointers(with(pointer, value)), [at]);
    }
    let notes = json!(["two\nlines"]);
    assert_eq!(with("/notes", notes).unwrap().invoice.notes[0].text, "two\nlines");
    assert!(with("/lines/0/description", json!("é".repeat(20_000))).is_ok());
}

#[test]
fn a_card_number_is_cut_in_every_form_and_its_finding_stays() {
    let whole = json!({ "means": "48", "card": { "number": "4111 1111 1111 1234" } });
    let in_json = with("/payment", whole).unwrap();
    let ubl = include_str!("../../../tests/invoices/ubl-tc434-example1.xml").replace(
        "<cbc:PaymentID>",
        "<cac:CardAccount><cbc:PrimaryAccountNumberID>4111111111111234</cbc:PrimaryAccountNumberID>\
         <cbc:NetworkID>V</cbc:NetworkID></cac:CardAccount><cbc:PaymentID>",
    );
    let read = crate::invoice::parse_file(ubl.as_bytes()).unwrap();
    let findings = read.check();
    let read = read.read().unwrap();
    let in_ubl = settle(read.invoice, Form::Ubl).unwrap();
    for (settled, findings) in [(&in_json, &in_json.warnings), (&in_ubl, &findings)] {
        let number = settled.invoice.payment.as_ref().unwrap().card.as_ref().unwrap();
        assert_eq!(number.number.as_deref(), Some("1234"));
        let found = findings.iter().find(|it| it.rule.as_deref() == Some("BR-51"));
        assert!(!found.unwrap().detail.contains("4111"), "{found:?}");
        assert!(!format!("{settled:?}{findings:?}").contains("4111"));
    }
    let again = settle(in_json.invoice.clone().into(), Form::Json).unwrap();
    assert_eq!(again.invoice, in_json.invoice);
}
