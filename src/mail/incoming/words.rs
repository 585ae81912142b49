//! Takes the words of an answer out of the text of a mail, without what it quotes and without signatures.
//!
//! Words are never lost for a guess: what has none of the known forms stays, and what others wrote ends an answer only
//! where it is marked line by line, or is a mail of ours.

use super::ours::Ours;
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
    /// Whether nothing was left out as a quote that is not marked line by line. Somebody may have written into such a quote.
    pub(super) is_certain: bool,
    /// Whether a line says that others wrote what is left out.
    pub(super) has_attribution: bool,
}

/// Returns the words of the answer in a text.
pub(super) fn answer(text: &str, ours: &Ours) -> Answer {
    let text = Text::of(text, ours);
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    let (mut is_certain, mut has_attribution) = (true, false);
    let mut at = 0;
    while let Some(&line) = text.lines.get(at) {
        if let Some(foreign) = text.foreign(at) {
            is_certain = is_certain && foreign.is_marked;
            has_attribution = has_attribution || foreign.has_attribution;
            at = foreign.end;
            parts.push(Vec::new());
        } else if text.is_signature_mark(at) {
            at = text.end_of_signature(at + 1);
            parts.push(Vec::new());
        } else {
            if let Some(part) = parts.last_mut() {
                part.push(line);
            }
            at += 1;
        }
    }
    let parts = parts.iter().map(|part| tidy(part)).filter(|part| !part.is_empty());
    Answer { words: parts.collect::<Vec<_>>().join("\n\n"), is_certain, has_attribution }
}

/// What others wrote.
struct Foreign {
    /// The line behind it.
    end: usize,
    /// Whether each of its lines is marked.
    is_marked: bool,
    /// Whether it begins with a line that says so.
    has_attribution: bool,
}

/// What begins at a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    /// A line of a quote.
    Line,
    /// So many lines above a quote whose lines are marked.
    Lines(usize),
    /// A mail whose lines are not marked, or words that look like one.
    Unmarked,
}

/// A text, line by line.
struct Text<'a> {
    lines: Vec<&'a str>,
    /// Which of them can only be in a mail of ours.
    are_ours: Vec<bool>,
    ours: &'a Ours,
}

impl<'a> Text<'a> {
    fn of(text: &'a str, ours: &'a Ours) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let are_ours = lines.iter().map(|line| ours.are_named_in(line)).collect();
        Self { lines, are_ours, ours }
    }

    /// Returns what others wrote that begins at a line.
    fn foreign(&self, at: usize) -> Option<Foreign> {
        match quote(&self.lines, at)? {
            Quote::Line => Some(Foreign { end: at + 1, is_marked: true, has_attribution: false }),
            Quote::Lines(count) => {
                Some(Foreign { end: at + count, is_marked: true, has_attribution: true })
            }
            Quote::Unmarked => {
                let end = self.end_of_ours(at)?;
                Some(Foreign { end, is_marked: false, has_attribution: true })
            }
        }
    }

    /// Returns where a mail of ours ends whose lines are not marked, and with it the older mails that it answers. `None` if
    /// it is none of ours: then it is what somebody wants to show.
    fn end_of_ours(&self, from: usize) -> Option<usize> {
        let (mut end, is_ours) = self.end_of_mail(from);
        if !is_ours {
            return None;
        }
        while let Some((next, _)) = next_words(&self.lines, end)
            && quote(&self.lines, next) == Some(Quote::Unmarked)
        {
            (end, _) = self.end_of_mail(next);
        }
        Some(end)
    }

    /// Returns where a mail ends whose lines are not marked, and whether it is one of ours. One of ours ends with its last
    /// line, since somebody may have written below it; others end where the next mail begins.
    fn end_of_mail(&self, from: usize) -> (usize, bool) {
        let lines = &self.lines;
        let is_separated = lines.get(from).is_some_and(|line| is_separator(line));
        let after = is_separated.then(|| next_words(lines, from + 1)).flatten();
        let header = after.map_or(from, |(header, _)| header);
        let most = (header + MAX_HEADER_LINES).min(lines.len());
        let is_empty = |at: &usize| lines.get(*at).is_none_or(|line| line.trim().is_empty());
        let body = (header..most).find(is_empty).unwrap_or(most);
        let begins = |at: &usize| quote(lines, *at) == Some(Quote::Unmarked);
        let end = (body..lines.len()).find(begins).unwrap_or(lines.len());
        let mail = || (from..end).zip(lines.iter().skip(from));
        let is_ours = self.are_ours.get(from..end).is_some_and(|them| them.contains(&true));
        let last = mail().rfind(|(_, line)| self.ours.end_in(line));
        let Some((last, _)) = last else { return (end, is_ours) };
        let below = mail().skip_while(|(at, _)| *at <= last);
        let mut end = last + 1;
        for (at, line) in below {
            if self.ours.have_footer(line) {
                end = at + 1;
            } else if !line.trim().is_empty() {
                break;
            }
        }
        (end, is_ours)
    }

    /// Whether a signature begins below this line (RFC 3676, section 4.3). Many programs remove the space at its end; without
    /// it, the line is a mark only if a quote follows the signature.
    fn is_signature_mark(&self, at: usize) -> bool {
        match self.lines.get(at).copied() {
            Some("-- ") => true,
            Some("--") => {
                let first = self.lines.get(at + 1);
                let near = at + 2..=at + 1 + MAX_DOUBTFUL_SIGNATURE_LINES;
                first.is_some_and(|line| !line.trim().is_empty())
                    && self.foreign(at + 1).is_none()
                    && near.into_iter().any(|at| self.foreign(at).is_some())
            }
            _ => false,
        }
    }

    /// Returns where the signature ends that begins at this line.
    fn end_of_signature(&self, at: usize) -> usize {
        let count = self.lines.len();
        (at..count).find(|at| self.foreign(*at).is_some()).unwrap_or(count)
    }
}

/// Returns which quote begins at a line.
fn quote(lines: &[&str], at: usize) -> Option<Quote> {
    let line = *lines.get(at)?;
    if is_quoted(line) {
        return Some(Quote::Line);
    }
    if let Some(count) = attribution(lines, at) {
        let is_marked = next_words(lines, at + count).is_some_and(|(_, line)| is_quoted(line));
        return Some(if is_marked { Quote::Lines(count) } else { Quote::Unmarked });
    }
    if is_separator(line) {
        let (next, after) = next_words(lines, at + 1)?;
        if is_quoted(after) {
            return Some(Quote::Lines(next - at));
        }
        let is_before = is_header(lines, next) || attribution(lines, next).is_some();
        return is_before.then_some(Quote::Unmarked);
    }
    is_header(lines, at).then_some(Quote::Unmarked)
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
    use super::super::ours::tests::ours;
    use super::*;

    /// The last line of a mail of ours.
    const END: &str =
        "You get this mail as a contact. End these mails: https://pay.example/u/token";

    fn words(text: &str) -> String {
        answer(text, &ours()).words
    }

    #[test]
    fn what_has_no_known_form_stays() {
        for text in [
            "Hello\n\nFrom: here to there\nTo: you",
            "We met on 30.11.2026 at 09:15 and agreed as follows:\n\n1. 5 pieces\n2. 20 %",
            "Prices --\n--\n\nare as agreed",
            "a -- b\n---\nc",
            "Sent from my side is all.",
            "Option 1: refund\n--\nOption 2: replacement, which I prefer",
            "See below.\n\nFrom: Acme\nSent: Monday\nTo: Jo\nSubject: 42\n\nCan you pay by Friday?\nYES, half of it.",
            "The carrier says:\nOn 28 November 2026 10:00 DHL <info@dhl.example> wrote:\nThe parcel is lost.\n\nPlease send it again.",
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
    fn a_mail_of_ours_without_marks_is_left_out_up_to_its_last_line() {
        for header in [
            "    On Monday, November 30, 2026 at 09:15:00 AM GMT+1, Acme <a@x.example> wrote:  \n \n",
            "________________________________\nFrom: Acme <a@x.example>\nSent: Monday\nTo: Jo\nSubject: 42\n\n",
            "*Von:* Acme <a@x.example>\n*Gesendet:* Montag\n*An:* Jo\n*Betreff:* 42\n\n",
            "-----Message d'origine-----\nDe : Acme\nEnvoyé : lundi\nÀ : Jo\nObjet : 42\n\n",
        ] {
            let expected = |words: &str| Answer {
                words: words.to_owned(),
                is_certain: false,
                has_attribution: true,
            };
            let found = answer(&format!("Fine.\n\n{header}Hello\n{END}\n"), &ours());
            assert_eq!(found, expected("Fine."), "{header}");
            let below = format!("{header}Hello\n{END}\n\nAcme GmbH\nAmtsgericht Ulm\n\nFine.");
            assert_eq!(answer(&below, &ours()), expected("Fine."), "{header}");
            let older = format!("Yes.\n{header}B\n{END}\n\n{header}Hm?\n\n{header}A\n{END}\n");
            assert_eq!(answer(&older, &ours()), expected("Yes."), "{header}");
        }
    }

    #[test]
    fn what_somebody_wants_to_show_stays_above_a_mail_of_ours() {
        let shown = "The carrier says:\nOn 28 November 2026 10:00 DHL <info@dhl.example> wrote:\nThe parcel is lost.\n\nPlease send it again.";
        let text =
            format!("{shown}\n\nFrom: Acme\nSent: Monday\nTo: Jo\nSubject: 42\n\nAll well?\n{END}");
        assert_eq!(words(&text), shown);
    }

    #[test]
    fn signatures_end_where_the_quote_begins() {
        assert_eq!(words("Yes\n-- \nJo\nAcme\n\n> quoted\n\nand no"), "Yes\n\nand no");
        assert_eq!(words("Yes\n--\nJo\n\n> quoted"), "Yes");
        assert_eq!(words("Yes\n--\nJo"), "Yes\n--\nJo");
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
        for line in [
            "--\n",
            "On 1 2 3 a@x wrote\n",
            "From: x\n",
            "____\n",
            "a:\n",
            "From: x\nTo: x\nSubject: x\n",
        ] {
            answer(&line.repeat(100_000), &ours());
        }
    }
}
