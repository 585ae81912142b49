//! How long to go on trying to read a gap. Pure.

use std::time::Duration;

use super::back_off;

/// Pause after the first refusal; each one after it is twice as long.
const FIRST: Duration = Duration::from_secs(10);
/// Longest pause between two refusals.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Refusals after which a gap is given up: about four days.
const REFUSALS: i64 = 26;

/// What follows from a try that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again after this time.
    TryAgain(Duration),
    /// Leave it to an administrator.
    GiveUp,
}

/// What follows after `failures` earlier failures in a row, `refusals` of them refusals. Only
/// refusals count for giving up: trouble passes.
pub(super) fn verdict(is_refusal: bool, failures: i64, refusals: i64) -> Verdict {
    if !is_refusal {
        return Verdict::TryAgain(back_off(u32::try_from(failures).unwrap_or(u32::MAX)));
    }
    if refusals + 1 >= REFUSALS {
        return Verdict::GiveUp;
    }
    let doublings = u32::try_from(refusals.clamp(0, 20)).unwrap_or_default();
    Verdict::TryAgain(FIRST.saturating_mul(1 << doublings).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_gap_is_tried_for_days_before_it_is_given_up() {
        let mut waited = Duration::ZERO;
        let mut last = Duration::ZERO;
        for refusals in 0.. {
            // Trouble in between neither helps nor hurts.
            assert!(matches!(verdict(false, i64::MAX, refusals), Verdict::TryAgain(_)));
            match verdict(true, 1_000, refusals) {
                Verdict::TryAgain(pause) => {
                    assert!(pause >= last, "pauses grow");
                    last = pause;
                    waited += pause;
                }
                Verdict::GiveUp => break,
            }
        }
        let days = waited.as_secs_f64() / 86_400.0;
        assert!((3.0..5.0).contains(&days), "{days} days");
    }

    #[test]
    fn trouble_ends_soon_after_it_is_over() {
        for failures in [0, 5, 1_000, i64::MAX] {
            let Verdict::TryAgain(pause) = verdict(false, failures, 0) else { panic!("given up") };
            assert!(pause <= Duration::from_secs(30), "{pause:?}");
        }
    }
}
