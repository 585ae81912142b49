//! What a buyer writes into the form of a bank to pay an invoice by transfer. Page, QR code and `payto:` link say the
//! same because all of them take it from here. Pure.

use iban::{Iban, IbanLike};
use rust_decimal::Decimal;

use super::currency::Currency;
use super::model::{Invoice, Payment};

/// The payment means (UNTDID 4461) by which the seller collects the money: cards and direct debits. A
/// buyer who also pays such an invoice by transfer pays twice.
const COLLECTED: [&str; 5] = ["48", "49", "54", "55", "59"];
/// Those of them that are direct debits.
const DEBITED: [&str; 2] = ["49", "59"];

/// A transfer that pays an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The holder of the account: whom the invoice names, or else the seller.
    pub holder: String,
    /// The account as the invoice gives it. Usually it is an IBAN.
    pub account: String,
    /// The BIC as the invoice gives it.
    pub bic: Option<String>,
    /// What is to be paid.
    pub amount: Decimal,
    /// In this currency.
    pub currency: Currency,
    /// By which the seller recognises the payment: the payment reference, or else the number of the invoice.
    pub reference: String,
}

impl Transfer {
    /// Returns the transfer of `owed` to the account of an invoice. `None` if it names no account, or if the seller
    /// collects the money.
    pub fn of(invoice: &Invoice, owed: Decimal, seller: &str) -> Option<Self> {
        let payment = invoice.payment.as_ref().filter(|it| !is_collected(it))?;
        let one_line =
            |text: &Option<String>| text.as_deref().map(one_line).filter(|text| !text.is_empty());
        Some(Self {
            holder: one_line(&payment.account_name).unwrap_or_else(|| self::one_line(seller)),
            account: one_line(&payment.iban)?,
            bic: one_line(&payment.bic),
            amount: owed,
            currency: invoice.currency,
            reference: one_line(&payment.reference)
                .unwrap_or_else(|| self::one_line(&invoice.number)),
        })
    }

    /// Returns the account as an IBAN without spaces, if it is one.
    pub fn iban(&self) -> Option<String> {
        let iban: Iban = compact(&self.account).parse().ok()?;
        Some(iban.electronic_str().to_owned())
    }

    /// Returns the BIC without spaces, if it has the form of one.
    pub fn valid_bic(&self) -> Option<String> {
        self.bic.as_deref().map(compact).filter(|bic| is_bic(bic))
    }

    /// Returns the link that opens a banking app with all of it filled in (RFC 8905), if the account is an IBAN.
    pub fn payto(&self) -> Option<String> {
        let iban = self.iban()?;
        let bic = self.valid_bic().map(|bic| format!("{bic}/")).unwrap_or_default();
        let encoded = |text: &str| -> String {
            form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
        };
        let Self { amount, currency, .. } = self;
        let (holder, reference) = (encoded(&self.holder), encoded(&self.reference));
        Some(format!(
            "payto://iban/{bic}{iban}?amount={currency}:{amount}&receiver-name={holder}&message={reference}"
        ))
    }
}

/// Whether the seller debits the account of the buyer, who has to do nothing.
pub fn is_debited(invoice: &Invoice) -> bool {
    let means = invoice.payment.as_ref().and_then(|it| it.means.as_deref());
    means.is_some_and(|means| DEBITED.contains(&means))
}

fn is_collected(payment: &Payment) -> bool {
    payment.means.as_deref().is_some_and(|means| COLLECTED.contains(&means))
}

/// ISO 9362: institution, country, location, and perhaps a branch.
fn is_bic(text: &str) -> bool {
    matches!(text.len(), 8 | 11)
        && text.is_ascii()
        && text[..6].bytes().all(|byte| byte.is_ascii_uppercase())
        && text[6..].bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns a text without spaces, in capitals.
pub(super) fn compact(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// Replaces line breaks by spaces, because a line break would start the next field.
fn one_line(text: &str) -> String {
    let words = text.split(|sign: char| sign.is_whitespace() || sign.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{Form, InvoiceInput, settle};
    use super::*;
    use serde_json::{Value, json};

    fn transfer(payment: &Value) -> Option<Transfer> {
        let input: InvoiceInput = serde_json::from_value(json!({
            "number": "INV 42", "currency": "EUR", "issue_date": "2026-07-01", "due_date": "2026-07-31",
            "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                        "unit_price": "100.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": payment,
        }))
        .unwrap();
        let invoice = settle(input, Form::Json).unwrap().invoice;
        Transfer::of(&invoice, Decimal::new(63_851, 2), "Acme & Sons")
    }

    #[test]
    fn a_link_fills_in_what_the_invoice_says() {
        let iban = "DE89 3704 0044 0532 0130 00";
        for (payment, link) in [
            (
                json!({ "iban": iban, "bic": "COBADEFFXXX", "account_name": "Acme Ltd",
                        "reference": "RF18 5390 0754 7034" }),
                "payto://iban/COBADEFFXXX/DE89370400440532013000?amount=EUR:638.51\
                 &receiver-name=Acme%20Ltd&message=RF18%205390%200754%207034",
            ),
            (
                json!({ "iban": iban, "bic": "what?" }),
                "payto://iban/DE89370400440532013000?amount=EUR:638.51\
                 &receiver-name=Acme%20%26%20Sons&message=INV%2042",
            ),
        ] {
            assert_eq!(transfer(&payment).unwrap().payto().unwrap(), link);
        }
    }

    #[test]
    fn an_account_that_is_no_iban_can_be_copied_only() {
        let transfer = transfer(&json!({ "iban": "12345 67" })).unwrap();
        assert_eq!((transfer.account.as_str(), transfer.payto()), ("12345 67", None));
    }

    #[test]
    fn what_the_seller_collects_is_not_transferred() {
        let iban = "DE89 3704 0044 0532 0130 00";
        assert_eq!(transfer(&json!({ "iban": iban, "means": "59" })), None);
        assert_eq!(transfer(&json!({ "reference": "7" })), None);
        assert!(transfer(&json!({ "iban": iban, "means": "58" })).is_some());
    }
}
