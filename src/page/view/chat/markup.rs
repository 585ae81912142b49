//! Adapts the HTML of a message to the page: spoilers are hidden until the reader reveals them, and
//! everything can be used with a keyboard and a screen reader.
//!
//! The HTML was sanitised when the entry was derived, and an HTML serialiser has written it. So its
//! tags are well formed, and `<` appears in text only as `&lt;`.

use maud::html;

use crate::page::model::Reader;

use super::super::localized::{about, text};
use super::links::{REL, with_links};

/// The attribute that marks a spoiler (Client-Server API, "Spoiler messages"). Its value is the
/// reason.
const SPOILER: &str = "data-mx-spoiler";
/// The elements without an end tag.
const VOID: [&str; 3] = ["br", "hr", "img"];

/// The elements that do not start a new line.
const INLINE: [&str; 15] = [
    "a", "b", "code", "del", "em", "font", "i", "s", "span", "strike", "strong", "sub", "sup", "u",
    "img",
];

/// The elements in which an address does not become a link.
const WITHOUT_LINKS: [&str; 3] = ["a", "code", "pre"];

/// A piece of HTML.
enum Piece<'a> {
    Text(&'a str),
    Start { name: &'a str, tag: &'a str },
    End,
}

/// Returns sanitised HTML as it is shown on the page.
pub(super) fn html_for_page(safe: &str, reader: &Reader) -> String {
    let mut html = String::with_capacity(safe.len());
    let mut open: Vec<(&str, String)> = Vec::new();
    // The tag of the open link, and where its text begins.
    let mut link: Option<(&str, usize)> = None;
    let mut rest = safe;
    while let Some((piece, after)) = next_piece(rest) {
        rest = after;
        match piece {
            Piece::Text(text) if open.iter().any(|(name, _)| WITHOUT_LINKS.contains(name)) => {
                html.push_str(text);
            }
            Piece::Text(text) => html.push_str(&with_links(&unescaped(text)).into_string()),
            Piece::End => {
                let Some((name, end)) = open.pop() else { continue };
                if let Some((tag, from)) = link.take_if(|_| name == "a")
                    && has_no_text(&html[from..])
                {
                    // A link without a text would be invisible, so its address is shown.
                    html.push_str(attribute(tag, "href").unwrap_or_default());
                }
                html.push_str(&end);
            }
            // A browser cannot open the address of an image (`mxc:`), so its alternative text is
            // shown.
            Piece::Start { name: "img", tag } => {
                let alternative = attribute(tag, "alt").or(attribute(tag, "title"));
                let alternative = unescaped(alternative.unwrap_or_default());
                html.push_str(&html! { (alternative) }.into_string());
            }
            Piece::Start { name, tag } if VOID.contains(&name) => html.push_str(tag),
            Piece::Start { name, tag } => {
                let link_start;
                let in_list = open.iter().any(|(name, _)| matches!(*name, "ul" | "ol"));
                let (start, end) = match name {
                    "span" if attribute(tag, SPOILER).is_some() => {
                        html.push_str(&spoiler_start(
                            attribute(tag, SPOILER).unwrap_or(""),
                            reader,
                        ));
                        ("<span class=\"veil\">", "</span></span>")
                    }
                    // Only the page itself has headings, so that people can navigate by them.
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                        ("<div class=\"heading\">", "</div>")
                    }
                    // The element may scroll, which must be possible with a keyboard.
                    "pre" => ("<pre tabindex=\"0\">", "</pre>"),
                    "table" => ("<div class=\"wide\" tabindex=\"0\"><table>", "</table></div>"),
                    "th" if rest.starts_with("</th>") => ("<td>", "</td>"),
                    "li" if !in_list => ("<div>", "</div>"),
                    "a" if is_person(tag) => ("<strong class=\"mention\">", "</strong>"),
                    "a" => {
                        link_start = link_elsewhere(tag);
                        (link_start.as_str(), "")
                    }
                    _ => (tag, ""),
                };
                html.push_str(start);
                if name == "a" {
                    link = Some((tag, html.len()));
                }
                let end = if end.is_empty() { format!("</{name}>") } else { end.to_owned() };
                open.push((name, end));
            }
        }
    }
    html
}

/// Returns the start tag of a link that opens beside the page. Its address is still escaped.
fn link_elsewhere(tag: &str) -> String {
    let address = attribute(tag, "href");
    let href = address.map(|it| format!(" href=\"{it}\"")).unwrap_or_default();
    format!("<a{href} target=\"_blank\" rel=\"{REL}\">")
}

/// Whether a link names a user of Matrix, whom clients show as a pill. It would lead away from the page.
fn is_person(tag: &str) -> bool {
    let user = attribute(tag, "href").and_then(|it| it.strip_prefix("https://matrix.to/#/"));
    user.is_some_and(|it| it.starts_with('@') || it.starts_with("%40"))
}

/// Whether HTML has no visible text.
fn has_no_text(html: &str) -> bool {
    let mut rest = html;
    while let Some((piece, after)) = next_piece(rest) {
        rest = after;
        if let Piece::Text(text) = piece
            && unescaped(text).chars().any(|c| !c.is_whitespace())
        {
            return false;
        }
    }
    true
}

/// Returns the start of a spoiler, up to its hidden part: a checkbox that reveals it.
fn spoiler_start(reason: &str, reader: &Reader) -> String {
    let reason = unescaped(reason);
    let label = match reason.trim() {
        "" => text(reader, "spoiler"),
        reason => about(reader, "spoiler-about", "reason", reason),
    };
    let reveal = html! { label.reveal { input type="checkbox"; " " span dir="auto" { (label) } } };
    format!("<span class=\"spoiler\">{} ", reveal.into_string())
}

/// Whether the HTML of a message contains a spoiler.
pub fn has_spoiler(safe: Option<&str>) -> bool {
    safe.is_some_and(|safe| safe.contains(SPOILER))
}

/// Returns the text of a message without markup and without the hidden parts of spoilers. It is for
/// quotes, previews and screen readers.
pub fn text_without_spoilers(plain: Option<&str>, safe: Option<&str>, reader: &Reader) -> String {
    let Some(safe) = safe.filter(|safe| safe.contains(SPOILER)) else {
        return plain.unwrap_or_default().to_owned();
    };
    let mut visible = String::new();
    let mut open: Vec<bool> = Vec::new();
    let mut rest = safe;
    while let Some((piece, after)) = next_piece(rest) {
        rest = after;
        let is_hidden = open.contains(&true);
        match piece {
            Piece::Text(text) if !is_hidden => visible.push_str(&unescaped(text)),
            Piece::Text(_) => {}
            Piece::End => drop(open.pop()),
            Piece::Start { name, .. } if VOID.contains(&name) => visible.push(' '),
            Piece::Start { name, tag } => {
                let spoiler = attribute(tag, SPOILER).filter(|_| name == "span");
                if spoiler.is_some() && !is_hidden {
                    visible.push_str(&format!("[{}]", text(reader, "spoiler")));
                } else if !INLINE.contains(&name) {
                    visible.push(' ');
                }
                open.push(spoiler.is_some());
            }
        }
    }
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the first piece of HTML, and the rest.
fn next_piece(html: &str) -> Option<(Piece<'_>, &str)> {
    if html.is_empty() {
        return None;
    }
    let Some(inside) = html.strip_prefix('<') else {
        let (text, rest) = html.split_at(html.find('<').unwrap_or(html.len()));
        return Some((Piece::Text(text), rest));
    };
    // A `>` in a quoted value does not end the tag.
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        c == '>' && !quoted
    };
    let end = inside.find(ends).map_or(html.len(), |at| at + 2);
    let (tag, rest) = html.split_at(end);
    if inside.starts_with('/') {
        return Some((Piece::End, rest));
    }
    let length = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
    Some((Piece::Start { name: &inside[..length], tag }, rest))
}

/// Returns the value of an attribute, still escaped.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut outside = tag.split('"');
    while let (Some(before), Some(value)) = (outside.next(), outside.next()) {
        if before.trim_start_matches(|c: char| c != ' ').trim() == format!("{name}=") {
            return Some(value);
        }
    }
    None
}

/// Replaces the five entities that the serialiser writes.
fn unescaped(text: &str) -> String {
    let replaced = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}")];
    let text = replaced.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::language::{Language, Locale};
    use crate::record::derive;

    fn reader() -> Reader {
        Reader {
            locale: Locale::of(Language::English),
            time_zone: TimeZone::UTC,
            today: "2026-06-19".parse().unwrap(),
            nonce: String::new(),
        }
    }

    /// Derives an event with this HTML. Returns the HTML for the page, and the text without
    /// spoilers.
    fn of(formatted_body: &str) -> (String, String) {
        let event = serde_json::json!({ "type": "m.room.message", "content": {
            "msgtype": "m.text", "body": "the price is 7", "format": "org.matrix.custom.html",
            "formatted_body": formatted_body } });
        let derived = derive(&event.to_string());
        let safe = derived.html.unwrap();
        let spoken = text_without_spoilers(derived.text.as_deref(), Some(&safe), &reader());
        (html_for_page(&safe, &reader()), spoken)
    }

    #[test]
    fn a_spoiler_is_hidden_until_the_reader_reveals_it() {
        let (shown, spoken) =
            of("Psst: <span data-mx-spoiler=\"a &lt;b&gt; > c\">the <b>price</b> is 7</span>!");
        assert_eq!(
            shown,
            "Psst: <span class=\"spoiler\"><label class=\"reveal\"><input type=\"checkbox\"> \
             <span dir=\"auto\">Spoiler: a &lt;b&gt; &gt; c</span></label> \
             <span class=\"veil\">the <b>price</b> is 7</span></span>!"
        );
        assert_eq!(spoken, "Psst: [Spoiler]!");
        let (shown, spoken) = of("<span data-mx-spoiler>a <span data-mx-spoiler>b</span></span> c");
        assert_eq!(shown.matches("class=\"veil\"").count(), 2, "{shown}");
        assert_eq!(shown.matches("<span").count(), shown.matches("</span>").count());
        assert_eq!(spoken, "[Spoiler] c");
    }

    #[test]
    fn without_a_spoiler_the_text_is_that_of_the_message() {
        assert_eq!(of("<em>Whatever</em>").1, "the price is 7");
    }

    #[test]
    fn html_is_well_formed_and_accessible() {
        for (html, expected) in [
            (
                "<h1>Big</h1><h4>Small</h4>",
                "<div class=\"heading\">Big</div><div class=\"heading\">Small</div>",
            ),
            ("<pre><code>long</code></pre>", "<pre tabindex=\"0\"><code>long</code></pre>"),
            ("a<img src=\"mxc://x/y\" alt=\"&lt;b>smile\">b", "a&lt;b&gt;smileb"),
            ("<ul><li>one</li></ul>", "<ul><li>one</li></ul>"),
            (
                "a <a href=\"https://x.example/?a&amp;b\"> <b></b></a>",
                "a <a href=\"https://x.example/?a&amp;b\" target=\"_blank\" rel=\"noopener noreferrer nofollow\"> \
                 <b></b>https://x.example/?a&amp;b</a>",
            ),
            (
                "<b>see https://x.example/?a&amp;b</b><code>https://x.example</code>",
                "<b>see <a href=\"https://x.example/?a&amp;b\" target=\"_blank\" \
                 rel=\"noopener noreferrer nofollow\" dir=\"ltr\">https://x.example/?a&amp;b</a></b>\
                 <code>https://x.example</code>",
            ),
            ("a<br>b<hr>c <u>d</u> <strike>e</strike>", ""),
        ] {
            let (shown, _) = of(html);
            if expected.is_empty() {
                assert!(shown.contains("<br>b<hr>c"), "{shown}");
            } else {
                assert_eq!(shown, expected);
            }
        }
    }
}
