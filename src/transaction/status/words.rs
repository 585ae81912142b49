//! The words for a status that are understood without a mapping in the config.

use rust_decimal::Decimal;

use super::Status;
use super::Status::{
    Accepted, Cancelled, Completed, Credited, Disputed, Draft, Issued, Overdue, Paid, PartlyPaid,
    Refunded, Shipped, WrittenOff,
};
use crate::transaction::Terms;

/// The words that are understood, as [`folded`] writes them. docs/integrating.md lists them, and a test compares the
/// lists.
const UNDERSTOOD: [(&str, Status); 55] = [
    ("draft", Draft),
    ("issued", Issued),
    ("open", Issued),
    ("sent", Issued),
    ("awaitingpayment", Issued),
    ("pendingpayment", Issued),
    ("paymentpending", Issued),
    ("paymentdue", Issued),
    ("due", Issued),
    ("duenow", Issued),
    ("unpaid", Issued),
    ("notpaid", Issued),
    ("topay", Issued),
    ("outstanding", Issued),
    ("partlypaid", PartlyPaid),
    ("partiallypaid", PartlyPaid),
    ("paid", Paid),
    ("paidinfull", Paid),
    ("fullypaid", Paid),
    ("prepaid", Paid),
    ("settled", Paid),
    ("overdue", Overdue),
    ("pastdue", Overdue),
    ("late", Overdue),
    ("disputed", Disputed),
    ("indispute", Disputed),
    ("accepted", Accepted),
    ("approved", Accepted),
    ("shipped", Shipped),
    ("dispatched", Shipped),
    ("delivered", Shipped),
    ("completed", Completed),
    ("complete", Completed),
    ("closed", Completed),
    ("credited", Credited),
    ("refunded", Refunded),
    ("partiallyrefunded", Refunded),
    ("partlyrefunded", Refunded),
    ("refund", Refunded),
    ("reimbursed", Refunded),
    ("cancelled", Cancelled),
    ("canceled", Cancelled),
    ("cancellation", Cancelled),
    ("void", Cancelled),
    ("voided", Cancelled),
    ("annulled", Cancelled),
    ("revoked", Cancelled),
    ("withdrawn", Cancelled),
    ("reversed", Cancelled),
    ("writtenoff", WrittenOff),
    ("writeoff", WrittenOff),
    ("uncollectible", WrittenOff),
    ("uncollectable", WrittenOff),
    ("waived", WrittenOff),
    ("forgiven", WrittenOff),
];

/// The words by which a shop says that it expects money although they mean no more than "issued", as [`folded`]
/// writes them. They are not shown where nobody owes anything: a credit note does not await payment.
const ASKING: [&str; 10] = [
    "awaitingpayment",
    "pendingpayment",
    "paymentpending",
    "paymentdue",
    "due",
    "duenow",
    "unpaid",
    "notpaid",
    "topay",
    "outstanding",
];

/// Returns the meaning of a word in any spelling, or `None` if it is not understood.
pub(super) fn meaning_of(word: &str) -> Option<Status> {
    let word = folded(word);
    UNDERSTOOD.iter().find(|(known, _)| *known == word).map(|(_, status)| *status)
}

/// Whether a word asks for money by itself.
pub(super) fn asks(word: &str, meaning: Option<Status>) -> bool {
    matches!(meaning, Some(PartlyPaid | Overdue)) || ASKING.contains(&folded(word).as_str())
}

/// Returns the word of a revision for lists of what changed, unless it asks for money on a document that asks for
/// none. Payments and the config are not looked at: the word is what the shop said at that time.
pub fn status_to_show(terms: &Terms) -> Option<&str> {
    let Terms { status, invoice, .. } = terms;
    let is_owed = !invoice.is_credit_note() && invoice.totals.due > Decimal::ZERO;
    Some(status.as_str()).filter(|word| is_owed || !asks(word, meaning_of(word)))
}

/// Returns a word in lower case and without spaces, `-` and `_`.
pub(super) fn folded(word: &str) -> String {
    let is_between = |c: &char| c.is_whitespace() || matches!(c, '-' | '_');
    word.chars().filter(|c| !is_between(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_word_is_understood_however_it_is_spelled() {
        for (word, status) in [
            ("paid", Paid),
            ("PAID", Paid),
            (" Paid in full ", Paid),
            ("fully-paid", Paid),
            ("Settled", Paid),
            ("canceled", Cancelled),
            ("partially_refunded", Refunded),
            ("DRAFT", Draft),
            ("Write-Off", WrittenOff),
            ("Past due", Overdue),
            ("closed", Completed),
        ] {
            assert_eq!(meaning_of(word), Some(status), "{word}");
        }
        assert_eq!(meaning_of("with_the_lawyers"), None);
        assert!(ASKING.iter().all(|word| meaning_of(word) == Some(Issued)));
    }

    #[test]
    fn the_documents_list_each_word_that_is_understood() {
        let document = include_str!("../../../docs/integrating.md");
        let (_, after) = document.split_once("<!-- the words of each meaning -->").unwrap();
        let (table, _) = after.split_once("\n\n").unwrap();
        let mut listed = BTreeSet::new();
        for row in table.lines().filter(|row| row.starts_with("| `")) {
            let mut quoted = row.split('`').skip(1).step_by(2);
            let meaning = Status::from_text(quoted.next().unwrap()).unwrap();
            for word in quoted {
                assert_eq!(meaning_of(word), Some(meaning), "{word}");
                listed.insert(folded(word));
            }
            listed.insert(folded(meaning.as_str()));
        }
        let understood: BTreeSet<_> = UNDERSTOOD.iter().map(|(it, _)| (*it).to_owned()).collect();
        assert_eq!(understood.len(), UNDERSTOOD.len());
        assert_eq!(listed, understood);
    }
}
