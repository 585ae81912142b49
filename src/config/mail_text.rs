//! What a shop says in its mails in the place of our own words.

use serde::{Deserialize, Serialize};

use super::shops::Words;
use super::template::{Unfilled, filled};

/// The greatest length of a subject, in characters.
const MAX_SUBJECT_CHARS: usize = 150;
/// The greatest length of the opening words, in characters.
const MAX_OPENING_CHARS: usize = 1_000;
/// The words that may stand in braces.
const PLACES: [&str; 5] = ["number", "seller", "buyer", "amount", "due_date"];

/// The texts of one kind of mail of a shop. What it does not set is as for all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailText {
    /// The name of the shop.
    pub shop: String,
    /// The mails.
    pub mail: TextOf,
    /// The subject.
    #[serde(default)]
    pub subject: Option<Words>,
    /// The first words.
    #[serde(default)]
    pub opening: Option<Words>,
}

/// A kind of mail whose texts a shop can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextOf {
    /// What was said.
    Messages,
    /// That the shop has named the reader as a contact.
    Invitation,
    /// A reminder up to the due date.
    Reminder,
    /// A reminder after the due date.
    LateReminder,
    /// The link that the reader asked for.
    Link,
}

/// Returns what is wrong with a subject, if anything is.
pub(super) fn problem_of_subject(subject: &Words) -> Option<String> {
    let has_lines = || subject.all().iter().any(|it| it.contains('\n'));
    problem(subject, MAX_SUBJECT_CHARS)
        .or_else(|| has_lines().then(|| "a text of several lines".to_owned()))
}

/// Returns what is wrong with opening words, if anything is.
pub(super) fn problem_of_opening(opening: &Words) -> Option<String> {
    problem(opening, MAX_OPENING_CHARS)
}

fn problem(words: &Words, max_chars: usize) -> Option<String> {
    let problem_of = |text: &str| {
        let sample = |word: &str| PLACES.contains(&word).then(String::new);
        match filled(text, sample) {
            Err(Unfilled::Word(word)) => Some(format!("a text with the unknown {{{word}}}")),
            Err(Unfilled::Brace) => Some("a text with a brace that has no other one".to_owned()),
            Ok(_) if has_markup(text) => {
                Some("a text with HTML, which would be shown as it is".to_owned())
            }
            Ok(_) => None,
        }
    };
    words.problem(max_chars).or_else(|| words.all().into_iter().find_map(problem_of))
}

/// Whether a text has something that looks like an element of HTML.
fn has_markup(text: &str) -> bool {
    text.split('<')
        .skip(1)
        .any(|after| after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_short_and_has_known_words_in_braces() {
        for (text, problem) in [
            ("{number} of {seller} for {buyer}: {amount} by {due_date}", None),
            ("1 < 2 and a <3", None),
            ("{amont}", Some("a text with the unknown {amont}")),
            ("{ amount }", Some("a text with the unknown { amount }")),
            ("{amount", Some("a text with a brace that has no other one")),
            ("amount}", Some("a text with a brace that has no other one")),
            ("Dear <b>Ada</b>", Some("a text with HTML, which would be shown as it is")),
            ("<!-- x", Some("a text with HTML, which would be shown as it is")),
            ("a\u{7}b", Some("a text with control characters")),
            ("", Some("an empty text")),
            (&"x".repeat(151), Some("a text of more than 150 characters")),
            ("two\nlines", Some("a text of several lines")),
        ] {
            let words = Words::Same(text.to_owned());
            assert_eq!(problem_of_subject(&words).as_deref(), problem, "{text}");
        }
        let opening = |text: &str| problem_of_opening(&Words::Same(text.to_owned()));
        assert_eq!(opening("two\nlines"), None);
        assert_eq!(opening(&"x".repeat(1_000)), None);
        let too_long = "a text of more than 1000 characters";
        assert_eq!(opening(&"x".repeat(1_001)).as_deref(), Some(too_long));
    }
}
