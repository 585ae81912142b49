//! Whether an invoice that breaks a rule is taken in.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, Severity};

/// What happens to an invoice that breaks a rule without leaving the amount to pay in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// It is taken in, and the broken rules are its warnings.
    #[default]
    Warn,
    /// It is refused if one of them is fatal.
    Refuse,
}

impl Strictness {
    /// Returns the findings as warnings.
    ///
    /// # Errors
    /// The fatal findings, if an invoice with one is refused.
    pub fn judge(self, findings: Vec<Problem>) -> Result<Vec<Problem>, Vec<Problem>> {
        let is_fatal = |it: &Problem| it.severity == Some(Severity::Fatal);
        if self == Self::Refuse && findings.iter().any(is_fatal) {
            return Err(findings.into_iter().filter(is_fatal).collect());
        }
        Ok(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fatal_findings_refuse_an_invoice_and_only_if_that_is_wanted() {
        let warning = Problem::at("/a", "odd").of(Severity::Warning);
        let fatal = Problem::at("/b", "wrong").of(Severity::Fatal);
        let both = vec![warning.clone(), fatal.clone()];
        assert_eq!(Strictness::Warn.judge(both.clone()), Ok(both.clone()));
        assert_eq!(Strictness::Refuse.judge(both), Err(vec![fatal]));
        assert_eq!(Strictness::Refuse.judge(vec![warning.clone()]), Ok(vec![warning]));
    }
}
