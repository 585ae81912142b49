//! The accounts that the homeserver lately said to exist. Most contacts of a shop are in many rooms,
//! and are not looked up for each.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ruma::{OwnedUserId, UserId};

/// How long an account counts as existing after the homeserver said so.
const VALIDITY: Duration = Duration::from_secs(10 * 60);
/// The greatest number of remembered accounts.
const MAX_ACCOUNTS: usize = 4_096;

/// The accounts, with the time of the homeserver's answer.
#[derive(Debug, Default)]
pub(super) struct SeenAccounts(Mutex<HashMap<OwnedUserId, Instant>>);

impl SeenAccounts {
    /// Notes that the homeserver says at `now` that the account exists.
    pub(super) fn add(&self, user: &UserId, now: Instant) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ACCOUNTS {
            accounts.retain(|_, seen_at| is_valid(*seen_at, now));
        }
        // If all of them are valid, others are looked up each time.
        if accounts.len() < MAX_ACCOUNTS || accounts.contains_key(user) {
            accounts.insert(user.to_owned(), now);
        }
    }

    /// Returns whether the homeserver said so a short time before `now`.
    pub(super) fn contains(&self, user: &UserId, now: Instant) -> bool {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(user).is_some_and(|seen_at| is_valid(*seen_at, now))
    }
}

fn is_valid(seen_at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(seen_at) < VALIDITY
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn an_account_counts_for_a_while() {
        let (accounts, start) = (SeenAccounts::default(), Instant::now());
        let (ann, bob) = (user_id!("@ann:example.org"), user_id!("@bob:example.org"));
        accounts.add(ann, start);
        assert!(accounts.contains(ann, start + VALIDITY - Duration::from_secs(1)));
        assert!(!accounts.contains(bob, start));
        assert!(!accounts.contains(ann, start + VALIDITY));
    }

    #[test]
    fn the_number_of_accounts_is_bounded() {
        let (accounts, start) = (SeenAccounts::default(), Instant::now());
        let user = |number: usize| UserId::parse(format!("@u{number}:example.org")).unwrap();
        for number in 0..MAX_ACCOUNTS {
            accounts.add(&user(number), start);
        }
        accounts.add(&user(MAX_ACCOUNTS), start);
        assert!(!accounts.contains(&user(MAX_ACCOUNTS), start));
        // One that is known already is renewed, and old ones make room for new ones.
        accounts.add(&user(7), start + VALIDITY / 2);
        accounts.add(&user(MAX_ACCOUNTS), start + VALIDITY);
        assert!(accounts.contains(&user(MAX_ACCOUNTS), start + VALIDITY));
        assert!(accounts.contains(&user(7), start + VALIDITY));
        assert!(!accounts.contains(&user(8), start + VALIDITY));
    }
}
