//! Stored texts that have a special meaning: most of them are the empty text.
//!
//! Each of them is named here. SQL statements get them as parameters.

/// In `entries.redacted_by`: the event was redacted before it reached Tallyroom, so the id of the
/// redaction is unknown. (`NULL` means that the event is not redacted.)
const REDACTED_BEFORE_ARRIVAL: &str = "";

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

/// Returns the value of `entries.redacted_by` for a new entry.
pub(super) fn redacted_by_on_arrival(is_redacted: bool) -> Option<&'static str> {
    is_redacted.then_some(REDACTED_BEFORE_ARRIVAL)
}

/// Returns true if `entries.redacted_by` names the event that redacted the entry.
pub(super) fn names_its_redaction(redacted_by: Option<&str>) -> bool {
    redacted_by.is_some_and(|event_id| event_id != REDACTED_BEFORE_ARRIVAL)
}

/// Returns the parameter for a filter: the wanted value, or [`NO_FILTER`].
pub(super) fn filter(wanted: Option<impl ToString>) -> String {
    wanted.map_or_else(|| NO_FILTER.to_owned(), |wanted| wanted.to_string())
}
