//! Payments as JSON for shops.

use serde_json::{Value, json};

use crate::clock::iso;
use crate::record::acts::PaymentEvidence;

/// Returns one payment as JSON.
pub fn payment(payment: &PaymentEvidence) -> Value {
    let PaymentEvidence { content, taken_back_at } = payment;
    json!({
        "id": content.payment,
        "amount": content.amount,
        "currency": content.currency,
        "date": content.date,
        "reference": content.reference,
        "created_at": iso(content.created_at),
        "taken_back_at": taken_back_at.and_then(iso),
    })
}
