//! Whether the two forms of a message, text and HTML, say the same.
//!
//! People see the HTML; apps without HTML and notifications show the text. Most clients send as
//! text what was typed (Markdown, tags and all) or what the HTML reads, so the words of both are
//! compared in their order, without marks. What a client writes in another way in a text (the
//! address of a link, the Matrix id of a person, the number of a list's item, the language of
//! code) is taken out of the text only if the HTML has exactly that.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::markup::{self, BLOCKS, Place, Reading};
use super::{Attachment, Entry};

/// The remark on a message whose text and HTML say different things.
pub const TWO_READINGS: &str = "its text and its HTML say different things";

/// The remark on an edit that shows other words to apps that do not know edits; the words follow.
pub const OTHER_WORDS: &str = "apps that do not know edits show other words: ";

/// The one head of a column that the pinned summary has in its HTML only.
const OWN_HEAD: &str = "item";

/// Elements that the sanitiser replaces, and by which ones.
const RENAMED: [(&str, &str); 2] = [("font", "span"), ("strike", "s")];

/// Whether text and sanitised HTML have other words or numbers, or the same in another order.
pub(super) fn differ(body: &str, html: &str) -> bool {
    let reading = markup::reading(html);
    let of = |wanted: fn(Place) -> bool| {
        let runs = reading.runs.iter().filter(|run| wanted(run.place));
        words(&runs.map(|run| run.text.as_str()).collect::<Vec<_>>().concat())
    };
    let all = of(|_| true);
    if words(body) == all {
        return false;
    }
    let same = |body: &str| {
        let mut said = words(&as_read(body, &reading));
        let mut all = all.clone();
        if reading.has_maths {
            said.retain(|word| word != "$");
            all.retain(|word| word != "$");
        }
        said == all
            || (reading.elements.contains("table")
                && table_says(
                    &said,
                    &of(|it| it == Place::Flow),
                    &of(|it| it == Place::Cell),
                    &of(|it| it == Place::Head),
                ))
    };
    !(same(body) || (body.contains('&') && same(&unescaped(body))))
}

/// The words of an entry's HTML, if its text says something else.
pub fn other_reading(entry: &Entry) -> Option<String> {
    other_words_in(entry.html.as_deref(), entry.remark.as_deref())
}

fn other_words_in(html: Option<&str>, remark: Option<&str>) -> Option<String> {
    html.filter(|_| remark.is_some_and(|it| it.contains(TWO_READINGS))).map(markup::plain_text)
}

/// The words of HTML that hides some of them: a text that says the same need not have those.
fn words_behind_spoilers(html: Option<&str>) -> Option<String> {
    html.filter(|html| html.contains("data-mx-spoiler")).map(markup::plain_text)
}

/// Everything that somebody may have read in an entry, and so may look for: its text, the words
/// of its HTML and of an edit's other form where they differ, and the names of its files.
pub fn all_words(
    text: Option<&str>,
    html: Option<&str>,
    attachments: &[Attachment],
    remark: Option<&str>,
) -> String {
    let mut all: Vec<String> = text.map(str::to_owned).into_iter().collect();
    all.extend(other_words_in(html, remark).or_else(|| words_behind_spoilers(html)));
    all.extend(remark.and_then(|it| it.split_once(OTHER_WORDS)).map(|(_, words)| words.to_owned()));
    let names = attachments.iter().map(|it| &it.name);
    all.extend(names.filter(|name| Some(name.as_str()) != text).cloned());
    all.join("\n")
}

/// Whether two texts without markup have the same words.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// Whether a text says what a table does. Clients write the cells of a row in any order, and the
/// heads never, once or in each row.
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
    let heads_said = heads.iter().all(|head| head == OWN_HEAD || said.contains(head));
    no_other_words && in_order && heads_said
}

/// The text without what this HTML has in another form.
fn as_read(body: &str, reading: &Reading) -> String {
    let mut text = body.to_owned();
    for name in &reading.elements {
        text = without_tags(&text, name);
        // The sanitiser writes these elements by another name.
        for (old, _) in RENAMED.iter().filter(|(_, now)| now == name) {
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

/// Without the tags of elements that the HTML has: somebody typed them.
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

/// With the words of a link, picture or formula where the text names it in another way.
fn with_part(text: &str, part: &markup::Part) -> String {
    for form in &part.forms {
        // Markdown: `[words](address)`.
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

/// With the hidden words where the text has the form of the spec for them ("Spoiler messages"):
/// `[Spoiler](mxc://…)`, `[Spoiler for the reason](mxc://…)`.
fn with_spoiler(text: &str, hidden: &str) -> String {
    let replaced = || {
        let (before, from) = text.split_once("[Spoiler")?;
        let (_, after) = from.split_once("](mxc://")?;
        let (_, after) = after.split_once(')')?;
        Some(format!("{before}{hidden}{after}"))
    };
    replaced().unwrap_or_else(|| text.to_owned())
}

/// With the characters that people write as entities in Markdown.
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

/// The words and numbers of a text in order, without case and marks. Signs that mean something by
/// themselves (currencies, `%`, `?`, emoji) are words, too.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.nfkc().flat_map(char::to_lowercase).collect();
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
            // Marks of Markdown, apostrophes, and what cannot be seen: a word goes on.
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

/// Variation selectors.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Takes no room: soft hyphen, joiners, marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character that is no letter or digit means something by itself.
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
