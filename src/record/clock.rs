//! Compares the time that a sender's homeserver states with the time of receipt.

/// The greatest difference by which the stated time of an event may be later than its receipt, or
/// earlier than its transaction, in milliseconds. With a greater difference, the stated time no
/// longer decides the place in the reading order. The order of existing records depends on this
/// value, so it never changes.
pub const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;
/// The greatest difference between the stated time of an event and its receipt for which one time is
/// shown, in milliseconds. The clocks of homeservers differ by less, and a sender who pretends to
/// have met a deadline needs more.
const MAX_UNMARKED_DIFFERENCE_MS: i64 = 60 * 1000;

/// Returns whether people must be shown both times of an event (in milliseconds since 1970). An
/// event that states no time (0) cannot state a wrong one: its time is the time of receipt.
pub fn times_differ(sent_at: i64, received_at: i64) -> bool {
    sent_at != 0 && sent_at.abs_diff(received_at) > MAX_UNMARKED_DIFFERENCE_MS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_told_from_more_than_the_tolerance_on_in_either_direction() {
        let received = 1_781_686_800_000;
        for (sent, expected) in [
            (received, false),
            (received - MAX_UNMARKED_DIFFERENCE_MS, false),
            (received + MAX_UNMARKED_DIFFERENCE_MS, false),
            (received - MAX_UNMARKED_DIFFERENCE_MS - 1, true),
            (received + MAX_UNMARKED_DIFFERENCE_MS + 1, true),
            (1, true),
            (i64::MIN, true),
            (i64::MAX, true),
            (0, false),
        ] {
            assert_eq!(times_differ(sent, received), expected, "{sent}");
        }
    }
}
