//! How to pay, in the reader's language.

use super::{amount_with_code, in_groups_of_four, known};
use crate::invoice::{Invoice, Transfer, early_payments};
use crate::language::Locale;
use crate::transaction::Standing;

/// One detail of how to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentDetail {
    /// The id of the label's text, such as `payment-iban`.
    pub id: &'static str,
    /// The label.
    pub label: String,
    /// The value as people read it.
    pub shown: String,
}

/// One field of the form of a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferField {
    /// The id of the label's text, such as `payment-iban`.
    pub id: &'static str,
    /// The label.
    pub label: String,
    /// The value as people read it.
    pub shown: String,
    /// The value as the form takes it.
    pub typed: String,
}

/// What a buyer writes into the form of a bank, in the order of such forms.
pub fn transfer_fields(transfer: &Transfer, locale: &Locale) -> Vec<TransferField> {
    let Transfer { holder, account, bic, amount, currency, reference } = transfer;
    let field = |id: &'static str, shown: String, typed: &str| TransferField {
        id,
        label: locale.text(id),
        shown,
        typed: typed.to_owned(),
    };
    let iban = transfer.iban();
    let shown_account = iban.as_deref().map_or_else(|| account.clone(), in_groups_of_four);
    let account_id = if iban.is_some() { "payment-iban" } else { "payment-account" };
    let mut fields = vec![
        field("payment-account-name", holder.clone(), holder),
        field(account_id, shown_account, iban.as_deref().unwrap_or(account)),
    ];
    fields.extend(bic.as_ref().map(|bic| field("payment-bic", bic.clone(), bic)));
    let typed_amount = locale.amount_to_type(*amount, *currency);
    fields.push(field("payment-amount", locale.amount(*amount, *currency), &typed_amount));
    fields.push(field("payment-reference", reference.clone(), reference));
    fields
}

/// Everything that the invoice says about paying it; nothing if nobody has to pay.
pub fn payment(invoice: &Invoice, standing: &Standing, locale: &Locale) -> Vec<PaymentDetail> {
    let Some((payment, payable)) = invoice.payment.as_ref().zip(standing.owed.payable()) else {
        return Vec::new();
    };
    let mut details = Vec::new();
    let mut add = |id: &'static str, shown: String| {
        details.push(PaymentDetail { id, label: locale.text(id), shown });
    };
    if let Some(code) = &payment.means {
        // UNTDID 4461.
        let name = known(&format!("means-{}", code.to_lowercase()), locale);
        add("payment-means", name.unwrap_or_else(|| code.clone()));
    }
    if let Some(name) = &payment.account_name {
        add("payment-account-name", name.clone());
    }
    if let Some(iban) = &payment.iban {
        add("payment-iban", in_groups_of_four(iban));
    }
    if let Some(bic) = &payment.bic {
        add("payment-bic", bic.clone());
    }
    if let Some(reference) = &payment.reference {
        add("payment-reference", reference.clone());
    }
    for account in &payment.further_accounts {
        let bic = account.bic.as_ref().map(|bic| format!(" · {bic}")).unwrap_or_default();
        let shown = format!("{}{bic}", in_groups_of_four(&account.iban));
        add("payment-further-account", shown);
    }
    // A discount is given for the whole amount, so there is none for the rest of it.
    let offers =
        if standing.paid.is_zero() { early_payments(invoice, payable) } else { Vec::new() };
    for early in offers {
        let percent = locale.percent(early.percent);
        let date = locale.date(early.until);
        let amount = amount_with_code(early.amount, invoice.currency, locale);
        let arguments =
            [("percent", percent.into()), ("date", date.into()), ("amount", amount.into())];
        add("payment-discount", locale.text_with("payment-discount-until", &arguments));
    }
    if let Some(terms) = &payment.terms {
        add("payment-terms", terms.clone());
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_form_takes_what_is_typed_as_the_language_writes_it() {
        let transfer = Transfer {
            holder: "Acme Ltd".to_owned(),
            account: "de02120300000000202051".to_owned(),
            bic: None,
            amount: rust_decimal::Decimal::new(1_234_500, 3),
            currency: crate::invoice::Currency::parse("EUR").unwrap(),
            reference: "INV 42".to_owned(),
        };
        for (language, shown, typed) in [
            (Language::English, "€1,234.50", "1234.50"),
            (Language::German, "1.234,50\u{a0}€", "1234,50"),
        ] {
            let fields = transfer_fields(&transfer, &Locale::of(language));
            let ids: Vec<_> = fields.iter().map(|it| it.id).collect();
            let expected =
                ["payment-account-name", "payment-iban", "payment-amount", "payment-reference"];
            assert_eq!(ids, expected);
            assert_eq!(
                (fields[1].shown.as_str(), fields[1].typed.as_str()),
                ("DE02 1203 0000 0000 2020 51", "DE02120300000000202051")
            );
            assert_eq!((fields[2].shown.as_str(), fields[2].typed.as_str()), (shown, typed));
        }
        let no_iban = Transfer { account: "12345 67".to_owned(), ..transfer };
        let account = &transfer_fields(&no_iban, &Locale::of(Language::English))[1];
        assert_eq!((account.id, account.typed.as_str()), ("payment-account", "12345 67"));
    }
}
