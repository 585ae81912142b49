//! Many times of the same work, and what they come to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Durations in milliseconds.
#[derive(Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds one duration.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration.as_secs_f64() * 1_000.0);
    }

    /// Adds all durations of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns how many durations there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of durations, the quantiles and the greatest one.
    pub fn summary(mut self) -> Value {
        self.0.sort_by(f64::total_cmp);
        let at = |percent| self.0.get(place_of(percent, self.0.len())).copied();
        json!({ "count": self.0.len(), "p50": at(50), "p99": at(99), "max": at(100) })
    }
}

/// Returns the place of the smallest of `count` sorted values that at least `percent` of them do not exceed.
fn place_of(percent: usize, count: usize) -> usize {
    (count * percent).div_ceil(100).saturating_sub(1)
}

/// Returns the present moment in milliseconds since 1970, with fractions.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_three_is_the_middle_one() {
        let mut times = Times::default();
        for milliseconds in [3, 1, 2] {
            times.add(Duration::from_millis(milliseconds));
        }
        let summary = times.summary();
        assert_eq!((&summary["p50"], &summary["max"]), (&json!(2.0), &json!(3.0)));
    }

    #[test]
    fn one_of_a_hundred_is_above_p99() {
        assert_eq!([place_of(99, 100), place_of(99, 300), place_of(99, 301)], [98, 296, 297]);
        assert_eq!([place_of(50, 1), place_of(50, 2), place_of(100, 2)], [0, 0, 1]);
    }
}
