//! What the bot says in the room of a payment that the shop handed in or took back.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::invoice::Currency;
use crate::language::Locale;
use crate::names::SEND_MARKER;
use crate::transaction::{Owed, Standing, Status};
use crate::wording::amount_with_code;

/// A payment that is to be told in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentNews {
    /// The id of the payment.
    pub id: String,
    /// The amount.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// The day on which it was paid.
    pub date: Date,
    /// Whether it is told that it was taken back, and not that it was handed in.
    pub is_taken_back: bool,
}

/// The content of the message, marked as the send `send_id`. It notifies nobody. `currency` is that of the invoice, and
/// `is_credit` says that the document gives money back.
pub fn payment_notice(
    news: &PaymentNews,
    standing: &Standing,
    (currency, is_credit): (Currency, bool),
    locale: &Locale,
    send_id: &str,
) -> Value {
    let amount = amount_with_code(news.amount, news.currency, locale);
    let arguments = [("amount", amount.into()), ("date", locale.date(news.date).into())];
    let text = match (news.is_taken_back, is_credit) {
        (true, _) => "notice-payment-taken-back",
        (false, true) => "notice-paid-out",
        (false, false) => "notice-payment",
    };
    let mut body = locale.text_with(text, &arguments);
    let left = match standing.owed {
        Owed::Payable(left) => {
            let left = amount_with_code(left, currency, locale);
            Some(locale.text_with("notice-payment-left", &[("amount", left.into())]))
        }
        Owed::Nothing | Owed::Ended(Status::Paid) => Some(locale.text("notice-payment-all")),
        Owed::Credited(_) | Owed::Ended(_) => None,
    };
    if let Some(left) = left {
        body.push(' ');
        body.push_str(&left);
    }
    json!({ "msgtype": "m.notice", "body": body, "m.mentions": {}, SEND_MARKER: send_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::transaction::{StatusRules, sample};

    #[test]
    fn it_says_what_was_paid_and_what_is_left() {
        let said = |paid: i64, is_taken_back, is_credit, tag: &str| {
            let mut transaction = sample();
            transaction.terms.status = "open".to_owned();
            transaction.paid = paid.into();
            let today = "2026-06-01".parse().unwrap();
            let standing = StatusRules::default().standing(&transaction, today);
            let currency = transaction.terms.invoice.currency;
            let news = PaymentNews {
                id: "p".to_owned(),
                amount: 20.into(),
                currency,
                date: today,
                is_taken_back,
            };
            let locale = Locale::of(Language::of_tag(tag).unwrap());
            let content = payment_notice(&news, &standing, (currency, is_credit), &locale, "7");
            assert_eq!(
                (&content["msgtype"], &content[SEND_MARKER]),
                (&json!("m.notice"), &json!("7"))
            );
            content["body"].as_str().unwrap().to_owned()
        };
        let english = said(20, false, false, "en");
        assert!(english.starts_with("Payment received: EUR 20.00 on 1 June 2026."), "{english}");
        assert!(english.ends_with("Still to pay: EUR 34.00."), "{english}");
        assert!(said(54, false, false, "en").ends_with("Nothing is left to pay."));
        assert!(said(0, true, false, "en").contains("was reported by mistake"));
        assert!(said(20, false, true, "en").starts_with("Paid out: EUR 20.00"));
        assert!(said(20, false, false, "de").contains("Noch zu zahlen"));
    }
}
