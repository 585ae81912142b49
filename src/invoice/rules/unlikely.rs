//! Warnings about what breaks no rule of EN 16931, and is most likely an error all the same.

use std::collections::HashSet;

use iban::Iban;
use rust_decimal::Decimal;

use super::figures::{contradiction, group, line_net, taxable_by_vat, vat_off};
use crate::invoice::currency::Currency;
use crate::invoice::model::InvoiceInput;
use crate::invoice::money::{exact, plain};
use crate::invoice::problem::{Problem, Severity};

/// The rule about the net amount of a line, which is one of Peppol and XRechnung.
pub(in crate::invoice) const LINE_RULE: &str = "PEPPOL-EN16931-R120";
/// The net amount of a line may differ from quantity times price by this (PEPPOL-EN16931-R120).
const LINE_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// Returns the warnings about a complete invoice.
pub(in crate::invoice) fn unlikely(invoice: &InvoiceInput, currency: Currency) -> Vec<Problem> {
    let mut warnings: Vec<Problem> =
        vat_off(invoice, currency).map(|(_, problem)| problem).collect();
    if !invoice.lines.is_empty() {
        rates_without_row(invoice, currency, &mut warnings);
    }
    lines(invoice, currency, &mut warnings);
    warnings.extend(accounts(invoice));
    warnings.into_iter().map(|it| it.of(Severity::Warning)).collect()
}

/// The norm asks for a row for each category and rate. CEN only looks at categories.
fn rates_without_row(invoice: &InvoiceInput, currency: Currency, warnings: &mut Vec<Problem>) {
    let mut left = taxable_by_vat(invoice);
    for row in invoice.vat_breakdown.iter().flatten() {
        left.remove(&group(&row.category, row.rate));
    }
    let rows = invoice.vat_breakdown.iter().flatten();
    let categories: HashSet<&str> = rows.map(|row| row.category.as_str()).collect();
    left.retain(|vat, amount| !amount.is_zero() && categories.contains(vat.category.as_str()));
    for (vat, amount) in left.into_iter() {
        let rule = format!("BR-{}-01", rule_family(&vat.category));
        let rate = vat.rate.map(|rate| format!(" at {} %", plain(rate))).unwrap_or_default();
        let detail = format!(
            "{rule}: the VAT breakdown has no row for category {}{rate}, in which the lines, \
             allowances and charges come to {}.",
            vat.category,
            exact(amount, currency)
        );
        warnings.push(Problem::at("/vat_breakdown", detail).breaking(&rule));
    }
}

/// Returns the name that EN 16931 gives to the rules of a VAT category. Mostly it is the category's code.
fn rule_family(category: &str) -> &str {
    match category {
        "K" => "IC",
        "L" => "AF",
        "M" => "AG",
        other => other,
    }
}

fn lines(invoice: &InvoiceInput, currency: Currency, warnings: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let computed = line_net(line, currency);
        if let Some(computed) = computed
            && let Some(net) = line.net_amount
            && (net - computed).abs() > LINE_TOLERANCE
        {
            warnings.push(contradiction(
                LINE_RULE,
                format!("/lines/{index}/net_amount"),
                [net, computed],
                "quantity times unit price, less allowances and plus charges of the line,",
                currency,
            ));
        }
        if let Some(id) = &line.id
            && !seen.insert(id)
        {
            let detail = format!("The line id {id:?} is used more than once.");
            warnings.push(Problem::at(format!("/lines/{index}/id"), detail));
        }
    }
}

fn accounts(invoice: &InvoiceInput) -> Vec<Problem> {
    let Some(payment) = &invoice.payment else { return Vec::new() };
    let first = payment.iban.as_ref().map(|iban| ("/payment/iban".to_owned(), iban));
    let further = payment.further_accounts.iter().enumerate();
    let further =
        further.map(|(at, it)| (format!("/payment/further_accounts/{at}/iban"), &it.iban));
    first.into_iter().chain(further).filter_map(|(at, iban)| account(at, iban)).collect()
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

    use crate::invoice::{Form, InvoiceInput, settle};

    fn pointers(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut invoice = json!({
            "number": "1", "issue_date": "2026-06-01", "currency": "EUR",
            "lines": [{ "description": "Oak", "quantity": "1", "unit": "C62",
                        "unit_price": "100.00", "vat": { "category": "S", "rate": "20" } }],
            "payment": { "iban": "DE89 3704 0044 0532 0130 00" },
        });
        change(&mut invoice);
        let input: InvoiceInput = serde_json::from_value(invoice).unwrap();
        settle(input, Form::Json).unwrap().warnings.into_iter().map(|it| it.pointer).collect()
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
