//! A problem of an invoice: what is wrong, where, and how to fix it.

use serde::{Deserialize, Serialize};
use serde_path_to_error::{Path, Segment};

/// How much of each end of a long detail is kept, in characters.
const KEPT_CHARS_AT_EACH_END: usize = 500;

/// How much a finding of a rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The invoice breaks a rule, and other programs will refuse it.
    Fatal,
    /// The invoice is valid, and most likely not what was meant.
    Warning,
    /// The invoice is valid, and its profile suggests to say more.
    Information,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The JSON pointer (RFC 6901) to the wrong field.
    pub pointer: String,
    /// The rule that is broken, such as `BR-CO-15`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How much it weighs, if a rule is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The XPath of the place in the file, with the usual prefixes of UBL and CII, if the invoice came as
    /// XML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xpath: Option<String>,
    /// A sentence that explains the problem to a person.
    pub detail: String,
    /// The figure that was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// The figure that follows from the rest of the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<String>,
}

impl Problem {
    /// Returns a problem at `pointer`.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            rule: None,
            severity: None,
            xpath: None,
            detail: shortened(detail.into()),
            stated: None,
            computed: None,
        }
    }

    /// Returns the same problem as a violation of `rule`.
    #[must_use]
    pub(super) fn breaking(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }

    /// Returns the same problem with this severity.
    #[must_use]
    pub(super) fn of(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Returns the same problem with its place in the XML file.
    #[must_use]
    pub(super) fn in_xml(mut self, xpath: String) -> Self {
        self.xpath = Some(xpath);
        self
    }

    /// Returns the same problem with a pointer from the document that contains this part at `parent`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.pointer.insert_str(0, parent);
        self
    }
}

/// Returns the path to a value as a JSON pointer (RFC 6901).
pub fn pointer(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Removes the middle of a long detail, such as one that repeats a long name from a file.
fn shortened(detail: String) -> String {
    let length = detail.chars().count();
    if length <= 2 * KEPT_CHARS_AT_EACH_END {
        return detail;
    }
    let begin = detail.chars().take(KEPT_CHARS_AT_EACH_END);
    let end = detail.chars().skip(length - KEPT_CHARS_AT_EACH_END);
    begin.chain(['…']).chain(end).collect()
}
