//! Whether a submission says the same as a stored revision. Pure.

use super::Terms;
use crate::invoice::{
    Form, Invoice, InvoiceInput, Limits, OriginalKind, Settled, read_kept, settle_within,
    without_mark,
};

impl Terms {
    /// Whether these terms say the same as a revision that was stored, which came in as `original` if it was kept.
    ///
    /// An earlier version may have read less out of the same submission, for example no discounts out of the terms
    /// of payment. So the stored revision is read again as it would be read today: from its original, or else from
    /// its own fields. If it cannot be read today, it counts as it is stored.
    pub fn say_the_same_as(&self, stored: &Self, original: Option<&[u8]>) -> bool {
        let hash = self.content_hash();
        if hash == stored.content_hash() {
            return true;
        }
        // Reading takes time, and only the invoice is read.
        if !self.are_alike_without_invoice(stored) {
            return false;
        }
        let fields = || settled(stored.invoice.clone().into(), Form::Json);
        let invoice = original.and_then(from_original).or_else(fields);
        invoice.is_some_and(|invoice| Self { invoice, ..stored.clone() }.content_hash() == hash)
    }

    /// Whether these terms and stored ones say the same beside the invoice.
    pub fn are_alike_without_invoice(&self, stored: &Self) -> bool {
        (&self.status, &self.buyer, &self.seller, self.redactions, &self.language)
            == (&stored.status, &stored.buyer, &stored.seller, stored.redactions, &stored.language)
    }
}

fn from_original(original: &[u8]) -> Option<Invoice> {
    if OriginalKind::of(original) == OriginalKind::Json {
        return settled(serde_json::from_slice(without_mark(original)).ok()?, Form::Json);
    }
    let read = read_kept(original).ok()?;
    settled(read.invoice, read.format.into())
}

/// Settles it within the greatest limits, as what was taken in before may be larger than what is taken in today.
fn settled(invoice: InvoiceInput, form: Form) -> Option<Invoice> {
    settle_within(invoice, form, &Limits::HIGHEST).ok().map(|Settled { invoice, .. }| invoice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::Payment;
    use crate::transaction::{Accompaniment, Submission, sample_submission};

    const TERMS: &str = "30 days net\n#SKONTO#TAGE=7#PROZENT=2.00#\n";

    /// What a version made of the terms that did not know of discounts.
    fn as_it_was_stored(mut terms: Terms, text: &str) -> Terms {
        let payment = terms.invoice.payment.get_or_insert_default();
        *payment = Payment { terms: Some(text.to_owned()), discounts: vec![], ..payment.clone() };
        terms
    }

    fn submitted(text: &str) -> Terms {
        let mut submission = sample_submission();
        submission.invoice.payment.get_or_insert_default().terms = Some(text.to_owned());
        submission.accept().unwrap().terms
    }

    #[test]
    fn discounts_that_an_earlier_version_left_in_the_text_are_the_same_content() {
        let new = submitted(TERMS);
        assert_eq!(new.invoice.payment.as_ref().unwrap().discounts.len(), 1);
        let old = as_it_was_stored(new.clone(), TERMS);
        assert_ne!(new.content_hash(), old.content_hash());
        assert!(new.say_the_same_as(&old, None));
        assert!(new.say_the_same_as(&new, None));
        for other in [submitted("30 days net"), submitted(&TERMS.replace("2.00", "3.00"))] {
            assert!(!other.say_the_same_as(&old, None));
        }
        let paid = Terms { status: "paid".to_owned(), ..new };
        assert!(!paid.say_the_same_as(&old, None));
    }

    #[test]
    fn of_a_file_it_counts_what_is_read_in_it_today() {
        let file = include_str!("../../tests/invoices/ubl-tc434-example2.xml");
        let read = |file: &str| {
            let submission = Submission::from_file(file.as_bytes(), Accompaniment::default());
            submission.unwrap().accept().unwrap().terms
        };
        let new = read(file);
        let mut old = as_it_was_stored(new.clone(), "what an earlier reader found");
        old.invoice.contract_reference = None;
        assert!(new.say_the_same_as(&old, Some(file.as_bytes())));
        assert!(!new.say_the_same_as(&old, None));
        let other = read(&file.replace("Contract321", "Contract322"));
        assert!(!other.say_the_same_as(&old, Some(file.as_bytes())));
        assert!(!new.say_the_same_as(&old, Some(b"<Invoice/>")), "what cannot be read today");
    }
}
