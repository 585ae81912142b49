//! A transaction for tests.

use rust_decimal::Decimal;
use serde_json::json;
use ulid::Ulid;

use super::{Submission, Transaction};

/// The submission of the sample transaction.
pub(crate) fn sample_submission() -> Submission {
    let submission = json!({
        "external_id": "order-1",
        "status": "open",
        "invoice": {
            "number": "INV-7", "type": "380", "issue_date": "2026-06-01", "currency": "EUR",
            "lines": [{
                "id": "1", "description": "Oak plank", "quantity": "1", "unit": "C62",
                "unit_price": "45.00", "vat": { "category": "S", "rate": "20" },
            }],
        },
        "buyer": { "name": "Birch GmbH" },
        "seller": { "name": "Acme Ltd" },
    });
    Submission::from_json(submission.to_string().as_bytes()).unwrap()
}

/// A small transaction of the shop `shop`.
pub(crate) fn sample() -> Transaction {
    let accepted = sample_submission().accept().unwrap();
    Transaction {
        id: Ulid::nil(),
        shop: "shop".to_owned(),
        external_id: accepted.external_id,
        revision: 1,
        terms: accepted.terms,
        warnings: accepted.warnings,
        paid: Decimal::ZERO,
        discount: Decimal::ZERO,
        payment_changes: 0,
        statuses: Vec::new(),
        created_at: 0,
        updated_at: 0,
    }
}
