//! Checks that a record is complete and unchanged: its two chains, and the signed heads that cover
//! them. Pure.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{SignedHead, Trust, verify};
use crate::clock::DAY_MS;
use crate::names::HEAD_STATE;
use crate::record::acts::{ActEvidence, Acts, FileEvidence, PaymentEvidence, RevisionContent};
use crate::record::chain::{Checker, Evidence, Head, Outdated};
use crate::record::{Fault, Place};

/// How long a head may be overdue before it counts as missing, in milliseconds. Tallyroom may just
/// have restarted.
const SIGNING_GRACE_MS: i64 = 15 * 60_000;
/// How long a kept file may lack its act, in milliseconds.
const FILE_GRACE_MS: i64 = 5 * 60_000;

/// How far in the future a time in the record may be, in milliseconds: the clock may have been wrong.
const CLOCK_TOLERANCE_MS: i64 = DAY_MS;

/// Where a signed head was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// In the database, or in the bundle.
    Record,
    /// In the room's state.
    Room,
    /// In a file given with `--head`.
    File,
    /// In the entry with this seq.
    Entry(i64),
}

impl HeldBy {
    fn description(self) -> String {
        match self {
            Self::Record => "kept with the record".to_owned(),
            Self::Room => "in the room".to_owned(),
            Self::File => "in a file of --head".to_owned(),
            Self::Entry(seq) => format!("sent in the room, entry {seq}"),
        }
    }
}

/// A signed head, and where it was found.
#[derive(Clone, Debug)]
struct Held {
    by: HeldBy,
    signed: SignedHead,
}

/// What the end of the record is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The head that the record should have.
    pub head: &'a Head,
    /// The time of the check, in milliseconds since 1970.
    pub now: i64,
    /// How long after a new entry or act the head is signed, in milliseconds.
    pub sign_after: i64,
}

/// Checks one record. The caller passes the acts first, then the revisions, the entries in order of
/// `seq`, and the files.
#[derive(Debug)]
pub struct RecordCheck {
    checker: Checker,
    acts: Acts,
    trust: Trust,
    held: Vec<Held>,
    /// A digest of the hash of each entry. The index is the seq minus one.
    hashes: Vec<[u8; 32]>,
    /// The last entry and the last act that the heads kept with the record cover.
    covered: (i64, i64),
    /// The place and the time (milliseconds since 1970) of the oldest entry or act that none of
    /// these heads covers.
    uncovered: Option<(Place, i64)>,
    /// The place and the time (milliseconds since 1970) of the entry or act with the latest time.
    newest: Option<(Place, i64)>,
    revisions: i64,
    unlinked: usize,
}

/// The result for a record that passed all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The head of the record.
    pub head: Head,
    /// The number of entries whose content was erased.
    pub erased: usize,
    /// The seq of the last entry that a signed head kept with the record covers; 0 if there is none.
    pub signed: i64,
    /// The entries that another version of the derivation wrote, and that the current version
    /// derives differently.
    pub outdated: Option<Outdated>,
    /// The number of acts that were added later, for what was done before acts were kept.
    pub adopted: usize,
    /// The number of files that were kept so recently that they have no act yet.
    pub unlinked: usize,
    /// The number of signed heads that were lost when the database was restored from a backup.
    pub lost: usize,
    /// The seq of the last entry that the signed head in the room's state covers, if that head was
    /// compared.
    pub in_room: Option<i64>,
}

impl RecordCheck {
    /// Starts the check of the record of `transaction`. `heads` are the signed heads kept with it.
    ///
    /// # Errors
    /// When one of the heads is not a head of this transaction with an accepted signature.
    pub fn new(transaction: &str, heads: &[Value], trust: &Trust) -> Result<Self, Fault> {
        let mut check = Self {
            checker: Checker::new(transaction),
            acts: Acts::new(transaction),
            trust: trust.clone(),
            held: Vec::new(),
            hashes: Vec::new(),
            covered: (0, 0),
            uncovered: None,
            newest: None,
            revisions: 0,
            unlinked: 0,
        };
        for statement in heads {
            check.add_head(transaction, HeldBy::Record, statement)?;
        }
        for held in &check.held {
            let Head { seq, acts, .. } = held.signed.head;
            check.covered = (check.covered.0.max(seq), check.covered.1.max(acts));
        }
        if heads.is_empty() {
            // The first revision exists since the ULID was made, so a head is due after that time.
            let created_at = Ulid::from_string(transaction).map_or(0, |id| id.timestamp_ms());
            let created_at = i64::try_from(created_at).unwrap_or(i64::MAX);
            check.uncovered = Some((Place::Entry(1), created_at));
        }
        Ok(check)
    }

    /// Adds a signed head of `transaction` that the record must fit.
    ///
    /// # Errors
    /// When it is not a head of this transaction with an accepted signature.
    pub fn add_head(
        &mut self,
        transaction: &str,
        by: HeldBy,
        statement: &Value,
    ) -> Result<(), Fault> {
        let seq = statement.get("seq").and_then(Value::as_i64).unwrap_or_default();
        let place = if let HeldBy::Entry(entry) = by { entry } else { seq };
        let fault = |what: String| {
            Fault::at(Place::Entry(place), format!("the signed head {}: {what}", by.description()))
        };
        verify(statement, &self.trust).map_err(|unproven| {
            // A member with enough power can overwrite the head in the room's state for a moment.
            let fix = match by {
                HeldBy::Room => {
                    "; if somebody else wrote it there, start Tallyroom, which restores its own head"
                }
                _ => "",
            };
            fault(format!("it {unproven}{fix}"))
        })?;
        let signed: SignedHead = serde_json::from_value(statement.clone())
            .map_err(|error| fault(format!("it cannot be read: {error}")))?;
        if signed.transaction != transaction {
            return Err(fault("it belongs to another transaction".to_owned()));
        }
        self.held.push(Held { by, signed });
        Ok(())
    }

    /// Checks the next act.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_act(&mut self, evidence: &ActEvidence) -> Result<(), Fault> {
        self.acts.check(evidence)?;
        let (number, at) = (evidence.act.number, evidence.act.at);
        self.note_time(Place::Act(number), at, number > self.covered.1);
        Ok(())
    }

    fn note_time(&mut self, place: Place, at: i64, is_uncovered: bool) {
        if self.newest.as_ref().is_none_or(|(_, newest)| at > *newest) {
            self.newest = Some((place.clone(), at));
        }
        if is_uncovered && self.uncovered.as_ref().is_none_or(|(_, since)| at < *since) {
            self.uncovered = Some((place, at));
        }
    }

    /// The sources of the files that should be kept according to the acts.
    pub fn kept_files(&self) -> BTreeSet<String> {
        self.acts.kept_files().map(str::to_owned).collect()
    }

    /// Whether this record has acts. A record from before acts existed may have none yet.
    fn has_acts(&self) -> bool {
        self.acts.last() > 0
    }

    /// Checks the next revision of the transaction. The first call is for revision 1.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_revision(&mut self, content: &RevisionContent) -> Result<(), Fault> {
        self.revisions += 1;
        if self.has_acts() { self.acts.check_revision(self.revisions, content) } else { Ok(()) }
    }

    /// Checks all payments of the transaction.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_payments(&self, payments: &[PaymentEvidence]) -> Result<(), Fault> {
        self.acts.check_payments(payments)
    }

    /// Checks a file that the record names.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_file(&mut self, file: &FileEvidence, now: i64) -> Result<(), Fault> {
        if self.has_acts() {
            let is_linked = self.acts.check_file(file, now.saturating_sub(FILE_GRACE_MS))?;
            self.unlinked += usize::from(!is_linked);
        }
        Ok(())
    }

    /// Checks the next entry.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_entry(&mut self, evidence: &Evidence) -> Result<(), Fault> {
        self.checker.check(evidence)?;
        let fixed = &evidence.entry.fixed;
        self.hashes.push(compact(&evidence.entry.hash));
        let carries_head = fixed.event_type == HEAD_STATE;
        let is_ours = carries_head && fixed.party == "bot";
        let (seq, received_at) = (fixed.seq, fixed.received_at);
        let is_uncovered = seq > self.covered.0 && !is_ours;
        self.note_time(Place::Entry(seq), received_at, is_uncovered);
        if carries_head { self.add_head_in_entry(evidence, is_ours) } else { Ok(()) }
    }

    /// Adds the signed head in an event that shows it in the room, so that the record is compared
    /// with the heads that it contains itself. `is_ours` means that the bot sent the event.
    fn add_head_in_entry(&mut self, evidence: &Evidence, is_ours: bool) -> Result<(), Fault> {
        let fixed = &evidence.entry.fixed;
        let Some(raw) = &evidence.raw else { return Ok(()) };
        let event: Value = serde_json::from_str(raw).unwrap_or_default();
        let content = event.get("content").cloned().unwrap_or_default();
        // A redacted event has no content.
        if content.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(());
        }
        // Other members may send anything as such an event. It counts only if we signed it.
        if !is_ours && verify(&content, &self.trust).is_err() {
            return Ok(());
        }
        self.add_head(&fixed.transaction, HeldBy::Entry(fixed.seq), &content)
    }

    /// Makes the checks that need the whole record, and returns the result.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn finish(self, ending: &Ending<'_>) -> Result<Verdict, Fault> {
        let lost = self.check_heads()?;
        let in_room = self.held.iter().find(|held| held.by == HeldBy::Room);
        let in_room = in_room.map(|held| held.signed.head.seq);
        let Ending { head, now, sign_after } = *ending;
        if head.acts != self.acts.last() {
            let last = self.acts.last();
            let what = if head.acts > last { "is missing" } else { "follows the last one" };
            return Err(Fault::at(Place::Act(head.acts.min(last) + 1), what));
        }
        let acts = self.has_acts().then_some(&self.acts);
        acts.map_or(Ok(()), |acts| acts.check_last_revision(self.revisions))?;
        let (erased, outdated) = (self.checker.erased(), self.checker.outdated());
        acts.map_or(Ok(()), |acts| self.checker.check_erasures(acts))?;
        self.checker.finish(Some(head))?;
        if let Some((place, at)) = self.newest
            && at > now.saturating_add(CLOCK_TOLERANCE_MS)
        {
            return Err(Fault::at(
                place,
                format!("came at a time that is in the future: {}", time(at)),
            ));
        }
        if let Some((place, since)) = self.uncovered {
            let due = since.saturating_add(sign_after);
            if due.saturating_add(SIGNING_GRACE_MS) < now {
                let what = format!(
                    "is covered by no signed head, though one was due at {}: kept heads were \
                     removed, or Tallyroom has not run since (start it, and verify again)",
                    time(due)
                );
                return Err(Fault::at(place, what));
            }
        }
        Ok(Verdict {
            head: head.clone(),
            erased,
            signed: self.covered.0,
            outdated,
            adopted: self.acts.adopted(),
            unlinked: self.unlinked,
            lost,
            in_room,
        })
    }

    /// Compares the record with every signed head. Returns how many heads were lost when the
    /// database was restored from a backup. A lost head is accepted only where an entry of the record
    /// contains it and an act names that entry. The same head from elsewhere (the room's state, a
    /// file) is still a fault.
    fn check_heads(&self) -> Result<usize, Fault> {
        let mut heads: Vec<&Held> = self.held.iter().collect();
        heads.sort_by_key(|held| (held.signed.head.seq, held.signed.head.acts));
        let is_noted_as_lost = |held: &Held| match held.by {
            HeldBy::Entry(seq) => self.acts.is_lost_head(seq),
            _ => false,
        };
        // The same head may be found in several places.
        let identity = |signed: &SignedHead| (signed.signed_at, signed.head.hash.clone());
        let lost = heads.iter().filter(|held| is_noted_as_lost(held));
        let lost: BTreeSet<_> = lost.map(|held| identity(&held.signed)).collect();
        let mut fits_to = (0, 0);
        for held in heads {
            let Held { by, signed } = held;
            match self.misfit(&signed.head, fits_to) {
                None => fits_to = (signed.head.seq, signed.head.acts),
                Some(_) if is_noted_as_lost(held) => {}
                Some(Fault { place, what }) => {
                    let restored = if lost.contains(&identity(signed)) {
                        "; since then the database was restored from a backup"
                    } else {
                        ""
                    };
                    let what = format!(
                        "{what} (a head at {}, signed at {}, {}{restored})",
                        signed.head.seq,
                        time(signed.signed_at),
                        by.description()
                    );
                    return Err(Fault { place, what });
                }
            }
        }
        Ok(lost.len())
    }

    /// Returns why the record does not fit this signed head, or `None` if it does. An earlier head
    /// fits up to `before`, a number of entries and of acts.
    fn misfit(&self, head: &Head, before: (i64, i64)) -> Option<Fault> {
        let last = i64::try_from(self.hashes.len()).unwrap_or(i64::MAX);
        if head.seq > last {
            return Some(Fault::at(
                Place::Entry(last + 1),
                format!("is missing: a head at {} was signed", head.seq),
            ));
        }
        let index = usize::try_from(head.seq.saturating_sub(1)).ok();
        let known = index.and_then(|index| self.hashes.get(index));
        if head.seq > 0 && known != Some(&compact(&head.hash)) {
            let what = format!(
                "is not what was signed as the head; one of the entries {} to {} was changed",
                before.0 + 1,
                head.seq
            );
            return Some(Fault::at(Place::Entry(head.seq), what));
        }
        match self.acts.hash_at(head.acts) {
            None => {
                let place = Place::Act(self.acts.last() + 1);
                Some(Fault::at(place, format!("is missing: {} acts were signed", head.acts)))
            }
            Some(hash) if hash != head.acts_hash => {
                let what = format!(
                    "is not what was signed; one of the acts {} to {} was changed",
                    before.1 + 1,
                    head.acts
                );
                Some(Fault::at(Place::Act(head.acts), what))
            }
            Some(_) => None,
        }
    }
}

/// A fixed-size digest of a hash in hexadecimal, to save memory when there are many hashes. The text
/// is digested, not decoded, so that a text that is not a hash equals no hash.
fn compact(hash: &str) -> [u8; 32] {
    Sha256::digest(hash).into()
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown time".to_owned(), |time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests;
