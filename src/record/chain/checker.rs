//! Goes along the entries of a record and says what does not fit.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{Evidence, Head, link};
use crate::record::acts::Acts;
use crate::record::digest::content_digest;
use crate::record::entry::{Entry, Erased, may_redact, sort_at};
use crate::record::fault::Fault;
use crate::record::{DERIVATION_VERSION, Derived, Kind, RelationKind, derive};

/// Matrix type of what removes another event.
const REDACTION: &str = "m.room.redaction";

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
    /// Of the last entry; 0 and empty at the beginning.
    seq: i64,
    hash: String,
    names: HashMap<String, (i64, Option<String>)>,
    /// Somebody's names cannot be told any more, since content was erased.
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
            seq: 0,
            hash: String::new(),
            names: HashMap::new(),
            names_unknown: false,
            redactions: HashMap::new(),
            by_target: HashMap::new(),
            pending: Vec::new(),
            erased: 0,
            outdated: None,
        }
    }

    /// Seq of the last entry that was checked; 0 if none was.
    pub fn last(&self) -> i64 {
        self.seq
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
        let expected = self.seq + 1;
        if fixed.seq != expected {
            return Err(Fault::entry(expected, format!("is missing; entry {} follows", fixed.seq)));
        }
        if fixed.transaction != self.transaction {
            return Err(Fault::entry(expected, "belongs to another transaction"));
        }
        if link(&self.hash, fixed) != entry.hash {
            let what = "does not match its hash: what is fixed about it, or its place, was changed";
            return Err(Fault::entry(expected, what));
        }
        if entry.sort_at != sort_at(fixed) {
            return Err(Fault::entry(expected, "does not stand where its times put it"));
        }
        match (&entry.erased, &evidence.salt, &evidence.raw) {
            (None, Some(salt), Some(raw)) => {
                if content_digest(salt, raw) != fixed.content {
                    return Err(Fault::entry(expected, "its content was changed"));
                }
                self.check_derived(evidence, raw)?;
                self.check_name(entry)?;
            }
            (Some(_), None, None) => {
                self.erased += 1;
                self.names_unknown |= fixed.event_type == "m.room.member";
                let has_words =
                    [&entry.text, &entry.html, &entry.remark].iter().any(|it| it.is_some());
                if has_words || entry.membership.is_some() || !entry.attachments.is_empty() {
                    return Err(Fault::entry(expected, "is erased, but says something"));
                }
                let removes = entry.relates_to.as_ref().map(|it| it.kind);
                if (removes == Some(RelationKind::Redaction) || entry.kind == Kind::Redaction)
                    && fixed.event_type != REDACTION
                {
                    let what = "is erased, and is called a redaction, which it never was";
                    return Err(Fault::entry(expected, what));
                }
            }
            (None, _, _) => {
                return Err(Fault::entry(expected, "its content is gone without a reason"));
            }
            (Some(_), _, _) => return Err(Fault::entry(expected, "is called erased, but is not")),
        }
        self.note(entry);
        self.seq = expected;
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    /// At the end: whether content is there or gone as the acts say.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn check_erasures(&self, acts: &Acts) -> Result<(), Fault> {
        let mut entries = self.pending.iter();
        entries.try_for_each(|it| acts.check_erasure(it.seq, it.erased.as_ref()))
    }

    /// At the end: what only the whole record can tell. `head` is the end that the record should
    /// have, if that is known.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn finish(self, head: Option<&Head>) -> Result<(), Fault> {
        head.map_or(Ok(()), |head| self.check_end(head))?;
        self.pending.iter().try_for_each(|pending| self.check_removal(pending))
    }

    fn check_end(&self, head: &Head) -> Result<(), Fault> {
        let (last, end) = (self.seq, head.seq);
        match end.cmp(&last) {
            Ordering::Greater => {
                Err(Fault::entry(last + 1, format!("is missing: the record ends at {end}")))
            }
            Ordering::Less => {
                Err(Fault::entry(end + 1, format!("follows the end of the record at {end}")))
            }
            Ordering::Equal if head.hash != self.hash => {
                Err(Fault::entry(end, "is not the one at which the record should end"))
            }
            Ordering::Equal => Ok(()),
        }
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
        if evidence.entry.redacted_by.as_deref() == Some("") && !derived.redacted {
            let what = "is marked as removed before it came, which it was not";
            return Err(Fault::entry(fixed.seq, what));
        }
        let is_todays = evidence.derivation == DERIVATION_VERSION;
        let differs = difference(evidence, &derived);
        if let Some(what) = wrong.or(differs.filter(|_| is_todays)) {
            let what = format!("its {what} does not follow from its content");
            return Err(Fault::entry(fixed.seq, what));
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
            return Err(Fault::entry(fixed.seq, what));
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
            return Err(Fault::entry(pending.seq, "is not marked as its redactions say"));
        }
        if let Some(Erased::Redacted(by)) = &pending.erased {
            let justified = counts(by).is_some_and(|redaction| {
                redaction.target == pending.event_id
                    || pending.target.as_ref() == Some(&redaction.target)
            });
            if !justified {
                return Err(Fault::entry(pending.seq, "its content is gone without a redaction"));
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
