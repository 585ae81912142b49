//! The acts on a record, beside what was said in it: revisions that the shop submitted, files that
//! were kept or that expired, content that was erased, restores that were noticed. The hash of each
//! act covers the act before it, so that none can be changed, removed or added later unnoticed.
//!
//! `hash` = SHA-256(canonical JSON of `{"previous": hash of the act before, "version": 1}` and the
//! fields of [`Act`]). `content` = SHA-256(salt ‖ U+0000 ‖ canonical JSON of what the act is about);
//! the salt is deleted when that content has to be erased.

mod named;

pub use named::{NamedFile, NamedFiles};

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::{canonical, canonical_digest, content_digest};
use super::entry::Erased;
use super::fault::{Fault, Place};

/// The version of the format.
const VERSION: i64 = 1;
/// The reason of an erasure because of a redaction in the room.
pub const REDACTED: &str = "redacted";
/// The beginning of the reason of an erasure that a person requested outside the room.
pub const FORGOTTEN: &str = "forgotten";

/// The kind of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// The shop submitted a revision of the transaction. The content is a [`RevisionContent`].
    Revision,
    /// A file was kept. The content is a [`FileContent`].
    File,
    /// A file was deleted because its retention period ended.
    Expiry,
    /// The content of an entry was erased.
    Erasure,
    /// An entry holds a signed head that does not fit this record: the database was restored from an
    /// older backup.
    Restore,
    /// The shop handed in a payment. The content is a [`PaymentContent`].
    Payment,
    /// The shop took back a payment.
    PaymentTakenBack,
}

impl ActKind {
    const ALL: [Self; 7] = [
        Self::Revision,
        Self::File,
        Self::Expiry,
        Self::Erasure,
        Self::Restore,
        Self::Payment,
        Self::PaymentTakenBack,
    ];

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::File => "file",
            Self::Expiry => "expiry",
            Self::Erasure => "erasure",
            Self::Restore => "restore",
            Self::Payment => "payment",
            Self::PaymentTakenBack => "payment_taken_back",
        }
    }

    /// Returns the kind with this name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An act: who did what to what, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// ULID of the transaction.
    pub transaction: String,
    /// The number of the act. It counts from 1 within the transaction, without gaps.
    pub number: i64,
    /// The time of the act, in milliseconds since 1970.
    pub at: i64,
    /// What was done.
    pub kind: ActKind,
    /// What it was done to: the number of the revision, the source of the file, the seq of the
    /// entry, or the id of the payment.
    pub subject: String,
    /// Who did it: the shop, the event id of the redaction, or the person who ran the command; empty
    /// for Tallyroom itself.
    pub actor: String,
    /// Why it was done; empty if the kind says enough.
    pub reason: String,
    /// Whether it was done before acts were recorded. Then nothing is proven about the time before.
    pub adopted: bool,
    /// The SHA-256, in hex, of salt and content; empty if the act has no content.
    pub content: String,
}

/// An act with everything that is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActEvidence {
    /// The act.
    #[serde(flatten)]
    pub act: Act,
    /// The hash of the act; see [`act_link`].
    pub hash: String,
    /// The salt of the content; none if the act has no content, or if that was erased.
    pub salt: Option<String>,
}

/// The content of an act about a revision: everything that the shop submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevisionContent {
    /// The number of the revision, which counts from 1.
    pub revision: i64,
    /// The name of the shop.
    pub shop: String,
    /// The shop's own id of the transaction.
    pub external_id: String,
    /// The status of the transaction, as the shop names it.
    pub status: String,
    /// The time of submission, in milliseconds since 1970.
    pub created_at: i64,
    /// What happens to redacted content; none if the configuration decides.
    pub redactions: Option<String>,
    /// The language of what the bot writes in the room; none if it is that of the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The media type of the file with the invoice, if it was submitted as a file.
    pub original_type: Option<String>,
    /// The SHA-256, in hex, of that file.
    pub original_sha256: Option<String>,
    /// The invoice.
    pub invoice: Value,
    /// The buyer.
    pub buyer: Value,
    /// The seller.
    pub seller: Value,
}

/// The content of an act about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileContent {
    /// The SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// The size in bytes.
    pub size: i64,
    /// The media type according to the first bytes.
    pub media_type: Option<String>,
}

/// The content of an act about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentContent {
    /// The id of the payment, a ULID.
    pub payment: String,
    /// The amount, a decimal number.
    pub amount: String,
    /// The currency (ISO 4217).
    pub currency: String,
    /// The day on which it was paid (ISO 8601).
    pub date: String,
    /// What the shop or its bank knows it by.
    pub reference: Option<String>,
    /// The time at which it was handed in, in milliseconds since 1970.
    pub created_at: i64,
}

/// A payment, and whether it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentEvidence {
    /// What was handed in.
    #[serde(flatten)]
    pub content: PaymentContent,
    /// When it was taken back, in milliseconds since 1970. `None` means that it counts.
    pub taken_back_at: Option<i64>,
}

/// What is known about a file that a record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvidence {
    /// The source of the file; see [`super::Attachment::source`].
    pub source: String,
    /// Whether the file is kept, according to its row or to the bundle's list.
    pub is_kept: bool,
    /// The digest, size and type of the file, if it is or was kept.
    pub content: Option<FileContent>,
    /// The time at which it was kept, in milliseconds since 1970.
    pub stored_at: Option<i64>,
    /// The times of receipt of the first and the last entry that name it, in milliseconds since 1970.
    pub named_at: (i64, i64),
    /// The SHA-256, in hex, of the bytes that were found; none if there are none.
    pub found: Option<String>,
}

#[derive(Serialize)]
struct Link<'a> {
    version: i64,
    previous: &'a str,
    #[serde(flatten)]
    act: &'a Act,
}

/// Returns the hash of the act that follows the act with the hash `previous`.
pub fn act_link(previous: &str, act: &Act) -> String {
    canonical_digest(&Link { version: VERSION, previous, act })
}

/// Returns the digest of the content of an act.
pub fn act_content<T: Serialize>(salt: &str, content: &T) -> String {
    content_digest(salt, &canonical(content))
}

/// The digest of content, as an act states it.
#[derive(Clone, Debug)]
struct Noted {
    at: i64,
    content: String,
    salt: Option<String>,
}

impl Noted {
    fn is<T: Serialize>(&self, content: &T) -> bool {
        self.salt.as_ref().is_some_and(|salt| act_content(salt, content) == self.content)
    }
}

#[derive(Clone, Debug)]
struct Erasure {
    actor: String,
    reason: String,
}

/// Checks the acts of a record, one after another, and then checks revisions, files and erasures
/// against them.
#[derive(Clone, Debug)]
pub struct Acts {
    transaction: String,
    /// The hash of each act, by the act's number less one.
    hashes: Vec<String>,
    revisions: BTreeMap<i64, Noted>,
    files: HashMap<String, Noted>,
    erasures: HashMap<i64, Erasure>,
    restores: HashSet<i64>,
    payments: BTreeMap<String, Noted>,
    /// The payments that were taken back.
    taken_back: HashSet<String>,
    adopted: usize,
}

impl Acts {
    /// Returns a checker at the beginning of the acts of this transaction.
    pub fn new(transaction: &str) -> Self {
        Self {
            transaction: transaction.to_owned(),
            hashes: Vec::new(),
            revisions: BTreeMap::new(),
            files: HashMap::new(),
            erasures: HashMap::new(),
            restores: HashSet::new(),
            payments: BTreeMap::new(),
            taken_back: HashSet::new(),
            adopted: 0,
        }
    }

    /// The number of the last act; 0 if there is none.
    pub fn last(&self) -> i64 {
        i64::try_from(self.hashes.len()).unwrap_or(i64::MAX)
    }

    /// The hash of the act with this number; empty for 0, none if there is no such act.
    pub fn hash_at(&self, number: i64) -> Option<&str> {
        match number {
            0 => Some(""),
            number => {
                let index = usize::try_from(number.checked_sub(1)?).ok()?;
                self.hashes.get(index).map(String::as_str)
            }
        }
    }

    /// The number of acts that were done before acts were recorded.
    pub fn adopted(&self) -> usize {
        self.adopted
    }

    /// Returns whether an act says that the signed head in this entry was lost by a restore.
    pub fn is_lost_head(&self, seq: i64) -> bool {
        self.restores.contains(&seq)
    }

    /// Checks the next act.
    ///
    /// # Errors
    /// The first thing about the act that does not fit.
    pub fn check(&mut self, evidence: &ActEvidence) -> Result<(), Fault> {
        let ActEvidence { act, hash, salt } = evidence;
        let expected = self.last() + 1;
        let fault = |what: &str| Err(Fault::at(Place::Act(expected), what));
        if act.number != expected {
            return fault(&format!("is missing; act {} follows", act.number));
        }
        if act.transaction != self.transaction {
            return fault("belongs to another transaction");
        }
        let previous = self.hashes.last().map(String::as_str).unwrap_or_default();
        if act_link(previous, act) != *hash {
            return fault("does not match its hash: it, or its place in the chain, was changed");
        }
        self.hashes.push(hash.clone());
        self.adopted += usize::from(act.adopted);
        let noted = Noted { at: act.at, content: act.content.clone(), salt: salt.clone() };
        let number = || {
            let unreadable = |_| Fault::at(Place::Act(expected), "has a subject that is no number");
            act.subject.parse::<i64>().map_err(unreadable)
        };
        match act.kind {
            // Each revision and file has one act: a second one would replace what the first one says.
            ActKind::Revision => {
                let (number, last) = (number()?, self.revisions.keys().next_back().copied());
                if number != last.unwrap_or_default() + 1 {
                    return fault("is about a revision that does not follow the one before it");
                }
                self.revisions.insert(number, noted);
            }
            ActKind::File => {
                let known = self.files.insert(act.subject.clone(), noted);
                if known.is_some_and(|known| known.salt.is_some()) {
                    return fault("is about a file that was already kept");
                }
            }
            ActKind::Expiry => drop(self.files.remove(&act.subject)),
            ActKind::Erasure => {
                let (actor, reason) = (act.actor.clone(), act.reason.clone());
                self.erasures.insert(number()?, Erasure { actor, reason });
            }
            ActKind::Restore => drop(self.restores.insert(number()?)),
            ActKind::Payment => {
                if self.payments.insert(act.subject.clone(), noted).is_some() {
                    return fault("is about a payment that was already handed in");
                }
            }
            ActKind::PaymentTakenBack => {
                if !self.taken_back.insert(act.subject.clone()) {
                    return fault("is about a payment that was already taken back");
                }
            }
        }
        Ok(())
    }

    /// Checks the next revision of the transaction, which should have this number.
    ///
    /// # Errors
    /// If the revision is not what the shop submitted.
    pub fn check_revision(&self, number: i64, content: &RevisionContent) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::at(Place::Revision(number), what));
        if content.revision != number {
            return fault("is missing");
        }
        match self.revisions.get(&number) {
            None => fault("was added by somebody: no act says that the shop submitted it"),
            Some(noted) if !noted.is(content) => fault(
                "is not what the shop submitted: its status, invoice, parties, contacts, file or time \
                 was changed",
            ),
            Some(_) => Ok(()),
        }
    }

    /// Checks that this was the last revision.
    ///
    /// # Errors
    /// If the shop submitted another one after it.
    pub fn check_last_revision(&self, number: i64) -> Result<(), Fault> {
        match self.revisions.keys().next_back() {
            Some(last) if *last > number => {
                Err(Fault::at(Place::Revision(number + 1), "is missing"))
            }
            _ => Ok(()),
        }
    }

    /// Checks all payments of the transaction.
    ///
    /// # Errors
    /// The first thing about them that does not fit.
    pub fn check_payments(&self, payments: &[PaymentEvidence]) -> Result<(), Fault> {
        let mut missing: HashSet<&String> = self.payments.keys().collect();
        for PaymentEvidence { content, taken_back_at } in payments {
            let fault = |what: &str| Err(Fault::at(Place::Payment(content.payment.clone()), what));
            let Some(noted) = self.payments.get(&content.payment) else {
                return fault("was added by somebody: no act says that the shop handed it in");
            };
            if !missing.remove(&content.payment) {
                return fault("is there twice");
            }
            if !noted.is(content) {
                return fault("is not what the shop handed in: it was changed");
            }
            if taken_back_at.is_some() != self.taken_back.contains(&content.payment) {
                return fault("was taken back, or counts again, and no act says so");
            }
        }
        match missing.into_iter().min() {
            Some(payment) => Err(Fault::at(Place::Payment(payment.clone()), "is missing")),
            None => Ok(()),
        }
    }

    /// Returns the sources of the files that should be kept according to the acts.
    pub fn kept_files(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .filter(|(_, noted)| noted.salt.is_some())
            .map(|(source, _)| source.as_str())
    }

    /// Checks a file that the record names. Returns false if no act says yet that it was kept, and it
    /// was kept or named at `linked_from` or later.
    ///
    /// # Errors
    /// The first thing about the file that does not fit.
    pub fn check_file(&self, file: &FileEvidence, linked_from: i64) -> Result<bool, Fault> {
        let fault = |what: &str| Err(Fault::at(Place::File(file.source.clone()), what));
        let noted = self.files.get(&file.source);
        // The salt is deleted as soon as no entry names the file any more.
        if noted.is_some_and(|noted| noted.salt.is_none() && file.named_at.0 <= noted.at) {
            return fault("has lost the salt of its act, although an older entry still names it");
        }
        let noted = noted.filter(|noted| noted.salt.is_some());
        let content = match (&file.content, file.is_kept) {
            (Some(content), true) => content,
            _ if noted.is_some() => {
                return fault("was kept and is now missing, and no act says why");
            }
            _ => return Ok(true),
        };
        match &file.found {
            None => return fault("is kept, but its bytes are not there"),
            Some(found) if *found != content.sha256 => {
                return fault("is not what was kept: its bytes were changed");
            }
            Some(_) => {}
        }
        match noted {
            Some(noted) if noted.is(content) => Ok(true),
            Some(_) => fault("is not what was kept: its digest, size or type was changed"),
            None if file.stored_at.is_some_and(|at| at.max(file.named_at.1) >= linked_from) => {
                Ok(false)
            }
            None => fault(
                "was put here by somebody, or Tallyroom has not run since: no act says that it was kept",
            ),
        }
    }

    /// Checks that the content of an entry is erased exactly if an act says so.
    pub(super) fn check_erasure(&self, seq: i64, erased: Option<&Erased>) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::at(Place::Entry(seq), what));
        match (erased, self.erasures.get(&seq)) {
            (None, None) => Ok(()),
            (None, Some(_)) => fault("was erased, but has content again"),
            (Some(_), None) => {
                fault("its content is gone, and no act says who erased it, when and why")
            }
            (Some(Erased::Redacted(by)), Some(erasure))
                if erasure.reason == REDACTED && erasure.actor == *by =>
            {
                Ok(())
            }
            (Some(Erased::Forgotten), Some(erasure)) if erasure.reason.starts_with(FORGOTTEN) => {
                Ok(())
            }
            (Some(_), Some(_)) => {
                fault("its content was erased for another reason than the one that it states")
            }
        }
    }
}

#[cfg(test)]
mod tests;
