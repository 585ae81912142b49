//! The part of a text that shows why it was found.

use serde::Serialize;

use super::Query;
use super::tokens::words;

/// Words shown.
const SHOWN: usize = 32;
/// Words shown before the first match.
const BEFORE: usize = 6;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// As it stands in the text.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(rename = "match")]
    pub is_match: bool,
}

/// The stretch of `text` with the most matches, in pieces: put together, they are that stretch,
/// with `…` where something is left out.
pub fn snippet(text: &str, query: &Query) -> Vec<Piece> {
    let words: Vec<_> = words(text).collect();
    let meant = query.matches(&words);
    let first = best_start(&meant);
    let last = (first + SHOWN).min(words.len());
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
    let shown = words.iter().zip(&meant).take(last).skip(first);
    for (word, _) in shown.filter(|(_, meant)| **meant) {
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

/// Where to begin so that the most matches are shown.
fn best_start(meant: &[bool]) -> usize {
    if meant.len() <= SHOWN {
        return 0;
    }
    let mut best = (0, 0);
    let mut count = meant.iter().take(SHOWN).filter(|it| **it).count();
    let mut window = (count, 0);
    for start in 1..=meant.len() - SHOWN {
        count -= usize::from(meant.get(start - 1).copied().unwrap_or_default());
        count += usize::from(meant.get(start + SHOWN - 1).copied().unwrap_or_default());
        if count > window.0 {
            window = (count, start);
        }
    }
    best.1 = window.1;
    let first = meant.iter().skip(best.1).position(|it| *it).unwrap_or_default() + best.1;
    first.saturating_sub(BEFORE)
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
