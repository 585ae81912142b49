//! A payment that the shop hands in.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::Transaction;
use crate::invoice::Problem;
use crate::invoice::money::{decimals_problem, exact, parse};
use crate::record::acts::PaymentContent;

/// The greatest length of a reference, in characters: what a SEPA transfer carries.
const MAX_REFERENCE_CHARS: usize = 140;

/// A payment as the shop hands it in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The amount, a decimal number above zero in the currency of the invoice.
    pub amount: String,
    /// The day on which it was paid, which is tomorrow at the latest, because it may be tomorrow already where the shop
    /// is. If it is left out, it is today.
    #[serde(default)]
    pub date: Option<Date>,
    /// What the shop or its bank knows it by.
    #[serde(default)]
    pub reference: Option<String>,
}

impl NewPayment {
    /// Returns the payment of a transaction as it is kept. `at` is the time at which it is handed in, in milliseconds
    /// since 1970.
    ///
    /// # Errors
    /// All problems, each with a JSON pointer into the payment.
    pub fn accept(
        self,
        id: String,
        transaction: &Transaction,
        today: Date,
        at: i64,
    ) -> Result<PaymentContent, Vec<Problem>> {
        let currency = transaction.terms.invoice.currency;
        let amount = parse(&self.amount).and_then(|amount| match decimals_problem(amount, currency) {
            Some(problem) => Err(problem),
            None if amount <= Decimal::ZERO => Err(
                "A payment has an amount above zero. To undo one that was handed in by mistake, DELETE it."
                    .to_owned(),
            ),
            None => Ok(amount),
        });
        let mut problems = Vec::new();
        let amount = amount.unwrap_or_else(|problem| {
            problems.push(Problem::at("/amount", problem));
            Decimal::ZERO
        });
        let reference = self.reference.filter(|it| !it.is_empty());
        if reference.as_ref().is_some_and(|it| {
            it.chars().count() > MAX_REFERENCE_CHARS || it.chars().any(char::is_control)
        }) {
            let detail = format!(
                "`reference` must have at most {MAX_REFERENCE_CHARS} characters and no control characters."
            );
            problems.push(Problem::at("/reference", detail));
        }
        if self.date.is_some_and(|date| today.tomorrow().is_ok_and(|tomorrow| date > tomorrow)) {
            let detail = format!("`date` is after today, which is {today}. Hand in what was paid.");
            problems.push(Problem::at("/date", detail));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(PaymentContent {
            payment: id,
            amount: exact(amount, currency),
            currency: currency.to_string(),
            date: self.date.unwrap_or(today).to_string(),
            reference,
            created_at: at,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::transaction::sample;

    fn accepted(json: Value) -> Result<PaymentContent, Vec<Problem>> {
        let new: NewPayment = crate::transaction::json(json.to_string().as_bytes())?;
        new.accept("1".to_owned(), &sample(), "2026-07-15".parse().unwrap(), 7)
    }

    #[test]
    fn a_payment_is_kept_in_the_currency_of_the_invoice() {
        let payment = accepted(json!({ "amount": "40", "reference": "A 7" })).unwrap();
        assert_eq!((payment.amount.as_str(), payment.currency.as_str()), ("40.00", "EUR"));
        assert_eq!((payment.date.as_str(), payment.created_at), ("2026-07-15", 7));
        let dated = accepted(json!({ "amount": "40.00", "date": "2026-06-30" })).unwrap();
        assert_eq!((dated.date.as_str(), dated.reference), ("2026-06-30", None));
        let tomorrow = accepted(json!({ "amount": "40.00", "date": "2026-07-16" })).unwrap();
        assert_eq!(tomorrow.date, "2026-07-16");
    }

    #[test]
    fn what_is_no_payment_is_refused_with_its_pointer() {
        for (json, pointer) in [
            (json!({ "amount": "0" }), "/amount"),
            (json!({ "amount": "-5" }), "/amount"),
            (json!({ "amount": "5.001" }), "/amount"),
            (json!({ "amount": "1e3" }), "/amount"),
            (json!({ "amount": 5 }), "/amount"),
            (json!({ "amount": "5", "date": "31.7.2026" }), "/date"),
            (json!({ "amount": "5", "date": "2026-07-17" }), "/date"),
            (json!({ "amount": "5", "reference": "a\nb" }), "/reference"),
            (json!({ "amount": "5", "reference": "a".repeat(141) }), "/reference"),
            (json!({ "amount": "5", "currency": "USD" }), "/currency"),
        ] {
            let problems = accepted(json.clone()).unwrap_err();
            assert_eq!(problems[0].pointer, pointer, "{json}: {problems:?}");
        }
    }
}
