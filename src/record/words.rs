//! From what a client sent to text that is safe to keep and to show.

/// Longest text that is derived, in bytes. Events have 64 KiB; whatever is longer came
/// over federation from a server that does not keep to that.
const MAX_BYTES: usize = 256 * 1024;
/// The text as a person would read it: no control characters but line breaks and tabs, line
/// breaks in one form.
pub(super) fn text(raw: &str) -> String {
    let readable = readable(raw);
    let mut bytes = 0;
    readable
        .chars()
        .take_while(|c| {
            bytes += c.len_utf8();
            bytes <= MAX_BYTES
        })
        .collect()
}

/// The same text with a mark in place of each control character that is no line break or tab.
pub(super) fn readable(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    let marked = unified.chars().map(|c| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    marked.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quote_of_a_reply_is_left_out() {
        let body = "> <@a:x> hello\n> there\n\nyes, on Friday\n> not a quote";
        assert_eq!(without_reply_fallback(body), "yes, on Friday\n> not a quote");
        assert_eq!(without_reply_fallback("no quote"), "no quote");
    }

    #[test]
    fn unreadable_characters_are_marked() {
        assert_eq!(text("a\0b\u{1b}[31m\r\nc\td\re"), "a\u{fffd}b\u{fffd}[31m\nc\td\ne");
    }
}
