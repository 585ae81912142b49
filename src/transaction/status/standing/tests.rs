//! What is asked for, in tables.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::NamedStatus;
use super::*;
use crate::invoice::{Form, InvoiceInput, settle};

/// An invoice over 100.00 that is due on 31 July 2026.
fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
    let mut json = json!({
        "number": "1", "currency": "EUR", "issue_date": "2026-07-01", "due_date": "2026-07-31",
        "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                    "unit_price": "100.00", "vat": { "category": "Z", "rate": "0" } }],
    });
    change(&mut json);
    settle(serde_json::from_value::<InvoiceInput>(json).unwrap(), Form::Json).unwrap().invoice
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn on(invoice: &Invoice, word: &str, paid: &str, day: &str) -> Standing {
    let names = vec![
        NamedStatus { name: "Mahnung".to_owned(), means: Status::Overdue, shop: None },
        NamedStatus { name: "fertig".to_owned(), means: Status::Completed, shop: None },
    ];
    let rules = StatusRules { names, ..StatusRules::default() };
    rules.standing_of("shop", word, invoice, amount(paid), day.parse().unwrap())
}

const DUE: &str = "2026-07-31";
const LATE: &str = "2026-08-12";

#[test]
fn status_payments_and_day_say_together_what_is_asked_for() {
    let invoice = invoice(|_| ());
    // The shop's word, what was paid, and the day; the meaning, the word to show, and what is to be paid.
    for (word, paid, day, status, shown, to_pay) in [
        ("open", "0", DUE, Status::Issued, "open", "100"),
        ("open", "0", LATE, Status::Overdue, "overdue", "100"),
        ("open", "40", DUE, Status::PartlyPaid, "partly_paid", "60"),
        ("open", "40", LATE, Status::Overdue, "overdue", "60"),
        ("open", "100", LATE, Status::Paid, "paid", ""),
        ("open", "120", LATE, Status::Paid, "paid", ""),
        ("Awaiting payment", "0", DUE, Status::Issued, "Awaiting payment", "100"),
        ("Awaiting payment", "0", LATE, Status::Overdue, "overdue", "100"),
        ("Awaiting payment", "100", DUE, Status::Paid, "paid", ""),
        // What the shop says about a part need not be handed in as a payment.
        ("partially_paid", "0", DUE, Status::PartlyPaid, "partially_paid", "100"),
        ("overdue", "0", DUE, Status::Overdue, "overdue", "100"),
        ("overdue", "40", DUE, Status::Overdue, "overdue", "60"),
        ("overdue", "100", DUE, Status::Paid, "paid", ""),
        ("Mahnung", "0", DUE, Status::Overdue, "Mahnung", "100"),
        ("accepted", "0", DUE, Status::Accepted, "accepted", "100"),
        ("accepted", "0", LATE, Status::Overdue, "overdue", "100"),
        ("accepted", "40", DUE, Status::PartlyPaid, "partly_paid", "60"),
        // Who disputes is not late, and goods on their way are.
        ("disputed", "0", LATE, Status::Disputed, "disputed", "100"),
        ("disputed", "100", LATE, Status::Disputed, "disputed", ""),
        ("shipped", "40", LATE, Status::Shipped, "shipped", "60"),
        ("shipped", "100", LATE, Status::Shipped, "shipped", ""),
        ("paid", "0", LATE, Status::Paid, "paid", ""),
        ("PAID", "40", LATE, Status::Paid, "PAID", ""),
        ("draft", "0", LATE, Status::Draft, "draft", ""),
        ("completed", "0", LATE, Status::Completed, "completed", ""),
        ("fertig", "0", LATE, Status::Completed, "fertig", ""),
        ("credited", "0", LATE, Status::Credited, "credited", ""),
        ("refunded", "100", LATE, Status::Refunded, "refunded", ""),
        ("Canceled", "0", LATE, Status::Cancelled, "Canceled", ""),
        ("written off", "0", LATE, Status::WrittenOff, "written off", ""),
        // A word that is not understood stays, whatever day it is.
        ("with_the_lawyers", "0", DUE, Status::Issued, "with_the_lawyers", "100"),
        ("with_the_lawyers", "0", LATE, Status::Overdue, "with_the_lawyers", "100"),
        ("with_the_lawyers", "100", LATE, Status::Paid, "with_the_lawyers", ""),
    ] {
        let standing = on(&invoice, word, paid, day);
        let case = format!("{word}, {paid} paid, on {day}: {standing:?}");
        assert_eq!(standing.status, status, "{case}");
        assert_eq!(standing.word.as_deref(), Some(shown), "{case}");
        let to_pay = Some(to_pay).filter(|it| !it.is_empty()).map(amount);
        assert_eq!(standing.owed.payable(), to_pay, "{case}");
        assert_eq!(standing.due_date.is_some(), to_pay.is_some(), "{case}");
        let is_late = day == LATE && to_pay.is_some() && status != Status::Disputed;
        assert_eq!(standing.days_late, if is_late { 12 } else { 0 }, "{case}");
        let closes = matches!(status, Status::Completed | Status::Cancelled);
        assert_eq!(standing.is_closed, closes, "{case}");
    }
}

#[test]
fn only_an_amount_above_zero_on_an_invoice_is_asked_for() {
    let of =
        |word: &str, paid: &str, change: fn(&mut Value)| on(&invoice(change), word, paid, LATE);
    let credit: fn(&mut Value) = |json| json["type"] = json!("381");
    let negative: fn(&mut Value) = |json| json["lines"][0]["quantity"] = json!("-1");
    for change in [
        credit,
        negative,
        // Self-billed factored credit note, and prepayment credit note.
        |json| json["type"] = json!("502"),
        |json| json["type"] = json!("503"),
    ] {
        for (word, shown) in [
            ("awaiting_payment", None),
            ("Overdue", None),
            ("past due", None),
            ("partly paid", None),
            ("open", Some("open")),
            ("disputed", Some("disputed")),
            ("in the post", Some("in the post")),
        ] {
            let standing = of(word, "0", change);
            assert_eq!(standing.owed, Owed::Credited(amount("100")), "{word}");
            assert_eq!((standing.word.as_deref(), standing.days_late), (shown, 0), "{word}");
        }
        // What the seller paid out is no longer given back.
        assert_eq!(of("open", "30", change).owed, Owed::Credited(amount("70")));
        let paid_out = of("open", "100", change);
        assert_eq!(paid_out.owed, Owed::Ended(Status::Refunded));
        assert_eq!(paid_out.word.as_deref(), Some("refunded"));
        assert_eq!(of("paid", "0", change).owed, Owed::Ended(Status::Paid));
    }
    // Corrected invoice.
    let corrected = of("open", "0", |json| json["type"] = json!("384"));
    assert_eq!(corrected.owed, Owed::Payable(amount("100")));
    let prepaid = of("awaiting_payment", "0", |json| json["totals"] = json!({ "paid": "100.00" }));
    assert_eq!((prepaid.owed, prepaid.word.as_deref()), (Owed::Nothing, Some("paid")));
    let too_much = of("open", "0", |json| json["totals"] = json!({ "paid": "150.00" }));
    assert_eq!(too_much.owed, Owed::Credited(amount("50")));
    let free: fn(&mut Value) = |json| json["lines"][0]["unit_price"] = json!("0");
    assert_eq!(of("open", "0", free).word.as_deref(), Some("open"));
    assert_eq!(of("awaiting_payment", "0", free).word, None);
}

#[test]
fn a_due_date_that_ends_changes_it_by_itself() {
    let rules = StatusRules::default();
    let end = rules.end_of(DUE.parse().unwrap());
    let invoice = invoice(|_| ());
    for (word, paid, day, changes_at) in [
        ("open", "0", DUE, end),
        ("open", "40", DUE, end),
        ("with_the_lawyers", "0", DUE, end),
        ("shipped", "0", DUE, end),
        ("open", "0", LATE, None),
        ("open", "100", DUE, None),
        ("disputed", "0", DUE, None),
        ("paid", "0", DUE, None),
        ("draft", "0", DUE, None),
    ] {
        let standing = on(&invoice, word, paid, day);
        assert_eq!(standing.changes_at(&rules), changes_at, "{word}, {paid} paid, on {day}");
    }
    let undated = super::tests::invoice(|json| json["due_date"] = json!(null));
    assert_eq!(on(&undated, "open", "0", DUE).changes_at(&rules), None);
}

#[test]
fn what_leaves_the_claim_as_it_was_does_not_bring_it_back() {
    let of = |words: &[&str], paid: &str| {
        let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
        let (newest, earlier) = words.split_last().unwrap();
        let mut transaction = crate::transaction::sample();
        transaction.terms.invoice = invoice(|_| ());
        transaction.terms.status.clone_from(newest);
        transaction.statuses = earlier.iter().rev().cloned().collect();
        transaction.paid = amount(paid);
        StatusRules::default().standing(&transaction, LATE.parse().unwrap())
    };
    // The words, oldest first, and what was paid; the meaning, and what is to be paid.
    for (words, paid, status, to_pay) in [
        (&["open", "paid", "shipped"][..], "0", Status::Shipped, ""),
        (&["open", "paid", "disputed"], "0", Status::Disputed, ""),
        (&["open", "paid", "disputed", "accepted"], "0", Status::Paid, ""),
        (&["paid", "shipped"], "40", Status::Shipped, ""),
        (&["open", "completed", "shipped"], "0", Status::Shipped, ""),
        (&["open", "completed", "disputed"], "0", Status::Disputed, ""),
        (&["open", "refunded", "disputed"], "0", Status::Disputed, ""),
        (&["open", "paid", "issued"], "0", Status::Overdue, "100"),
        (&["open", "paid", "partly_paid"], "40", Status::Overdue, "60"),
        (&["open", "written off", "overdue"], "0", Status::Overdue, "100"),
        (&["paid", "open", "shipped"], "0", Status::Shipped, "100"),
        (&["open", "disputed", "accepted", "shipped"], "0", Status::Shipped, "100"),
        // A draft asks for nothing only as long as it is one.
        (&["draft", "shipped"], "0", Status::Shipped, "100"),
        // What is not understood changes nothing, either.
        (&["open", "paid", "with_the_lawyers"], "0", Status::Paid, ""),
        (&["open", "cancelled", "with_the_lawyers", "shipped"], "0", Status::Shipped, ""),
        (&["with_the_lawyers", "shipped"], "0", Status::Shipped, "100"),
        // By payments alone, it is paid as long as they count.
        (&["open", "shipped"], "100", Status::Shipped, ""),
    ] {
        let standing = of(words, paid);
        let case = format!("{words:?}, {paid} paid: {standing:?}");
        assert_eq!(standing.status, status, "{case}");
        let to_pay = Some(to_pay).filter(|it| !it.is_empty()).map(amount);
        assert_eq!(standing.owed.payable(), to_pay, "{case}");
        let asks = to_pay.is_some();
        assert_eq!((standing.due_date.is_some(), standing.days_late > 0), (asks, asks), "{case}");
    }
}
