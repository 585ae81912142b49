//! How often a failure that goes on is told.

/// Failures in a row of one thing.
#[derive(Debug, Default)]
pub struct Failures {
    words: String,
    count: u32,
}

impl Failures {
    /// Notes one more; whether it is to be told: if it is another one than before, and then the
    /// second, fourth, eighth time and so on.
    pub fn is_news(&mut self, words: String) -> bool {
        if self.words == words {
            self.count = self.count.saturating_add(1);
        } else {
            *self = Self { words, count: 1 };
        }
        self.count.is_power_of_two()
    }

    /// It went well.
    pub fn end(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_told_at_growing_intervals_and_what_changes_at_once() {
        let mut failures = Failures::default();
        let told: Vec<u32> = (1..=40).filter(|_| failures.is_news("away".to_owned())).collect();
        assert_eq!(told, [1, 2, 4, 8, 16, 32]);
        assert!(failures.is_news("another".to_owned()));
        assert!(failures.is_news("away".to_owned()));
        failures.end();
        assert!(failures.is_news("away".to_owned()));
    }
}
