//! Splits texts into words and folds them: without case and accents, and split at everything that is
//! neither letter nor digit. The databases do not do this, because their rules differ from each other
//! and with the locale. So `0042` finds `INV-2026-0042` on both.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The maximum length of a word, in characters. The rest of a longer word is cut off.
const MAX_WORD_CHARS: usize = 64;
/// The maximum number of words that are read of one text.
const MAX_WORDS: usize = 20_000;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The folded form, which is compared.
    pub(super) folded: String,
    /// The range of the word in the text, in bytes.
    pub(super) place: Range<usize>,
}

/// Returns the folded words of a text, separated by spaces. This form is indexed.
pub fn searchable(text: &str) -> String {
    let mut searchable = String::with_capacity(text.len());
    for word in words(text) {
        if !searchable.is_empty() {
            searchable.push(' ');
        }
        searchable.push_str(&word.folded);
    }
    searchable
}

/// Returns the words of a text, in order.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut rest = text.char_indices().peekable();
    let next = move || {
        loop {
            let (start, first) = rest.next()?;
            if !first.is_alphanumeric() {
                continue;
            }
            let mut end = start + first.len_utf8();
            // In scripts without spaces, each character is a word, and several of them are a phrase.
            if !is_without_spaces(first) {
                while let Some((at, c)) =
                    rest.next_if(|(_, c)| belongs_to_word(*c) && !is_without_spaces(*c))
                {
                    end = at + c.len_utf8();
                }
            }
            let folded = fold(text.get(start..end)?);
            if !folded.is_empty() {
                return Some(Word { folded, place: start..end });
            }
        }
    };
    std::iter::from_fn(next).take(MAX_WORDS)
}

fn belongs_to_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Returns whether a character belongs to a script without spaces: Chinese, Japanese, Thai, Lao,
/// Khmer or Burmese.
fn is_without_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

fn fold(word: &str) -> String {
    // Most words, and the tables of Unicode have nothing else to say about them.
    if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return word.get(..MAX_WORD_CHARS).unwrap_or(word).to_ascii_lowercase();
    }
    let plain = word.nfkd().filter(|c| !is_combining_mark(*c));
    let lower = plain.flat_map(char::to_lowercase).flat_map(|c| match c {
        'ß' => ['s', 's'].into_iter().take(2),
        'ø' => ['o', ' '].into_iter().take(1),
        'ł' => ['l', ' '].into_iter().take(1),
        c => [c, ' '].into_iter().take(1),
    });
    lower.filter(|c| c.is_alphanumeric()).take(MAX_WORD_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_make_no_difference() {
        for (text, expected) in [
            ("INV-2026/0042: EUR 1,234.50!", "inv 2026 0042 eur 1 234 50"),
            (
                "Fälligkeit für Straße, ÉTÉ naïve Øl Łódź",
                "falligkeit fur strasse ete naive ol lodz",
            ),
            ("e\u{301}te\u{301}", "ete"),
            ("Größe ﬁx Ⅷ ①", "grosse fix viii 1"),
            ("請求書は 12月", "請 求 書 は 12 月"),
            ("Счёт №5", "счет 5"),
            ("a\u{0}b 'x':*&|!<->()", "a b x"),
            ("", ""),
            ("…—🙂", ""),
        ] {
            assert_eq!(searchable(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_long() {
        assert_eq!(searchable(&"x".repeat(100_000)).len(), MAX_WORD_CHARS);
        assert_eq!(searchable(&"ab ".repeat(100_000)).len(), MAX_WORDS * 3 - 1);
    }

    #[test]
    fn words_know_their_place() {
        let text = "Über 12 Öfen";
        let places: Vec<&str> = words(text).map(|word| &text[word.place]).collect();
        assert_eq!(places, ["Über", "12", "Öfen"]);
    }
}
