//! Dates as ISO 8601 writes them in full: `2026-06-01`.

use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// How many characters of what is no date its refusal repeats.
const SHOWN: usize = 30;

/// Serde for a date that may be left out.
///
/// # Errors
/// Says how to write a date. A time of day is refused too: an invoice has none, and dropping it
/// could change the day.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
    date.map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(SHOWN).collect();
        D::Error::custom(format!(
            "{shown:?} is no date: write year, month and day such as \"2026-06-01\""
        ))
    })
}
