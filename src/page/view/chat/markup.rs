//! The words of a message as the page shows them: spoilers hidden until somebody asks for them,
//! and nothing that stands in the way of people who use a keyboard or a screen reader.
//!
//! What comes in was sanitised when it was derived, and written by an HTML serialiser: tags are
//! well formed, and `<` stands in text only as `&lt;`.

use maud::html;

use crate::page::model::Reader;

use super::super::localized::{about, text};

/// What marks a spoiler (Client-Server API, "Spoiler messages"); its value is the reason.
const SPOILER: &str = "data-mx-spoiler";
/// Elements without an end tag.
const VOID: [&str; 3] = ["br", "hr", "img"];

/// Elements within a line of text.
const INLINE: [&str; 15] = [
    "a", "b", "code", "del", "em", "font", "i", "s", "span", "strike", "strong", "sub", "sup", "u",
    "img",
];

/// A piece of HTML.
enum Piece<'a> {
    Text(&'a str),
    Start { name: &'a str, tag: &'a str },
    End,
}

/// Safe HTML as it is put into a bubble.
pub(super) fn shown(safe: &str, reader: &Reader) -> String {
    let mut html = String::with_capacity(safe.len());
    let mut open: Vec<(&str, String)> = Vec::new();
    // A link, and where its words begin.
    let mut link: Option<(&str, usize)> = None;
    let mut rest = safe;
    while let Some((piece, after)) = next(rest) {
        rest = after;
        match piece {
            Piece::Text(words) => html.push_str(words),
            Piece::End => {
                let Some((name, end)) = open.pop() else { continue };
                if let Some((tag, from)) = link.take_if(|_| name == "a")
                    && says_nothing(&html[from..])
                {
                    // A link that nobody could see or name leads somewhere all the same.
                    html.push_str(attribute(tag, "href").unwrap_or_default());
                }
                html.push_str(&end);
            }
            // Its address is not one that a browser knows.
            Piece::Start { name: "img", tag } => {
                let instead = attribute(tag, "alt").or(attribute(tag, "title"));
                let instead = unescaped(instead.unwrap_or_default());
                html.push_str(&html! { (instead) }.into_string());
            }
            Piece::Start { name, tag } if VOID.contains(&name) => html.push_str(tag),
            Piece::Start { name, tag } => {
                let in_list = open.iter().any(|(name, _)| matches!(*name, "ul" | "ol"));
                let (start, end) = match name {
                    "span" if attribute(tag, SPOILER).is_some() => {
                        html.push_str(&veil(attribute(tag, SPOILER).unwrap_or(""), reader));
                        ("<span class=\"veil\">", "</span></span>")
                    }
                    // The page's own headings lead through it, and a message is none of its parts.
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                        ("<div class=\"heading\">", "</div>")
                    }
                    // It may scroll, which must be possible without a mouse.
                    "pre" => ("<pre tabindex=\"0\">", "</pre>"),
                    "table" => ("<div class=\"wide\" tabindex=\"0\"><table>", "</table></div>"),
                    "th" if rest.starts_with("</th>") => ("<td>", "</td>"),
                    "li" if !in_list => ("<div>", "</div>"),
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

/// Whether HTML has no words.
fn says_nothing(html: &str) -> bool {
    let mut rest = html;
    while let Some((piece, after)) = next(rest) {
        rest = after;
        if let Piece::Text(words) = piece
            && unescaped(words).chars().any(|c| !c.is_whitespace())
        {
            return false;
        }
    }
    true
}

/// What hides a spoiler, up to the hidden part.
fn veil(reason: &str, reader: &Reader) -> String {
    let reason = unescaped(reason);
    let label = match reason.trim() {
        "" => text(reader, "spoiler"),
        reason => about(reader, "spoiler-about", "reason", reason),
    };
    let reveal = html! { label.reveal { input type="checkbox"; " " span dir="auto" { (label) } } };
    format!("<span class=\"spoiler\">{} ", reveal.into_string())
}

/// Whether something in it is hidden until somebody asks for it.
pub fn has_spoiler(safe: Option<&str>) -> bool {
    safe.is_some_and(|safe| safe.contains(SPOILER))
}

/// The words of a message without markup, and without what a spoiler hides: for quotes, previews
/// and whatever is read out.
pub fn text_without_spoilers(words: Option<&str>, safe: Option<&str>, reader: &Reader) -> String {
    let Some(safe) = safe.filter(|safe| safe.contains(SPOILER)) else {
        return words.unwrap_or_default().to_owned();
    };
    let mut spoken = String::new();
    let mut open: Vec<bool> = Vec::new();
    let mut rest = safe;
    while let Some((piece, after)) = next(rest) {
        rest = after;
        let is_hidden = open.contains(&true);
        match piece {
            Piece::Text(words) if !is_hidden => spoken.push_str(&unescaped(words)),
            Piece::Text(_) => {}
            Piece::End => drop(open.pop()),
            Piece::Start { name, .. } if VOID.contains(&name) => spoken.push(' '),
            Piece::Start { name, tag } => {
                let spoiler = attribute(tag, SPOILER).filter(|_| name == "span");
                if spoiler.is_some() && !is_hidden {
                    spoken.push_str(&format!("[{}]", text(reader, "spoiler")));
                } else if !INLINE.contains(&name) {
                    spoken.push(' ');
                }
                open.push(spoiler.is_some());
            }
        }
    }
    spoken.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first piece, and what follows.
fn next(html: &str) -> Option<(Piece<'_>, &str)> {
    if html.is_empty() {
        return None;
    }
    let Some(inside) = html.strip_prefix('<') else {
        let (words, rest) = html.split_at(html.find('<').unwrap_or(html.len()));
        return Some((Piece::Text(words), rest));
    };
    // A `>` between quotes ends nothing.
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

/// The value of an attribute as it is written: escaped.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut outside = tag.split('"');
    while let (Some(before), Some(value)) = (outside.next(), outside.next()) {
        if before.trim_start_matches(|c: char| c != ' ').trim() == format!("{name}=") {
            return Some(value);
        }
    }
    None
}

/// The five characters that a serialiser escapes.
fn unescaped(text: &str) -> String {
    let replaced = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}")];
    let text = replaced.iter().fold(text.to_owned(), |it, (from, to)| it.replace(from, to));
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

    /// As a client sends it, derived and shown.
    fn of(formatted_body: &str) -> (String, String) {
        let event = serde_json::json!({ "type": "m.room.message", "content": {
            "msgtype": "m.text", "body": "the price is 7", "format": "org.matrix.custom.html",
            "formatted_body": formatted_body } });
        let derived = derive(&event.to_string());
        let safe = derived.html.unwrap();
        let spoken = text_without_spoilers(derived.text.as_deref(), Some(&safe), &reader());
        (shown(&safe, &reader()), spoken)
    }

    #[test]
    fn a_spoiler_is_hidden_until_somebody_asks_for_it() {
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
    fn without_a_spoiler_the_words_are_those_of_the_message() {
        assert_eq!(of("<em>Whatever</em>").1, "the price is 7");
    }

    #[test]
    fn what_is_marked_up_keeps_its_tags_in_pairs_and_everybody_gets_to_it() {
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
                "a <a href=\"https://x.example/?a&amp;b\"> <b></b>https://x.example/?a&amp;b</a>",
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
