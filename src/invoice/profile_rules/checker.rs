//! Collects the findings of the rules of profiles.

use rust_decimal::Decimal;

use super::document::{Document, Place};
use crate::invoice::problem::{Problem, Severity};

/// A rule of a profile: its name, how much it weighs, and what it says.
pub(in crate::invoice) type Entry = (&'static str, Severity, &'static str);

/// Under which name a rule is reported, and how much it weighs there: the rules of XRechnung for a country are
/// also rules of Peppol with other names, and some of Peppol are also rules of XRechnung. None if it is no rule of
/// the set that is run.
pub(super) type Naming = fn(&str) -> Option<Entry>;

/// An invoice that is being checked.
pub(super) struct Checker<'a> {
    pub(super) doc: &'a dyn Document,
    pub(super) naming: Naming,
    /// Whether the rules are run as XRechnung has them.
    pub(super) is_xrechnung: bool,
    /// Whether they are run as Peppol has them for self-billing.
    pub(super) is_self_billing: bool,
    pub(super) found: Vec<Problem>,
}

impl Checker<'_> {
    /// Reports that `rule` is broken at a field, unless it holds.
    pub(super) fn must(&mut self, holds: bool, rule: &str, at: &Place, field: &str) {
        if !holds && let Some(entry) = (self.naming)(rule) {
            let pointer = match field {
                "" => at.pointer.clone(),
                field => format!("{}/{field}", at.pointer),
            };
            self.found.push(broken(&entry, pointer));
        }
    }

    /// As [`must`](Self::must), for a rule about a figure.
    pub(super) fn must_be(
        &mut self,
        holds: bool,
        rule: &str,
        at: &Place,
        field: &str,
        (stated, computed): (Decimal, Decimal),
    ) {
        let before = self.found.len();
        self.must(holds, rule, at, field);
        if let Some(finding) = self.found.get_mut(before) {
            let [stated, computed] = [stated, computed].map(|it| it.normalize().to_string());
            finding.detail.push_str(&format!(" {stated} is stated, but it is {computed}."));
            finding.stated = Some(stated);
            finding.computed = Some(computed);
        }
    }
}

/// The finding that a rule is broken.
pub(in crate::invoice) fn broken(
    (rule, severity, says): &Entry,
    pointer: impl Into<String>,
) -> Problem {
    Problem::at(pointer, format!("{rule}: {says}")).breaking(rule).of(*severity)
}
