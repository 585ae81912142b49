//! Turns text from clients into text that is safe to store and to show.

/// The maximum length of a derived text, in bytes. Events have at most 64 KiB. A longer one came over
/// federation from a server that ignores this limit.
const MAX_BYTES: usize = 256 * 1024;

/// Returns the text with at most [`MAX_BYTES`], and made [`readable`].
pub(super) fn text(raw: &str) -> String {
    let mut readable = readable(raw);
    readable.truncate(readable.floor_char_boundary(MAX_BYTES));
    readable
}

/// Returns the text with `\n` for every line break, and with U+FFFD instead of each other control
/// character except the tab.
pub(super) fn readable(raw: &str) -> String {
    if raw.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')) {
        return raw.to_owned();
    }
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    let marked = unified.chars().map(|c| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    marked.collect()
}

/// Whether a message may begin with a quote that its client added, for clients that do not support
/// replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteBefore {
    /// The message is no reply. Its author wrote everything in it.
    Never,
    /// The message is an edit or in a thread. It alone does not show whether it is a reply.
    Perhaps,
    /// The message is a reply.
    Expected,
}

/// Returns the text without the quote before a reply (Client-Server API 1.12, "Fallbacks for rich
/// replies"): a line `> <@user:server> …`, or `> * <@user:server> …` for an emote, then further lines
/// that begin with `>`, then an empty line. A quote that a person typed does not name a user in this
/// form, and stays.
///
/// Like in clients, the empty line may be missing if the message certainly is a reply
/// ([`QuoteBefore::Expected`]).
pub(super) fn without_reply_fallback(body: &str, quote: QuoteBefore) -> String {
    if quote == QuoteBefore::Never || !body.lines().next().is_some_and(quotes_a_user) {
        return body.to_owned();
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    match rest.strip_prefix('\n') {
        Some(answer) => answer.to_owned(),
        None if quote == QuoteBefore::Expected => rest.to_owned(),
        None => body.to_owned(),
    }
}

/// Returns whether a line is the first line of a quote that a client added.
fn quotes_a_user(line: &str) -> bool {
    let user = || {
        let rest = line.strip_prefix("> ")?;
        let rest = rest.strip_prefix("* ").unwrap_or(rest);
        let (user, words) = rest.strip_prefix("<@")?.split_once('>')?;
        let (localpart, server) = user.split_once(':')?;
        let is_id = !server.is_empty() && !user.contains(char::is_whitespace);
        (is_id && !localpart.contains('<') && (words.is_empty() || words.starts_with(' ')))
            .then_some(())
    };
    user().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quote_of_a_reply_is_left_out() {
        let body = "> <@a:x> hello\n> there\n\nyes, on Friday\n> not a quote";
        let answer = "yes, on Friday\n> not a quote";
        for quote in [QuoteBefore::Expected, QuoteBefore::Perhaps] {
            assert_eq!(without_reply_fallback(body, quote), answer);
            let emote = "> * <@a:x> waves\n>\n> and goes\n\n> <@b:x> mine";
            assert_eq!(without_reply_fallback(emote, quote), "> <@b:x> mine");
            assert_eq!(without_reply_fallback("> <@a:x:8448>\n\n", quote), "", "nothing else");
        }
        assert_eq!(without_reply_fallback(body, QuoteBefore::Never), body);
    }

    #[test]
    fn a_quote_that_a_person_typed_stays() {
        for body in [
            "no quote",
            "> I pay 500\n\nyou said",
            "> <Ann> I pay 500\n\nyou said",
            "> <@nobody> x\n\ny",
            "> <@a b:x> x\n\ny",
            "> <@a:x>x\n\ny",
            "><@a:x> x\n\ny",
            "yes\n> <@a:x> x\n\ny",
            "",
        ] {
            for quote in [QuoteBefore::Expected, QuoteBefore::Perhaps] {
                assert_eq!(without_reply_fallback(body, quote), body);
            }
        }
        let unfinished = "> <@a:x> I pay 500\nyes";
        assert_eq!(without_reply_fallback(unfinished, QuoteBefore::Perhaps), unfinished);
        assert_eq!(without_reply_fallback(unfinished, QuoteBefore::Expected), "yes");
    }

    #[test]
    fn unreadable_characters_are_marked() {
        assert_eq!(text("a\0b\u{1b}[31m\r\nc\td\re"), "a\u{fffd}b\u{fffd}[31m\nc\td\ne");
    }
}
