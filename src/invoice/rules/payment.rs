//! Rules about how to pay.

use super::{Catalogue, Checker, Form, is_said};
use crate::invoice::card;
use crate::invoice::problem::Severity;

/// UNTDID 4461: credit transfer, and SEPA credit transfer.
const TRANSFERS: [&str; 2] = ["30", "58"];

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-49", "How to pay (BG-16) is said by a code of the means of payment (BT-81), such as 58."),
    ("BR-50", "An account for a credit transfer (BG-17) has a number (BT-84), such as an IBAN."),
    (
        "BR-51",
        "Of the number of a card (BT-87), at most the last 4 to 6 digits are shown, 10 characters in all.",
    ),
    (
        "BR-61",
        "An invoice that asks for a credit transfer (means of payment 30 or 58) has the account to pay to (BT-84).",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let Some(payment) = &checker.invoice.payment else { return };
    let has_account = is_said(payment.iban.as_ref());
    let names_account = payment.account_name.is_some() || payment.bic.is_some();
    // In XML, BR-49, BR-50 and BR-61 ask of each means of payment, and whether an account is there at all: see `xml/syntax/existence.rs`.
    if !checker.is_xml() && payment.means.as_ref().is_some_and(|it| TRANSFERS.contains(&it.trim()))
    {
        checker.must(has_account || !names_account, "BR-50", "/payment/iban");
        let further = payment.further_accounts.iter();
        if let Some(index) = further.clone().position(|it| it.iban.trim().is_empty()) {
            checker.must(false, "BR-50", format!("/payment/further_accounts/{index}/iban"));
        }
        checker.must(has_account, "BR-61", "/payment/iban");
    }
    let number = payment.card.as_ref().and_then(|it| it.number.as_ref());
    if number.is_some_and(|it| card::shows_too_much(it)) {
        // In UBL, CEN only warns of it.
        let is_fatal = checker.form == Form::Cii;
        let severity = if is_fatal { Severity::Fatal } else { Severity::Warning };
        checker.found.push(super::broken("BR-51", "/payment/card/number").of(severity));
    }
}
