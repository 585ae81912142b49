//! Whether a record is whole: its chains, and the heads that were signed of them. Pure.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{SignedHead, Trust, verify};
use crate::names::HEAD_STATE;
use crate::record::acts::{ActEvidence, Acts, FileEvidence, RevisionContent};
use crate::record::chain::{Checker, Evidence, Head, Outdated};
use crate::record::{Fault, Place};

/// How much later than due a head may be signed, in milliseconds: Tallyroom may just have started
/// again.
const SIGNING_GRACE_MS: i64 = 15 * 60_000;
/// How long after it was kept a file may be without its act, in milliseconds.
const FILE_GRACE_MS: i64 = 5 * 60_000;

/// How far ahead our clock may have been, in milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 24 * 3_600_000;

/// Where a signed head was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// In the database, or in the bundle.
    Record,
    /// In the room's state.
    Room,
    /// In a file that somebody gave.
    File,
    /// In the entry with this seq.
    Entry(i64),
}

impl HeldBy {
    fn in_words(self) -> String {
        match self {
            Self::Record => "kept with the record".to_owned(),
            Self::Room => "in the room".to_owned(),
            Self::File => "in the file of --head".to_owned(),
            Self::Entry(seq) => format!("told in the room, entry {seq}"),
        }
    }
}

/// A signed head and where it was found.
#[derive(Clone, Debug)]
struct Held {
    by: HeldBy,
    signed: SignedHead,
}

/// What the record should be like at its end.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The end that the record should have.
    pub head: &'a Head,
    /// The time of the check, milliseconds since 1970.
    pub now: i64,
    /// How long after something new the head is signed, in milliseconds.
    pub sign_after: i64,
}

/// Goes along a record: first its acts, then revisions, entries in order of `seq`, and files.
#[derive(Debug)]
pub struct RecordCheck {
    checker: Checker,
    acts: Acts,
    trust: Trust,
    held: Vec<Held>,
    /// Of each entry, by its seq less one.
    hashes: Vec<[u8; 32]>,
    /// The end that the heads kept with the record cover.
    covered: (i64, i64),
    /// What is longest without any of those: where it is, and since when, milliseconds since 1970.
    uncovered: Option<(Place, i64)>,
    /// What claims to be newest: where it is, and when it came, milliseconds since 1970.
    newest: Option<(Place, i64)>,
    revisions: i64,
    unlinked: usize,
}

/// What was found of a record that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its end.
    pub head: Head,
    /// Entries whose content was erased.
    pub erased: usize,
    /// Last entry under a signed head that is kept with the record; 0 if none is signed.
    pub signed: i64,
    /// Entries that read otherwise than today's derivation says, as another version wrote them.
    pub outdated: Option<Outdated>,
    /// Acts that were found done when acts began to be kept.
    pub adopted: usize,
    /// Files that were kept just now, so that no act tells of them yet.
    pub unlinked: usize,
    /// Signed heads that were lost when the database was restored from a backup.
    pub lost: usize,
    /// Last entry under the signed head that stands in the room, if that was compared.
    pub in_room: Option<i64>,
}

impl RecordCheck {
    /// At the beginning of the record of `transaction`, with which these heads were kept.
    ///
    /// # Errors
    /// A head that proves nothing.
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
            check.hold(transaction, HeldBy::Record, statement)?;
        }
        for held in &check.held {
            let Head { seq, acts, .. } = held.signed.head;
            check.covered = (check.covered.0.max(seq), check.covered.1.max(acts));
        }
        if heads.is_empty() {
            // Since then at least its first revision is here.
            let made = Ulid::from_string(transaction).map_or(0, |id| id.timestamp_ms());
            let made = i64::try_from(made).unwrap_or(i64::MAX);
            check.uncovered = Some((Place::Entry(1), made));
        }
        Ok(check)
    }

    /// Compares the record also with this signed head of `transaction`, that somebody else holds.
    ///
    /// # Errors
    /// When it proves nothing.
    pub fn hold(&mut self, transaction: &str, by: HeldBy, statement: &Value) -> Result<(), Fault> {
        let seq = statement.get("seq").and_then(Value::as_i64).unwrap_or_default();
        let place = if let HeldBy::Entry(entry) = by { entry } else { seq };
        let fault = |what: String| {
            Fault::at(Place::Entry(place), format!("the signed head {}: {what}", by.in_words()))
        };
        verify(statement, &self.trust).map_err(|unproven| {
            // Whoever has the power in the room can write anything there, for a moment.
            let fix = match by {
                HeldBy::Room => {
                    "; if somebody else wrote it there, start Tallyroom: it puts it back"
                }
                _ => "",
            };
            fault(format!("it {unproven}{fix}"))
        })?;
        let signed: SignedHead = serde_json::from_value(statement.clone())
            .map_err(|error| fault(format!("it cannot be read: {error}")))?;
        if signed.transaction != transaction {
            return Err(fault("it is of another transaction".to_owned()));
        }
        self.held.push(Held { by, signed });
        Ok(())
    }

    /// Checks the next act.
    ///
    /// # Errors
    /// What does not fit.
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

    /// Sources of the files that should be here, by the acts.
    pub fn kept_files(&self) -> BTreeSet<String> {
        self.acts.kept_files().map(str::to_owned).collect()
    }

    /// Whether acts are kept of this record; not yet if it is from before there were any.
    fn has_acts(&self) -> bool {
        self.acts.last() > 0
    }

    /// Checks the next revision of the transaction, from the first one on.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check_revision(&mut self, content: &RevisionContent) -> Result<(), Fault> {
        self.revisions += 1;
        if self.has_acts() { self.acts.check_revision(self.revisions, content) } else { Ok(()) }
    }

    /// Checks a file that the record names.
    ///
    /// # Errors
    /// What does not fit.
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
    /// What does not fit.
    pub fn check(&mut self, evidence: &Evidence) -> Result<(), Fault> {
        self.checker.check(evidence)?;
        let fixed = &evidence.entry.fixed;
        self.hashes.push(bytes_of(&evidence.entry.hash));
        let is_note = fixed.event_type == HEAD_STATE;
        let is_ours = is_note && fixed.party == "bot";
        let (seq, received_at) = (fixed.seq, fixed.received_at);
        let is_uncovered = seq > self.covered.0 && !is_ours;
        self.note_time(Place::Entry(seq), received_at, is_uncovered);
        if is_note { self.check_note(evidence, is_ours) } else { Ok(()) }
    }

    /// The bot told a signed head in the room: so the record itself holds what was signed of it.
    fn check_note(&mut self, evidence: &Evidence, is_ours: bool) -> Result<(), Fault> {
        let fixed = &evidence.entry.fixed;
        let Some(raw) = &evidence.raw else { return Ok(()) };
        let event: Value = serde_json::from_str(raw).unwrap_or_default();
        let content = event.get("content").cloned().unwrap_or_default();
        // Redacting takes everything away.
        if content.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(());
        }
        // Somebody else may write what they like there; but what we signed counts, whoever told it.
        if !is_ours && verify(&content, &self.trust).is_err() {
            return Ok(());
        }
        self.hold(&fixed.transaction, HeldBy::Entry(fixed.seq), &content)
    }

    /// At the end.
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
                format!("came at a time that is still to come: {}", time(at)),
            ));
        }
        if let Some((place, since)) = self.uncovered {
            let due = since.saturating_add(sign_after);
            if due.saturating_add(SIGNING_GRACE_MS) < now {
                let what = format!(
                    "is under no signed head, though one was due at {}: kept heads were removed, \
                     or Tallyroom has not run since (start it, and verify again)",
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

    /// Compares the record with every signed head; tells how many were lost by a restore. That
    /// excuses only the note of such a head in the record itself: whoever holds one, in the room or
    /// elsewhere, is to be told that it does not fit.
    fn check_heads(&self) -> Result<usize, Fault> {
        let mut heads: Vec<&Held> = self.held.iter().collect();
        heads.sort_by_key(|held| (held.signed.head.seq, held.signed.head.acts));
        let is_noted = |held: &Held| match held.by {
            HeldBy::Entry(seq) => self.acts.is_lost_head(seq),
            _ => false,
        };
        // The same head may be held in several places.
        let name = |signed: &SignedHead| (signed.signed_at, signed.head.hash.clone());
        let lost: BTreeSet<_> =
            heads.iter().filter(|held| is_noted(held)).map(|held| name(&held.signed)).collect();
        let mut fits_to = (0, 0);
        for held in heads {
            let Held { by, signed } = held;
            match self.misfit(&signed.head, fits_to) {
                None => fits_to = (signed.head.seq, signed.head.acts),
                Some(_) if is_noted(held) => {}
                Some(Fault { place, what }) => {
                    let restored = if lost.contains(&name(signed)) {
                        "; since then the database was restored from a backup"
                    } else {
                        ""
                    };
                    let what = format!(
                        "{what} (a head at {}, signed at {}, {}{restored})",
                        signed.head.seq,
                        time(signed.signed_at),
                        by.in_words()
                    );
                    return Err(Fault { place, what });
                }
            }
        }
        Ok(lost.len())
    }

    /// Why the record is not the one of which this head was signed; another one fits up to
    /// `before`, entries and acts.
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
        if head.seq > 0 && known != Some(&bytes_of(&head.hash)) {
            let what = format!(
                "is not what was signed as the head; what changed is one of the entries {} to {}",
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
                    "is not what was signed; what changed is one of the acts {} to {}",
                    before.1 + 1,
                    head.acts
                );
                Some(Fault::at(Place::Act(head.acts), what))
            }
            Some(_) => None,
        }
    }
}

/// Of a hash in hexadecimal, to keep many; one that is none equals no hash.
fn bytes_of(hash: &str) -> [u8; 32] {
    Sha256::digest(hash).into()
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown time".to_owned(), |time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests;
