//! A problem of an invoice: what is wrong, where, and how to fix it.

use serde::{Deserialize, Serialize};
use serde_path_to_error::{Path, Segment};

/// How much of each end of a long detail is kept, in characters.
const KEPT_CHARS_AT_EACH_END: usize = 500;
/// The same, of a sentence about a value in JSON.
const SENTENCE_CHARS_AT_EACH_END: usize = 150;
/// The same, of what an error of JSON found and repeats.
const FOUND_CHARS_AT_EACH_END: usize = 60;
/// The greatest length of an unknown name that is compared with others, in bytes.
const MAX_NAME_BYTES: usize = 60;
/// The greatest length of a JSON pointer, in bytes. It contains unknown names of fields, which may be as long as
/// the whole JSON; a longer one is left out.
const MAX_POINTER_BYTES: usize = 500;

/// The greatest number of problems of one invoice that are listed. A large file can have one for each element, and
/// they are stored with the invoice and shown to people.
const MAX_LISTED: usize = 1_000;

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

/// Returns the same problems, or as many as are listed of one invoice and one that says how many are left out. What
/// other programs refuse an invoice for is listed before the rest.
pub fn listed(mut problems: Vec<Problem>) -> Vec<Problem> {
    let left_out = problems.len().saturating_sub(MAX_LISTED);
    if left_out > 0 {
        problems.sort_by_key(|it| it.severity != Some(Severity::Fatal));
        problems.truncate(MAX_LISTED);
        let detail = format!("There are {left_out} more problems, which are not listed.");
        problems.push(Problem::at("", detail));
    }
    problems
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
            let meant = meant(found, expected);
            let found = in_line(found, FOUND_CHARS_AT_EACH_END);
            let expected = in_line(expected, KEPT_CHARS_AT_EACH_END);
            match meant {
                Some(name) => format!("{found} (is `{name}` meant?), expected {expected}"),
                None => format!("{found}, expected {expected}"),
            }
        }
        // A sentence of ours.
        None => in_line(message, SENTENCE_CHARS_AT_EACH_END),
    }
}

/// The name that is most like an unknown one among those that serde expected.
fn meant<'a>(found: &str, expected: &'a str) -> Option<&'a str> {
    let unknown = found.strip_prefix("unknown field `")?.strip_suffix('`')?;
    if unknown.len() > MAX_NAME_BYTES {
        return None;
    }
    let names = expected.split('`').skip(1).step_by(2);
    let named = names.map(|name| (distance(&plain(unknown), &plain(name)), name));
    let (distance, name) = named.min()?;
    // A third of the letters may be others.
    (distance * 3 <= plain(unknown).len()).then_some(name)
}

/// The letters of a name, without what differs between ways to write names.
fn plain(name: &str) -> Vec<char> {
    name.to_lowercase().chars().filter(|it| it.is_alphanumeric()).collect()
}

/// How many letters have to be added, taken out or replaced to make one name of the other (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let mut before = index;
        let mut left = index + 1;
        for (above, another) in row.iter_mut().skip(1).zip(other) {
            let replaced = before + usize::from(letter != another);
            before = *above;
            *above = replaced.min(before + 1).min(left + 1);
            left = *above;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
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
    fn of_very_many_problems_the_fatal_ones_are_listed_first_and_the_rest_is_counted() {
        let warning = Problem::at("/a", "unlikely").of(Severity::Warning);
        let fatal = Problem::at("/b", "wrong").of(Severity::Fatal);
        let few = vec![warning.clone(), fatal.clone()];
        assert_eq!(listed(few.clone()), few);
        let mut many = vec![warning.clone(); MAX_LISTED + 5];
        many.push(fatal.clone());
        let listed = listed(many);
        assert_eq!(listed.len(), MAX_LISTED + 1);
        assert_eq!((&listed[0], &listed[1]), (&fatal, &warning));
        assert!(listed[MAX_LISTED].detail.contains("6 more problems"), "{:?}", listed[MAX_LISTED]);
    }

    #[test]
    fn an_unknown_field_is_told_with_the_name_that_is_most_like_it() {
        let expected = "one of `number`, `issue_date`, `due_date`, `vat_breakdown`, `unit_price`";
        for (unknown, name) in [
            ("issueDate", Some("issue_date")),
            ("issuedate", Some("issue_date")),
            ("numbr", Some("number")),
            ("vat_brakedown", Some("vat_breakdown")),
            ("Unit-Price", Some("unit_price")),
            ("colour", None),
            ("x", None),
        ] {
            let told = in_a_line(&format!("unknown field `{unknown}`, expected {expected}"));
            let meant = told.split_once("(is `").and_then(|(_, rest)| rest.split_once('`'));
            assert_eq!(meant.map(|it| it.0), name, "{told}");
            assert!(told.ends_with(&format!(", expected {expected}")), "{told}");
        }
    }

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
