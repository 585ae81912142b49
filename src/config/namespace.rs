//! Checks the namespace patterns of a registration: they must match our names and no others.
//!
//! It understands the few forms that such patterns have in practice and refuses all others, since
//! it cannot tell what they match.

use ruma::ServerName;

use crate::names::{BOT_LOCALPART, NAMESPACE_PREFIX};

/// The kind of id that a namespace claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Users,
    Aliases,
}

impl Kind {
    fn sigil(self) -> char {
        match self {
            Self::Users => '@',
            Self::Aliases => '#',
        }
    }
}

/// Returns the pattern that we generate. It is anchored at both ends, and the dots of the domain
/// are escaped.
///
/// The anchors are needed: Synapse matches a pattern at the beginning of an id only and ignores
/// what follows, and other homeservers search anywhere in the id.
pub(super) fn pattern(kind: Kind, domain: &ServerName) -> String {
    let mut pattern = format!("^{}{NAMESPACE_PREFIX}.*:", kind.sigil());
    for letter in domain.as_str().chars() {
        if matches!(letter, '.' | '[' | ']') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('$');
    pattern
}

/// Checks a pattern. Returns how to fix it, or `None` if it is correct.
pub(super) fn fix_for(kind: Kind, domain: &ServerName, regex: &str) -> Option<&'static str> {
    let Some(inner) = regex.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) else {
        return Some("begin the pattern with ^ and end it with $, so that it matches whole ids");
    };
    let Some(tokens) = parse(inner) else {
        return Some("write the pattern as allowed; Tallyroom does not understand this form");
    };
    let id = |localpart: &str, domain: &str| format!("{}{localpart}:{domain}", kind.sigil());
    let domain = domain.as_str();
    let matches = |id: String| matches(&tokens, &id.chars().collect::<Vec<_>>());
    if matches(id("alice", domain)) || matches(id(&format!("x{BOT_LOCALPART}"), domain)) {
        return Some("narrow the pattern; it matches names that are not ours");
    }
    if matches(id(BOT_LOCALPART, "elsewhere.example")) {
        return Some("end the pattern with the domain; it matches names of other homeservers");
    }
    if tokens.contains(&Token::AnyOne) {
        return Some("escape the dots of the domain; an unescaped dot matches any character");
    }
    let ours = [BOT_LOCALPART.to_owned(), format!("{NAMESPACE_PREFIX}x")];
    if !ours.iter().all(|ours| matches(id(ours, domain))) {
        return Some("write the pattern as allowed; this one does not match our names");
    }
    None
}

/// A part of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Literal(char),
    /// `.`
    AnyOne,
    /// `.*` or `.+`
    AnyRun,
}

/// Parses literals, escaped punctuation, `[.]`, `.`, `.*` and `.+`. Returns `None` for anything
/// else.
fn parse(inner: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '\\' => Token::Literal(letters.next().filter(char::is_ascii_punctuation)?),
            '[' => {
                let only = letters.next().filter(|letter| !['^', '\\', ']'].contains(letter))?;
                letters.next().filter(|letter| *letter == ']')?;
                Token::Literal(only)
            }
            '.' => match letters.next_if(|next| ['*', '+'].contains(next)) {
                Some(_) => Token::AnyRun,
                None => Token::AnyOne,
            },
            '*' | '+' | '?' | '(' | ')' | '{' | '}' | '|' | '^' | '$' | ']' => return None,
            literal => Token::Literal(literal),
        });
    }
    Some(tokens)
}

/// Whether the tokens match the whole text. `.+` is treated like `.*`, since the difference does
/// not matter for names that exist.
fn matches(tokens: &[Token], text: &[char]) -> bool {
    // reached[n] tells whether the tokens so far can match the first n letters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        for read in 0..=text.len() {
            match token {
                Token::AnyRun => next[read] = reached[read] || (read > 0 && next[read - 1]),
                Token::AnyOne => next[read] = read > 0 && reached[read - 1],
                Token::Literal(letter) => {
                    next[read] = read > 0 && reached[read - 1] && text[read - 1] == *letter;
                }
            }
        }
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use ruma::server_name;

    use super::*;

    #[test]
    fn the_domain_is_escaped() {
        let domain = server_name!("shop.example.org:8448");
        assert_eq!(pattern(Kind::Users, domain), r"^@_tallyroom_.*:shop\.example\.org:8448$");
        let address = server_name!("[::1]:8448");
        assert_eq!(pattern(Kind::Aliases, address), r"^#_tallyroom_.*:\[::1\]:8448$");
        for domain in [domain, address] {
            assert_eq!(fix_for(Kind::Users, domain, &pattern(Kind::Users, domain)), None);
        }
    }

    #[test]
    fn equivalent_patterns_are_accepted() {
        for regex in [
            r"^@_tallyroom_.*:example\.org$",
            r"^@_tallyroom_.+:example\.org$",
            r"^@_tallyroom_.*:example[.]org$",
            r"^\@\_tallyroom\_.*\:example\.org$",
        ] {
            assert_eq!(fix_for(Kind::Users, server_name!("example.org"), regex), None, "{regex}");
        }
    }

    #[test]
    fn patterns_that_match_more_or_less_than_our_names_are_refused() {
        for (regex, expected) in [
            (r"@_tallyroom_.*:example\.org", "begin the pattern with ^"),
            (r"^@_tallyroom_.*:example\.org", "end it with $"),
            (r"@_tallyroom_.*:example\.org$", "begin the pattern with ^"),
            (r"^@.*:example\.org$", "not ours"),
            (r"^.*$", "not ours"),
            (r"^@.*_tallyroom_.*:example\.org$", "not ours"),
            (r"^@_tallyroom_.*$", "other homeservers"),
            (r"^@_tallyroom_.*:.*$", "other homeservers"),
            (r"^@_tallyroom_.*:example.org$", "escape the dots"),
            (r"^@_tallyroom_bot:example\.org$", "does not match"),
            (r"^@_tallyroom_.*:other\.org$", "does not match"),
            (r"^#_tallyroom_.*:example\.org$", "does not match"),
            (r"^(@_tallyroom_.*:example\.org|@.*)$", "does not understand"),
            (r"^@_tallyroom_\w+:example\.org$", "does not understand"),
            (r"^@_tallyroom_.*:example\.org\$", "does not understand"),
        ] {
            let fix = fix_for(Kind::Users, server_name!("example.org"), regex).unwrap_or("none");
            assert!(fix.contains(expected), "{regex}: {fix}");
        }
    }
}
