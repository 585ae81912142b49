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

/// Returns the first `limit` characters, with `…` as the last one if something was cut off.
pub(super) fn keep_start(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
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
