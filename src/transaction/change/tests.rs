//! Every change is listed once, and changes of the payment come first.

use serde_json::{Value, json};

use super::*;
use crate::invoice::{Form, InvoiceInput, settle};

fn terms(change: impl FnOnce(&mut Value)) -> Terms {
    let line = |id: &str| {
        json!({ "id": id, "description": "Oak", "quantity": "2", "unit": "MTR",
                "unit_price": "50.00", "vat": { "category": "S", "rate": "20" } })
    };
    let mut json = json!({
        "status": "awaiting_payment",
        "invoice": {
            "number": "7", "currency": "EUR", "issue_date": "2026-07-01",
            "due_date": "2026-07-31", "lines": [line("a"), line("b")], "notes": ["Thank you"],
            "payment": { "iban": "DE89 3704 0044 0532 0130 00", "terms": "30 days" },
        },
        "buyer": { "name": "Birch", "contacts": [{ "name": "Ann", "email": "ann@example.org" }] },
        "seller": { "name": "Acme", "address": { "city": "Rome", "country": "IT" } },
    });
    change(&mut json);
    let input: InvoiceInput = serde_json::from_value(json["invoice"].take()).unwrap();
    Terms {
        status: json["status"].as_str().unwrap().to_owned(),
        invoice: settle(input, Form::Json).unwrap().invoice,
        buyer: serde_json::from_value(json["buyer"].take()).unwrap(),
        seller: serde_json::from_value(json["seller"].take()).unwrap(),
        redactions: None,
        language: None,
    }
}

/// The changes that `change` causes, each as what, which, before and after.
fn told(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let told = changes(&terms(|_| ()), &terms(change));
    let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
    told.iter()
        .map(|it| {
            let which = it.which.as_ref().map(|which| format!("[{which}]")).unwrap_or_default();
            format!("{}{which}: {} > {}", it.what, text(&it.before), text(&it.after))
        })
        .collect()
}

#[test]
fn the_same_again_is_no_change() {
    assert_eq!(told(|_| ()), [""; 0]);
    let spaces = |json: &mut Value| {
        json["invoice"]["payment"]["iban"] = json!("DE89370400440532013000");
    };
    assert_eq!(told(spaces), [""; 0]);
}

#[test]
fn another_account_is_told_however_much_else_changes() {
    let change = |json: &mut Value| {
        json["status"] = json!("overdue");
        json["invoice"]["payment"] = json!({ "iban": "NO9386011117947", "bic": "DNBANOKK" });
        let mut line = json["invoice"]["lines"][0].take();
        let lines = (0..200).map(|index| {
            line["id"] = json!(index.to_string());
            line.clone()
        });
        json["invoice"]["lines"] = json!(lines.collect::<Vec<_>>());
    };
    let told = told(change);
    assert_eq!(told[0], "status: awaiting_payment > overdue");
    assert_eq!(told[1], "iban: DE89 3704 0044 0532 0130 00 > NO9386011117947");
    assert_eq!(told[2], "bic: - > DNBANOKK");
    assert_eq!(told.len(), MAX_CHANGES + 1);
    assert!(told[MAX_CHANGES].starts_with("more: - > 1"), "{}", told[MAX_CHANGES]);
}

#[test]
fn a_further_account_is_an_account_to_pay_to() {
    let change = |json: &mut Value| {
        json["invoice"]["payment"]["further_accounts"] = json!([{ "iban": "NO9386011117947" }]);
    };
    assert_eq!(told(change), ["account: - > NO9386011117947"]);
}

#[test]
fn lines_are_known_by_their_ids() {
    let change = |json: &mut Value| {
        let lines = json["invoice"]["lines"].as_array_mut().unwrap();
        lines.remove(0);
        lines[0]["quantity"] = json!("3");
        lines[0]["description"] = json!("Pine");
    };
    assert_eq!(
        told(change),
        [
            "due: 240.00 > 180.00",
            "with_vat: 240.00 > 180.00",
            "vat: 40.00 > 30.00",
            "without_vat: 200.00 > 150.00",
            "line_description[b]: Oak > Pine",
            "line_quantity[b]: 2 > 3",
            "line_net[b]: 100.00 > 150.00",
            "line[a]: Oak > -",
        ]
    );
}

#[test]
fn values_say_how_they_are_written() {
    let before = terms(|_| ());
    let after = terms(|json| {
        json["invoice"]["due_date"] = json!("2026-08-31");
        json["invoice"]["lines"][0]["quantity"] = json!("1");
    });
    let changes = changes(&before, &after);
    let kind = |what: &str| changes.iter().find(|it| it.what == what).unwrap().kind.clone();
    assert_eq!(kind("due_date"), ChangeKind::Date);
    assert_eq!(kind("due"), ChangeKind::Amount(Currency::parse("EUR").unwrap()));
    assert_eq!(kind("line_quantity"), ChangeKind::Quantity("MTR".to_owned()));
}

#[test]
fn amounts_of_two_currencies_name_them() {
    let told = told(|json| json["invoice"]["currency"] = json!("NOK"));
    assert!(told.contains(&"due: EUR 240.00 > NOK 240.00".to_owned()), "{told:?}");
    assert!(told.contains(&"currency: EUR > NOK".to_owned()));
}

#[test]
fn people_are_named_and_their_addresses_are_not() {
    let change = |json: &mut Value| {
        json["buyer"]["contacts"] = json!([
            { "name": "Bob", "email": "bob@example.org" },
            { "email": "eve@example.org" },
            { "name": "ben@example.org", "duty": "Accounts" },
        ]);
        json["seller"]["address"]["city"] = json!("Milan");
    };
    let told = told(change);
    assert_eq!(
        told,
        [
            "buyer_contact: - > Bob",
            "buyer_contact: - > …",
            "buyer_contact: - > Accounts",
            "buyer_contact: Ann > -",
            "seller_address: Rome, IT > Milan, IT",
        ]
    );
}

#[test]
fn notes_terms_and_adjustments_are_told() {
    let change = |json: &mut Value| {
        json["invoice"]["notes"] = json!(["Sorry"]);
        json["invoice"]["payment"]["terms"] = json!("x".repeat(1_000));
        json["invoice"]["charges"] = json!([{ "amount": "5.00", "reason": "Freight",
                                              "vat": { "category": "S", "rate": "20" } }]);
    };
    let told = told(change);
    assert!(told[0].starts_with("payment_terms: 30 days > xxx"), "{}", told[0]);
    assert!(told[0].chars().count() < MAX_TEXT_CHARS + 40);
    for expected in ["note: - > Sorry", "note: Thank you > -", "charge[Freight]: - > 5.00"] {
        assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
    }
}

#[test]
fn every_change_has_a_label() {
    let labels = concat!(
        include_str!("../../language/texts/en/page.ftl"),
        include_str!("../../language/texts/en/terms.ftl"),
    );
    for source in [include_str!("invoice.rs"), include_str!("parties.rs")] {
        let quoted = source.split('"').skip(1).step_by(2);
        let is_name = |word: &&str| {
            word.len() > 2 && word.bytes().all(|byte| b'_' == byte || byte.is_ascii_lowercase())
        };
        let names: Vec<&str> = quoted.filter(is_name).collect();
        assert!(names.len() >= 8);
        for name in names {
            assert!(labels.contains(&format!("\nchange-{name} = ")), "{name}");
        }
    }
}

#[test]
fn a_term_without_a_sentence_of_its_own_is_named_by_its_id_with_its_line() {
    let change = |json: &mut Value| {
        let invoice = &mut json["invoice"];
        invoice["contract_reference"] = json!("C-2");
        invoice["delivery"] = json!({ "date": "2026-07-03", "address": { "city": "Rome" } });
        invoice["payment"]["card"] = json!({ "number": "4111111111111234" });
        invoice["lines"][1]["details"] = json!("Oak from the north");
        invoice["lines"][1]["item"] =
            json!({ "attributes": [{ "name": "Colour", "value": "red" }] });
    };
    let told = changes(&terms(|_| ()), &terms(change));
    let told: Vec<_> = told
        .iter()
        .map(|it| (it.what, it.which.as_deref(), it.before.as_deref(), it.after.as_deref()))
        .collect();
    for expected in [
        ("BT-12", None, None, Some("C-2")),
        ("BT-72", None, None, Some("2026-07-03")),
        ("BG-15", None, None, Some("Rome")),
        ("BT-87", None, None, Some("… 1234")),
        ("BT-154", Some("b"), None, Some("Oak from the north")),
        ("BG-32", Some("b"), None, Some("Colour: red")),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    let again = changes(&terms(change), &terms(|_| ()));
    assert!(again.iter().any(|it| it.what == "BT-12" && it.after.is_none()), "{again:?}");
    assert_eq!(told.len(), 6, "{told:?}");
}

#[test]
fn elements_of_a_list_are_compared_by_their_values_and_not_by_their_order() {
    let before = terms(|json| {
        json["invoice"]["preceding_invoices"] = json!([{ "number": "1" }, { "number": "2" }]);
    });
    let after = terms(|json| {
        json["invoice"]["preceding_invoices"] = json!([{ "number": "3" }, { "number": "1" }]);
    });
    let told = changes(&before, &after);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].before.as_deref(), Some("2"));
    assert_eq!(told[0].after.as_deref(), Some("3"));
}
