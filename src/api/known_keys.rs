//! Remembers which keys opened the API, so that whoever tries many wrong ones causes no statements.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The greatest number of keys that are remembered. Beyond it, all are forgotten, and remembered at their next call.
const MAX_KEYS: usize = 10_000;

/// The digests of keys in the database that opened the API lately. Each call asks the database all the same whether
/// its key is revoked. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct KnownKeys(Arc<Mutex<HashSet<String>>>);

impl KnownKeys {
    /// Whether this key opened the API when it was last tried.
    pub(super) fn knows(&self, digest: &str) -> bool {
        self.digests().contains(digest)
    }

    /// Notes whether a key opens the API.
    pub(super) fn note(&self, digest: String, opens: bool) {
        let mut digests = self.digests();
        if !opens {
            digests.remove(&digest);
        } else if !digests.contains(&digest) {
            if digests.len() >= MAX_KEYS {
                digests.clear();
            }
            digests.insert(digest);
        }
    }

    fn digests(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_until_it_opens_nothing_and_their_number_is_bounded() {
        let known = KnownKeys::default();
        for number in 0..MAX_KEYS + 1 {
            known.note(number.to_string(), true);
        }
        let last = MAX_KEYS.to_string();
        assert!(known.knows(&last) && known.digests().len() == 1);
        known.note(last.clone(), false);
        assert!(!known.knows(&last));
    }
}
