//! How to pay, in the reader's language.

use super::{amount_with_code, in_groups_of_four, known};
use crate::invoice::{Invoice, early_payments};
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
    /// The value as a banking app takes it; none: it is not for one.
    pub copied: Option<String>,
}

/// Everything that the invoice says about paying it; nothing if nobody has to pay.
pub fn payment(invoice: &Invoice, standing: &Standing, locale: &Locale) -> Vec<PaymentDetail> {
    let Some((payment, payable)) = invoice.payment.as_ref().zip(standing.owed.payable()) else {
        return Vec::new();
    };
    let mut details = Vec::new();
    let mut add = |id: &'static str, shown: String, copied: Option<&String>| {
        details.push(PaymentDetail { id, label: locale.text(id), shown, copied: copied.cloned() });
    };
    if let Some(code) = &payment.means {
        // UNTDID 4461.
        let name = known(&format!("means-{}", code.to_lowercase()), locale);
        add("payment-means", name.unwrap_or_else(|| code.clone()), None);
    }
    if let Some(name) = &payment.account_name {
        add("payment-account-name", name.clone(), Some(name));
    }
    if let Some(iban) = &payment.iban {
        add("payment-iban", in_groups_of_four(iban), Some(iban));
    }
    if let Some(bic) = &payment.bic {
        add("payment-bic", bic.clone(), Some(bic));
    }
    if let Some(reference) = &payment.reference {
        add("payment-reference", reference.clone(), Some(reference));
    }
    for account in &payment.further_accounts {
        let bic = account.bic.as_ref().map(|bic| format!(" · {bic}")).unwrap_or_default();
        let shown = format!("{}{bic}", in_groups_of_four(&account.iban));
        add("payment-further-account", shown, Some(&account.iban));
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
        add("payment-discount", locale.text_with("payment-discount-until", &arguments), None);
    }
    if let Some(terms) = &payment.terms {
        add("payment-terms", terms.clone(), None);
    }
    details
}
