//! Texts of a file as an invoice holds them.

/// The greatest number of characters of a value from a file that a sentence about it repeats.
const MAX_SHOWN_CHARS: usize = 60;

/// Returns a short text as one line, because white space in XML is only layout.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a long text with its lines, without the indentation of the file.
pub(super) fn prose(text: &str) -> String {
    text.trim().lines().map(one_line).collect::<Vec<_>>().join("\n")
}

/// Returns the beginning of a value, for a sentence about it.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}
