//! Makes a snippet of a text around the matches of a query.

use serde::Serialize;

use super::Query;
use super::tokens::words;

/// The number of words in a snippet.
const MAX_WORDS: usize = 32;
/// The number of words before the first match.
const WORDS_BEFORE_MATCH: usize = 6;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The piece as it is in the text.
    pub text: String,
    /// Whether the piece matches the query.
    #[serde(rename = "match")]
    pub is_match: bool,
}

/// Returns the part of `text` with the most matches, in pieces. Together the pieces are that part,
/// with `…` where text is left out before or after it.
pub fn snippet(text: &str, query: &Query) -> Vec<Piece> {
    let words: Vec<_> = words(text).collect();
    let matches = query.matches(&words);
    let first = best_start(&matches);
    let last = (first + MAX_WORDS).min(words.len());
    let start = match words.get(first) {
        Some(word) if first > 0 => word.place.start,
        _ => 0,
    };
    let end = match last.checked_sub(1).and_then(|it| words.get(it)) {
        Some(word) if last < words.len() => word.place.end,
        _ => text.len(),
    };
    let mut pieces = Vec::new();
    if start > 0 {
        pieces.push(Piece { text: "…".to_owned(), is_match: false });
    }
    let mut at = start;
    let shown = words.iter().zip(&matches).take(last).skip(first);
    for (word, _) in shown.filter(|(_, is_match)| **is_match) {
        push(&mut pieces, text.get(at..word.place.start), false);
        push(&mut pieces, text.get(word.place.clone()), true);
        at = word.place.end;
    }
    push(&mut pieces, text.get(at..end), false);
    if end < text.len() {
        pieces.push(Piece { text: "…".to_owned(), is_match: false });
    }
    pieces
}

fn push(pieces: &mut Vec<Piece>, text: Option<&str>, is_match: bool) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece { text: text.to_owned(), is_match });
    }
}

/// Returns the index of the first word of the snippet with the most matches.
fn best_start(matches: &[bool]) -> usize {
    if matches.len() <= MAX_WORDS {
        return 0;
    }
    let mut count = matches.iter().take(MAX_WORDS).filter(|it| **it).count();
    let (mut best_count, mut best_start) = (count, 0);
    for start in 1..=matches.len() - MAX_WORDS {
        count -= usize::from(matches.get(start - 1).copied().unwrap_or_default());
        count += usize::from(matches.get(start + MAX_WORDS - 1).copied().unwrap_or_default());
        if count > best_count {
            (best_count, best_start) = (count, start);
        }
    }
    let before_match = matches.iter().skip(best_start).position(|it| *it).unwrap_or_default();
    (best_start + before_match).saturating_sub(WORDS_BEFORE_MATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let pieces = snippet(text, &Query::read(query).unwrap());
        pieces
            .iter()
            .map(|it| if it.is_match { format!("[{}]", it.text) } else { it.text.clone() })
            .collect()
    }

    #[test]
    fn matches_are_marked_as_they_stand() {
        assert_eq!(shown("Ten OAK planks.", "oak"), "Ten [OAK] planks.");
        assert_eq!(shown("für Größe 5", "fur grosse"), "[für] [Größe] 5");
        assert_eq!(shown("oak pale oak plank", "\"oak plank\""), "oak pale [oak] [plank]");
        assert_eq!(shown("planks, planes", "pla*"), "[planks], [planes]");
        assert_eq!(shown("see INV-2026-0042!", "0042"), "see INV-2026-[0042]!");
        assert_eq!(shown("請求書を送る", "求書"), "請[求][書]を送る");
        assert_eq!(shown("", "x"), "");
    }

    #[test]
    fn of_a_long_text_the_best_part_is_shown() {
        let text = format!("oak {} oak and oak {}", "a ".repeat(500), "b ".repeat(500));
        let shown = shown(&text, "oak");
        assert!(shown.starts_with("…") && shown.ends_with("…"), "{shown}");
        assert_eq!(shown.matches("[oak]").count(), 2, "{shown}");
        assert!(shown.len() < 200);
    }
}
