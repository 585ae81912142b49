//! What a shop hands in, and what it takes to accept it.

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Party, PartyRole, Terms};
use crate::invoice::{InvoiceInput, PartyDetails, Problem, Settled, settle};
use crate::record::RedactionPolicy;

/// Longest external id, in bytes.
const MAX_EXTERNAL_ID: usize = 255;
/// Longest status, in characters.
const MAX_STATUS: usize = 40;
/// The status of a transaction whose shop named none.
const DEFAULT_STATUS: &str = "open";

/// A transaction as submitted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The shop's own id.
    pub external_id: String,
    /// The shop's word for where it stands; `open` if left out.
    #[serde(default)]
    pub status: Option<String>,
    /// The invoice; totals and breakdown may be left out.
    pub invoice: InvoiceInput,
    /// Who owes.
    pub buyer: Party,
    /// Who is owed.
    pub seller: Party,
    /// What becomes of redacted content; as the config says if left out.
    #[serde(default)]
    pub redactions: Option<RedactionPolicy>,
}

/// A submission that may become a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The shop's own id.
    pub external_id: String,
    /// What it says.
    pub terms: Terms,
    /// What is odd about it, but no reason to refuse it.
    pub warnings: Vec<Problem>,
}

impl Submission {
    /// Checks everything and computes what was left out.
    ///
    /// # Errors
    /// Every problem at once, each with a JSON pointer into the submission.
    pub fn accept(self) -> Result<Accepted, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.external_id.is_empty() || self.external_id.len() > MAX_EXTERNAL_ID {
            let detail = format!("`external_id` must have 1 to {MAX_EXTERNAL_ID} bytes.");
            problems.push(Problem::at("/external_id", detail));
        }
        let external_id = external_id(&self.external_id);
        if external_id.chars().any(is_unseen) {
            let detail = "`external_id` has a character that nobody sees, such as a control \
                          character or one that turns the direction of the text; leave it out.";
            problems.push(Problem::at("/external_id", detail));
        }
        if external_id.trim() != external_id {
            let detail = "`external_id` begins or ends with a blank; leave it out.";
            problems.push(Problem::at("/external_id", detail));
        }
        match accept_terms(self.status, self.invoice, self.buyer, self.seller) {
            Ok((terms, warnings)) if problems.is_empty() => {
                let terms = Terms { redactions: self.redactions, ..terms };
                Ok(Accepted { external_id, terms, warnings })
            }
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }

    /// Fills in what the shop left out of the parties from what the XML invoice says of them.
    pub fn complete_parties(&mut self, buyer: PartyDetails, seller: PartyDetails) {
        for (party, details) in [(&mut self.buyer, buyer), (&mut self.seller, seller)] {
            if party.name.trim().is_empty() {
                party.name = details.name;
            }
            party.vat_id = party.vat_id.take().or(details.vat_id);
            party.address = party.address.take().or(details.address);
        }
    }
}

/// A shop's own id in the one form in which it is kept and compared: Unicode's canonical composition
/// (NFC), so that the same letters are the same id, however they were typed.
pub fn external_id(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Whether a character is not seen, or changes what is seen around it: two ids that look the same
/// would be two transactions.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl Terms {
    /// SHA-256 over the terms in one fixed form: equal content has an equal hash, whatever the
    /// order of keys, the white space or the notation of amounts in the submission.
    pub fn content_hash(&self) -> String {
        // serde_json's map keeps keys sorted, so going through a Value canonicalises.
        let canonical = serde_json::to_value(self).map(|value| value.to_string());
        format!("{:x}", Sha256::digest(canonical.unwrap_or_default()))
    }
}

/// Checks terms from any source, new or patched.
pub(super) fn accept_terms(
    status: Option<String>,
    invoice: InvoiceInput,
    buyer: Party,
    seller: Party,
) -> Result<(Terms, Vec<Problem>), Vec<Problem>> {
    let mut problems = Vec::new();
    let status = status.unwrap_or_else(|| DEFAULT_STATUS.to_owned());
    if status.trim().is_empty()
        || status.chars().count() > MAX_STATUS
        || status.chars().any(char::is_control)
    {
        let detail = format!(
            "`status` is the shop's own word, 1 to {MAX_STATUS} characters without control \
             characters, such as `awaiting_payment` or `paid`."
        );
        problems.push(Problem::at("/status", detail));
    }
    problems.extend(buyer.problems(PartyRole::Buyer));
    problems.extend(seller.problems(PartyRole::Seller));
    for (index, contact) in seller.contacts.iter().enumerate() {
        let shared = contact
            .matrix
            .as_ref()
            .filter(|user| buyer.contacts.iter().any(|other| other.matrix.as_ref() == Some(*user)));
        if let Some(user) = shared {
            let detail = format!(
                "{user} is a contact of the buyer too. Nobody can be both sides of one invoice: \
                 list the account on one side."
            );
            problems.push(Problem::at(format!("/seller/contacts/{index}/matrix"), detail));
        }
    }
    match settle(invoice) {
        Ok(Settled { invoice, warnings }) if problems.is_empty() => {
            let warnings = warnings.into_iter().map(|warning| warning.under("/invoice")).collect();
            Ok((Terms { status, invoice, buyer, seller, redactions: None }, warnings))
        }
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more.into_iter().map(|problem| problem.under("/invoice")));
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::sample_submission;

    fn accepted(id: &str) -> Result<String, Vec<Problem>> {
        let submission = Submission { external_id: id.to_owned(), ..sample_submission() };
        submission.accept().map(|accepted| accepted.external_id)
    }

    #[test]
    fn the_same_letters_are_the_same_id_however_they_were_typed() {
        assert_eq!(accepted("Bestellung Bu\u{308}cher").unwrap(), "Bestellung B\u{fc}cher");
        assert_eq!(accepted("B\u{fc}cher").unwrap(), "B\u{fc}cher");
    }

    #[test]
    fn an_id_has_nothing_that_nobody_sees() {
        for odd in [" a", "a ", "a\u{a0}", "a\u{200b}", "a\u{202e}b", "a\nb", "\u{feff}a", ""] {
            let problems = accepted(odd).unwrap_err();
            assert!(problems.iter().all(|it| it.pointer == "/external_id"), "{odd:?}");
        }
        assert_eq!(accepted("order 7/\u{5e9}").unwrap(), "order 7/\u{5e9}");
    }
}
