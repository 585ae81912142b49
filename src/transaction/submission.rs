//! What a shop hands in, and what it takes to accept it.

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Party, PartyRole, Terms};
use crate::invoice::{Invoice, InvoiceInput, PartyDetails, Problem, Settled, settle};
use crate::record::RedactionPolicy;

/// Longest external id, in bytes.
const MAX_EXTERNAL_ID: usize = 255;
/// Longest status, in characters.
const MAX_STATUS: usize = 40;
/// Most bytes, as JSON, of what has to stand in one event, which has 65,536 in all (Client-Server
/// API, "Size limits"): the rest is for what stands around it.
const MAX_WITHOUT_LINES: usize = 58 * 1024;
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
        Ok(Settled { mut invoice, warnings }) if problems.is_empty() => {
            if let Some(problem) = too_long(&mut invoice, [&buyer, &seller]) {
                return Err(vec![problem]);
            }
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

/// Whether what cannot be told in several events of the room is too long for one: everything but
/// the lines.
fn too_long(invoice: &mut Invoice, parties: [&Party; 2]) -> Option<Problem> {
    fn length(value: &impl Serialize) -> usize {
        serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
    }
    let lines = std::mem::take(&mut invoice.lines);
    let of_invoice = length(invoice);
    invoice.lines = lines;
    let of_parties = parties.map(|it| length(&(&it.name, &it.vat_id, &it.address)));
    let bytes = of_parties.into_iter().fold(of_invoice, usize::saturating_add);
    (bytes > MAX_WITHOUT_LINES).then(|| {
        let detail = format!(
            "The invoice without its lines, and the parties' names and addresses, have {bytes} \
             bytes as JSON; at most {MAX_WITHOUT_LINES} fit into a room. Shorten the notes, \
             payment terms, reasons or addresses, or give fewer allowances, charges or accounts."
        );
        Problem::at("/invoice", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::Address;
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
    #[test]
    fn what_does_not_fit_into_a_room_is_refused() {
        let noted = |notes: usize, characters: usize| {
            let mut submission = sample_submission();
            submission.invoice.notes = vec!["é".repeat(characters); notes];
            submission.accept().map(drop)
        };
        assert!(noted(1, 20_000).is_ok());
        let problems = noted(2, 20_000).unwrap_err();
        assert!(
            problems[0].pointer == "/invoice" && problems[0].detail.contains("fit into a room")
        );
        let mut submission = sample_submission();
        let address = Address { lines: vec!["x".repeat(60_000)], ..Address::default() };
        submission.seller.address = Some(address);
        assert!(submission.accept().is_err());
        // Lines have events of their own.
        let mut submission = sample_submission();
        submission.invoice.lines[0].description = "x".repeat(4_000);
        submission.invoice.lines = vec![submission.invoice.lines[0].clone(); 50];
        assert!(submission.accept().is_ok());
    }
}
