//! The current time, in the unit of the database.

/// Returns the current time, in milliseconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
