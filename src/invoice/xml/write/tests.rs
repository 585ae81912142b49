//! Any invoice that the rows can state is the same after it was written and read, in both syntaxes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::invoice::model::Settled as _;
use crate::invoice::xml::XmlInvoice;

/// Draws yes and no, and numbers, from a seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        // The constants of Knuth's MMIX.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// What has to be there if its group is: the schema of UBL or of CII demands it.
const ALWAYS: [&str; 20] = [
    "BT-1",
    "BT-2",
    "BT-5",
    "BT-10",
    "BT-13",
    "BT-25",
    "BT-81",
    "BT-84",
    "BT-87",
    "BT-92",
    "BT-122",
    "BT-126",
    "BT-129",
    "BT-130",
    "BT-131",
    "BT-136",
    "BT-146",
    "BT-153",
    "BT-160",
    "BT-DEX-002",
];
/// What is not drawn: it depends on other values, and has tests of its own.
const NEVER: [&str; 6] = ["BT-3", "BT-20", "BT-24", "BT-125", "BT-X-304", "BT-X-8"];

fn group(terms: &'static [Term], draws: &mut Draws) -> Value {
    let mut group = Map::new();
    for term in terms {
        let id = term.id(0);
        if NEVER.contains(&id) || !(ALWAYS.contains(&id) || draws.yes()) {
            continue;
        }
        group.insert(term.json.to_owned(), value(term, draws));
    }
    Value::Object(group)
}

fn value(term: &'static Term, draws: &mut Draws) -> Value {
    let number = draws.below(100_000);
    let identifier = |scheme: bool| match scheme {
        true => json!({ "id": format!("Ä<{number}>"), "scheme": "0088" }),
        false => json!(format!("Id & {number}")),
    };
    match term.kind {
        Kind::Text => json!(format!("Text \"{number}\" 漢字 <&>")),
        Kind::Prose => json!(format!("One {number}\nTwo")),
        Kind::Lines => {
            let all = ["Street 1", "Floor 2", "Room 3"];
            json!(
                all.iter()
                    .take(1 + usize::from(draws.yes()) + usize::from(draws.yes()))
                    .collect::<Vec<_>>()
            )
        }
        Kind::Code => json!(format!("C{number}")),
        Kind::VatPointCode => json!(["3", "35", "432"].get(draws.below(3) as usize)),
        Kind::Currency => json!(if term.json == "currency" { "EUR" } else { "SEK" }),
        Kind::Amount | Kind::VatCurrencyAmount => {
            json!(format!("{}.{:02}", number + 1, number % 100))
        }
        Kind::Figure => json!(format!("{number}.12345")),
        Kind::Date => json!(format!("2026-{:02}-{:02}", 1 + number % 12, 1 + number % 28)),
        Kind::Identifier => identifier(draws.yes()),
        // CII has those of a scheme first.
        Kind::Identifiers => json!([identifier(true), identifier(false)]),
        Kind::Classifications => json!([
            { "id": format!("{number}"), "scheme": "STI", "version": "19" },
            { "id": "12", "scheme": "CG" },
        ]),
        Kind::Notes => json!([{ "subject": "REG", "text": "a\nb" }, format!("Note {number}")]),
        Kind::Attachment => Value::Null,
        Kind::Group(terms, _) => group(terms, draws),
        Kind::Groups(terms, _) => {
            let rows = 1 + draws.below(3);
            Value::Array((0..rows).map(|_| group(terms, draws)).collect())
        }
    }
}

/// An invoice of any of the terms.
fn drawn(seed: u64, format: XmlFormat) -> Value {
    let mut draws = Draws(seed);
    let mut it = group(InvoiceInput::TERMS, &mut draws);
    it["type"] = json!(if draws.yes() { "380" } else { "381" });
    it["specification"] =
        json!("urn:cen.eu:en16931:2017#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0");
    let is_credit_note = it["type"] == "381";
    let remove = |it: &mut Value, name: &str| it.as_object_mut().and_then(|it| it.remove(name));
    let totals = json!({ "lines": "1.00", "allowances": "2.00", "charges": "3.00", "without_vat": "4.00",
                         "vat": "5.00", "with_vat": "6.00", "paid": "7.00", "rounding": "-0.01", "due": "8.00" });
    it["totals"] = totals;
    if it.get("vat_currency").is_some() {
        it["totals"]["vat_in_vat_currency"] = json!("9.00");
    }
    // These go with each other.
    if it.get("lines").is_none() {
        it["lines"] = json!([group(crate::invoice::model::LineInput::TERMS, &mut draws)]);
    }
    let row = group(crate::invoice::model::VatSubtotalInput::TERMS, &mut draws);
    if it.get("vat_breakdown").is_none() {
        it["vat_breakdown"] = json!([row]);
    }
    for row in it["vat_breakdown"].as_array_mut().into_iter().flatten() {
        row["taxable"] = json!("1.00");
        row["tax"] = json!("2.00");
        row["category"] = json!("S");
    }
    for line in it["lines"].as_array_mut().into_iter().flatten() {
        for other in ["price_discount", "gross_price", "base_quantity"] {
            line[other] = json!("1.5");
        }
    }
    if format == XmlFormat::Cii || is_credit_note {
        remove(&mut it, "third_party_payments");
    }
    if let Some(payment) = it.get_mut("payment") {
        payment["iban"] = json!("DE02120300000000202051");
        // Accounts that are the same are named once.
        for (index, account) in
            payment["further_accounts"].as_array_mut().into_iter().flatten().enumerate()
        {
            account["iban"] = json!(format!("not an IBAN {index}"));
        }
    } else if is_credit_note {
        remove(&mut it, "due_date");
    }
    without_empty(&mut it);
    it
}

/// A group of which nothing was drawn is not there.
fn without_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(without_empty);
            fields.retain(|_, it| says_something(it));
        }
        Value::Array(all) => {
            all.iter_mut().for_each(without_empty);
            all.retain(says_something);
        }
        _ => {}
    }
}

fn is_the_same_again(seed: u64, format: XmlFormat) {
    let json = drawn(seed, format);
    let stated: InvoiceInput = serde_json::from_value(json).unwrap();
    let invoice = Invoice::settled(stated.clone()).unwrap();
    let written = write(&invoice, format, &AttachedContents::default()).unwrap();
    assert_eq!(written.left_out, []);
    let again = XmlInvoice::parse(written.xml.as_bytes()).unwrap().read();
    let again = again.unwrap_or_else(|problems| panic!("{problems:?}: {}", written.xml));
    let (before, after) = (serde_json::to_value(stated), serde_json::to_value(again.invoice));
    let (before, after) = (before.unwrap(), after.unwrap());
    for name in InvoiceInput::TERMS.iter().map(|it| it.json) {
        assert_eq!(after.get(name), before.get(name), "{name}: {}", written.xml);
    }
}

proptest! {
    #[test]
    fn any_invoice_is_the_same_after_it_was_written_as_ubl(seed: u64) {
        is_the_same_again(seed, XmlFormat::Ubl);
    }

    #[test]
    fn any_invoice_is_the_same_after_it_was_written_as_cii(seed: u64) {
        is_the_same_again(seed, XmlFormat::Cii);
    }
}

#[test]
fn discounts_are_written_into_the_terms_of_payment_as_xrechnung_has_them() {
    let invoice = json!({
        "number": "1", "issue_date": "2026-06-01", "currency": "EUR",
        "payment": { "means": "30", "iban": "DE89370400440532013000", "terms": "30 days net",
                     "discounts": [{ "days": "14", "percent": "2.25" }] },
        "lines": [{ "description": "Oak", "quantity": "1", "unit_price": "100",
                    "vat": { "category": "Z", "rate": "0" } }],
    });
    let input = serde_json::from_value(invoice).unwrap();
    let invoice = crate::invoice::settle(input, crate::invoice::Form::Json).unwrap().invoice;
    for format in XmlFormat::BOTH {
        let prepared = super::prepare::prepared(&invoice, format).payment.unwrap();
        let terms = "30 days net\n#SKONTO#TAGE=14#PROZENT=2.25#\n";
        assert_eq!((prepared.terms.as_deref(), prepared.discounts.len()), (Some(terms), 0));
    }
}
