//! Takes the words of an answer out of the text of a mail, without what it quotes and without signatures.
//!
//! Words are never lost for a guess: what has none of the known forms stays.

use super::phrases::{self, Field};

/// The greatest number of lines over which the line before a quote is broken.
const MAX_ATTRIBUTION_LINES: usize = 5;
/// The greatest length of one of them, in bytes.
const MAX_ATTRIBUTION_LINE_BYTES: usize = 1_000;
/// The greatest number of lines of a header above the mail that is answered.
const MAX_HEADER_LINES: usize = 14;
/// The least number of numbers in a date with a time, or in a full date.
const DATE_NUMBERS: usize = 3;
/// The greatest number of lines of a signature below a line of two dashes without the space that belongs there.
const MAX_DOUBTFUL_SIGNATURE_LINES: usize = 10;
/// The least number of underscores or dashes in a line that only separates.
const SEPARATOR_CHARS: usize = 4;

/// What was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The words of the answer.
    pub(super) words: String,
    /// Whether all that was left out was marked as a quote line by line, or as a signature.
    pub(super) is_certain: bool,
}

/// Returns the words of the answer in a text.
pub(super) fn answer(text: &str) -> Answer {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    let mut is_certain = true;
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        match foreign(&lines, at) {
            Some(Foreign::Lines(count)) => {
                at += count;
                parts.push(Vec::new());
            }
            Some(Foreign::Rest) => {
                is_certain = false;
                break;
            }
            None if is_signature_mark(&lines, at) => {
                at = end_of_signature(&lines, at + 1);
                parts.push(Vec::new());
            }
            None => {
                if let Some(part) = parts.last_mut() {
                    part.push(line);
                }
                at += 1;
            }
        }
    }
    let parts = parts.iter().map(|part| tidy(part)).filter(|part| !part.is_empty());
    Answer { words: parts.collect::<Vec<_>>().join("\n\n"), is_certain }
}

/// What others wrote.
enum Foreign {
    /// So many lines.
    Lines(usize),
    /// All from here to the end.
    Rest,
}

/// Returns what others wrote that begins at a line.
fn foreign(lines: &[&str], at: usize) -> Option<Foreign> {
    let line = *lines.get(at)?;
    if is_quoted(line) {
        return Some(Foreign::Lines(1));
    }
    if let Some(count) = attribution(lines, at) {
        let is_marked = next_words(lines, at + count).is_some_and(|(_, line)| is_quoted(line));
        return Some(if is_marked { Foreign::Lines(count) } else { Foreign::Rest });
    }
    if is_separator(line) {
        let (next, after) = next_words(lines, at + 1)?;
        if is_quoted(after) {
            return Some(Foreign::Lines(next - at));
        }
        let is_before = is_header(lines, next) || attribution(lines, next).is_some();
        return is_before.then_some(Foreign::Rest);
    }
    is_header(lines, at).then_some(Foreign::Rest)
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>')
}

/// Returns the next line with words, from this one on.
fn next_words<'a>(lines: &[&'a str], from: usize) -> Option<(usize, &'a str)> {
    let rest = lines.iter().enumerate().skip(from);
    rest.map(|(at, line)| (at, *line)).find(|(_, line)| !line.trim().is_empty())
}

/// Returns how many lines, from this one on, say who wrote what follows, such as `On …, … wrote:`.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let count = lines_that_say_who_wrote(lines, at)?;
    // If fewer of these lines say it all, this line is somebody's words.
    let is_later = (1..count).any(|skip| {
        lines_that_say_who_wrote(lines, at + skip).is_some_and(|it| skip + it <= count)
    });
    (!is_later).then_some(count)
}

/// Returns how many lines, from this one on, have a date and a colon at the end. If no line of a quote follows, they also
/// need an address and a word such as `wrote`; otherwise one of them.
fn lines_that_say_who_wrote(lines: &[&str], at: usize) -> Option<usize> {
    let mut said = String::new();
    for (count, line) in (1..=MAX_ATTRIBUTION_LINES).zip(lines.get(at..)?) {
        let line = line.trim();
        if line.is_empty() || line.len() > MAX_ATTRIBUTION_LINE_BYTES || is_quoted(line) {
            return None;
        }
        said.push_str(line);
        said.push(' ');
        if !line.ends_with([':', '：']) || !has_date(&said) {
            continue;
        }
        let (has_address, says_who) = (said.contains('@'), phrases::says_who_wrote(&said));
        let is_quote_next = next_words(lines, at + count).is_some_and(|(_, line)| is_quoted(line));
        if has_address && says_who || is_quote_next && (has_address || says_who) {
            return Some(count);
        }
    }
    None
}

/// Whether a text has enough numbers for a date, beside those in addresses.
fn has_date(text: &str) -> bool {
    let mut rest = String::new();
    let mut is_in_brackets = false;
    for c in text.chars() {
        match c {
            '<' => is_in_brackets = true,
            '>' => is_in_brackets = false,
            c if !is_in_brackets => rest.push(c),
            _ => {}
        }
    }
    let words = rest.split_whitespace().filter(|word| !word.contains('@'));
    let numbers = words.flat_map(|word| word.split(|c: char| !c.is_numeric()));
    numbers.filter(|it| !it.is_empty()).count() >= DATE_NUMBERS
}

/// Whether a line is `____` or `-----Original message-----`.
fn is_separator(line: &str) -> bool {
    let line = line.trim();
    let around = |c: char| line.chars().take_while(|it| *it == c).count();
    let underscores = around('_');
    if underscores >= SEPARATOR_CHARS {
        return underscores == line.chars().count();
    }
    let behind = line.chars().rev().take_while(|it| *it == '-').count();
    around('-') >= SEPARATOR_CHARS && behind >= SEPARATOR_CHARS
}

/// Whether the header of a mail begins at this line: who wrote it, and two more of when, to whom and about what.
fn is_header(lines: &[&str], at: usize) -> bool {
    if lines.get(at).and_then(|line| phrases::field(line)).is_none() {
        return false;
    }
    let mut found: Vec<Field> = Vec::new();
    for line in lines.iter().skip(at).take(MAX_HEADER_LINES) {
        if line.trim().is_empty() {
            break;
        }
        match phrases::field(line) {
            Some(field) if !found.contains(&field) => found.push(field),
            // A list of receivers may take several lines.
            _ => {}
        }
    }
    let known = [Field::Date, Field::To, Field::Subject];
    found.contains(&Field::From) && known.iter().filter(|it| found.contains(it)).count() >= 2
}

/// Whether a signature begins below this line (RFC 3676, section 4.3). Many programs remove the space at its end.
fn is_signature_mark(lines: &[&str], at: usize) -> bool {
    match lines.get(at).copied() {
        Some("-- ") => true,
        Some("--") => {
            let below = lines.get(at + 1..).unwrap_or_default();
            let near = below.get(..MAX_DOUBTFUL_SIGNATURE_LINES + 1).unwrap_or(below);
            let follows = near.first().is_some_and(|line| !line.trim().is_empty());
            follows && (1..=MAX_DOUBTFUL_SIGNATURE_LINES).contains(&end_of_signature(near, 0))
        }
        _ => false,
    }
}

/// Returns where the signature ends that begins at this line.
fn end_of_signature(lines: &[&str], at: usize) -> usize {
    (at..lines.len()).find(|at| foreign(lines, *at).is_some()).unwrap_or(lines.len())
}

/// Joins the lines of a part, without empty lines around them and without what a program has added at its end.
fn tidy(lines: &[&str]) -> String {
    let mut lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    loop {
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        let mut last = lines.iter().rev();
        let is_footer = last.next().is_some_and(|line| phrases::is_footer(line))
            && last.next().is_none_or(|line| line.trim().is_empty());
        if !is_footer {
            break;
        }
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    lines.split_off(first).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        answer(text).words
    }

    #[test]
    fn what_has_no_known_form_stays() {
        for text in [
            "Hello\n\nFrom: here to there\nTo: you",
            "We met on 30.11.2026 at 09:15 and agreed as follows:\n\n1. 5 pieces\n2. 20 %",
            "Prices --\n--\n\nare as agreed",
            "a -- b\n---\nc",
            "Sent from my side is all.",
            "> ",
        ] {
            let expected = if text == "> " { "" } else { text };
            assert_eq!(words(text), expected);
        }
    }

    #[test]
    fn words_above_below_and_between_quotes_stay() {
        let text = "Hi\n\nOn Mon, 30 Nov 2026 at 09:15, Acme <a+1@x.example> wrote:\n> one\n\nyes\n>> two\nno\n> \nend";
        assert_eq!(words(text), "Hi\n\nyes\n\nno\n\nend");
    }

    #[test]
    fn the_line_before_a_quote_may_be_broken() {
        for attribution in [
            "On Mon, 30 Nov 2026 at 09:15, Acme Supplies Limited <\nreplies+0123@mail.shop.example> wrote:",
            "On Mon, 30 Nov 2026 at\n09:15, Acme <a@x.example>\nwrote:",
            "Am 30.11.26 um 09:15 schrieb Acme:",
            "* Acme <a@x.example> [2026-11-30 09:15]:",
            "30 нояб. 2026 г., 09:15, Acme <a@x.example>:",
            "2026年11月30日(月) 9:15 Acme <a@x.example>:",
        ] {
            let text = format!("Words of mine.\n{attribution}\n\n> quoted\n");
            assert_eq!(words(&text), "Words of mine.", "{attribution}");
        }
    }

    #[test]
    fn a_mail_below_without_marks_ends_the_answer() {
        for below in [
            "    On Monday, November 30, 2026 at 09:15:00 AM GMT+1, Acme <a@x.example> wrote:  \n \n Hello",
            "________________________________\nFrom: Acme <a@x.example>\nSent: Monday\nTo: Jo\nSubject: 42\n\nHello",
            "*Von:* Acme <a@x.example>\n*Gesendet:* Montag\n*An:* Jo\n*Betreff:* 42\n\nHallo",
            "-----Message d'origine-----\nDe : Acme\nEnvoyé : lundi\nÀ : Jo\nObjet : 42\n\nBonjour",
        ] {
            let found = answer(&format!("Fine.\n\n{below}"));
            assert_eq!(found, Answer { words: "Fine.".to_owned(), is_certain: false }, "{below}");
        }
    }

    #[test]
    fn signatures_end_where_the_quote_begins() {
        assert_eq!(words("Yes\n-- \nJo\nAcme\n\n> quoted\n\nand no"), "Yes\n\nand no");
        assert_eq!(words("Yes\n--\nJo"), "Yes");
        let long = format!("Yes\n--\n{}", "line\n".repeat(11));
        assert_eq!(words(&long), long.trim_end());
        assert_eq!(words("Yes\n\nSent from my iPhone\n\n> quoted"), "Yes");
        assert_eq!(
            words("Yes\n\nSent from my iPhone\nwhich is new"),
            "Yes\n\nSent from my iPhone\nwhich is new"
        );
    }

    #[test]
    fn long_texts_take_time_in_proportion_to_their_length() {
        for line in ["--\n", "On 1 2 3 a@x wrote\n", "From: x\n", "____\n", "a:\n"] {
            answer(&line.repeat(100_000));
        }
    }
}
