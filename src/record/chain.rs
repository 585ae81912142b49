//! The hash chain: each entry commits to the one before it, to what is fixed about it, and to a
//! digest of its content.
//!
//! `content` = SHA-256(salt ‖ U+0000 ‖ raw event). The salt is random and is erased together with
//! the raw event, so that nobody can find out erased words by guessing.
//!
//! `hash` = SHA-256(canonical JSON of `{"previous": hash of the entry before, "version": 1}` and
//! the fields of [`Fixed`]), with canonical JSON as in the Matrix specification ("Canonical
//! JSON"). The first entry's `previous` is empty. Content that is erased leaves the chain whole.

use std::collections::HashMap;

use ruma::canonical_json::to_canonical_value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::{Entry, Erased, Fixed, may_redact, read_at};
use super::{DERIVATION_VERSION, Derived, RelationKind, derive};

/// Version of the chain's format.
const VERSION: i64 = 1;

#[derive(Serialize)]
struct Link<'a> {
    version: i64,
    previous: &'a str,
    #[serde(flatten)]
    fixed: &'a Fixed,
}

/// SHA-256, hex, of a raw event and its salt.
pub fn content_digest(salt: &str, raw: &str) -> String {
    format!("{:x}", Sha256::new().chain_update(salt).chain_update([0]).chain_update(raw).finalize())
}

/// The hash of the entry with this fixed part that follows the entry with the hash `previous`.
pub fn link(previous: &str, fixed: &Fixed) -> String {
    let link = Link { version: VERSION, previous, fixed };
    // All numbers in it are times and counts, far below 2^53; see `derive` for sent_at.
    let canonical = to_canonical_value(&link).map(|value| value.to_string()).unwrap_or_default();
    format!("{:x}", Sha256::digest(canonical))
}

/// The last link of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Of the last entry; 0 if there is none.
    pub seq: i64,
    /// Of the last entry; empty if there is none.
    pub hash: String,
}

/// An entry with everything that proves it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// None once erased.
    pub salt: Option<String>,
    /// None once erased.
    pub raw: Option<String>,
    /// Version of the derivation that its derived part is from.
    pub derivation: i64,
    /// Which send of ours it is, as derived.
    pub marker: Option<String>,
}

/// Where a record fails, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {what}")]
pub struct Fault {
    /// The first entry that fails.
    pub seq: i64,
    /// In words.
    pub what: String,
}

impl Fault {
    fn at(seq: i64, what: impl Into<String>) -> Self {
        Self { seq, what: what.into() }
    }
}

/// What remains to be known at the end about an entry that was redacted or erased.
#[derive(Debug)]
struct Pending {
    seq: i64,
    event_id: String,
    sender: String,
    target: Option<String>,
    erased: Option<Erased>,
    redacted_by: Option<String>,
}

#[derive(Debug)]
struct Redaction {
    seq: i64,
    sender: String,
    party: String,
    target: String,
}

/// Goes along a chain, entry by entry in order of `seq`.
#[derive(Debug)]
pub struct Checker {
    transaction: String,
    head: Head,
    names: HashMap<String, (i64, Option<String>)>,
    /// Somebody's names can not be told any more, since content was erased.
    names_unknown: bool,
    redactions: HashMap<String, Redaction>,
    by_target: HashMap<String, Vec<String>>,
    pending: Vec<Pending>,
    erased: usize,
    outdated: Option<Outdated>,
}

/// Entries that another version of the derivation wrote, and that today's would write otherwise.
/// Whether somebody changed them since, only deriving them again can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// The first of them.
    pub first: i64,
    /// How many there are.
    pub count: usize,
}

impl Checker {
    /// At the beginning of the record of this transaction.
    pub fn new(transaction: &str) -> Self {
        Self {
            transaction: transaction.to_owned(),
            head: Head::default(),
            names: HashMap::new(),
            names_unknown: false,
            redactions: HashMap::new(),
            by_target: HashMap::new(),
            pending: Vec::new(),
            erased: 0,
            outdated: None,
        }
    }

    /// The last entry that was checked.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How many entries without content were seen.
    pub fn erased(&self) -> usize {
        self.erased
    }

    /// The entries seen that read otherwise than today's derivation says, as another version of
    /// it wrote them.
    pub fn outdated(&self) -> Option<Outdated> {
        self.outdated
    }

    /// Checks the next entry.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&mut self, evidence: &Evidence) -> Result<(), Fault> {
        let Evidence { entry, .. } = evidence;
        let fixed = &entry.fixed;
        let expected = self.head.seq + 1;
        if fixed.seq != expected {
            return Err(Fault::at(expected, format!("is missing; entry {} follows", fixed.seq)));
        }
        if fixed.transaction != self.transaction {
            return Err(Fault::at(expected, "belongs to another transaction"));
        }
        if link(&self.head.hash, fixed) != entry.hash {
            let what = "does not match its hash: what is fixed about it, or its place, was changed";
            return Err(Fault::at(expected, what));
        }
        if entry.read_at != read_at(fixed) {
            return Err(Fault::at(expected, "does not stand where its times put it"));
        }
        match (&entry.erased, &evidence.salt, &evidence.raw) {
            (None, Some(salt), Some(raw)) => {
                if content_digest(salt, raw) != fixed.content {
                    return Err(Fault::at(expected, "its content was changed"));
                }
                self.check_derived(evidence, raw)?;
                self.check_name(entry)?;
            }
            (Some(_), None, None) => {
                self.erased += 1;
                self.names_unknown |= fixed.event_type == "m.room.member";
                if entry.text.is_some() || entry.html.is_some() || !entry.attachments.is_empty() {
                    return Err(Fault::at(expected, "is erased, but says something"));
                }
            }
            (None, _, _) => {
                return Err(Fault::at(expected, "its content is gone without a reason"));
            }
            (Some(_), _, _) => return Err(Fault::at(expected, "is called erased, but is not")),
        }
        self.note(entry);
        self.head = Head { seq: expected, hash: entry.hash.clone() };
        Ok(())
    }

    /// At the end: what only the whole record can tell. `head` is the end that the record should
    /// have, if that is known.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn finish(mut self, head: Option<&Head>) -> Result<Head, Fault> {
        if let Some(head) = head
            && *head != self.head
        {
            return Err(if head.seq > self.head.seq {
                let end = head.seq;
                Fault::at(self.head.seq + 1, format!("is missing: the record ends at {end}"))
            } else {
                Fault::at(head.seq + 1, format!("follows the end of the record at {}", head.seq))
            });
        }
        for pending in std::mem::take(&mut self.pending) {
            self.check_removal(&pending)?;
        }
        Ok(self.head)
    }

    fn note(&mut self, entry: &Entry) {
        let fixed = &entry.fixed;
        let target = entry.relates_to.as_ref().map(|relation| relation.event_id.clone());
        if let Some(relation) = &entry.relates_to
            && relation.kind == RelationKind::Redaction
        {
            let redaction = Redaction {
                seq: fixed.seq,
                sender: fixed.sender.clone(),
                party: fixed.party.clone(),
                target: relation.event_id.clone(),
            };
            self.redactions.insert(fixed.event_id.clone(), redaction);
            self.by_target
                .entry(relation.event_id.clone())
                .or_default()
                .push(fixed.event_id.clone());
        }
        self.pending.push(Pending {
            seq: fixed.seq,
            event_id: fixed.event_id.clone(),
            sender: fixed.sender.clone(),
            target,
            erased: entry.erased.clone(),
            redacted_by: entry.redacted_by.clone(),
        });
    }

    /// What is derived must follow from the raw event; if another version wrote it, that is noted.
    fn check_derived(&mut self, evidence: &Evidence, raw: &str) -> Result<(), Fault> {
        let fixed = &evidence.entry.fixed;
        let derived = derive(raw);
        let envelope = [
            (fixed.event_type == derived.event_type, "type"),
            (fixed.sender == derived.sender.as_deref().unwrap_or_default(), "sender"),
            (fixed.sent_at == derived.sent_at, "time"),
        ];
        let wrong = envelope.into_iter().find(|(same, _)| !same).map(|(_, what)| what);
        let is_todays = evidence.derivation == DERIVATION_VERSION;
        let differs = difference(evidence, &derived);
        if let Some(what) = wrong.or(differs.filter(|_| is_todays)) {
            let what = format!("its {what} does not follow from its content");
            return Err(Fault::at(fixed.seq, what));
        }
        if differs.is_some() {
            self.outdated.get_or_insert(Outdated { first: fixed.seq, count: 0 }).count += 1;
        }
        Ok(())
    }

    /// Names as they were shown when each event came, from the member events before it.
    fn check_name(&mut self, entry: &Entry) -> Result<(), Fault> {
        let fixed = &entry.fixed;
        if let Some(change) = &entry.membership {
            let known = self.names.entry(change.user_id.clone()).or_insert((i64::MIN, None));
            if known.0 <= fixed.sent_at {
                known.0 = fixed.sent_at;
                known.1 = change.display_name.clone().or_else(|| known.1.take());
            }
        }
        let expected = self.names.get(&fixed.sender).and_then(|known| known.1.clone());
        if !self.names_unknown && expected != entry.display_name {
            let what = "its sender's name is not the one in the room at that time";
            return Err(Fault::at(fixed.seq, what));
        }
        Ok(())
    }

    fn check_removal(&self, pending: &Pending) -> Result<(), Fault> {
        let counts = |id: &String| {
            self.redactions.get(id).filter(|it| may_redact(&it.sender, &it.party, &pending.sender))
        };
        let first = self
            .by_target
            .get(&pending.event_id)
            .into_iter()
            .flatten()
            .filter(|id| counts(id).is_some())
            .min_by_key(|id| self.redactions.get(*id).map(|it| it.seq));
        let stated = pending.redacted_by.as_ref().filter(|id| !id.is_empty());
        if stated != first {
            return Err(Fault::at(pending.seq, "is not marked as its redactions say"));
        }
        if let Some(Erased::Redacted(by)) = &pending.erased {
            let justified = counts(by).is_some_and(|redaction| {
                redaction.target == pending.event_id
                    || pending.target.as_ref() == Some(&redaction.target)
            });
            if !justified {
                return Err(Fault::at(pending.seq, "its content is gone without a redaction"));
            }
        }
        Ok(())
    }
}

/// What does not follow from the raw event, by today's derivation.
fn difference(evidence: &Evidence, derived: &Derived) -> Option<&'static str> {
    let Evidence { entry, .. } = evidence;
    let same = [
        (entry.kind == derived.kind, "kind"),
        (entry.text == derived.text, "text"),
        (entry.html == derived.html, "HTML"),
        (entry.relates_to == derived.relates_to, "relation"),
        (entry.attachments == derived.attachments, "list of attachments"),
        (entry.membership == derived.membership, "membership"),
        (entry.remark == derived.remark, "remark"),
        (evidence.marker == derived.marker, "marker"),
    ];
    same.into_iter().find(|(same, _)| !same).map(|(_, what)| what)
}

#[cfg(test)]
mod tests;
