//! Cleans the names that people choose for themselves, so that none can look like another name or
//! disturb the text around it.

/// The maximum length of a shown name, in characters.
pub const MAX_NAME_CHARS: usize = 80;
/// The maximum number of combining marks on one letter. More of them would cover the lines around it.
const MAX_MARKS_PER_LETTER: usize = 2;

/// Returns a name as one line without control, direction and invisible characters, or none if nothing
/// is left. Letters that only look like other letters stay, because the page shows beside each name
/// for which party the person speaks.
pub fn plain_name(name: &str) -> Option<String> {
    let mut marks = 0;
    let visible = name.chars().filter(|c| !is_invisible(*c)).filter(|c| {
        marks = if is_mark(*c) { marks + 1 } else { 0 };
        marks <= MAX_MARKS_PER_LETTER
    });
    let spaced: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MAX_NAME_CHARS).collect();
    Some(short.trim_end().to_owned()).filter(|name| !name.is_empty())
}

/// Returns [`plain_name`] without brackets, for names that people gave themselves. The page shows
/// the party in brackets behind such a name, so brackets in the name could pretend another party.
pub fn self_chosen_name(name: &str) -> Option<String> {
    let is_bracket =
        |c: char| "()[]{}<>（）［］｛｝＜＞⟨⟩〈〉《》「」【】〔〕⦅⦆❨❩⁽⁾₍₎﹙﹚".contains(c);
    let plain: String = name.chars().map(|c| if is_bracket(c) { ' ' } else { c }).collect();
    plain_name(&plain)
}

/// Returns whether a character is invisible by itself: a format character, joiner, filler, variation
/// selector or tag.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_without_anything_that_cannot_be_seen() {
        for (name, plain) in [
            ("Ada", Some("Ada")),
            ("Ada\u{202e} reltaS", Some("Ada reltaS")),
            ("A\u{200b}cme\u{2060} L\u{ad}td", Some("Acme Ltd")),
            ("Ada\r\n\u{0}Acme", Some("Ada Acme")),
            ("Zoe\u{301}\u{301}\u{301}\u{301}\u{301}", Some("Zoe\u{301}\u{301}")),
            ("\u{e0041}\u{e0042}", None),
            ("\u{3164} \u{2800}", None),
            ("", None),
            ("علي", Some("علي")),
        ] {
            assert_eq!(plain_name(name).as_deref(), plain, "{name:?}");
        }
        assert_eq!(plain_name(&"x".repeat(500)).unwrap().len(), MAX_NAME_CHARS);
    }

    #[test]
    fn nobody_puts_a_side_into_brackets_but_us() {
        for name in
            ["Ada (seller)", "Ada（seller）", "Ada [seller]", "Ada \u{200b}(seller\u{200b})"]
        {
            assert_eq!(self_chosen_name(name).as_deref(), Some("Ada seller"), "{name}");
        }
    }
}
