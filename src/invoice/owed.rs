//! Whether money is owed, and how much: the one decision that page, QR code, PDF, pinned summary,
//! topic and transcript follow.

use rust_decimal::Decimal;

use super::model::Invoice;

/// What a document and its status ask of the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// The buyer has to pay this amount, which is greater than zero.
    Payable(Decimal),
    /// The document gives back this amount, which is zero or more. Nobody has to pay.
    Credited(Decimal),
    /// Everything was paid before the document was issued. Nobody has to pay.
    Nothing,
    /// According to the status, nobody expects money, whatever the document says.
    Ended(Ended),
}

/// Why nobody expects money according to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The money was received.
    Paid,
    /// The transaction was cancelled.
    Cancelled,
    /// The money was given back.
    Refunded,
    /// The document is not final.
    Draft,
    /// The seller no longer expects the money.
    WrittenOff,
}

/// The statuses that are understood, as [`folded`] writes them. For any other status the document
/// decides. README lists them, and a test compares the lists.
const UNDERSTOOD: [(&str, Ended); 28] = [
    ("paid", Ended::Paid),
    ("paidinfull", Ended::Paid),
    ("fullypaid", Ended::Paid),
    ("prepaid", Ended::Paid),
    ("settled", Ended::Paid),
    ("closed", Ended::Paid),
    ("cancelled", Ended::Cancelled),
    ("canceled", Ended::Cancelled),
    ("cancellation", Ended::Cancelled),
    ("void", Ended::Cancelled),
    ("voided", Ended::Cancelled),
    ("annulled", Ended::Cancelled),
    ("revoked", Ended::Cancelled),
    ("withdrawn", Ended::Cancelled),
    ("reversed", Ended::Cancelled),
    ("refunded", Ended::Refunded),
    ("partiallyrefunded", Ended::Refunded),
    ("partlyrefunded", Ended::Refunded),
    ("refund", Ended::Refunded),
    ("credited", Ended::Refunded),
    ("reimbursed", Ended::Refunded),
    ("draft", Ended::Draft),
    ("writtenoff", Ended::WrittenOff),
    ("writeoff", Ended::WrittenOff),
    ("uncollectible", Ended::WrittenOff),
    ("uncollectable", Ended::WrittenOff),
    ("waived", Ended::WrittenOff),
    ("forgiven", Ended::WrittenOff),
];

/// The statuses by which a shop says that it expects money, as [`folded`] writes them. They are not shown
/// on a document that asks for no money: a credit note does not await payment.
const ASKING: [&str; 15] = [
    "awaitingpayment",
    "pendingpayment",
    "paymentpending",
    "paymentdue",
    "due",
    "duenow",
    "overdue",
    "pastdue",
    "late",
    "unpaid",
    "notpaid",
    "topay",
    "partiallypaid",
    "partlypaid",
    "outstanding",
];

/// Returns the shop's status, unless it asks for money that nobody owes.
pub fn status_to_show<'a>(invoice: &Invoice, status: &'a str) -> Option<&'a str> {
    let asks = ASKING.contains(&folded(status).as_str());
    Some(status).filter(|_| !asks || Owed::of(invoice, status).payable().is_some())
}

impl Owed {
    /// Decides by the type of the document, the amount due and the status.
    pub fn of(invoice: &Invoice, status: &str) -> Self {
        let due = invoice.totals.due;
        if let Some(ended) = Ended::of(status) {
            Self::Ended(ended)
        } else if invoice.is_credit_note() || due < Decimal::ZERO {
            Self::Credited(due.abs())
        } else if due.is_zero() {
            Self::Nothing
        } else {
            Self::Payable(due)
        }
    }

    /// Returns the amount to pay, or `None` if nobody has to pay.
    pub fn payable(self) -> Option<Decimal> {
        match self {
            Self::Payable(amount) => Some(amount),
            _ => None,
        }
    }
}

impl Ended {
    /// Returns the meaning of a shop's status, in any spelling, or `None` if it is not understood.
    pub fn of(status: &str) -> Option<Self> {
        let status = folded(status);
        UNDERSTOOD.iter().find(|(word, _)| *word == status).map(|(_, ended)| *ended)
    }
}

/// Returns the status in lower case and without spaces, `-` and `_`.
fn folded(status: &str) -> String {
    let is_between = |c: &char| c.is_whitespace() || matches!(c, '-' | '_');
    status.chars().filter(|c| !is_between(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Form, InvoiceInput, settle};
    use super::*;

    fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
        let mut json = json!({
            "number": "1", "currency": "EUR", "issue_date": "2026-07-01",
            "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                        "unit_price": "100.00", "vat": { "category": "Z", "rate": "0" } }],
        });
        change(&mut json);
        settle(serde_json::from_value::<InvoiceInput>(json).unwrap(), Form::Json).unwrap().invoice
    }

    fn cents(cents: i64) -> Decimal {
        Decimal::new(cents, 2)
    }

    #[test]
    fn a_status_that_ends_it_is_understood_however_it_is_spelled() {
        let invoice = invoice(|_| ());
        for (status, ended) in [
            ("paid", Ended::Paid),
            ("PAID", Ended::Paid),
            (" Paid in full ", Ended::Paid),
            ("fully-paid", Ended::Paid),
            ("Settled", Ended::Paid),
            ("canceled", Ended::Cancelled),
            ("Cancelled", Ended::Cancelled),
            ("voided", Ended::Cancelled),
            ("partially_refunded", Ended::Refunded),
            ("Partially Refunded", Ended::Refunded),
            ("DRAFT", Ended::Draft),
            ("written_off", Ended::WrittenOff),
            ("Write-Off", Ended::WrittenOff),
        ] {
            assert_eq!(Owed::of(&invoice, status), Owed::Ended(ended), "{status}");
            assert_eq!(Owed::of(&invoice, status).payable(), None);
        }
    }

    #[test]
    fn any_other_status_asks_for_what_is_due() {
        let invoice = invoice(|json| json["totals"] = json!({ "paid": "40.00" }));
        for status in
            ["awaiting_payment", "partially_paid", "unpaid", "not paid", "overdue", "disputed", ""]
        {
            assert_eq!(Owed::of(&invoice, status), Owed::Payable(cents(6_000)), "{status}");
        }
    }

    #[test]
    fn only_an_amount_above_zero_on_an_invoice_is_asked_for() {
        let of = |change: fn(&mut Value)| Owed::of(&invoice(change), "awaiting_payment");
        assert_eq!(of(|json| json["totals"] = json!({ "paid": "100.00" })), Owed::Nothing);
        assert_eq!(of(|json| json["type"] = json!("381")), Owed::Credited(cents(10_000)));
        // Self-billed factored credit note, and prepayment credit note.
        assert_eq!(of(|json| json["type"] = json!("502")), Owed::Credited(cents(10_000)));
        assert_eq!(of(|json| json["type"] = json!("503")), Owed::Credited(cents(10_000)));
        // Corrected invoice.
        assert_eq!(of(|json| json["type"] = json!("384")), Owed::Payable(cents(10_000)));
        let negative = of(|json| json["lines"][0]["quantity"] = json!("-1"));
        assert_eq!(negative, Owed::Credited(cents(10_000)));
        let paid_too_much = of(|json| json["totals"] = json!({ "paid": "150.00" }));
        assert_eq!(paid_too_much, Owed::Credited(cents(5_000)));
    }

    #[test]
    fn a_status_that_asks_for_money_is_not_shown_where_none_is_owed() {
        let owed = invoice(|_| ());
        let credit_note = invoice(|json| json["type"] = json!("381"));
        let prepaid = invoice(|json| json["totals"] = json!({ "paid": "100.00" }));
        for status in ["awaiting_payment", "Overdue", "past due", "un-paid", "Payment pending"] {
            assert_eq!(status_to_show(&owed, status), Some(status));
            assert_eq!(status_to_show(&credit_note, status), None, "{status}");
            assert_eq!(status_to_show(&prepaid, status), None, "{status}");
        }
        for status in ["paid", "refunded", "disputed", "in the post", ""] {
            assert_eq!(status_to_show(&credit_note, status), Some(status));
        }
    }

    #[test]
    fn readme_lists_each_status_that_is_understood() {
        let readme = include_str!("../../README.md");
        let (_, after) = readme.split_once("The statuses that are understood:").unwrap();
        let list = after.split("\n* ").next().unwrap_or_default();
        let listed: Vec<String> = list.split('`').skip(1).step_by(2).map(folded).collect();
        let understood: Vec<_> = UNDERSTOOD.iter().map(|(word, _)| (*word).to_owned()).collect();
        assert_eq!(listed, understood);
    }
}
