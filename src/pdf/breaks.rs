//! Where a text may be broken: between clusters, and between words that no space separates.

use icu_segmenter::options::LineBreakOptions;
use icu_segmenter::{
    GraphemeClusterSegmenter, GraphemeClusterSegmenterBorrowed, LineSegmenter,
    LineSegmenterBorrowed,
};

use crate::fonts::is_set_without_spaces;

/// Finds places where a text may be broken (Unicode, UAX #14 and #29).
pub(super) struct Breaks {
    clusters: GraphemeClusterSegmenterBorrowed<'static>,
    lines: LineSegmenterBorrowed<'static>,
}

impl Breaks {
    pub(super) fn new() -> Self {
        Self {
            clusters: GraphemeClusterSegmenter::new(),
            lines: LineSegmenter::new_lstm(LineBreakOptions::default()),
        }
    }

    /// Returns the clusters of a text: each is a letter with all that is drawn on it.
    pub(super) fn clusters<'a>(&self, text: &'a str) -> Vec<&'a str> {
        split(text, self.clusters.segment_str(text))
    }

    /// Returns the pieces of a word between which a line may end. In scripts with spaces a word is one
    /// piece: an order number or a date is not to be broken.
    pub(super) fn pieces<'a>(&self, word: &'a str) -> Vec<&'a str> {
        if !word.contains(is_set_without_spaces) {
            return vec![word];
        }
        let is_inside = |at: &usize| {
            let Some((before, after)) = word.split_at_checked(*at) else { return false };
            before.ends_with(|sign: char| !sign.is_ascii())
                && after.starts_with(|sign: char| !sign.is_ascii())
                || before.ends_with(is_set_without_spaces)
                || after.starts_with(is_set_without_spaces)
        };
        split(word, self.lines.segment_str(word).filter(is_inside))
    }
}

fn split(text: &str, places: impl Iterator<Item = usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for end in places.chain([text.len()]) {
        if let Some(part) = text.get(start..end).filter(|part| !part.is_empty()) {
            parts.push(part);
            start = end;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_spaces_around_it_is_one_piece() {
        let breaks = Breaks::new();
        for word in ["RE-2026/AB", "–1\u{a0}234,50\u{a0}€", "שלום", "ओक", "https://example.org/a-b"]
        {
            assert_eq!(breaks.pieces(word), [word]);
        }
    }

    #[test]
    fn scripts_without_spaces_have_pieces_and_punctuation_stays_at_its_word() {
        let breaks = Breaks::new();
        assert_eq!(breaks.pieces("橡木板。「門」"), ["橡", "木", "板。", "「門」"]);
        assert_eq!(breaks.pieces("ไม้โอ๊คสวยงาม").concat(), "ไม้โอ๊คสวยงาม");
        assert!(breaks.pieces("ไม้โอ๊คสวยงามมาก").len() > 1);
    }

    #[test]
    fn a_letter_keeps_what_is_drawn_on_it() {
        let breaks = Breaks::new();
        assert_eq!(breaks.clusters("ไม้e\u{301}"), ["ไ", "ม้", "e\u{301}"]);
        assert_eq!(breaks.clusters("👩‍👩‍👧🇩🇪"), ["👩‍👩‍👧", "🇩🇪"]);
        assert_eq!(breaks.clusters(""), Vec::<&str>::new());
    }
}
