//! Parses search queries. There are no syntax errors: a text without words is the only invalid query,
//! beside one that is too long or only excludes words.
//!
//! `oak plank` finds both words, `"oak plank"` finds the phrase, `pla*` finds words with this prefix,
//! and `-birch` excludes a word.

use super::tokens::{Word, words};

/// The maximum number of words and phrases in one query.
const MAX_CLAUSES: usize = 24;
/// The maximum length of a query, in characters.
const MAX_QUERY_CHARS: usize = 500;

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    wanted: Vec<Clause>,
    unwanted: Vec<Clause>,
}

/// A word or a phrase of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// The folded words of the phrase; never empty.
    pub(super) words: Vec<String>,
    /// Whether the last word is only a prefix.
    pub(super) prefix: bool,
}

/// Why a query is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsearchable {
    /// The query has no letters and no digits.
    #[error("the query contains no word; write one or more words, or a \"phrase\" in quotes")]
    Nothing,
    /// The query only excludes words.
    #[error("the query only excludes words; add a word to search for")]
    OnlyUnwanted,
    /// The query is too long.
    #[error(
        "the query is too long; write at most {MAX_QUERY_CHARS} characters and {MAX_CLAUSES} words \
         or phrases"
    )]
    TooLong,
}

impl Query {
    /// Parses the text of a query.
    ///
    /// # Errors
    /// If the query contains nothing to search for, or is too long.
    pub fn read(text: &str) -> Result<Self, Unsearchable> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(Unsearchable::TooLong);
        }
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let unwanted = rest
                .strip_prefix('-')
                .filter(|after| after.starts_with(|c: char| c == '"' || c.is_alphanumeric()));
            let (part, after) = part(unwanted.unwrap_or(rest));
            if let Some(clause) = Clause::read(part) {
                let list = if unwanted.is_some() { &mut query.unwanted } else { &mut query.wanted };
                list.push(clause);
            }
            rest = after.trim_start();
        }
        match (query.wanted.len(), query.unwanted.len()) {
            (0, 0) => Err(Unsearchable::Nothing),
            (0, _) => Err(Unsearchable::OnlyUnwanted),
            (wanted, unwanted) if wanted + unwanted > MAX_CLAUSES => Err(Unsearchable::TooLong),
            _ => Ok(query),
        }
    }

    /// Returns the query in the syntax of SQLite's FTS5 (its documentation, section 3).
    pub fn for_fts5(&self) -> String {
        let clause = |it: &Clause| {
            let star = if it.prefix { "*" } else { "" };
            format!("\"{}\"{star}", it.words.join(" "))
        };
        let wanted: Vec<_> = self.wanted.iter().map(clause).collect();
        let unwanted: Vec<_> = self.unwanted.iter().map(clause).collect();
        match unwanted.is_empty() {
            true => wanted.join(" AND "),
            false => format!("({}) NOT ({})", wanted.join(" AND "), unwanted.join(" OR ")),
        }
    }

    /// Returns the query as a PostgreSQL `tsquery` (its documentation, section 8.11.2).
    pub fn for_tsquery(&self) -> String {
        let clause = |it: &Clause| {
            let mut words: Vec<_> = it.words.iter().map(|word| format!("'{word}'")).collect();
            if let (true, Some(last)) = (it.prefix, words.last_mut()) {
                last.push_str(":*");
            }
            format!("({})", words.join(" <-> "))
        };
        let wanted = self.wanted.iter().map(clause);
        let unwanted = self.unwanted.iter().map(|it| format!("!{}", clause(it)));
        wanted.chain(unwanted).collect::<Vec<_>>().join(" & ")
    }

    /// Returns what to count in the folded words of an entry, which stand between single spaces, also at the
    /// beginning and the end: a JSON array with a text for each wanted word or phrase.
    pub fn for_counting(&self) -> String {
        let clause =
            |it: &Clause| format!(" {}{}", it.words.join(" "), if it.prefix { "" } else { " " });
        serde_json::Value::from_iter(self.wanted.iter().map(clause)).to_string()
    }

    /// Returns, for each of these words of a text, whether it is part of a match.
    pub(super) fn matches(&self, text: &[Word]) -> Vec<bool> {
        let mut matches = vec![false; text.len()];
        for clause in &self.wanted {
            let length = clause.words.len();
            for (start, window) in text.windows(length).enumerate() {
                if clause.is_match(window) {
                    matches.iter_mut().skip(start).take(length).for_each(|it| *it = true);
                }
            }
        }
        matches
    }
}

impl Clause {
    fn read(part: &str) -> Option<Self> {
        let words: Vec<String> = words(part).map(|word| word.folded).collect();
        let prefix = part.ends_with('*');
        (!words.is_empty()).then_some(Self { words, prefix })
    }

    fn is_match(&self, window: &[Word]) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().zip(window).enumerate().all(|(index, (wanted, found))| {
            *wanted == found.folded
                || (index == last && self.prefix && found.folded.starts_with(wanted.as_str()))
        })
    }
}

/// Splits off the next word or quoted phrase. Returns it and the rest of the text.
fn part(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let Some((phrase, after)) = quoted.split_once('"') else { return (quoted, "") };
        // The `*` after a phrase such as `"oak pla"*` belongs to it.
        return match after.starts_with('*') {
            true => text.split_at(text.len() - after.len() + 1),
            false => (phrase, after),
        };
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(text.len());
    text.split_at(end.max(1).min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_phrases_prefixes_and_exclusions() {
        for (text, fts5, tsquery) in [
            ("Oak plank", r#""oak" AND "plank""#, "('oak') & ('plank')"),
            ("\"Oak  plank\"", r#""oak plank""#, "('oak' <-> 'plank')"),
            ("INV-2026-0042", r#""inv 2026 0042""#, "('inv' <-> '2026' <-> '0042')"),
            ("pla*", r#""pla"*"#, "('pla':*)"),
            ("\"oak pla\"*", r#""oak pla"*"#, "('oak' <-> 'pla':*)"),
            ("oak -birch", r#"("oak") NOT ("birch")"#, "('oak') & !('birch')"),
            (
                "oak -\"red birch\" -elm",
                r#"("oak") NOT ("red birch" OR "elm")"#,
                "('oak') & !('red' <-> 'birch') & !('elm')",
            ),
            (
                "oak -- - * \"\" NOT OR AND",
                r#""oak" AND "not" AND "or" AND "and""#,
                "('oak') & ('not') & ('or') & ('and')",
            ),
            ("\"never closed", r#""never closed""#, "('never' <-> 'closed')"),
            ("1,234.50", r#""1 234 50""#, "('1' <-> '234' <-> '50')"),
        ] {
            let query = Query::read(text).unwrap();
            assert_eq!(query.for_fts5(), fts5, "{text}");
            assert_eq!(query.for_tsquery(), tsquery, "{text}");
        }
    }

    #[test]
    fn only_what_is_wanted_is_counted() {
        for (text, expected) in [
            ("Oak plank", r#"[" oak "," plank "]"#),
            ("\"oak plank\" -birch", r#"[" oak plank "]"#),
            ("pla* \"red oa\"*", r#"[" pla"," red oa"]"#),
        ] {
            assert_eq!(Query::read(text).unwrap().for_counting(), expected, "{text}");
        }
    }

    #[test]
    fn invalid_queries_are_refused() {
        assert_eq!(Query::read(""), Err(Unsearchable::Nothing));
        assert_eq!(Query::read(" \" * - 🙂"), Err(Unsearchable::Nothing));
        assert_eq!(Query::read("-oak"), Err(Unsearchable::OnlyUnwanted));
        assert_eq!(Query::read(&"x ".repeat(300)), Err(Unsearchable::TooLong));
        assert_eq!(Query::read(&"x ".repeat(30)), Err(Unsearchable::TooLong));
    }

    proptest! {
        /// No character of the text acts as syntax in the query of a database.
        #[test]
        fn no_text_breaks_out(text in "[-\"*'\\\\():&|!<> a-zÀ-ɏ0-9]{0,60}|\\PC{0,60}") {
            if let Ok(query) = Query::read(&text) {
                for clause in query.wanted.iter().chain(&query.unwanted) {
                    prop_assert!(!clause.words.is_empty());
                    for word in &clause.words {
                        prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
                    }
                }
            }
        }
    }
}
