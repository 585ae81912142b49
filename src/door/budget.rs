//! How many files and connections this process may have open, and who gets how many of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// For the program itself: what it listens on, its log, its calls to the homeserver, its keys.
const OURS: u64 = 64;
/// Files that one connection to a SQLite database has open; one to PostgreSQL has one.
const OF_DATABASE_CONNECTION: u64 = 3;
/// Connections for pushes. A homeserver has a few; nobody else takes them away.
const PUSHES: u64 = 256;
/// Of what is left, in eighths: the API, files that are being read or written; the page has the rest.
const EIGHTHS: (u64, u64) = (2, 1);
/// More connections than these take more memory than anybody gets out of them.
const MOST: (u64, u64, u64) = (4_096, 4_096, 25_000);
/// Least that anything works with.
const LEAST: u64 = 32;
/// What there should be, so that some hundred people can have a page open.
const ENOUGH: u64 = 4_096;

/// Who may have how many open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Of the whole process.
    pub limit: u64,
    /// Connections of the homeserver.
    pub pushes: usize,
    /// Connections of shops.
    pub api: usize,
    /// Connections of people.
    pub page: usize,
    /// Files that are read or written for them.
    pub files: usize,
}

/// Nothing works with so few.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "this process may have only {limit} files and connections open, and needs at least {needed}: \
     raise the limit (`ulimit -Hn`, or LimitNOFILE= in a systemd unit)"
)]
pub struct TooFew {
    limit: u64,
    needed: u64,
}

impl Budget {
    /// Shares out `limit`, with a database of so many connections.
    ///
    /// # Errors
    /// When somebody would get nothing.
    pub fn of(limit: u64, database_connections: u64) -> Result<Self, TooFew> {
        let fixed = OURS + database_connections * OF_DATABASE_CONNECTION;
        let needed = fixed + LEAST * 8;
        let rest = limit.checked_sub(fixed).filter(|rest| *rest >= LEAST * 8);
        let rest = rest.ok_or(TooFew { limit, needed })?;
        // With few, pushes need not have more than the page.
        let pushes = PUSHES.min(rest / 8);
        let rest = rest - pushes;
        let (api, files) = (rest / 8 * EIGHTHS.0, rest / 8 * EIGHTHS.1);
        let page = rest - api - files;
        let number = |share: u64, most: u64| usize::try_from(share.min(most)).unwrap_or(usize::MAX);
        Ok(Self {
            limit,
            pushes: number(pushes, PUSHES),
            api: number(api, MOST.0),
            files: number(files, MOST.1),
            page: number(page, MOST.2),
        })
    }

    /// Whether many people would have to wait for each other.
    pub fn is_tight(&self) -> bool {
        self.limit < ENOUGH
    }
}

/// Raises what this process may have open as far as the system allows it; the limit.
pub fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).ok();
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_never_add_up_to_more_than_there_is() {
        for limit in [400, 1_024, 4_096, 20_000, 65_536, 1_048_576, u64::MAX] {
            for connections in [1, 8, 100] {
                let Ok(budget) = Budget::of(limit, connections) else {
                    assert!(limit == 400 && connections == 100);
                    continue;
                };
                let shares = [budget.pushes, budget.api, budget.page, budget.files];
                assert!(shares.iter().all(|share| *share >= LEAST as usize / 2), "{budget:?}");
                let sum: usize = shares.iter().sum();
                assert!(sum as u64 + OURS + connections * 3 <= limit, "{budget:?}");
            }
        }
    }

    #[test]
    fn pushes_have_all_of_theirs_as_soon_as_there_is_enough() {
        let budget = Budget::of(ENOUGH, 8).unwrap();
        assert_eq!(budget.pushes as u64, PUSHES);
        assert!(!budget.is_tight() && Budget::of(1_024, 8).unwrap().is_tight());
        assert_eq!(Budget::of(1_048_576, 8).unwrap().page, 25_000);
    }

    #[test]
    fn too_few_are_told_with_what_would_do() {
        let error = Budget::of(100, 8).unwrap_err();
        assert!(Budget::of(error.needed, 8).is_ok() && Budget::of(error.needed - 1, 8).is_err());
        assert!(error.to_string().contains("LimitNOFILE"), "{error}");
    }
}
