//! From what a client sent to text and HTML that are safe to keep and to show.

use ruma::html::{Html, SanitizerConfig};

/// Longest text or HTML that is derived, in bytes. Events have 64 KiB; whatever is longer came
/// over federation from a server that does not keep to that.
const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting of tags that is parsed. The spec asks clients for 100.
const MAX_DEPTH: usize = 200;

/// Elements whose content is not for reading.
const NEVER_TEXT: [&str; 6] = ["script", "style", "template", "noscript", "iframe", "title"];

/// The text as a person would read it: no control characters but line breaks and tabs, line
/// breaks in one form.
pub(super) fn text(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    let readable = unified.chars().map(|c| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    let mut bytes = 0;
    readable
        .take_while(|c| {
            bytes += c.len_utf8();
            bytes <= MAX_BYTES
        })
        .collect()
}

/// The text without the lines that quote what it replies to (Client-Server API before 1.13, "Rich
/// replies": lines that begin with `> `, then an empty one).
pub(super) fn without_reply_fallback(body: &str) -> String {
    if !body.starts_with("> ") {
        return body.to_owned();
    }
    let mut lines = body.lines().skip_while(|line| line.starts_with('>')).peekable();
    lines.next_if(|line| line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// The HTML with only the tags, attributes and link schemes that the spec allows ("m.room.message
/// msgtypes"), and without the quote of what it replies to. None if it is too deep or too long to
/// be looked at.
pub(super) fn html(raw: &str) -> Option<String> {
    if raw.len() > MAX_BYTES || depth(raw) > MAX_DEPTH {
        return None;
    }
    let html = Html::parse(raw);
    // The content of a tag that is not allowed stays as text; of these it was never meant to be.
    let rules = SanitizerConfig::compat().remove_reply_fallback().remove_elements(NEVER_TEXT);
    html.sanitize_with(&rules);
    Some(html.to_string().replace('\0', "\u{fffd}"))
}

/// How deep tags nest, roughly: without parsing, so that nothing can make it slow.
fn depth(raw: &str) -> usize {
    let bytes = raw.as_bytes();
    let (mut depth, mut deepest) = (0_usize, 0);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte != b'<' {
            continue;
        }
        match bytes.get(index + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(next) if next.is_ascii_alphabetic() && !is_void(&bytes[index + 1..]) => depth += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a tag never holds others, so that it needs no end.
fn is_void(tag: &[u8]) -> bool {
    let name_end = tag.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(tag.len());
    let name = tag[..name_end].to_ascii_lowercase();
    [&b"br"[..], b"hr", b"img", b"li", b"p", b"td", b"tr", b"th"].contains(&name.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quote_of_a_reply_is_left_out() {
        let body = "> <@a:x> hello\n> there\n\nyes, on Friday\n> not a quote";
        assert_eq!(without_reply_fallback(body), "yes, on Friday\n> not a quote");
        assert_eq!(without_reply_fallback("no quote"), "no quote");
        let raw = "<mx-reply><blockquote>secret</blockquote></mx-reply>yes";
        assert_eq!(html(raw).unwrap(), "yes");
    }

    #[test]
    fn only_what_the_spec_allows_is_left_of_html() {
        for raw in [
            "<script>alert(1)</script>x",
            "<img src=x onerror=alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"data:text/html,<script>\">x</a>",
            "<svg><script>alert(1)</script></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<p style=\"position:fixed\">x</p>",
            "<iframe src=//evil.example></iframe>",
            "<img src=\"https://evil.example/pixel.png\">",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<form action=//evil.example><input></form>",
            "<a href=\" java\nscript:alert(1)\">x</a>",
        ] {
            let safe = html(raw).unwrap().to_ascii_lowercase();
            for bad in [
                "<script",
                "onerror=alert(1)>",
                "javascript:",
                "<svg",
                "<iframe",
                "style=",
                "<form",
                "https://evil",
                "href=\"data:",
            ] {
                assert!(!safe.contains(bad), "{raw} became {safe}");
            }
        }
        let kept = "<p><strong>1,234.50</strong> <a href=\"https://x.example/\">x</a></p>";
        assert!(html(kept).unwrap().contains("<strong>1,234.50</strong>"));
        assert!(html(kept).unwrap().contains("https://x.example/"));
    }

    #[test]
    fn html_too_deep_to_parse_is_not_parsed() {
        assert_eq!(html(&"<div>".repeat(30_000)), None);
        assert_eq!(html(&"<b><i>".repeat(3_000)), None);
        assert!(html(&"<p>one<br>".repeat(3_000)).is_some());
        assert!(html(&"<table><tr><td>x</td></tr></table>".repeat(1_000)).is_some());
    }

    #[test]
    fn unreadable_characters_are_marked() {
        assert_eq!(text("a\0b\u{1b}[31m\r\nc\td\re"), "a\u{fffd}b\u{fffd}[31m\nc\td\ne");
    }
}
