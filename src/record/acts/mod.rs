//! What was done to a record beside what was said in it: revisions that the shop handed in, files
//! that were kept and expired, content that was erased, restores that were noticed. Each act commits
//! to the one before it, so that none can be changed, removed or added later without a trace.
//!
//! `hash` = SHA-256(canonical JSON of `{"previous": hash of the act before, "version": 1}` and the
//! fields of [`Act`]). `content` = SHA-256(salt ‖ U+0000 ‖ canonical JSON of what the act is about);
//! the salt goes when that has to be forgotten.

mod named;

pub use named::{NamedFile, NamedFiles};

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::{canonical, canonical_digest, content_digest};
use super::entry::Erased;
use super::fault::{Fault, Place};

/// Version of the format.
const VERSION: i64 = 1;
/// Reason of an erasure that a redaction in the room asked for.
pub const REDACTED: &str = "redacted";
/// Reason of an erasure that somebody asked for outside the room; more words may follow.
pub const FORGOTTEN: &str = "forgotten";

/// What kind of thing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// The shop said something new of the transaction; its content is a [`RevisionContent`].
    Revision,
    /// A file was kept; its content is a [`FileContent`].
    File,
    /// A file was deleted because its time was over.
    Expiry,
    /// The content of an entry was erased.
    Erasure,
    /// An entry holds a signed head that is none of this record as it stands: the database was
    /// restored from a backup made before.
    Restore,
}

impl ActKind {
    const ALL: [Self; 5] = [Self::Revision, Self::File, Self::Expiry, Self::Erasure, Self::Restore];

    /// As written in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::File => "file",
            Self::Expiry => "expiry",
            Self::Erasure => "erasure",
            Self::Restore => "restore",
        }
    }

    /// From the database.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One act: who did what to what, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// ULID of the transaction.
    pub transaction: String,
    /// Counts from 1 within the transaction, without gaps.
    pub number: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// What was done.
    pub kind: ActKind,
    /// To what: the number of the revision, the source of the file, the seq of the entry.
    pub subject: String,
    /// Who did it: the shop, the event id of the redaction, whoever ran the command; empty if that
    /// is Tallyroom itself.
    pub actor: String,
    /// Why; empty if that needs no words.
    pub reason: String,
    /// It was found done when acts began to be kept: nothing is proven of the time before.
    pub adopted: bool,
    /// SHA-256, hex, over salt and content; empty if it has none.
    pub content: String,
}

/// An act with everything that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActEvidence {
    /// The act.
    #[serde(flatten)]
    pub act: Act,
    /// Of the act; see [`act_link`].
    pub hash: String,
    /// None if the act has no content, or once that was forgotten.
    pub salt: Option<String>,
}

/// What a revision's act holds fast: all that the shop said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevisionContent {
    /// Counts from 1.
    pub revision: i64,
    /// Whose transaction it is.
    pub shop: String,
    /// The shop's own id of the transaction.
    pub external_id: String,
    /// The shop's word for where the transaction stands.
    pub status: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// What becomes of redacted content; none: as the config says.
    pub redactions: Option<String>,
    /// Media type of the file that the invoice came in, if it was one.
    pub original_type: Option<String>,
    /// SHA-256, hex, of that file.
    pub original_sha256: Option<String>,
    /// The invoice.
    pub invoice: Value,
    /// The buyer.
    pub buyer: Value,
    /// The seller.
    pub seller: Value,
}

/// What a file's act holds fast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileContent {
    /// Of its bytes, hex.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// As its first bytes say.
    pub media_type: Option<String>,
}

/// What is known of a file that a record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvidence {
    /// Which file it is; see [`super::Attachment::source`].
    pub source: String,
    /// Whether it is kept, by its row or by the bundle's list.
    pub is_kept: bool,
    /// What it is, if it is or was kept.
    pub content: Option<FileContent>,
    /// When it was kept, milliseconds since 1970.
    pub stored_at: Option<i64>,
    /// When the first and the last entry came that name it, milliseconds since 1970.
    pub named_at: (i64, i64),
    /// SHA-256, hex, of the bytes that are there; none if they are not.
    pub found: Option<String>,
}

#[derive(Serialize)]
struct Link<'a> {
    version: i64,
    previous: &'a str,
    #[serde(flatten)]
    act: &'a Act,
}

/// The hash of the act that follows the one with the hash `previous`.
pub fn act_link(previous: &str, act: &Act) -> String {
    canonical_digest(&Link { version: VERSION, previous, act })
}

/// The digest of what an act is about.
pub fn act_content<T: Serialize>(salt: &str, content: &T) -> String {
    content_digest(salt, &canonical(content))
}

/// Content that an act committed to.
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

/// The acts of a record, checked one after the other, and what follows from them.
#[derive(Clone, Debug)]
pub struct Acts {
    transaction: String,
    /// Of each act, by its number less one.
    hashes: Vec<String>,
    revisions: BTreeMap<i64, Noted>,
    files: HashMap<String, Noted>,
    erasures: HashMap<i64, Erasure>,
    restores: HashSet<i64>,
    adopted: usize,
}

impl Acts {
    /// None yet, of this transaction.
    pub fn new(transaction: &str) -> Self {
        Self {
            transaction: transaction.to_owned(),
            hashes: Vec::new(),
            revisions: BTreeMap::new(),
            files: HashMap::new(),
            erasures: HashMap::new(),
            restores: HashSet::new(),
            adopted: 0,
        }
    }

    /// Number of the last act; 0 if there is none.
    pub fn last(&self) -> i64 {
        i64::try_from(self.hashes.len()).unwrap_or(i64::MAX)
    }

    /// Hash of the act with this number; empty for 0, none if there is no such act.
    pub fn hash_at(&self, number: i64) -> Option<&str> {
        match number {
            0 => Some(""),
            number => {
                let index = usize::try_from(number.checked_sub(1)?).ok()?;
                self.hashes.get(index).map(String::as_str)
            }
        }
    }

    /// How many were found done when acts began to be kept.
    pub fn adopted(&self) -> usize {
        self.adopted
    }

    /// Whether it was noted that the signed head in this entry was lost by a restore.
    pub fn is_lost_head(&self, seq: i64) -> bool {
        self.restores.contains(&seq)
    }

    /// Checks the next act.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&mut self, evidence: &ActEvidence) -> Result<(), Fault> {
        let ActEvidence { act, hash, salt } = evidence;
        let expected = self.last() + 1;
        let fault = |what: String| Err(Fault::at(Place::Act(expected), what));
        if act.number != expected {
            return fault(format!("is missing; act {} follows", act.number));
        }
        if act.transaction != self.transaction {
            return fault("belongs to another transaction".to_owned());
        }
        let previous = self.hashes.last().map(String::as_str).unwrap_or_default();
        if act_link(previous, act) != *hash {
            return fault("does not match its hash: it, or its place, was changed".to_owned());
        }
        self.hashes.push(hash.clone());
        self.adopted += usize::from(act.adopted);
        let noted = Noted { at: act.at, content: act.content.clone(), salt: salt.clone() };
        let number = || {
            let unreadable = |_| Fault::at(Place::Act(expected), "names nothing that can be");
            act.subject.parse::<i64>().map_err(unreadable)
        };
        match act.kind {
            // Each of them once: a second one would take the place of what was said before.
            ActKind::Revision => {
                let (number, last) = (number()?, self.revisions.keys().next_back().copied());
                if number != last.unwrap_or_default() + 1 {
                    return Err(Fault::at(
                        Place::Act(expected),
                        "tells of a revision whose turn it is not",
                    ));
                }
                self.revisions.insert(number, noted);
            }
            ActKind::File => {
                let known = self.files.insert(act.subject.clone(), noted);
                if known.is_some_and(|known| known.salt.is_some()) {
                    let what = "tells of a file that was kept already";
                    return Err(Fault::at(Place::Act(expected), what));
                }
            }
            ActKind::Expiry => drop(self.files.remove(&act.subject)),
            ActKind::Erasure => {
                let (actor, reason) = (act.actor.clone(), act.reason.clone());
                self.erasures.insert(number()?, Erasure { actor, reason });
            }
            ActKind::Restore => drop(self.restores.insert(number()?)),
        }
        Ok(())
    }

    /// Checks the next revision of the transaction, which should have this number.
    ///
    /// # Errors
    /// When it is not what was handed in.
    pub fn check_revision(&self, number: i64, content: &RevisionContent) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::at(Place::Revision(number), what));
        if content.revision != number {
            return fault("is missing");
        }
        match self.revisions.get(&number) {
            None => fault("was added by somebody: no act tells that it was handed in"),
            Some(noted) if !noted.is(content) => fault(
                "is not what the shop handed in: its status, invoice, parties, contacts, file or \
                 time was changed",
            ),
            Some(_) => Ok(()),
        }
    }

    /// Checks that this was the last revision.
    ///
    /// # Errors
    /// When one was handed in after it.
    pub fn check_last_revision(&self, number: i64) -> Result<(), Fault> {
        match self.revisions.keys().next_back() {
            Some(last) if *last > number => {
                Err(Fault::at(Place::Revision(number + 1), "is missing"))
            }
            _ => Ok(()),
        }
    }

    /// Sources of the files that should be here, by the acts.
    pub fn kept_files(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .filter(|(_, noted)| noted.salt.is_some())
            .map(|(source, _)| source.as_str())
    }

    /// Checks a file that the record names; false if it was kept or named at `linked_from` or
    /// later and no act tells of it yet.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check_file(&self, file: &FileEvidence, linked_from: i64) -> Result<bool, Fault> {
        let fault = |what: &str| Err(Fault::at(Place::File(file.source.clone()), what));
        let noted = self.files.get(&file.source);
        // The salt goes once nothing of the record names the file any more.
        if noted.is_some_and(|noted| noted.salt.is_none() && file.named_at.0 <= noted.at) {
            return fault(
                "has lost the salt of its act, though an entry from before still names it",
            );
        }
        let noted = noted.filter(|noted| noted.salt.is_some());
        let content = match (&file.content, file.is_kept) {
            (Some(content), true) => content,
            _ if noted.is_some() => {
                return fault("was kept, and is said not to be here, without a reason");
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
                "was put here by somebody, or Tallyroom has not run since: no act tells that it was \
                 kept",
            ),
        }
    }

    /// Checks whether the content of an entry is there or gone as the acts say.
    pub(super) fn check_erasure(&self, seq: i64, erased: Option<&Erased>) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::at(Place::Entry(seq), what));
        match (erased, self.erasures.get(&seq)) {
            (None, None) => Ok(()),
            (None, Some(_)) => fault("was erased, but has content again"),
            (Some(_), None) => {
                fault("its content is gone, and no act tells who erased it, when and why")
            }
            (Some(Erased::Redacted(by)), Some(erasure))
                if erasure.reason == REDACTED && erasure.actor == *by =>
            {
                Ok(())
            }
            (Some(Erased::Forgotten), Some(erasure)) if erasure.reason.starts_with(FORGOTTEN) => {
                Ok(())
            }
            (Some(_), Some(_)) => fault("its content was not erased for the reason that it names"),
        }
    }
}

#[cfg(test)]
mod tests;
