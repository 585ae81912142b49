//! Makes texts that came from a shop safe to put between others.

/// Returns one line of at most `limit` characters, without anything that could change how the text
/// around it is read.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let turns_direction = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let spaced: String = text
        .chars()
        .filter(|c| !turns_direction(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    keep_start(&spaced.split_whitespace().collect::<Vec<_>>().join(" "), limit)
}

/// Returns the first `limit` visible characters, with `…` as the last one if something was cut off.
/// Isolates that are open there are closed, so that the text after it keeps its direction.
pub(super) fn keep_start(text: &str, limit: usize) -> String {
    if visible_chars(text) <= limit {
        return text.to_owned();
    }
    let (mut cut, mut visible, mut open) = (String::new(), 0, 0_usize);
    for c in text.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            '\u{2069}' => open = open.saturating_sub(1),
            _ => visible += 1,
        }
        if visible >= limit {
            break;
        }
        cut.push(c);
    }
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut.extend(std::iter::repeat_n('\u{2069}', open));
    cut
}

/// The number of characters without isolates, which a translated text has around its parts.
pub(super) fn visible_chars(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')).count()
}

/// Returns the last `limit` characters, with `…` as the first one if something was cut off. The end
/// of an invoice's number distinguishes it from its neighbours.
pub(super) fn keep_end(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    let skipped = count - limit.saturating_sub(1);
    format!("…{}", text.chars().skip(skipped).collect::<String>())
}

/// Escapes a text for HTML, also inside a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_closes_what_is_open() {
        assert_eq!(keep_start("one two", 7), "one two");
        assert_eq!(keep_start("one two", 5), "one…");
        assert_eq!(keep_start("\u{2068}one two\u{2069} x", 6), "\u{2068}one t…\u{2069}");
        assert_eq!(keep_start("\u{2068}one\u{2069} two", 7), "\u{2068}one\u{2069} two");
        assert_eq!(keep_end("INV-2024-0042", 8), "…24-0042");
    }
}
