//! The payload of the QR code that a banking app turns into a SEPA credit transfer
//! (EPC069-12, version 002). Pure.

use rust_decimal::Decimal;

use super::model::Invoice;
use super::transfer::{Transfer, compact};

/// The greatest length of the beneficiary's name, in characters.
const MAX_NAME_CHARS: usize = 70;
/// The greatest length of the remittance text, in characters.
const MAX_TEXT_CHARS: usize = 140;
/// The greatest length of the payload, in bytes. It is the capacity of a QR code of version 13 at level M.
const MAX_PAYLOAD_BYTES: usize = 331;
/// The smallest amount and the largest, in cents.
const CENTS: std::ops::RangeInclusive<i64> = 1..=99_999_999_999;

/// Returns the payload, if the invoice can be paid by a SEPA credit transfer: in euro, to a valid IBAN.
/// `owed` is the amount to pay. The beneficiary is the holder of the account, or `seller` if the invoice names
/// none.
pub fn epc_payload(invoice: &Invoice, owed: Decimal, seller: &str) -> Option<String> {
    let transfer = Transfer::of(invoice, owed, seller)?;
    if transfer.currency.to_string() != "EUR" {
        return None;
    }
    let amount = transferable(transfer.amount)?;
    let iban = transfer.iban()?;
    let bic = transfer.valid_bic().unwrap_or_default();
    let name = shortened(&transfer.holder, MAX_NAME_CHARS, usize::MAX);
    if name.is_empty() {
        return None;
    }
    let head = format!("BCD\n002\n1\nSCT\n{bic}\n{name}\n{iban}\nEUR{amount}\n\n");
    let structured = compact(&transfer.reference);
    if is_creditor_reference(&structured) {
        return Some(format!("{head}{structured}"));
    }
    let left = MAX_PAYLOAD_BYTES.saturating_sub(head.len() + 1);
    let text = shortened(&transfer.reference, MAX_TEXT_CHARS, left);
    Some(format!("{head}\n{text}"))
}

/// Returns the amount with two decimals, if it is in the range that can be transferred.
fn transferable(due: Decimal) -> Option<Decimal> {
    let mut amount = due;
    amount.rescale(2);
    let fits = amount == due
        && amount >= Decimal::new(*CENTS.start(), 2)
        && amount <= Decimal::new(*CENTS.end(), 2);
    fits.then_some(amount)
}

/// ISO 11649: `RF`, two check digits, and up to 21 letters and digits, checked modulo 97.
fn is_creditor_reference(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !plain || !(5..=25).contains(&text.len()) || !text.starts_with("RF") {
        return false;
    }
    let (head, body) = text.split_at(4);
    let remainder = body.chars().chain(head.chars()).try_fold(0_u32, |remainder, sign| {
        let value = sign.to_digit(36)?;
        Some((remainder * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    head[2..].bytes().all(|byte| byte.is_ascii_digit()) && remainder == Some(1)
}

fn shortened(text: &str, characters: usize, bytes: usize) -> String {
    let mut short = String::new();
    for sign in text.chars().take(characters) {
        if short.len() + sign.len_utf8() > bytes {
            break;
        }
        short.push(sign);
    }
    short.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Form, InvoiceInput, settle};
    use super::*;
    use serde_json::json;

    fn invoice(change: impl FnOnce(&mut serde_json::Value)) -> Invoice {
        let mut json = json!({
            "number": "INV 42", "currency": "EUR", "issue_date": "2026-07-01",
            "due_date": "2026-07-31",
            "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                        "unit_price": "100.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": { "iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX" },
        });
        change(&mut json);
        let input: InvoiceInput = serde_json::from_value(json).unwrap();
        settle(input, Form::Json).unwrap().invoice
    }

    fn payload(invoice: &Invoice, seller: &str) -> Option<String> {
        epc_payload(invoice, invoice.totals.due, seller)
    }

    #[test]
    fn an_invoice_in_euro_can_be_paid_with_a_banking_app() {
        assert_eq!(
            payload(&invoice(|_| ()), "Acme\nLtd").unwrap(),
            "BCD\n002\n1\nSCT\nCOBADEFFXXX\nAcme Ltd\nDE89370400440532013000\nEUR120.00\n\n\nINV 42"
        );
    }

    #[test]
    fn a_valid_creditor_reference_is_structured_and_any_other_is_text() {
        for (reference, end) in [
            ("RF18 5390 0754 7034", "EUR120.00\n\nRF18539007547034"),
            ("RF19 5390 0754 7034", "EUR120.00\n\n\nRF19 5390 0754 7034"),
            ("Order 7\r\n-", "EUR120.00\n\n\nOrder 7 -"),
        ] {
            let invoice = invoice(|json| json["payment"]["reference"] = json!(reference));
            let payload = payload(&invoice, "Acme").unwrap();
            assert!(payload.ends_with(end), "{payload}");
        }
    }

    #[test]
    fn what_a_transfer_cannot_pay_has_no_code() {
        let none = |change: fn(&mut serde_json::Value)| {
            assert_eq!(payload(&invoice(change), "Acme"), None);
        };
        none(|json| json["currency"] = json!("USD"));
        none(|json| json["payment"] = json!({ "reference": "7" }));
        none(|json| json["payment"]["iban"] = json!("DE88 3704 0044 0532 0130 00"));
        none(|json| json["payment"]["means"] = json!("59"));
        none(|json| json["lines"][0]["unit_price"] = json!("1000000000.00"));
        assert_eq!(payload(&invoice(|_| ()), " \n"), None);
    }

    #[test]
    fn a_wrong_bic_is_left_out_and_long_words_are_shortened() {
        let invoice = invoice(|json| {
            json["payment"]["bic"] = json!("what?");
            json["payment"]["account_name"] = json!("Ä".repeat(200));
            json["payment"]["reference"] = json!("ß".repeat(200));
        });
        let payload = payload(&invoice, "Acme").unwrap();
        let fields: Vec<&str> = payload.split('\n').collect();
        assert_eq!(fields[4], "");
        assert_eq!(fields[5].chars().count(), 70);
        assert!(payload.len() <= MAX_PAYLOAD_BYTES);
        assert!(fields[10].chars().count() > 60);
    }
}
