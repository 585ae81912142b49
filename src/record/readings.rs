//! Compares the two forms of a message, text and HTML.
//!
//! Most people see the HTML, but notifications and clients without HTML show the text. As the text,
//! most clients send what was typed (Markdown, including tags) or the HTML without its tags. So the
//! words of both forms are compared in their order and without punctuation. A client may add
//! something to the text, such as the address of a link, the Matrix id of a person, the number of a
//! list item, or the language of code. This is removed from the text only if the HTML has exactly the
//! same.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::markup::{self, BLOCKS, Place, Reading};
use super::remark::{Remark, remarks_in};
use super::{Attachment, Entry};

/// The head of a column that our pinned summary has in its HTML only.
const SUMMARY_ONLY_HEAD: &str = "item";

/// Elements that the sanitiser renames, each with its new name.
const RENAMED: [(&str, &str); 2] = [("font", "span"), ("strike", "s")];

/// Returns whether the words and numbers of the text and of the sanitised HTML differ, or are in
/// another order.
pub(super) fn differ(body: &str, html: &str) -> bool {
    let reading = markup::reading(html);
    let words_in = |wanted: fn(Place) -> bool| {
        let runs = reading.runs.iter().filter(|run| wanted(run.place));
        words(&runs.map(|run| run.text.as_str()).collect::<Vec<_>>().concat())
    };
    let all = words_in(|_| true);
    if words(body) == all {
        return false;
    }
    let same = |body: &str| {
        let mut said = words(&as_in_html(body, &reading));
        let mut all = all.clone();
        if reading.has_maths {
            said.retain(|word| word != "$");
            all.retain(|word| word != "$");
        }
        said == all
            || (reading.elements.contains("table")
                && table_says(
                    &said,
                    &words_in(|place| place == Place::Flow),
                    &words_in(|place| place == Place::Cell),
                    &words_in(|place| place == Place::Head),
                ))
    };
    !(same(body) || (body.contains('&') && same(&unescaped(body))))
}

/// Returns the text of an entry's HTML, if it differs from the entry's text.
pub fn other_reading(entry: &Entry) -> Option<String> {
    other_words_in(entry.html.as_deref(), entry.remark.as_deref())
}

fn other_words_in(html: Option<&str>, remark: Option<&str>) -> Option<String> {
    let differs = remarks(remark).any(|it| it == Remark::TextDiffersFromHtml);
    html.filter(|_| differs).map(markup::plain_text)
}

fn remarks(text: Option<&str>) -> impl Iterator<Item = Remark> {
    remarks_in(text.unwrap_or_default()).into_iter()
}

/// Returns the text of HTML with spoilers: the text form may leave out what the spoilers hide.
fn words_behind_spoilers(html: Option<&str>) -> Option<String> {
    html.filter(|html| html.contains("data-mx-spoiler")).map(markup::plain_text)
}

/// Returns everything that a person may have read in an entry, and so may search for: its text, the
/// text of its HTML and the fallback text of an edit if they differ, and the names of its files.
pub fn all_words(
    text: Option<&str>,
    html: Option<&str>,
    attachments: &[Attachment],
    remark: Option<&str>,
) -> String {
    let mut all: Vec<String> = text.map(str::to_owned).into_iter().collect();
    all.extend(other_words_in(html, remark).or_else(|| words_behind_spoilers(html)));
    all.extend(remarks(remark).filter_map(|it| match it {
        Remark::OtherWordsWithoutEdits(words) => Some(words),
        _ => None,
    }));
    let names = attachments.iter().map(|it| &it.name);
    all.extend(names.filter(|name| Some(name.as_str()) != text).cloned());
    all.join("\n")
}

/// Returns whether two texts without markup have the same words.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// Returns whether a text has the same words as a table. Clients write the cells of a row in any
/// order, and they write the heads never, once, or in each row.
fn table_says(said: &[String], flow: &[String], cells: &[String], heads: &[String]) -> bool {
    let mut counts = HashMap::<&str, i64>::new();
    for word in said {
        *counts.entry(word).or_default() += 1;
    }
    for word in flow.iter().chain(cells) {
        *counts.entry(word).or_default() -= 1;
    }
    let is_head = |word: &str| heads.iter().any(|head| head == word);
    let no_other_words =
        counts.iter().all(|(word, count)| *count == 0 || (*count > 0 && is_head(word)));
    let mut rest = said.iter();
    let in_order = flow.iter().all(|word| rest.any(|it| it == word));
    let heads_said = heads.iter().all(|head| head == SUMMARY_ONLY_HEAD || said.contains(head));
    no_other_words && in_order && heads_said
}

/// Returns the text with everything that this HTML has in another form replaced by the form of the
/// HTML.
fn as_in_html(body: &str, reading: &Reading) -> String {
    let mut text = body.to_owned();
    for name in &reading.elements {
        text = without_tags(&text, name);
        for (old, _) in RENAMED.iter().filter(|(_, new)| new == name) {
            text = without_tags(&text, old);
        }
    }
    for part in &reading.parts {
        text = with_part(&text, part);
    }
    for hidden in &reading.spoilers {
        text = with_spoiler(&text, hidden);
    }
    let numbered = reading.elements.contains("ol");
    let lines = text.lines().map(|line| {
        let start = line.trim_start_matches(|c: char| c.is_whitespace() || ">-*+".contains(c));
        if let Some(language) = start.strip_prefix("```").or_else(|| start.strip_prefix("~~~")) {
            return if reading.languages.contains(language.trim()) { "" } else { line };
        }
        let rest = start.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = numbered && rest.len() < start.len();
        match rest.strip_prefix(['.', ')']).filter(|_| is_number) {
            Some(item) if item.starts_with(' ') => item,
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the text without tags with this name, because the author typed them and the HTML has such
/// elements.
fn without_tags(text: &str, name: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('<') {
        left.push_str(before);
        let tag = from.strip_prefix('/').unwrap_or(from);
        let inside =
            tag.get(..name.len()).filter(|it| it.eq_ignore_ascii_case(name)).and_then(|_| {
                let (inside, after) = tag.get(name.len()..)?.split_once('>')?;
                let plain = inside.trim_end_matches('/').trim();
                let is_tag = plain.is_empty() || (inside.starts_with(' ') && plain.contains('='));
                is_tag.then_some(after)
            });
        match inside {
            Some(after) => {
                if name == "br" || BLOCKS.contains(&name) {
                    left.push('\n');
                }
                rest = after;
            }
            None => {
                left.push('<');
                rest = from;
            }
        }
    }
    left.push_str(rest);
    left
}

/// Returns the text with a link, picture or formula in the form of the HTML.
fn with_part(text: &str, part: &markup::Part) -> String {
    for form in &part.forms {
        // Markdown: `[text](address)`.
        let target = format!("]({form}");
        if let Some((before, after)) = text.split_once(&target)
            && let Some((title, after)) = after.split_once(')')
            && (title.is_empty() || title.starts_with(' '))
        {
            return format!("{before}{after}");
        }
    }
    let named = format!(" {} ", words(&part.text).join(" "));
    let named = named.as_str();
    for form in &part.forms {
        if part.text.contains(form.as_str()) {
            return text.to_owned();
        }
        if let Some((before, after)) = text.split_once(form.as_str()) {
            let rest = format!("{before} {after}");
            let is_said =
                named.trim().is_empty() || format!(" {} ", words(&rest).join(" ")).contains(named);
            return if is_said { rest } else { format!("{before}{}{after}", part.text) };
        }
    }
    text.to_owned()
}

/// Returns the text with the hidden words of a spoiler, if the text has one in the form of the
/// specification ("Spoiler messages"): `[Spoiler](mxc://…)` or `[Spoiler for the reason](mxc://…)`.
fn with_spoiler(text: &str, hidden: &str) -> String {
    let replaced = || {
        let (before, from) = text.split_once("[Spoiler")?;
        let (_, after) = from.split_once("](mxc://")?;
        let (_, after) = after.split_once(')')?;
        Some(format!("{before}{hidden}{after}"))
    };
    replaced().unwrap_or_else(|| text.to_owned())
}

/// Returns the text with the usual HTML entities decoded, as people write them in Markdown.
fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    entities.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// Returns the words and numbers of a text in order, in lower case and without punctuation. Signs
/// with a meaning of their own (currencies, `%`, `?`, emoji) are words as well.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = match text.is_ascii() {
        true => text.chars().map(|c| c.to_ascii_lowercase()).collect(),
        false => text.nfkc().flat_map(char::to_lowercase).collect(),
    };
    let mut words = Vec::new();
    let mut word = String::new();
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    for (at, c) in chars.iter().copied().enumerate() {
        let after_digit = at > 0 && is_digit(at - 1);
        let in_number = after_digit && is_digit(at + 1);
        match c {
            c if c.is_alphanumeric() || is_combining_mark(c) && !is_selector(c) => word.push(c),
            '.' | ',' if in_number => word.push(c),
            '-' | '+' | '\u{2212}' if word.is_empty() && is_digit(at + 1) => {
                word.push(if c == '+' { '+' } else { '-' });
            }
            '*' | '_' | '~' if in_number => {
                words.push(std::mem::take(&mut word));
                words.push(c.to_string());
            }
            // Markdown marks, apostrophes and invisible characters do not end a word.
            '*' | '_' | '~' | '`' | '\\' | '\'' | '\u{2018}' | '\u{2019}' => {}
            c if is_selector(c) || is_invisible(c) => {}
            c => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if is_sign(c) {
                    words.push(c.to_string());
                }
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Returns whether a character is a variation selector.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Returns whether a character is invisible: a soft hyphen, joiner or direction mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns whether a character that is neither letter nor digit has a meaning of its own.
fn is_sign(c: char) -> bool {
    match c {
        '$' | '%' | '?' | '\u{2030}' => true,
        c if c.is_ascii() || c.is_whitespace() => false,
        // Quotation marks, dashes, bullets, CJK punctuation.
        '\u{a1}'
        | '\u{ab}'
        | '\u{b6}'
        | '\u{b7}'
        | '\u{bb}'
        | '\u{bf}'
        | '\u{2010}'..='\u{205e}'
        | '\u{25aa}'
        | '\u{25e6}'
        | '\u{3000}'..='\u{303f}' => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
