//! When a mail that could not be handed over is tried again.

use crate::clock::DAY_MS;

/// The pause after the first failure, in milliseconds. It doubles with each further one.
const MIN_PAUSE_MS: i64 = 5_000;
/// The longest pause, in milliseconds.
const MAX_PAUSE_MS: i64 = 3_600_000;
/// For how long a mail is tried, in milliseconds: three days.
const TRIED_FOR_MS: i64 = 3 * DAY_MS;

/// Returns when a mail is tried again that was made at `made_at` and has failed `tries` times, or `None` if it is given up.
/// All times are in milliseconds since 1970. `jitter`, from 0 to 1, says how much of up to half of the pause is taken off,
/// so that mails that failed together are not tried together.
pub fn next_try(tries: i64, made_at: i64, now: i64, jitter: f64) -> Option<i64> {
    let last = made_at.saturating_add(TRIED_FOR_MS);
    if now >= last {
        return None;
    }
    let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 20)).unwrap_or_default();
    let whole = MIN_PAUSE_MS.saturating_mul(1 << doublings).min(MAX_PAUSE_MS);
    let off = (whole as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64;
    Some(now.saturating_add(whole - off).min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_end_after_three_days() {
        let pause = |tries, jitter| next_try(tries, 0, 1_000, jitter).unwrap() - 1_000;
        assert_eq!([1, 2, 3, 10].map(|it| pause(it, 0.0)), [5_000, 10_000, 20_000, 2_560_000]);
        assert_eq!([11, i64::MAX].map(|it| pause(it, 0.0)), [3_600_000; 2]);
        assert_eq!((pause(1, 1.0), pause(2, 0.5), pause(1, 7.0)), (2_500, 7_500, 2_500));
        assert_eq!(next_try(80, 5, TRIED_FOR_MS, 0.0), Some(TRIED_FOR_MS + 5));
        assert_eq!(next_try(81, 5, TRIED_FOR_MS + 5, 0.0), None);
    }
}
