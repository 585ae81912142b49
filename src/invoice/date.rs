//! Dates in the full form of ISO 8601: `2026-06-01`.

use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The greatest number of characters of an invalid date that its refusal repeats.
const MAX_SHOWN_CHARS: usize = 30;

/// Reads a date that may be left out, for serde.
///
/// # Errors
/// A message that says how to write a date. A date with a time of day is refused as well: an invoice has
/// no times, and dropping the time could change the day.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
    date.map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(MAX_SHOWN_CHARS).collect();
        D::Error::custom(format!(
            "{shown:?} is no date: write year, month and day such as \"2026-06-01\""
        ))
    })
}
