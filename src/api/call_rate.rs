//! Limits how often each key may call, and tells the caller how much is left, as
//! draft-ietf-httpapi-ratelimit-headers-10 says.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::quota::{Rate, TooMany};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");

const MINUTE: Duration = Duration::from_secs(60);

/// The rate limit for the calls of each key, if the config has one (`api.requests_per_minute`). Clones share
/// what is used. It is in memory, so each process counts what it answers.
#[derive(Clone, Debug)]
pub struct CallRate(Option<Arc<Limit>>);

#[derive(Debug)]
struct Limit {
    per_minute: u32,
    rate: Rate<String>,
}

impl CallRate {
    /// Makes a limit of so many calls in a minute, which may come at once.
    pub fn new(per_minute: Option<u32>) -> Self {
        let limit =
            |per_minute| Limit { per_minute, rate: Rate::new(per_minute, per_minute, MINUTE) };
        Self(per_minute.map(|per_minute| Arc::new(limit(per_minute))))
    }

    /// Counts a call with this key. Returns what the caller is told about it.
    pub(super) fn count(&self, key: &String) -> Counted {
        let Some(limit) = &self.0 else { return Counted { per_minute: None, left: Ok(0) } };
        Counted { per_minute: Some(limit.per_minute), left: limit.rate.take_one(key) }
    }
}

/// A call that was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    per_minute: Option<u32>,
    /// How many calls are left now.
    pub(super) left: Result<u32, TooMany>,
}

impl Counted {
    /// Adds the headers to an answer, if there is a limit.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let Some(per_minute) = self.per_minute else { return };
        let left = self.left.unwrap_or_default();
        // Calls come back one by one. A refused caller is told when exactly, as by `Retry-After`, and others
        // after which time there is one more at the latest.
        let seconds = match self.left {
            Ok(_) => seconds_until_one_more(per_minute),
            Err(too_many) => too_many.seconds(),
        };
        let policy = format!("\"requests\";q={per_minute};w={}", MINUTE.as_secs());
        let limit = format!("\"requests\";r={left};t={seconds}");
        for (name, value) in [(&POLICY, policy), (&LIMIT, limit)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name.clone(), value);
            }
        }
    }
}

/// Returns the number of whole seconds, at least 1, within which one call more is possible.
fn seconds_until_one_more(per_minute: u32) -> u64 {
    MINUTE.as_secs().div_ceil(u64::from(per_minute.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(counted: Counted) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        counted.tell(&mut headers);
        let value = |name: &HeaderName| Some(headers.get(name)?.to_str().unwrap().to_owned());
        value(&POLICY).zip(value(&LIMIT))
    }

    #[test]
    fn each_key_is_told_how_many_calls_are_left() {
        let rate = CallRate::new(Some(3));
        let (one, other) = ("one".to_owned(), "other".to_owned());
        for limit in ["\"requests\";r=2;t=20", "\"requests\";r=1;t=20", "\"requests\";r=0;t=20"] {
            let expected = ("\"requests\";q=3;w=60".to_owned(), limit.to_owned());
            assert_eq!(told(rate.count(&one)), Some(expected));
        }
        let refused = rate.count(&one);
        let wait = refused.left.unwrap_err().seconds();
        assert!((18..=20).contains(&wait), "{wait}");
        assert_eq!(told(refused).unwrap().1, format!("\"requests\";r=0;t={wait}"));
        assert_eq!(rate.count(&other).left, Ok(2));
    }

    #[test]
    fn the_next_call_is_never_told_to_be_possible_at_once() {
        for (per_minute, seconds) in [(1, 60), (7, 9), (60, 1), (600, 1), (1_000_000, 1)] {
            assert_eq!(seconds_until_one_more(per_minute), seconds, "{per_minute} in a minute");
        }
    }

    #[test]
    fn without_a_limit_nothing_is_refused_or_told() {
        let rate = CallRate::new(None);
        for _ in 0..1_000 {
            let counted = rate.count(&"key".to_owned());
            assert!(counted.left.is_ok());
            assert_eq!(told(counted), None);
        }
    }
}
