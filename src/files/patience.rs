//! How long to go on trying to fetch a file. Pure.

use std::time::Duration;

/// First pause; each one after it is twice as long.
const FIRST: Duration = Duration::from_secs(10);
/// Longest pause when the homeserver answers that it does not have the file.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Longest pause when nobody can tell: as soon as it works again, it should be fetched.
const LONGEST_IN_TROUBLE: Duration = Duration::from_secs(300);
/// Longest pause for a file of another homeserver, and for that homeserver.
const LONGEST_FOR_FAR: Duration = Duration::from_secs(3600);
/// Refusals after which a file that the homeserver does not have is given up: a week.
const TRIES: i64 = 38;
/// Looks at a file that is too large before that is believed.
const LOOKS: i64 = 3;
/// Pause between two of them: its size does not change, so they need not be far apart.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// Tries after which encrypted bytes that do not have the digest of their event are given up: one
/// answer may have been damaged on its way, but hardly all of them.
const TRIES_OF_ALTERED: i64 = 4;

/// How a try ended that brought no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Larger than allowed, by us or by the homeserver.
    TooLarge(String),
    /// The encrypted bytes are not those that the event names.
    Altered,
    /// The homeserver does not have it or does not give it.
    Refused(String),
    /// It asks for patience.
    SlowDown(Option<Duration>),
    /// No usable answer, or no place to put the file.
    Trouble(String),
}

/// How often a file was tried without success, and where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// Failures in a row.
    pub(super) failures: i64,
    /// How many of them were refusals.
    pub(super) refusals: i64,
    /// Another homeserver has it.
    pub(super) is_far: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The state of a file that is given up.
    pub(super) given_up: Option<&'static str>,
    /// Otherwise: when to try again.
    pub(super) pause: Duration,
    /// Whether this try counts towards giving up.
    pub(super) is_refusal: bool,
    /// For the record.
    pub(super) problem: String,
}

/// What follows from the outcome of a try after `tries` that did not succeed. Only refusals count
/// for giving up.
pub(super) fn verdict(outcome: Outcome, tries: Tries) -> Verdict {
    let refused = |state, most, pause, problem| {
        let given_up = (tries.refusals + 1 >= most).then_some(state);
        Verdict { given_up, pause, is_refusal: true, problem }
    };
    let again = |pause, problem| Verdict { given_up: None, pause, is_refusal: false, problem };
    let longest = if tries.is_far { LONGEST_FOR_FAR } else { LONGEST_IN_TROUBLE };
    match outcome {
        Outcome::TooLarge(words) => refused("refused", LOOKS, LOOK_AGAIN, words),
        Outcome::Altered => {
            let problem = "the encrypted file is not the one that its event names (SHA-256)";
            let pause = doubling(tries.refusals, LONGEST_IN_TROUBLE);
            refused("refused", TRIES_OF_ALTERED, pause, problem.to_owned())
        }
        Outcome::Refused(words) => {
            refused("missing", TRIES, doubling(tries.refusals, LONGEST), words)
        }
        Outcome::SlowDown(asked) => again(
            asked.unwrap_or_default().max(doubling(tries.failures, longest)).min(LONGEST),
            "the homeserver asks to slow down".to_owned(),
        ),
        Outcome::Trouble(words) => again(doubling(tries.failures, longest), words),
    }
}

/// How long to leave another homeserver alone after `failures` earlier failures in a row.
pub(super) fn server_pause(failures: i64) -> Duration {
    doubling(failures, LONGEST_FOR_FAR)
}

fn doubling(failures: i64, longest: Duration) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or_default();
    FIRST.saturating_mul(1 << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: i64, refusals: i64) -> Tries {
        Tries { failures, refusals, is_far: false }
    }

    #[test]
    fn a_missing_file_is_looked_for_a_week_long() {
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
    fn trouble_is_never_given_up_and_ends_soon_after_it_is_over() {
        for failures in [0, 5, 50, i64::MAX] {
            for refusals in [0, TRIES - 1] {
                let trouble = Outcome::Trouble("no answer".to_owned());
                let verdict = verdict(trouble, after(failures, refusals));
                assert_eq!((verdict.given_up, verdict.is_refusal), (None, false));
                assert!(verdict.pause <= LONGEST_IN_TROUBLE && verdict.pause >= FIRST);
            }
        }
    }

    #[test]
    fn what_is_not_the_file_of_its_event_is_fetched_again_a_few_times() {
        assert_eq!(verdict(Outcome::Altered, after(0, 0)).given_up, None);
        let last = verdict(Outcome::Altered, after(0, TRIES_OF_ALTERED - 1));
        assert!(last.given_up == Some("refused") && last.problem.contains("SHA-256"));
    }

    #[test]
    fn much_trouble_does_not_make_one_refusal_the_last() {
        for outcome in [Outcome::Refused(String::new()), Outcome::TooLarge(String::new())] {
            assert_eq!(verdict(outcome, after(1_000, 0)).given_up, None);
        }
    }

    #[test]
    fn what_is_too_large_is_looked_at_again_before_it_is_given_up() {
        let too_large = || Outcome::TooLarge("larger than 5 bytes".to_owned());
        assert_eq!(verdict(too_large(), after(0, 0)).given_up, None);
        let last = verdict(too_large(), after(LOOKS - 1, LOOKS - 1));
        assert_eq!(last.given_up, Some("refused"));
        assert!(last.problem.contains("5 bytes"));
    }

    #[test]
    fn pauses_for_another_homeserver_grow_to_an_hour() {
        assert_eq!(server_pause(0), FIRST);
        assert!(server_pause(1) > server_pause(0));
        assert_eq!(server_pause(i64::MAX), LONGEST_FOR_FAR);
        let far = Tries { failures: i64::MAX, refusals: 0, is_far: true };
        assert_eq!(verdict(Outcome::Trouble(String::new()), far).pause, LONGEST_FOR_FAR);
    }
}
