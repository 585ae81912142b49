//! How long to go on trying to fetch a file. Pure.

use std::time::Duration;

/// First pause; each one after it is twice as long.
const FIRST: Duration = Duration::from_secs(10);
/// Longest pause when the homeserver answers that it does not have the file.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Longest pause when nobody can tell: as soon as it works again, it should be fetched.
const LONGEST_IN_TROUBLE: Duration = Duration::from_secs(300);
/// Tries after which a file that the homeserver does not have is given up: a week.
const TRIES: i64 = 38;

/// Tries after which encrypted bytes that do not have the digest of their event are given up: one
/// answer may have been damaged on its way, but hardly all of them.
const TRIES_OF_ALTERED: i64 = 4;

/// How a try ended that brought no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Larger than allowed.
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// The encrypted bytes are not those that the event names.
    Altered,
    /// The homeserver does not have it or does not give it.
    Refused(String),
    /// It asks for patience.
    SlowDown(Option<Duration>),
    /// No usable answer, or no place to put the file.
    Trouble(String),
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The state of a file that is not tried again.
    pub(super) given_up: Option<&'static str>,
    /// Otherwise: when to try again.
    pub(super) pause: Duration,
    /// For the record.
    pub(super) problem: String,
}

/// What follows from the outcome of a try after `failures` that failed, too.
pub(super) fn verdict(outcome: Outcome, failures: i64) -> Verdict {
    let doubling = |longest: Duration| {
        let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or_default();
        FIRST.saturating_mul(1 << doublings).min(longest)
    };
    let again = |pause, problem| Verdict { given_up: None, pause, problem };
    match outcome {
        Outcome::TooLarge { limit } => Verdict {
            given_up: Some("refused"),
            pause: Duration::ZERO,
            problem: format!("larger than {limit} bytes (files.max_megabytes)"),
        },
        Outcome::Altered => {
            let problem = "the encrypted file is not the one that its event names (SHA-256)";
            let given_up = (failures + 1 >= TRIES_OF_ALTERED).then_some("refused");
            let pause = doubling(LONGEST_IN_TROUBLE);
            Verdict { given_up, pause, problem: problem.to_owned() }
        }
        Outcome::Refused(words) if failures + 1 >= TRIES => {
            Verdict { given_up: Some("missing"), pause: Duration::ZERO, problem: words }
        }
        Outcome::Refused(words) => again(doubling(LONGEST), words),
        Outcome::SlowDown(asked) => again(
            asked.unwrap_or_default().max(doubling(LONGEST_IN_TROUBLE)).min(LONGEST),
            "the homeserver asks to slow down".to_owned(),
        ),
        Outcome::Trouble(words) => again(doubling(LONGEST_IN_TROUBLE), words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_looked_for_a_week_long() {
        let mut waited = Duration::ZERO;
        for failures in 0.. {
            let verdict = verdict(Outcome::Refused("not found".to_owned()), failures);
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
    fn trouble_is_never_given_up_and_ends_soon_after_it_is_over() {
        for failures in [0, 5, 50, i64::MAX] {
            let verdict = verdict(Outcome::Trouble("no answer".to_owned()), failures);
            assert_eq!(verdict.given_up, None);
            assert!(verdict.pause <= LONGEST_IN_TROUBLE && verdict.pause >= FIRST);
        }
    }

    #[test]
    fn what_is_not_the_file_of_its_event_is_fetched_again_a_few_times() {
        assert_eq!(verdict(Outcome::Altered, 0).given_up, None);
        let last = verdict(Outcome::Altered, TRIES_OF_ALTERED - 1);
        assert!(last.given_up == Some("refused") && last.problem.contains("SHA-256"));
    }

    #[test]
    fn what_is_too_large_stays_so() {
        let verdict = verdict(Outcome::TooLarge { limit: 5 }, 0);
        assert_eq!(verdict.given_up, Some("refused"));
        assert!(verdict.problem.contains("5 bytes"));
    }
}
