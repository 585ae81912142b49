//! Decides how often a failure that persists is logged.

/// Consecutive failures of one operation.
#[derive(Debug, Default)]
pub struct Failures {
    message: String,
    count: u32,
}

impl Failures {
    /// Counts a failure. Returns whether to log it: if its message differs from that of the
    /// previous failure, and then the second, fourth, eighth time and so on.
    pub fn should_log(&mut self, message: String) -> bool {
        if self.message == message {
            self.count = self.count.saturating_add(1);
        } else {
            *self = Self { message, count: 1 };
        }
        self.count.is_power_of_two()
    }

    /// Forgets all failures, after a success.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persistent_failure_is_logged_at_growing_intervals_and_another_one_at_once() {
        let mut failures = Failures::default();
        let logged: Vec<u32> =
            (1..=40).filter(|_| failures.should_log("away".to_owned())).collect();
        assert_eq!(logged, [1, 2, 4, 8, 16, 32]);
        assert!(failures.should_log("another".to_owned()));
        assert!(failures.should_log("away".to_owned()));
        failures.reset();
        assert!(failures.should_log("away".to_owned()));
    }
}
