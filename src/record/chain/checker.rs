//! Checks the entries of a record, one after another, and reports the first fault.

use std::collections::HashMap;

use super::{Evidence, Head, link};
use crate::record::acts::Acts;
use crate::record::digest::content_digest;
use crate::record::entry::{
    Entry, Erased, REDACTED_BEFORE_ARRIVAL, may_redact, named_redaction, sort_at,
};
use crate::record::fault::Fault;
use crate::record::{DERIVATION_VERSION, Derived, Kind, RelationKind, derive};

/// The Matrix type of an event that redacts another event.
const REDACTION_TYPE: &str = "m.room.redaction";
/// The Matrix type of an event that changes a membership or a display name.
const MEMBER_TYPE: &str = "m.room.member";

/// Checks the entries of one record in the order of `seq`.
///
/// [`Checker::check`] checks an entry by itself and against the entries before it. What depends on
/// later entries or on the acts is checked at the end, by [`Checker::check_erasures`] and
/// [`Checker::finish`].
#[derive(Debug)]
pub struct Checker {
    transaction: String,
    /// The seq of the last entry; 0 at the beginning.
    last_seq: i64,
    /// The hash of the last entry; empty at the beginning.
    last_hash: String,
    /// The display name of each user in the room so far.
    names: HashMap<String, KnownName>,
    /// Whether a member event was erased, so that `names` may be incomplete.
    names_unknown: bool,
    /// The redactions so far, by the event that they name, in the order of `seq`.
    redactions: HashMap<String, Vec<Redaction>>,
    /// The entries so far, for the checks at the end.
    entries: Vec<Checked>,
    erased: usize,
    outdated: Option<Outdated>,
}

/// A display name, as the last member event with a name states it.
#[derive(Debug)]
struct KnownName {
    /// The time of that event, as its homeserver states it, in milliseconds since 1970.
    sent_at: i64,
    name: Option<String>,
}

#[derive(Debug)]
struct Redaction {
    event_id: String,
    sender: String,
    party: String,
}

/// What the checks at the end need to know of an entry.
#[derive(Debug)]
struct Checked {
    seq: i64,
    event_id: String,
    sender: String,
    /// The event that the entry refers to.
    target: Option<String>,
    erased: Option<Erased>,
    redacted_by: Option<String>,
}

/// Entries that another version of the derivation wrote, and that differ from what today's version
/// derives. This alone does not show whether somebody changed them since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// The seq of the first of them.
    pub first: i64,
    /// The number of such entries.
    pub count: usize,
}

impl Checker {
    /// Returns a checker at the beginning of the record of this transaction.
    pub fn new(transaction: &str) -> Self {
        Self {
            transaction: transaction.to_owned(),
            last_seq: 0,
            last_hash: String::new(),
            names: HashMap::new(),
            names_unknown: false,
            redactions: HashMap::new(),
            entries: Vec::new(),
            erased: 0,
            outdated: None,
        }
    }

    /// The seq of the last entry that was checked; 0 if there was none.
    pub fn last(&self) -> i64 {
        self.last_seq
    }

    /// The number of erased entries so far.
    pub fn erased(&self) -> usize {
        self.erased
    }

    /// The entries so far that another version of the derivation wrote, and that differ from what
    /// today's version derives.
    pub fn outdated(&self) -> Option<Outdated> {
        self.outdated
    }

    /// Checks the next entry.
    ///
    /// # Errors
    /// The first thing about the entry that does not fit.
    pub fn check(&mut self, evidence: &Evidence) -> Result<(), Fault> {
        let entry = &evidence.entry;
        self.check_link(entry)?;
        let fault = |what: &str| Err(Fault::entry(entry.fixed.seq, what));
        match (&entry.erased, &evidence.salt, &evidence.raw) {
            (None, Some(salt), Some(raw)) => {
                if content_digest(salt, raw) != entry.fixed.content {
                    return fault("its content was changed");
                }
                self.check_derived(evidence, raw)?;
                self.check_name(entry)?;
            }
            (Some(_), None, None) => {
                check_erased(entry)?;
                self.check_name_of_erased(entry)?;
                self.erased += 1;
                self.names_unknown |= entry.fixed.event_type == MEMBER_TYPE;
            }
            (None, _, _) => return fault("its content is gone without a reason"),
            (Some(_), _, _) => return fault("is called erased, but its content is still there"),
        }
        self.remember(entry);
        Ok(())
    }

    /// Checks at the end whether each entry is erased exactly if an act says so.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn check_erasures(&self, acts: &Acts) -> Result<(), Fault> {
        for entry in &self.entries {
            acts.check_erasure(entry.seq, entry.erased.as_ref())?;
        }
        Ok(())
    }

    /// Checks at the end what only the whole record shows: where it ends, if `head` is known, and
    /// which redactions removed which entries.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn finish(self, head: Option<&Head>) -> Result<(), Fault> {
        if let Some(head) = head {
            self.check_end(head)?;
        }
        for entry in &self.entries {
            self.check_redacted_by(entry)?;
            self.check_redaction_of_erased(entry)?;
        }
        Ok(())
    }

    /// Checks that the entry follows the last one in the chain.
    fn check_link(&self, entry: &Entry) -> Result<(), Fault> {
        let fixed = &entry.fixed;
        let expected = self.last_seq + 1;
        let fault = |what: &str| Err(Fault::entry(expected, what));
        if fixed.seq != expected {
            return fault(&format!("is missing; entry {} follows", fixed.seq));
        }
        if fixed.transaction != self.transaction {
            return fault("belongs to another transaction");
        }
        if link(&self.last_hash, fixed) != entry.hash {
            return fault(
                "does not match its hash: a fixed field of it, or its place in the chain, was changed",
            );
        }
        if entry.sort_at != sort_at(fixed) {
            return fault("its place in the reading order does not follow from its times");
        }
        Ok(())
    }

    /// Checks that what is derived follows from the raw event. A difference in an entry that
    /// another version of the derivation wrote is no fault, and is only counted.
    fn check_derived(&mut self, evidence: &Evidence, raw: &str) -> Result<(), Fault> {
        let fixed = &evidence.entry.fixed;
        let derived = derive(raw);
        if evidence.entry.redacted_by.as_deref() == Some(REDACTED_BEFORE_ARRIVAL)
            && !derived.redacted
        {
            let what = "is marked as removed before it was received, but its raw event has content";
            return Err(Fault::entry(fixed.seq, what));
        }
        let does_not_follow = |what: &str| {
            Err(Fault::entry(fixed.seq, format!("its {what} does not follow from its content")))
        };
        if let Some(what) = difference_in_fixed(evidence, &derived) {
            return does_not_follow(what);
        }
        let Some(what) = difference_in_derived(evidence, &derived) else { return Ok(()) };
        if evidence.derivation == DERIVATION_VERSION {
            return does_not_follow(what);
        }
        self.outdated.get_or_insert(Outdated { first: fixed.seq, count: 0 }).count += 1;
        Ok(())
    }

    /// Checks that the entry has the name that its sender had in the room when the event was
    /// received, according to the member events before it.
    fn check_name(&mut self, entry: &Entry) -> Result<(), Fault> {
        if let Some(change) = &entry.membership {
            let unknown = KnownName { sent_at: i64::MIN, name: None };
            let known = self.names.entry(change.user_id.clone()).or_insert(unknown);
            let sent_at = entry.fixed.sent_at;
            if known.sent_at <= sent_at {
                let name = change.display_name.clone().or_else(|| known.name.take());
                *known = KnownName { sent_at, name };
            }
        }
        let expected = self.names.get(&entry.fixed.sender).and_then(|known| known.name.as_ref());
        if !self.names_unknown && expected != entry.display_name.as_ref() {
            let what = "its sender's name is not the one in the room at that time";
            return Err(Fault::entry(entry.fixed.seq, what));
        }
        Ok(())
    }

    /// Checks that an erased entry has no name, or the one that its sender had in the room. The name
    /// of a person who was forgotten is gone as well.
    fn check_name_of_erased(&self, entry: &Entry) -> Result<(), Fault> {
        let Some(name) = &entry.display_name else { return Ok(()) };
        let expected = self.names.get(&entry.fixed.sender).and_then(|known| known.name.as_ref());
        let is_left = matches!(entry.erased, Some(Erased::Redacted(_)));
        if is_left && (self.names_unknown || expected == Some(name)) {
            return Ok(());
        }
        let what =
            "is erased, but has a name that its sender did not have in the room at that time";
        Err(Fault::entry(entry.fixed.seq, what))
    }

    /// Remembers an entry that fits, as the last one and for the checks at the end.
    fn remember(&mut self, entry: &Entry) {
        let fixed = &entry.fixed;
        if let Some(relation) = &entry.relates_to
            && relation.kind == RelationKind::Redaction
        {
            let redaction = Redaction {
                event_id: fixed.event_id.clone(),
                sender: fixed.sender.clone(),
                party: fixed.party.clone(),
            };
            self.redactions.entry(relation.event_id.clone()).or_default().push(redaction);
        }
        self.entries.push(Checked {
            seq: fixed.seq,
            event_id: fixed.event_id.clone(),
            sender: fixed.sender.clone(),
            target: entry.relates_to.as_ref().map(|relation| relation.event_id.clone()),
            erased: entry.erased.clone(),
            redacted_by: entry.redacted_by.clone(),
        });
        self.last_seq = fixed.seq;
        self.last_hash.clone_from(&entry.hash);
    }

    /// Checks that the record ends at `head`.
    fn check_end(&self, head: &Head) -> Result<(), Fault> {
        let end = head.seq;
        if self.last_seq < end {
            let what = format!("is missing: the record ends at {end}");
            return Err(Fault::entry(self.last_seq + 1, what));
        }
        if self.last_seq > end {
            let what = format!("follows the end of the record at {end}");
            return Err(Fault::entry(end + 1, what));
        }
        if self.last_hash != head.hash {
            return Err(Fault::entry(end, "is not the one at which the record should end"));
        }
        Ok(())
    }

    /// Checks that the entry names the first redaction that removes it, and no other.
    fn check_redacted_by(&self, entry: &Checked) -> Result<(), Fault> {
        let first = self.valid_redactions(&entry.event_id, &entry.sender).next();
        let named = named_redaction(entry.redacted_by.as_deref());
        if named != first {
            return Err(Fault::entry(entry.seq, "is not marked as its redactions say"));
        }
        Ok(())
    }

    /// Checks that the redaction that is the reason of an erasure is in the record, and removes the
    /// entry or the event that the entry refers to: an edit is erased together with its message.
    fn check_redaction_of_erased(&self, entry: &Checked) -> Result<(), Fault> {
        let Some(Erased::Redacted(by)) = &entry.erased else { return Ok(()) };
        let removed = std::iter::once(&entry.event_id).chain(&entry.target);
        let mut redactions =
            removed.flat_map(|event_id| self.valid_redactions(event_id, &entry.sender));
        if redactions.any(|event_id| event_id == by) {
            return Ok(());
        }
        Err(Fault::entry(entry.seq, "its content is gone without a redaction"))
    }

    /// The event ids of the redactions that name `event_id` and may remove what `author` sent, in
    /// the order of `seq`.
    fn valid_redactions(&self, event_id: &str, author: &str) -> impl Iterator<Item = &str> {
        let redactions = self.redactions.get(event_id).into_iter().flatten();
        redactions
            .filter(move |redaction| may_redact(&redaction.sender, &redaction.party, author))
            .map(|redaction| redaction.event_id.as_str())
    }
}

/// Checks that nothing is left of the content of an erased entry.
fn check_erased(entry: &Entry) -> Result<(), Fault> {
    let has_content = entry.text.is_some()
        || entry.html.is_some()
        || entry.remark.is_some()
        || entry.membership.is_some()
        || !entry.attachments.is_empty();
    if has_content {
        return Err(Fault::entry(entry.fixed.seq, "is erased, but still has content"));
    }
    let is_called_redaction = entry.kind == Kind::Redaction
        || entry.relates_to.as_ref().is_some_and(|it| it.kind == RelationKind::Redaction);
    if is_called_redaction && entry.fixed.event_type != REDACTION_TYPE {
        let what = "is erased and called a redaction, but its event type is another one";
        return Err(Fault::entry(entry.fixed.seq, what));
    }
    Ok(())
}

/// The first fixed field that does not follow from the raw event.
fn difference_in_fixed(evidence: &Evidence, derived: &Derived) -> Option<&'static str> {
    let fixed = &evidence.entry.fixed;
    first_difference([
        (fixed.event_type == derived.event_type, "type"),
        (fixed.sender == derived.sender.as_deref().unwrap_or_default(), "sender"),
        (fixed.sent_at == derived.sent_at, "time"),
    ])
}

/// The first derived field that differs from what today's derivation says.
fn difference_in_derived(evidence: &Evidence, derived: &Derived) -> Option<&'static str> {
    let entry = &evidence.entry;
    first_difference([
        (entry.kind == derived.kind, "kind"),
        (entry.text == derived.text, "text"),
        (entry.html == derived.html, "HTML"),
        (entry.relates_to == derived.relates_to, "relation"),
        (entry.attachments == derived.attachments, "list of attachments"),
        (entry.membership == derived.membership, "membership"),
        (entry.remark == derived.remark, "remark"),
        (evidence.marker == derived.marker, "marker"),
    ])
}

/// The name of the first field that is not the same.
fn first_difference<const N: usize>(fields: [(bool, &'static str); N]) -> Option<&'static str> {
    fields.into_iter().find(|(is_same, _)| !is_same).map(|(_, name)| name)
}
