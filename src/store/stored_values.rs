//! Stored texts that have a special meaning: most of them are the empty text.
//!
//! Each of them is named here. SQL statements get them as parameters.

/// In `rooms.summary_shown` and `rooms.summary_pinned`: it is unknown what the room shows, so the
/// reconciler has to look. No digest equals this text. (`NULL` means that the summary was never
/// sent or pinned.)
pub(super) const UNKNOWN_DIGEST: &str = "";

/// In `gaps.from_token`: the history is read backwards from the newest event.
pub(super) const FROM_NEWEST_EVENT: &str = "";

/// In `gaps.to_token`: the history is read back to the first event of the room.
pub(super) const TO_START_OF_ROOM: &str = "";

/// A parameter that selects the rows of every transaction, user or party.
///
/// The statements say `$1 = '' OR column = $1`.
const NO_FILTER: &str = "";

/// Returns the parameter for a filter: the wanted value, or [`NO_FILTER`].
pub(super) fn filter(wanted: Option<impl ToString>) -> String {
    wanted.map_or_else(|| NO_FILTER.to_owned(), |wanted| wanted.to_string())
}
