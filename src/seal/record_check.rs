//! Whether a record is whole: its chain, and the heads that were signed of it. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SignedHead, Trust, verify};
use crate::record::chain::{Checker, Evidence, Fault, Head, Outdated};

/// Goes along a record, entry by entry in order of `seq`.
#[derive(Debug)]
pub struct RecordCheck {
    checker: Checker,
    signed: BTreeMap<i64, SignedHead>,
}

/// What was found of a record that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its last entry.
    pub head: Head,
    /// Entries whose content was erased.
    pub erased: usize,
    /// Last entry under a signed head; 0 if none is signed.
    pub signed: i64,
    /// Entries that read otherwise than today's derivation says, as another version wrote them.
    pub outdated: Option<Outdated>,
}

impl RecordCheck {
    /// At the beginning of the record of `transaction`, of which these heads were signed.
    ///
    /// # Errors
    /// A head that proves nothing, or that says something else than another.
    pub fn new(transaction: &str, heads: &[Value], trust: &Trust) -> Result<Self, Fault> {
        let mut signed = BTreeMap::<i64, SignedHead>::new();
        for statement in heads {
            let seq = statement.get("seq").and_then(Value::as_i64).unwrap_or_default();
            let fault = |what: String| Fault { seq, what };
            verify(statement, trust)
                .map_err(|unproven| fault(format!("the signed head here {unproven}")))?;
            let head: SignedHead = serde_json::from_value(statement.clone())
                .map_err(|error| fault(format!("the signed head here can not be read: {error}")))?;
            if head.transaction != transaction {
                return Err(fault("the signed head here is of another transaction".to_owned()));
            }
            match signed.get(&seq) {
                Some(other) if other.head != head.head => {
                    return Err(fault("two signed heads here contradict each other".to_owned()));
                }
                _ => {
                    signed.insert(seq, head);
                }
            }
        }
        Ok(Self { checker: Checker::new(transaction), signed })
    }

    /// Checks the next entry.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&mut self, evidence: &Evidence) -> Result<(), Fault> {
        self.checker.check(evidence)?;
        let seq = evidence.entry.fixed.seq;
        match self.signed.get(&seq) {
            Some(signed) if signed.head.hash != evidence.entry.hash => {
                // Rewritten with new hashes all along: only the signature remembers.
                let before = self.signed.range(..seq).next_back().map_or(0, |(seq, _)| *seq);
                let what = format!(
                    "is not what was signed as the head at {}; what changed is one of the entries \
                     {} to {seq}",
                    time(signed.signed_at),
                    before + 1,
                );
                Err(Fault { seq, what })
            }
            _ => Ok(()),
        }
    }

    /// At the end; `head` is the end that the record should have.
    ///
    /// # Errors
    /// The first entry that does not fit.
    pub fn finish(self, head: &Head) -> Result<Verdict, Fault> {
        let (erased, outdated) = (self.checker.erased(), self.checker.outdated());
        let last = self.checker.head().seq;
        let newest = self.signed.values().next_back();
        if let Some(newest) = newest.filter(|newest| newest.head.seq > last) {
            let what = format!(
                "is missing: a head at {} was signed at {}",
                newest.head.seq,
                time(newest.signed_at)
            );
            return Err(Fault { seq: last + 1, what });
        }
        let signed = newest.map_or(0, |newest| newest.head.seq);
        Ok(Verdict { head: self.checker.finish(Some(head))?, erased, signed, outdated })
    }
}

fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "an unknown time".to_owned(), |time| format!("{time:.0}"))
}
