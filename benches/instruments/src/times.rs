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
        let at = |share: f64| {
            let index = (self.0.len() as f64 * share) as usize;
            self.0.get(index.min(self.0.len().saturating_sub(1))).copied()
        };
        json!({ "count": self.0.len(), "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
    }
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
}
