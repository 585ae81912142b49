//! Tests of what a room shows of an invoice.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::invoice::{Form, InvoiceInput, settle};
use crate::language::Language;
use crate::transaction::StatusRules;

static ENGLISH: LazyLock<Locale> = LazyLock::new(|| Locale::of(Language::English));

fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
    let mut json = json!({
        "number": "INV-2024-0042", "issue_date": "2024-06-01", "due_date": "2024-07-01",
        "currency": "EUR",
        "lines": [{ "description": "Oak plank", "quantity": "10", "unit": "MTR",
                    "unit_price": "45.00", "vat": { "category": "S", "rate": "20" } }],
        "payment": { "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "terms": "30 days" },
    });
    change(&mut json);
    settle(serde_json::from_value::<InvoiceInput>(json).unwrap(), Form::Json).unwrap().invoice
}

/// How an invoice stands on a day before its due date, with this status and without payments.
fn with_status(invoice: &Invoice, status: &str) -> &'static Standing {
    let today = "2024-06-02".parse().unwrap();
    let rules = StatusRules::default();
    Box::leak(Box::new(rules.standing_of("shop", status, invoice, Decimal::ZERO, today)))
}

fn of(invoice: &Invoice) -> SummaryInput<'_> {
    SummaryInput {
        invoice,
        standing: with_status(invoice, "awaiting_payment"),
        seller: "Acme Ltd",
        buyer: "Birch GmbH",
        page_url: Some("https://pay.example.org/t/1?a=1&b=2"),
        locale: &ENGLISH,
    }
}

#[test]
fn the_first_block_is_the_whole_summary_in_one_line() {
    let invoice = invoice(|_| ());
    let summary = summarise(&of(&invoice));
    let headline = "INV-2024-0042 · EUR 540.00 · Awaiting payment · Due 1 Jul 2024";
    assert_eq!(summary.body.lines().next(), Some(headline));
    let first = format!("<p><strong>{headline}</strong></p>");
    assert_eq!(summary.formatted_body.lines().next(), Some(first.as_str()));
}

#[test]
fn every_language_has_the_same_facts() {
    let invoice = invoice(|json| {
        json["allowances"] = json!([{ "amount": "1.00",
        "reason": "Loyalty", "vat": { "category": "S", "rate": "20" } }])
    });
    for language in Language::ALL {
        let locale = Locale::of(language);
        let input = SummaryInput { locale: &locale, ..of(&invoice) };
        let body = summarise(&input).body;
        for fact in [
            "INV-2024-0042",
            "EUR",
            "Acme Ltd",
            "Birch GmbH",
            "Oak plank",
            "Loyalty",
            "DE02 1203 0000 0000 2020 51",
            "BYLADEM1001",
            "30 days",
            "https://",
        ] {
            assert!(body.contains(fact), "{fact} is missing in {body}");
        }
        assert!(!headline(&input).contains('…'), "{}", headline(&input));
        // The record would remark that clients with and without HTML show different words.
        let event = json!({ "type": "m.room.message", "event_id": "$e", "sender": "@bot:x.org",
            "content": { "msgtype": "m.text", "body": body,
                "format": "org.matrix.custom.html",
                "formatted_body": summarise(&input).formatted_body } });
        let remark = crate::record::derive(&event.to_string()).remark.unwrap_or_default();
        assert!(!remark.contains("say different things"), "{remark}: {body}");
        // A text that is missing would show its id.
        for id in ["summary-", "room-", "total-", "payment-", "amount-", "labelled"] {
            assert!(!body.contains(id), "{id} in {body}");
        }
    }
    let german = SummaryInput { locale: &Locale::of(Language::German), ..of(&invoice) };
    assert_eq!(topic(&german), "538,80\u{a0}EUR · Zahlung ausstehend · Fällig am 01.07.2024");
    assert_eq!(room_name(&german), "Rechnung INV-2024-0042 · Acme Ltd → Birch GmbH");
}

#[test]
fn text_and_html_show_the_same() {
    let invoice = invoice(|_| ());
    let summary = summarise(&of(&invoice));
    assert_eq!(
        summary.body,
        "INV-2024-0042 · EUR 540.00 · Awaiting payment · Due 1 Jul 2024\n\
         Invoice of 1 June 2024, Acme Ltd → Birch GmbH\n\n\
         - Oak plank, 10 m × 45.00 = 450.00\n\
         Total without VAT: EUR 450.00\n\
         VAT (20%) on 450.00: EUR 90.00\n\
         Total: EUR 540.00\n\n\
         IBAN: DE02 1203 0000 0000 2020 51\n\
         BIC: BYLADEM1001\n\
         Payment terms: 30 days\n\n\
         https://pay.example.org/t/1?a=1&b=2"
    );
    let html = &summary.formatted_body;
    for row in [
        "<tr><th>EUR</th>\n<th></th></tr>",
        "<tr><td>450.00</td>\n<td>Oak plank, 10 m × 45.00</td></tr>",
        "<tr><td>90.00</td>\n<td>VAT (20%) on 450.00</td></tr>",
        "<tr><td><strong>540.00</strong></td>\n<td><strong>Total</strong></td></tr>",
        "<a href=\"https://pay.example.org/t/1?a=1&amp;b=2\">Open the invoice</a>",
    ] {
        assert!(html.contains(row), "{row} is missing in {html}");
    }
    // What Element drops must not be needed.
    for dropped in ["colspan", "align", "style", "class", "<h"] {
        assert!(!html.contains(dropped));
    }
}

#[test]
fn number_and_total_stand_in_the_first_thirty_characters() {
    for number in ["1", "INV-2024-0042", "A-VERY-LONG-NUMBER/OF/AN/INVOICE-2024-000042"] {
        let invoice = invoice(|json| json["number"] = json!(number));
        let headline = headline(&of(&invoice));
        let start: String = headline.chars().take(30).collect();
        assert!(start.contains("EUR 540.00"), "{headline}");
        assert!(headline.chars().count() < 80, "{headline}");
    }
    let long = invoice(|json| {
        json["lines"][0]["unit_price"] = json!("99999999.99");
        json["number"] = json!("A".repeat(100));
    });
    let input =
        SummaryInput { standing: with_status(&long, "a status of many many words"), ..of(&long) };
    assert!(headline(&input).chars().count() < 80, "{}", headline(&input));
}

#[test]
fn what_came_from_the_shop_is_text_and_nothing_else() {
    let invoice = invoice(|json| {
        json["lines"][0]["description"] = json!("<script>alert('x')</script>\n&\u{202e}evil");
    });
    let input = SummaryInput { seller: "A\u{2066}\"<b>", buyer: "B\nC", ..of(&invoice) };
    let summary = summarise(&input);
    assert!(!summary.formatted_body.contains("<script"));
    assert!(summary.formatted_body.contains("A&quot;&lt;b&gt; → B C"));
    for text in [&summary.body, &summary.formatted_body, &room_name(&input), &topic(&input)] {
        assert!(!text.contains(['\u{202e}', '\u{2066}']), "{text}");
    }
}

#[test]
fn a_credit_note_says_so() {
    let invoice = invoice(|json| json["type"] = json!("381"));
    let input = of(&invoice);
    assert_eq!(room_name(&input), "Credit note INV-2024-0042 · Acme Ltd → Birch GmbH");
    assert!(summarise(&input).body.contains("\nCredit note of 1 June 2024, "));
}

#[test]
fn what_is_paid_is_not_due() {
    let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
    let body = summarise(&of(&invoice)).body;
    assert!(body.contains("Already paid: EUR -40.00\nAmount due: EUR 500.00"), "{body}");
}

#[test]
fn headline_and_topic_tell_what_is_to_be_paid_and_not_the_total() {
    let invoice = invoice(|json| {
        json["totals"] = json!({ "paid": "40.00", "rounding": "0.01" });
    });
    let input = of(&invoice);
    assert_eq!(topic(&input), "EUR 500.01 · Awaiting payment · Due 1 Jul 2024");
    assert!(headline(&input).starts_with("INV-2024-0042 · EUR 500.01 · "));
    let body = summarise(&input).body;
    assert!(body.contains("\nTotal: EUR 540.00\n"), "{body}");
    // Once it is paid, nothing is to be paid, and the total is what the invoice is known by.
    assert_eq!(
        topic(&SummaryInput { standing: with_status(&invoice, "paid"), ..input }),
        "EUR 540.00 · Paid"
    );
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    for (currency, price, amount) in [
        ("JPY", "109.9", "JPY 1,319"),
        ("KWD", "1.2345", "KWD 14.814"),
        ("CLF", "1.00001", "CLF 12.0001"),
    ] {
        let invoice = invoice(|json| {
            json["currency"] = json!(currency);
            json["lines"][0]["unit_price"] = json!(price);
        });
        let input = of(&invoice);
        assert!(topic(&input).starts_with(&format!("{amount} · ")), "{}", topic(&input));
        let Summary { body, .. } = summarise(&input);
        assert!(body.contains(&format!("\nTotal: {amount}\n")), "{body}");
    }
}

#[test]
fn nobody_is_asked_for_money_that_is_not_owed() {
    let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
    for status in ["paid", "Canceled", "refunded", "draft", "written-off"] {
        let input = SummaryInput { standing: with_status(&invoice, status), ..of(&invoice) };
        let Summary { body, formatted_body } = summarise(&input);
        for text in [body, formatted_body, topic(&input), headline(&input)] {
            for asks in ["due", "Due", "IBAN", "DE02", "Payment terms"] {
                assert!(!text.contains(asks), "{asks:?} of {status} in {text}");
            }
            assert!(text.contains("EUR"), "{text}");
        }
    }
}

#[test]
fn a_payment_reduces_what_is_asked_for_and_a_day_makes_it_overdue() {
    let invoice = invoice(|_| ());
    let on = |day: &str, paid: &str| {
        let (paid, day) = (paid.parse().unwrap(), day.parse().unwrap());
        StatusRules::default().standing_of("shop", "awaiting_payment", &invoice, paid, day)
    };
    for (standing, topic_then, rows) in [
        (on("2024-07-01", "40"), "EUR 500.00 · Partly paid · Due 1 Jul 2024", true),
        (on("2024-07-02", "40"), "EUR 500.00 · Overdue · Due 1 Jul 2024", true),
        (on("2024-07-02", "540"), "EUR 540.00 · Paid", false),
    ] {
        let input = SummaryInput { standing: &standing, ..of(&invoice) };
        assert_eq!(topic(&input), topic_then);
        let body = summarise(&input).body;
        assert!(body.contains("\nPayments received: EUR -"), "{body}");
        assert_eq!(body.contains("\nAmount due: EUR 500.00\n"), rows, "{body}");
        assert_eq!(body.contains("IBAN"), rows, "{body}");
    }
}

#[test]
fn what_gives_money_back_says_how_much_and_asks_nobody() {
    for change in [(|json| json["type"] = json!("381")) as fn(&mut Value), |json| {
        json["lines"][0]["quantity"] = json!("-10")
    }] {
        let invoice = invoice(change);
        let input = of(&invoice);
        let topic = topic(&input);
        assert_eq!(topic, "EUR 540.00 credited");
        let body = summarise(&input).body;
        assert!(!body.contains("ue ") && !body.contains("IBAN"), "{body}");
        assert!(body.contains("\n\nNothing to pay\n"), "{body}");
    }
}

#[test]
fn the_largest_invoice_has_a_short_summary() {
    let invoice = invoice(|json| {
        let mut line = json["lines"][0].clone();
        line["description"] = json!("&".repeat(4_000));
        json["lines"] = json!(vec![line; 2_000]);
        json["notes"] = json!(["x".repeat(20_000)]);
        json["payment"]["terms"] = json!("'".repeat(4_000));
        let allowance = json!({ "amount": "1.00", "reason": "<".repeat(4_000),
                                "vat": { "category": "S", "rate": "20" } });
        json["allowances"] = json!(vec![allowance; 50]);
    });
    let input = SummaryInput { seller: &"\"".repeat(200), buyer: &"<".repeat(200), ..of(&invoice) };
    let Summary { body, formatted_body } = summarise(&input);
    assert!(body.len() + formatted_body.len() < 16_384, "{}", body.len() + formatted_body.len());
    assert!(body.contains("… and 1994 more lines"));
    assert!(room_name(&input).chars().count() <= 100);
}
