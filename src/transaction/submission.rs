//! The submission of a transaction, and the checks before it is accepted.

use std::collections::HashSet;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::read_file::ReadFile;
use super::{Party, PartyRole, Terms};
use crate::invoice::{
    Form, Invoice, InvoiceInput, Limits, PartyDetails, Problem, Settled, Strictness, listed,
    settle_within,
};
use crate::language::LanguageTag;
use crate::record::RedactionPolicy;

/// The greatest length of an external id, in bytes.
const MAX_EXTERNAL_ID_BYTES: usize = 255;
/// The greatest length of a status, in characters.
const MAX_STATUS_CHARS: usize = 40;
/// The greatest size as JSON of the content that must fit into one event, in bytes. An event may have
/// 65,536 bytes (Client-Server API, "Size limits"), and the rest is left for its other fields. Matrix sets it, so it
/// is no key of the config.
const MAX_BYTES_OF_EVENT: usize = 58 * 1024;
/// The status of a transaction whose shop named none.
const DEFAULT_STATUS: &str = "open";

/// A transaction as the shop submits it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The shop's own id.
    pub external_id: String,
    /// The status in the shop's own terms. If it is left out, it is `open`.
    #[serde(default)]
    pub status: Option<String>,
    /// The invoice. Totals and VAT breakdown may be left out.
    pub invoice: InvoiceInput,
    /// The party that owes the amount.
    pub buyer: Party,
    /// The party to which the amount is owed.
    pub seller: Party,
    /// Whether redacted content is kept or erased. If it is left out, the config decides.
    #[serde(default)]
    pub redactions: Option<RedactionPolicy>,
    /// The language of what the bot writes in the room. If it is left out, it is that of the shop.
    #[serde(default)]
    pub language: Option<LanguageTag>,
    /// The file in which the invoice came, if it did not come as JSON.
    #[serde(skip)]
    pub file: Option<ReadFile>,
    /// The limits within which it is accepted.
    #[serde(skip)]
    pub limits: Limits,
}

/// A submission that passed all checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The shop's own id, normalised to NFC.
    pub external_id: String,
    /// The content of the first revision.
    pub terms: Terms,
    /// The problems that are no reason to refuse it.
    pub warnings: Vec<Problem>,
}

impl Accepted {
    /// Returns the same, unless it breaks a rule and such an invoice is refused.
    ///
    /// # Errors
    /// The fatal findings.
    pub fn judged(self, strictness: Strictness) -> Result<Self, Vec<Problem>> {
        let warnings = strictness.judge(self.warnings)?;
        Ok(Self { warnings, ..self })
    }
}

impl Submission {
    /// Checks the submission and computes the amounts that were left out.
    ///
    /// # Errors
    /// All problems, each with a JSON pointer into the submission.
    pub fn accept(self) -> Result<Accepted, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.external_id.is_empty() || self.external_id.len() > MAX_EXTERNAL_ID_BYTES {
            let detail = format!("`external_id` must have 1 to {MAX_EXTERNAL_ID_BYTES} bytes.");
            problems.push(Problem::at("/external_id", detail));
        }
        let external_id = external_id(&self.external_id);
        if external_id.chars().any(is_invisible) {
            let detail = "`external_id` contains an invisible character, such as a control \
                          character or one that changes the direction of the text; remove it.";
            problems.push(Problem::at("/external_id", detail));
        }
        if external_id.trim() != external_id {
            let detail = "`external_id` begins or ends with white space; remove it.";
            problems.push(Problem::at("/external_id", detail));
        }
        let settled = match self.file {
            Some(file) => file.settle(self.invoice, &self.limits),
            None => settle_within(self.invoice, Form::Json, &self.limits),
        };
        let settled = under_invoice(settled);
        let (buyer, seller) = ((self.buyer, &self.limits), (self.seller, &self.limits));
        match accept_terms(self.status, settled, buyer, seller) {
            Ok((mut terms, warnings)) if problems.is_empty() => {
                check_length(&mut terms)?;
                let (redactions, language) = (self.redactions, self.language);
                let terms = Terms { redactions, language, ..terms };
                Ok(Accepted { external_id, terms, warnings })
            }
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }

    /// Completes the parties with the details from the XML invoice that the shop left out.
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

/// Normalises a shop's own id to Unicode's canonical composition (NFC), the form in which ids are
/// stored and compared, so that the same letters are the same id however they were typed.
pub fn external_id(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Whether a character is invisible, or changes how the text around it is shown. Otherwise two ids
/// that look the same could belong to two transactions.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl Terms {
    /// The SHA-256 of the terms in a canonical form. Equal content has an equal hash, whatever the
    /// order of keys, the white space or the notation of amounts in the submission.
    pub fn content_hash(&self) -> String {
        let invoice = InvoiceInput::from(self.invoice.clone()).in_canonical_form();
        let has_lines = !invoice.lines.is_empty();
        // The map of serde_json sorts its keys, so a conversion to `Value` gives a canonical form.
        let canonical = serde_json::to_value(self).and_then(|mut terms| {
            terms["invoice"] = serde_json::to_value(invoice)?;
            if !has_lines {
                // The hashes in the database were computed with an empty list.
                terms["invoice"]["lines"] = Value::Array(Vec::new());
            }
            Ok(terms.to_string())
        });
        format!("{:x}", Sha256::digest(canonical.unwrap_or_default()))
    }
}

/// Checks the terms of a new or a changed transaction. Returns them with the warnings about them. Pointers of
/// what was settled are those from the submission or patch.
pub(super) fn accept_terms(
    status: Option<String>,
    settled: Result<Settled, Vec<Problem>>,
    (buyer, limits_of_buyer): (Party, &Limits),
    (seller, limits_of_seller): (Party, &Limits),
) -> Result<(Terms, Vec<Problem>), Vec<Problem>> {
    let mut problems = Vec::new();
    let status = status.unwrap_or_else(|| DEFAULT_STATUS.to_owned());
    if status.trim().is_empty()
        || status.chars().count() > MAX_STATUS_CHARS
        || status.chars().any(char::is_control)
    {
        let detail = format!(
            "`status` must have 1 to {MAX_STATUS_CHARS} characters and no control characters, for \
             example `awaiting_payment` or `paid`."
        );
        problems.push(Problem::at("/status", detail));
    }
    problems.extend(buyer.problems(PartyRole::Buyer, limits_of_buyer));
    problems.extend(seller.problems(PartyRole::Seller, limits_of_seller));
    let of_buyer: HashSet<_> = buyer.contacts.iter().filter_map(|it| it.matrix.as_ref()).collect();
    for (index, contact) in seller.contacts.iter().enumerate() {
        let shared = contact.matrix.as_ref().filter(|user| of_buyer.contains(user));
        if let Some(user) = shared {
            let detail = format!(
                "{user} is also a contact of the buyer. An account cannot be on both sides of one \
                 invoice: list it on one side."
            );
            problems.push(Problem::at(format!("/seller/contacts/{index}/matrix"), detail));
        }
    }
    match settled {
        Ok(Settled { invoice, warnings }) if problems.is_empty() => Ok((
            Terms { status, invoice, buyer, seller, redactions: None, language: None },
            warnings,
        )),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// Returns what is said of an invoice with pointers from the submission or patch that contains it, and not more
/// than is listed of one invoice.
pub(super) fn under_invoice(
    settled: Result<Settled, Vec<Problem>>,
) -> Result<Settled, Vec<Problem>> {
    let under =
        |all| listed(all).into_iter().map(|it| it.under("/invoice")).collect::<Vec<Problem>>();
    match settled {
        Ok(Settled { invoice, warnings }) => Ok(Settled { invoice, warnings: under(warnings) }),
        Err(problems) => Err(under(problems)),
    }
}

/// Checks that the terms without the lines of the invoice, and each of the lines, fit into one event. The lines can
/// be split over several events, but each of them needs one.
///
/// # Errors
/// What is too long.
pub(super) fn check_length(terms: &mut Terms) -> Result<(), Vec<Problem>> {
    let Terms { invoice, buyer, seller, .. } = terms;
    too_long(invoice, [buyer, seller]).map_or(Ok(()), |problem| Err(vec![problem]))
}

fn too_long(invoice: &mut Invoice, parties: [&Party; 2]) -> Option<Problem> {
    fn length(value: &impl Serialize) -> usize {
        serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
    }
    let lines = std::mem::take(&mut invoice.lines);
    let long = lines.iter().map(length).enumerate().find(|(_, it)| *it > MAX_BYTES_OF_EVENT);
    let of_invoice = length(invoice);
    invoice.lines = lines;
    if let Some((index, bytes)) = long {
        let detail = format!(
            "The line has {bytes} bytes as JSON, but at most {MAX_BYTES_OF_EVENT} bytes fit into an event of a room \
             (Matrix sets this limit). Shorten its texts, or give fewer attributes, allowances or charges."
        );
        return Some(Problem::at(format!("/invoice/lines/{index}"), detail));
    }
    let of_parties = parties.map(|it| length(&(&it.name, &it.vat_id, &it.address)));
    let bytes = of_parties.into_iter().fold(of_invoice, usize::saturating_add);
    (bytes > MAX_BYTES_OF_EVENT).then(|| {
        let detail = format!(
            "The invoice without its lines, and the parties' names and addresses, have {bytes} \
             bytes as JSON, but at most {MAX_BYTES_OF_EVENT} bytes fit into a room (Matrix sets this limit). Shorten \
             the notes, payment terms, reasons or addresses, or give fewer allowances, charges or \
             accounts."
        );
        Problem::at("/invoice", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{Address, Note};
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
    fn the_same_amounts_are_the_same_content_however_many_zeros_they_have() {
        let in_yen = |due: &str| {
            let mut submission = sample_submission();
            submission.invoice.currency = crate::invoice::Currency::parse("JPY").ok();
            let mut terms = submission.accept().unwrap().terms;
            terms.invoice.totals.due = due.parse().unwrap();
            terms.content_hash()
        };
        // An invoice in yen was stored with two decimals once, and is sent again.
        assert_eq!(in_yen("54.00"), in_yen("54"));
        assert_ne!(in_yen("54.00"), in_yen("54.5"));
    }

    #[test]
    fn what_does_not_fit_into_a_room_is_refused() {
        let noted = |notes: usize, characters: usize| {
            let mut submission = sample_submission();
            let note = Note { subject: None, text: "é".repeat(characters) };
            submission.invoice.notes = vec![note; notes];
            submission.accept().map(drop)
        };
        assert!(noted(1, 20_000).is_ok());
        let problems = noted(2, 20_000).unwrap_err();
        assert!(
            problems[0].pointer == "/invoice"
                && problems[0].detail.contains("bytes fit into a room")
        );
        let mut submission = sample_submission();
        let address = Address { lines: vec!["x".repeat(60_000)], ..Address::default() };
        submission.seller.address = Some(address);
        assert!(submission.accept().is_err());
        // Lines can be split over several events.
        let mut submission = sample_submission();
        submission.invoice.lines[0].description = Some("x".repeat(4_000));
        submission.invoice.lines = vec![submission.invoice.lines[0].clone(); 50];
        assert!(submission.accept().is_ok());
    }
}
