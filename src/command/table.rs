//! Tables for a terminal, with texts from outside made safe for it.

/// The greatest number of characters of a text in a table.
const MAX_CELL_CHARS: usize = 200;

/// Formats rows as lines with columns of equal width. The first row is the heading.
pub(super) fn lines<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max()
    };
    let widths: Vec<usize> = (0..COLUMNS).map(|column| width(column).unwrap_or_default()).collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

/// Makes a text from outside safe for a terminal: one line of limited length, without characters
/// that move the cursor or change the direction of the text. An empty text is a dash.
pub(super) fn cell(text: &str) -> String {
    let is_unsafe = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match text {
        "" => "-".to_owned(),
        _ => {
            text.chars().take(MAX_CELL_CHARS).map(|c| if is_unsafe(c) { ' ' } else { c }).collect()
        }
    }
}

/// Formats a time (in milliseconds since 1970).
pub(super) fn time(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Formats a time, or its absence as a dash.
pub(super) fn time_or_dash(milliseconds: Option<i64>) -> String {
    milliseconds.map_or_else(|| "-".to_owned(), time)
}
