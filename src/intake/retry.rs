//! Decides how long reading a gap is retried. This file does no I/O.

use std::time::Duration;

use super::backoff;

/// The pause after the first refusal. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause after a refusal.
const MAX_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// The number of refusals after which a gap is given up. That takes about four days.
const MAX_REFUSALS: i64 = 26;

/// What to do after a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Retry after this time.
    Retry(Duration),
    /// Give up, until an administrator retries it.
    GiveUp,
}

/// Returns what to do after a failed try that follows `failures` failures in a row, of which
/// `refusals` were refusals. Only refusals count for giving up, because all other failures are
/// temporary.
pub(super) fn verdict(is_refusal: bool, failures: i64, refusals: i64) -> Verdict {
    if !is_refusal {
        return Verdict::Retry(backoff(u32::try_from(failures).unwrap_or(u32::MAX)));
    }
    if refusals + 1 >= MAX_REFUSALS {
        return Verdict::GiveUp;
    }
    let doublings = u32::try_from(refusals.clamp(0, 20)).unwrap_or_default();
    Verdict::Retry(FIRST_PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_gap_is_tried_for_days_before_it_is_given_up() {
        let mut waited = Duration::ZERO;
        let mut last = Duration::ZERO;
        for refusals in 0.. {
            // Other failures in between make no difference.
            assert!(matches!(verdict(false, i64::MAX, refusals), Verdict::Retry(_)));
            match verdict(true, 1_000, refusals) {
                Verdict::Retry(pause) => {
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
    fn a_gap_is_retried_soon_after_a_failure_that_is_no_refusal() {
        for failures in [0, 5, 1_000, i64::MAX] {
            let Verdict::Retry(pause) = verdict(false, failures, 0) else { panic!("given up") };
            assert!(pause <= Duration::from_secs(30), "{pause:?}");
        }
    }
}
