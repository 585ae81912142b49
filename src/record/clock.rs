//! The time that a sender's homeserver states beside the time of receipt.

/// How far in the future the stated time of an event may be before it no longer decides where the
/// entry is read, in milliseconds. Records are ordered by it, so it stays as it is.
pub const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;
/// How far the stated time of an event may be from its receipt before people are told both, in
/// milliseconds. Clocks of homeservers differ by less; whoever wants to have said something "in
/// time" needs more.
const BOTH_TIMES_MS: i64 = 60 * 1000;

/// Whether people must be told both times of an event (milliseconds since 1970). An event that
/// states no time (0) cannot claim a wrong one: it is read at its receipt.
pub fn times_differ(sent_at: i64, received_at: i64) -> bool {
    sent_at != 0 && sent_at.abs_diff(received_at) > BOTH_TIMES_MS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_told_from_more_than_the_tolerance_on_in_either_direction() {
        let received = 1_781_686_800_000;
        for (sent, expected) in [
            (received, false),
            (received - BOTH_TIMES_MS, false),
            (received + BOTH_TIMES_MS, false),
            (received - BOTH_TIMES_MS - 1, true),
            (received + BOTH_TIMES_MS + 1, true),
            (1, true),
            (i64::MIN, true),
            (i64::MAX, true),
            (0, false),
        ] {
            assert_eq!(times_differ(sent, received), expected, "{sent}");
        }
    }
}
