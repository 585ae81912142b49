//! The page asks for money only while it is owed.

use serde_json::json;

use super::sample::Sample;
use crate::invoice::InvoiceInput;

/// The parts of the page that ask for money.
const PAYMENT_REQUESTS: [&str; 7] =
    ["Amount due", "How to pay", "DE02", "days late", "days left", "Due ", "class=\"qr\""];

fn shown(sample: &Sample) -> String {
    let page = sample.page();
    let html = super::super::widget_invoice(&page).into_string();
    assert!(html.starts_with(&super::super::update(&page).into_string()));
    // The history of the changes is always shown, so it is cut out here.
    let (before, from) = html.split_once("<section class=\"history\">").unwrap();
    let (_, after) = from.split_once("</article>").unwrap();
    format!("{before}{after}")
}

#[test]
fn an_invoice_that_is_owed_asks_for_money() {
    let mut sample = Sample::new();
    for status in ["awaiting_payment", "with_the_lawyers", "overdue", "partially_paid"] {
        sample.transaction.terms.status = status.into();
        let html = shown(&sample);
        for asks in ["Amount due", "How to pay", "DE02", "days left", "Due "] {
            assert!(html.contains(asks), "{asks} of {status}");
        }
    }
}

#[test]
fn a_final_status_does_not_ask_for_money() {
    let mut sample = Sample::new();
    sample.reader.today = "2026-07-04".parse().unwrap();
    for status in
        ["paid", "PAID", "Settled", "cancelled", "canceled", "refunded", "draft", "written off"]
    {
        sample.transaction.terms.status = status.into();
        let html = shown(&sample);
        for asks in PAYMENT_REQUESTS {
            assert!(!html.contains(asks), "{asks:?} of {status}");
        }
        assert!(html.contains("Nothing to pay"), "{status}");
        assert!(!html.contains("data-status=\"bad\""), "{status}");
    }
}

#[test]
fn a_credit_note_or_a_paid_invoice_does_not_ask_for_money() {
    let change = |change: fn(&mut crate::invoice::Invoice)| {
        let mut sample = Sample::new();
        change(&mut sample.transaction.terms.invoice);
        let html = shown(&sample);
        for asks in PAYMENT_REQUESTS {
            assert!(!html.contains(asks), "{asks:?}");
        }
        html
    };
    let credit_note = change(|it| it.type_code = "381".into());
    assert!(credit_note.contains("Amount credited"));
    assert!(credit_note.contains("Credit note as UBL") && !credit_note.contains("Invoice as"));
    let negative = change(|it| it.totals.due = -it.totals.due);
    assert!(negative.contains("Amount credited") && !negative.contains("€-"), "{negative}");
    assert!(change(|it| it.totals.due = 0.into()).contains("Nothing to pay"));
    // The same holds for an invoice from the shop.
    let input: InvoiceInput = serde_json::from_value(json!({
        "number": "7", "currency": "EUR", "issue_date": "2026-07-01", "due_date": "2026-07-31",
        "lines": [{ "description": "Oak", "quantity": "-1", "unit": "C62", "unit_price": "5",
                    "vat": { "category": "S", "rate": "20" } }],
        "payment": { "iban": "DE89 3704 0044 0532 0130 00" },
    }))
    .unwrap();
    let mut sample = Sample::new();
    sample.transaction.terms.invoice =
        crate::invoice::settle(input, crate::invoice::Form::Json).unwrap().invoice;
    assert!(!shown(&sample).contains("DE89"));
}

#[test]
fn the_script_gets_the_texts_about_the_due_date_for_the_next_days() {
    let sample = Sample::new();
    let html = super::super::update(&sample.page()).into_string();
    for (day, words) in [
        ("2026-06-18", "13 days left"),
        ("2026-06-30", "1 day left"),
        ("2026-07-01", "due today"),
        ("2026-07-02", "1 day late"),
    ] {
        let after = html.split(&format!("<span data-day=\"{day}\">")).nth(1).unwrap_or_default();
        let said = after.split("</span>").next().unwrap_or_default();
        assert!(said.ends_with(words), "{day}: {said}");
    }
}
