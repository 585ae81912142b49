//! What is wrong with an invoice, where, and how to fix it.

use serde::{Deserialize, Serialize};

/// Most characters of each end of a long detail.
const MAX_HALF: usize = 500;

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON pointer (RFC 6901) to the offending field.
    pub pointer: String,
    /// The rule that it breaks, such as `BR-CO-15`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// A whole sentence for a person.
    pub detail: String,
    /// The figure that was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// The figure that the rest of the invoice leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<String>,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            rule: None,
            detail: shortened(detail.into()),
            stated: None,
            computed: None,
        }
    }

    /// The same problem, as a breach of `rule`.
    #[must_use]
    pub(super) fn breaking(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }

    /// The same problem, seen from the document that holds this part at `parent`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.pointer.insert_str(0, parent);
        self
    }
}

/// Without the middle of what is long, such as a name in somebody's file: it came from whoever is
/// answered.
fn shortened(detail: String) -> String {
    let length = detail.chars().count();
    if length <= 2 * MAX_HALF {
        return detail;
    }
    let begin = detail.chars().take(MAX_HALF);
    let end = detail.chars().skip(length - MAX_HALF);
    begin.chain(['…']).chain(end).collect()
}
