//! The current time, in the unit of the database, and times as texts.

use jiff::Timestamp;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Returns the current time, in milliseconds since 1970.
pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Formats a time as RFC 3339 in UTC, with milliseconds. Returns `None` if the time is out of range.
pub fn iso(milliseconds: i64) -> Option<String> {
    Timestamp::from_millisecond(milliseconds).ok().map(|time| format!("{time:.3}"))
}
