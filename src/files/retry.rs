//! Decides how long fetching a file is retried. This file does no I/O.

use std::time::Duration;

/// The first pause. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause if the homeserver answers that it does not have the file.
const MAX_REFUSED_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// The longest pause after any other failure of our homeserver. It is short, so that files are
/// fetched soon after the homeserver works again.
const MAX_TROUBLE_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause for a file of another homeserver, and for that homeserver itself.
const MAX_FAR_PAUSE: Duration = Duration::from_secs(3600);
/// The number of refusals after which a file that the homeserver does not have is given up. That
/// takes a week.
const MAX_REFUSALS: i64 = 38;
/// The number of tries after which a file that is too large is given up.
const MAX_TOO_LARGE_TRIES: i64 = 3;
/// The pause between two of these tries. It is short, because the size of a file does not change.
const TOO_LARGE_PAUSE: Duration = Duration::from_secs(3);
/// The number of tries after which encrypted bytes with a wrong digest are given up. One answer may
/// have been damaged on the way, but hardly all of them.
const MAX_ALTERED_TRIES: i64 = 4;

/// The outcome of a failed try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The file is larger than we or the homeserver allow.
    TooLarge(String),
    /// The encrypted bytes do not have the digest that the event names.
    Altered,
    /// The homeserver does not have the file or refuses to send it.
    Refused(String),
    /// The homeserver limits the rate of requests. It may say how long to wait.
    RateLimited(Option<Duration>),
    /// There was no usable answer, or the file cannot be stored.
    Trouble(String),
}

/// The earlier failed tries of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// The number of failures in a row.
    pub(super) failures: i64,
    /// The number of refusals among them.
    pub(super) refusals: i64,
    /// Whether the file is from another homeserver.
    pub(super) is_far: bool,
}

/// What to do after a failed try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The new state of the file, if it is given up.
    pub(super) given_up: Option<&'static str>,
    /// How long to wait before the next try, if it is not given up.
    pub(super) pause: Duration,
    /// Whether this try counts for giving up.
    pub(super) is_refusal: bool,
    /// The problem that is stored with the file.
    pub(super) problem: String,
}

/// Returns what to do after a failed try with this outcome, after the earlier failed `tries`. Only
/// refusals count for giving up.
pub(super) fn verdict(outcome: Outcome, tries: Tries) -> Verdict {
    let refused = |state, max_tries, pause, problem| {
        let given_up = (tries.refusals + 1 >= max_tries).then_some(state);
        Verdict { given_up, pause, is_refusal: true, problem }
    };
    let retry = |pause, problem| Verdict { given_up: None, pause, is_refusal: false, problem };
    let max_pause = if tries.is_far { MAX_FAR_PAUSE } else { MAX_TROUBLE_PAUSE };
    match outcome {
        Outcome::TooLarge(problem) => {
            refused("refused", MAX_TOO_LARGE_TRIES, TOO_LARGE_PAUSE, problem)
        }
        Outcome::Altered => {
            let problem = "The encrypted file does not have the SHA-256 that its event names.";
            let pause = doubled_pause(tries.refusals, MAX_TROUBLE_PAUSE);
            refused("refused", MAX_ALTERED_TRIES, pause, problem.to_owned())
        }
        Outcome::Refused(problem) => {
            let pause = doubled_pause(tries.refusals, MAX_REFUSED_PAUSE);
            refused("missing", MAX_REFUSALS, pause, problem)
        }
        Outcome::RateLimited(asked) => {
            let pause = asked.unwrap_or_default().max(doubled_pause(tries.failures, max_pause));
            let problem = "The homeserver limits the rate of our requests.";
            retry(pause.min(MAX_REFUSED_PAUSE), problem.to_owned())
        }
        Outcome::Trouble(problem) => retry(doubled_pause(tries.failures, max_pause), problem),
    }
}

/// Returns how long to wait before the next request to another homeserver, after `failures` earlier
/// failures in a row.
pub(super) fn server_pause(failures: i64) -> Duration {
    doubled_pause(failures, MAX_FAR_PAUSE)
}

/// Returns [`FIRST_PAUSE`] doubled `failures` times, but at most `max_pause`.
fn doubled_pause(failures: i64, max_pause: Duration) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or_default();
    FIRST_PAUSE.saturating_mul(1 << doublings).min(max_pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: i64, refusals: i64) -> Tries {
        Tries { failures, refusals, is_far: false }
    }

    #[test]
    fn a_missing_file_is_retried_for_a_week() {
        let mut waited = Duration::ZERO;
        for refusals in 0.. {
            let outcome = Outcome::Refused("not found".to_owned());
            let verdict = verdict(outcome, after(refusals, refusals));
            assert!(verdict.is_refusal);
            if let Some(state) = verdict.given_up {
                assert_eq!(state, "missing");
                break;
            }
            waited += verdict.pause;
        }
        let days = waited.as_secs_f64() / 86_400.0;
        assert!((6.0..8.0).contains(&days), "{days} days");
    }

    #[test]
    fn other_failures_are_never_given_up_and_retried_soon() {
        for failures in [0, 5, 50, i64::MAX] {
            for refusals in [0, MAX_REFUSALS - 1] {
                let trouble = Outcome::Trouble("no answer".to_owned());
                let verdict = verdict(trouble, after(failures, refusals));
                assert_eq!((verdict.given_up, verdict.is_refusal), (None, false));
                assert!(verdict.pause <= MAX_TROUBLE_PAUSE && verdict.pause >= FIRST_PAUSE);
            }
        }
    }

    #[test]
    fn a_file_with_a_wrong_digest_is_fetched_again_a_few_times() {
        assert_eq!(verdict(Outcome::Altered, after(0, 0)).given_up, None);
        let last = verdict(Outcome::Altered, after(0, MAX_ALTERED_TRIES - 1));
        assert!(last.given_up == Some("refused") && last.problem.contains("SHA-256"));
    }

    #[test]
    fn many_other_failures_do_not_make_one_refusal_the_last() {
        for outcome in [Outcome::Refused(String::new()), Outcome::TooLarge(String::new())] {
            assert_eq!(verdict(outcome, after(1_000, 0)).given_up, None);
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_tried_again_before_it_is_given_up() {
        let too_large = || Outcome::TooLarge("larger than 5 bytes".to_owned());
        assert_eq!(verdict(too_large(), after(0, 0)).given_up, None);
        let last = verdict(too_large(), after(MAX_TOO_LARGE_TRIES - 1, MAX_TOO_LARGE_TRIES - 1));
        assert_eq!(last.given_up, Some("refused"));
        assert!(last.problem.contains("5 bytes"));
    }

    #[test]
    fn pauses_for_another_homeserver_grow_to_an_hour() {
        assert_eq!(server_pause(0), FIRST_PAUSE);
        assert!(server_pause(1) > server_pause(0));
        assert_eq!(server_pause(i64::MAX), MAX_FAR_PAUSE);
        let far = Tries { failures: i64::MAX, refusals: 0, is_far: true };
        assert_eq!(verdict(Outcome::Trouble(String::new()), far).pause, MAX_FAR_PAUSE);
    }
}
