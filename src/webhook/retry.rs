//! When a delivery that failed is tried again.

use crate::clock::DAY_MS;
use crate::store::{LONGEST_PAUSE_MS, LONGEST_PAUSE_OF_WORKING_MS};

/// The pause after the first failure, in milliseconds. It doubles with each further one.
const MIN_PAUSE_MS: i64 = 2_000;
/// A receiver takes nothing at all if so many tries in a row have failed, of all deliveries to it.
const FAILURES_OF_DEAD: i64 = 10;
/// For how long a delivery is tried, in milliseconds: three days.
pub const TRIED_FOR_MS: i64 = 3 * DAY_MS;

/// Returns when a delivery is tried again that was handed out at `since` and has failed `tries` times, or `None` if it is
/// given up. All times are in milliseconds since 1970. `in_a_row` is the number of tries in a row that have failed, of all
/// deliveries to this receiver. `jitter`, from 0 to 1, says how much of up to half of the pause is taken off, so that
/// deliveries that failed together are not tried together.
///
/// The last try is three days after `since`. A delivery that had to wait for an earlier one for longer than that is tried
/// once.
pub(super) fn next_try(
    (tries, in_a_row): (i64, i64),
    since: i64,
    now: i64,
    jitter: f64,
) -> Option<i64> {
    let last = since.saturating_add(TRIED_FOR_MS);
    if now >= last {
        return None;
    }
    let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 20)).unwrap_or_default();
    let longest =
        if in_a_row < FAILURES_OF_DEAD { LONGEST_PAUSE_OF_WORKING_MS } else { LONGEST_PAUSE_MS };
    let whole = MIN_PAUSE_MS.saturating_mul(1 << doublings).min(longest);
    let off = (whole as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64;
    Some(now.saturating_add(whole - off).min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_are_shortened_by_up_to_a_half() {
        let pause = |tries, jitter| next_try((tries, 10), 0, 1_000, jitter).unwrap() - 1_000;
        assert_eq!([1, 2, 3, 11].map(|it| pause(it, 0.0)), [2_000, 4_000, 8_000, 2_048_000]);
        assert_eq!([12, 13, i64::MAX].map(|it| pause(it, 0.0)), [3_600_000; 3]);
        assert_eq!((pause(1, 1.0), pause(2, 0.5), pause(1, 7.0)), (1_000, 3_000, 1_000));
        // It takes others.
        let pause = |tries| next_try((tries, 9), 0, 1_000, 0.0).unwrap() - 1_000;
        assert_eq!([1, 2, 5, 6, 99].map(pause), [2_000, 4_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn the_last_try_is_after_three_days() {
        assert_eq!(next_try((80, 80), 5, TRIED_FOR_MS - 60_000, 0.0), Some(TRIED_FOR_MS + 5));
        assert_eq!(next_try((81, 81), 5, TRIED_FOR_MS + 4, 0.0), Some(TRIED_FOR_MS + 5));
        assert_eq!(next_try((81, 81), 5, TRIED_FOR_MS + 5, 0.0), None);
        // It waited for an earlier one for so long.
        assert_eq!(next_try((1, 0), 5, 2 * TRIED_FOR_MS, 0.0), None);
    }
}
