//! Turns the HTML of a mail into text of the form that plain mails have: quotes have a `>` before each line, and signatures
//! of known programs are left out.
//!
//! The HTML is read token by token and never becomes a tree, so nesting costs nothing.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Stands before the `Content-ID` of a picture that is shown at this place.
const PICTURE: char = '\u{e000}';
/// Stands behind it.
const PICTURE_END: char = '\u{e001}';
/// The greatest number of elements whose end is awaited. Deeper ones count as part of the one around them.
const MAX_OPEN: usize = 1_000;
/// The greatest number of `>` before a line.
const MAX_QUOTE_MARKS: usize = 5;

/// Elements that stand in lines of their own.
const BLOCKS: [&str; 26] = [
    "address",
    "article",
    "blockquote",
    "body",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "ol",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
    "p",
];
/// Elements that have a line between them and what is around them.
const PARAGRAPHS: [&str; 11] =
    ["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "ul"];
/// Words in the class, id or name of an element that holds the mail that is answered (Yahoo, Proton, Zoho, GMX).
const QUOTES: [&str; 5] =
    ["yahoo_quoted", "protonmail_quote", "zmail_extra", "quote", "__quoted_text__"];
/// Words in the class or id of an element that holds a signature (Gmail, Thunderbird, Outlook, Proton, Apple, Yahoo).
const SIGNATURES: [&str; 8] = [
    "gmail_signature",
    "moz-signature",
    "signature",
    "ms-outlook-mobile-signature",
    "protonmail_signature_block",
    "applemailsignature",
    "yahoo-signature",
    "k9mail-signature",
];

/// What is done with the content of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Shown,
    Quoted,
    LeftOut,
}

#[derive(Default)]
struct Writer {
    text: String,
    /// The elements that are open, with what is done with their content.
    open: Vec<(String, Inside)>,
    quotes: usize,
    left_out: usize,
    /// The number of open `pre` elements.
    kept_spaces: usize,
    is_space_due: bool,
    /// Where the text of the link begins, and where it leads.
    link: Option<(usize, String)>,
}

/// Returns the text of HTML. A picture that comes with the mail leaves a mark at its place; see [`pictures`].
pub(super) fn text(html: &str) -> String {
    let sink = Sink(RefCell::new(Writer::default()));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let plain: String = html.chars().filter(|c| ![PICTURE, PICTURE_END].contains(c)).collect();
    queue.push_back(StrTendril::from(plain));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().text
}

/// Returns the `Content-ID`s of the pictures that are shown in a text.
pub(super) fn pictures(text: &str) -> Vec<&str> {
    let marked = text.split(PICTURE).skip(1);
    marked.filter_map(|rest| rest.split_once(PICTURE_END)).map(|(id, _)| id).collect()
}

/// Returns the text without the marks of pictures.
pub(super) fn without_pictures(text: &str) -> String {
    let mut parts = text.split(PICTURE);
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once(PICTURE_END).map_or(part, |(_, rest)| rest));
    std::iter::once(first).chain(rest).collect()
}

struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => writer.write(&text),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => writer.end(&tag.name),
            Token::TagToken(tag) => return writer.start(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Writer {
    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let attribute = |wanted: &str| {
            let found = tag.attrs.iter().find(|it| &*it.name.local == wanted);
            found.map(|it| it.value.to_string())
        };
        match name {
            "br" => self.new_line(),
            "hr" => {
                self.begin_line();
                self.write(&"_".repeat(32));
                self.begin_line();
            }
            "td" | "th" => self.is_space_due = true,
            "img" => self.picture(&attribute("src"), attribute("alt")),
            "a" => self.link = attribute("href").map(|to| (self.text.len(), to)),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.begin_line();
            let is_outlooks = attribute("class").is_some_and(|it| it.starts_with("Mso"));
            if PARAGRAPHS.contains(&name) && !is_outlooks {
                self.begin_paragraph();
            }
        }
        let is_raw = matches!(name, "style" | "script" | "title" | "template" | "noscript");
        let inside = if is_raw { Inside::LeftOut } else { inside(name, &attribute) };
        let is_awaited = is_raw || BLOCKS.contains(&name) || inside != Inside::Shown;
        let is_void = matches!(name, "br" | "hr" | "img") || tag.self_closing && !is_raw;
        if is_awaited && !is_void && self.open.len() < MAX_OPEN {
            self.open.push((name.to_owned(), inside));
            self.quotes += usize::from(inside == Inside::Quoted);
            self.left_out += usize::from(inside == Inside::LeftOut);
            self.kept_spaces += usize::from(name == "pre");
        }
        if name == "li" {
            self.write("- ");
        }
        match name {
            "style" | "script" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str) {
        if name == "a"
            && let Some((from, to)) = self.link.take()
        {
            self.say_where_a_link_leads(from, &to);
        }
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            for (name, inside) in self.open.split_off(at) {
                self.quotes -= usize::from(inside == Inside::Quoted);
                self.left_out -= usize::from(inside == Inside::LeftOut);
                self.kept_spaces -= usize::from(name == "pre");
            }
        }
        if BLOCKS.contains(&name) {
            self.begin_line();
        }
        if PARAGRAPHS.contains(&name) && name != "p" {
            self.begin_paragraph();
        }
    }

    fn write(&mut self, text: &str) {
        if self.left_out > 0 {
            return;
        }
        for c in text.chars() {
            match c {
                '\n' if self.kept_spaces > 0 => self.new_line(),
                ' ' | '\t' if self.kept_spaces > 0 => self.push(c),
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.is_space_due = true,
                '\u{a0}' => self.push(' '),
                c => self.push(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        let is_first = self.is_at_line_start();
        if is_first {
            for _ in 0..self.quotes.min(MAX_QUOTE_MARKS) {
                self.text.push('>');
            }
            if self.quotes > 0 {
                self.text.push(' ');
            }
        } else if self.is_space_due {
            self.text.push(' ');
        }
        self.is_space_due = false;
        self.text.push(c);
    }

    fn picture(&mut self, source: &Option<String>, alternative: Option<String>) {
        if self.left_out > 0 {
            return;
        }
        if let Some(id) = source.as_deref().and_then(|it| it.strip_prefix("cid:")) {
            let mark = format!("{PICTURE}{id}{PICTURE_END}");
            mark.chars().for_each(|c| self.push(c));
        } else if let Some(emoji) = alternative.filter(|it| is_emoji(it)) {
            self.write(&emoji);
        }
    }

    /// Adds the address of a link if its text does not name it.
    fn say_where_a_link_leads(&mut self, from: usize, to: &str) {
        let is_web = to.starts_with("https://") || to.starts_with("http://");
        let shown = self.text.get(from..).unwrap_or_default();
        let bare = to.split_once("://").map_or(to, |(_, rest)| rest).trim_end_matches('/');
        if is_web && !shown.trim().is_empty() && !shown.contains(bare) {
            self.write(&format!(" <{to}>"));
        }
    }

    fn is_at_line_start(&self) -> bool {
        self.text.is_empty() || self.text.ends_with('\n')
    }

    fn new_line(&mut self) {
        self.is_space_due = false;
        if self.left_out == 0 {
            self.text.push('\n');
        }
    }

    fn begin_line(&mut self) {
        self.is_space_due = false;
        if !self.is_at_line_start() {
            self.text.push('\n');
        }
    }

    fn begin_paragraph(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// Returns what is done with the content of an element.
fn inside(name: &str, attribute: &impl Fn(&str) -> Option<String>) -> Inside {
    let is_called = |keys: &[&str], words: &[&str]| {
        keys.iter().filter_map(|key| attribute(key)).any(|value| {
            let value = value.to_ascii_lowercase();
            value.split_ascii_whitespace().any(|word| words.contains(&word))
        })
    };
    if name != "body" && is_called(&["class", "id"], &SIGNATURES) {
        return Inside::LeftOut;
    }
    if name == "blockquote" {
        // Gmail and others indent what somebody writes with a blockquote without a border.
        let style = attribute("style").unwrap_or_default().replace(' ', "");
        let is_indented = style.contains("border:none") && attribute("type").is_none();
        return if is_indented { Inside::Shown } else { Inside::Quoted };
    }
    let is_quote = name == "div" && is_called(&["class", "id", "name", "data-marker"], &QUOTES);
    if is_quote { Inside::Quoted } else { Inside::Shown }
}

/// Whether the text that stands for a picture is an emoji or a few.
fn is_emoji(text: &str) -> bool {
    (1..=8).contains(&text.chars().count())
        && text.chars().all(|c| !c.is_alphanumeric() && !c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_lines_and_quotes_are_marked() {
        for (html, expected) in [
            ("<div>a</div><div><br></div><div>b  c</div>", "a\n\nb c\n"),
            ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc\n"),
            ("<p class=MsoNormal>a</p>\n<p class=MsoNormal>b<o:p></o:p></p>", "a\nb\n"),
            ("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc"),
            (
                "a<blockquote type=cite>b<blockquote>c</blockquote></blockquote>d",
                "a\n\n> b\n\n>> c\n\nd",
            ),
            ("<blockquote style='margin: 0 0 0 40px; border: none'>mine</blockquote>", "mine\n\n"),
            ("a&amp;b &lt;c&gt;&nbsp;d", "a&b <c> d"),
            ("<pre>a  b\n c</pre>", "a  b\n c\n"),
            ("<style>p{}</style><title>t</title>a<script>x</script>b<!-- c -->", "ab"),
            ("a<div class='gmail_signature'>Jo<div>x</div></div>b", "a\nb"),
            (
                "<a href='https://x.example/'>x.example</a> <a href='https://y.example/1'>here</a>",
                "x.example here <https://y.example/1>",
            ),
            ("a<hr>b", "a\n________________________________\nb"),
            ("</div></blockquote>a", "a"),
            ("<img alt='😀' src='https://x.example/e.png'><img alt='Logo'>", "😀"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn pictures_leave_a_mark() {
        let text =
            text("a <img src='cid:one@x'> b <div id='Signature'><img src='cid:two@x'></div>");
        assert_eq!(pictures(&text), ["one@x"]);
        assert_eq!(without_pictures(&text), "a  b\n");
        assert_eq!(pictures(&super::text("\u{e000}forged\u{e001}")), [""; 0]);
    }

    #[test]
    fn deep_nesting_takes_neither_time_nor_stack() {
        let html =
            format!("{}words{}", "<div><blockquote>".repeat(100_000), "</div>".repeat(50_000));
        assert!(text(&html).contains("words"));
    }
}
