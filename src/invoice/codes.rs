//! Warnings about unknown codes and wrong account numbers, which are most likely typing errors. The invoice is
//! accepted with them, since the people in its room can correct them.

use en16931::codes::contains;
use en16931::codes::generated::UNIT_CODES;
use iban::Iban;

use super::model::InvoiceInput;
use super::problem::Problem;

/// Returns a warning for each unknown unit code and each IBAN with wrong check digits.
pub(super) fn unknown(invoice: &InvoiceInput) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        if let Some(unit) = &line.unit
            && !contains(UNIT_CODES, unit)
        {
            let detail = format!(
                "{unit:?} is no unit code of UN/ECE Recommendations 20 and 21; such are `C62` (one), \
                 `HUR` (hour), `KGM` (kilogram). Codes are in capital letters."
            );
            let problem = Problem::at(format!("/lines/{index}/unit"), detail);
            warnings.push(problem.breaking("BR-CL-23"));
        }
    }
    if let Some(payment) = &invoice.payment {
        let first = payment.iban.as_ref().map(|iban| ("/payment/iban".to_owned(), iban));
        let further = payment.further_accounts.iter().enumerate();
        let further =
            further.map(|(at, it)| (format!("/payment/further_accounts/{at}/iban"), &it.iban));
        warnings
            .extend(first.into_iter().chain(further).filter_map(|(at, iban)| account(at, iban)));
    }
    warnings
}

/// Returns the warning about an account number. It does not repeat the number, since warnings may be
/// logged.
fn account(pointer: String, number: &str) -> Option<Problem> {
    let plain: String = number.chars().filter(|it| !it.is_whitespace()).collect();
    // Account numbers other than IBANs have no form that can be checked (BT-84).
    let mut letters = plain.chars();
    let is_meant = letters.by_ref().take(2).all(|it| it.is_ascii_alphabetic())
        && letters.take(2).filter(char::is_ascii_digit).count() == 2;
    if !is_meant || plain.to_ascii_uppercase().parse::<Iban>().is_ok() {
        return None;
    }
    let detail = "This looks like an IBAN, but its check digits or its length are wrong: a digit is \
                  missing, or two are swapped. Nobody can pay to it.";
    Some(Problem::at(pointer, detail))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::invoice::{InvoiceInput, settle};

    fn pointers(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut invoice = json!({
            "number": "1", "issue_date": "2026-06-01", "currency": "EUR",
            "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                        "unit_price": "100.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": { "iban": "DE89 3704 0044 0532 0130 00" },
        });
        change(&mut invoice);
        let input: InvoiceInput = serde_json::from_value(invoice).unwrap();
        settle(input).unwrap().warnings.into_iter().map(|it| it.pointer).collect()
    }

    #[test]
    fn unknown_units_are_told() {
        assert!(pointers(|_| {}).is_empty());
        assert_eq!(pointers(|it| it["lines"][0]["unit"] = json!("pcs")), ["/lines/0/unit"]);
        assert_eq!(pointers(|it| it["lines"][0]["unit"] = json!("hur")), ["/lines/0/unit"]);
        assert!(pointers(|it| it["lines"][0]["unit"] = json!("HUR")).is_empty());
    }

    #[test]
    fn an_iban_with_swapped_or_missing_digits_is_told() {
        for wrong in ["DE88 3704 0044 0532 0130 00", "DE89370400440532013", "NL91ABNA0417164301"] {
            assert_eq!(pointers(|it| it["payment"]["iban"] = json!(wrong)), ["/payment/iban"]);
        }
        for right in ["nl91 abna 0417 1643 00", "NO9386011117947", "000123456789", "26207729"] {
            assert!(pointers(|it| it["payment"]["iban"] = json!(right)).is_empty(), "{right}");
        }
        let further = json!([{ "iban": "NL91ABNA0417164300" }, { "iban": "NL92ABNA0417164300" }]);
        assert_eq!(
            pointers(|it| it["payment"]["further_accounts"] = further),
            ["/payment/further_accounts/1/iban"]
        );
    }
}
