//! A problem of an invoice: what is wrong, where, and how to fix it.

use serde::{Deserialize, Serialize};
use serde_path_to_error::{Path, Segment};

/// How much of each end of a long detail is kept, in characters.
const KEPT_CHARS_AT_EACH_END: usize = 500;
/// The same, of a sentence about a value in JSON.
const SENTENCE_CHARS_AT_EACH_END: usize = 150;
/// The same, of what an error of JSON found and repeats.
const FOUND_CHARS_AT_EACH_END: usize = 60;
/// The greatest length of a JSON pointer, in bytes. It contains unknown names of fields, which may be as long as
/// the whole JSON; a longer one is left out.
const MAX_POINTER_BYTES: usize = 500;

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
        let pointer = Some(pointer.into()).filter(|it| it.len() <= MAX_POINTER_BYTES);
        Self {
            pointer: pointer.unwrap_or_default(),
            rule: None,
            severity: None,
            xpath: None,
            detail: without_middle(detail.into(), KEPT_CHARS_AT_EACH_END),
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

/// Returns the message of an error of JSON in one line. What it found is shortened, because it repeats names and
/// texts that were sent, whatever their length; what it expected is ours.
pub fn in_a_line(message: &str) -> String {
    let in_line = |text: &str, kept: usize| {
        without_middle(text.to_owned(), kept).replace(char::is_control, " ")
    };
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let found = in_line(found, FOUND_CHARS_AT_EACH_END);
            format!("{found}, expected {}", in_line(expected, KEPT_CHARS_AT_EACH_END))
        }
        // A sentence of ours.
        None => in_line(message, SENTENCE_CHARS_AT_EACH_END),
    }
}

/// Removes the middle of a long text, and keeps this many characters of each end.
pub fn without_middle(text: String, kept: usize) -> String {
    let length = text.chars().count();
    if length <= 2 * kept {
        return text;
    }
    let begin = text.chars().take(kept);
    let end = text.chars().skip(length - kept);
    begin.chain(['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_repeated_in_a_line_however_long_it_is() {
        let long = "é\n".repeat(1_000_000);
        for message in [
            format!("unknown field `{long}`, expected one of `number`, `type`"),
            format!("invalid type: string \"{long}\", expected a list"),
            format!("unknown field `, expected {long}`, expected `number`"),
            long.clone(),
        ] {
            let told = in_a_line(&message);
            assert!(told.chars().count() < 330 && !told.contains('\n'), "{told}");
        }
        let told = in_a_line(&format!("unknown field `{long}`, expected one of `number`, `type`"));
        assert!(told.ends_with("`, expected one of `number`, `type`"), "{told}");
        let problem = Problem::at(format!("/{long}"), long);
        assert!(problem.pointer.is_empty() && problem.detail.chars().count() < 1_100);
    }
}
