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

/// Whether the words of a message may begin with a quote that its client put there, for clients
/// that do not show what a message answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteBefore {
    /// It answers nothing: whatever it begins with, its author said.
    Never,
    /// An edit or a message in a thread: only what it changes or follows could tell.
    Perhaps,
    /// It names the message that it answers.
    Expected,
}

/// The text without the quote that stands before an answer (Client-Server API 1.12, "Fallbacks for
/// rich replies"): `> <@user:server> …`, or `> * <@user:server> …` for an emote, more lines that
/// begin with `>`, then an empty one. A quote that a person typed names no user like that, and
/// stays.
///
/// Clients find the quote of an answer also where the empty line is missing. Where it is not sure
/// that the message is an answer, only the whole form counts.
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

/// Whether a line is the first one of a quote that a client made.
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
