//! Distributes the file descriptors that this process may have open among its listeners and file
//! access.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// Descriptors for the process itself: listeners, the log, calls to the homeserver, key files.
const RESERVED: u64 = 64;
/// Descriptors of one connection to a SQLite database. A connection to PostgreSQL needs only one.
const PER_DATABASE_CONNECTION: u64 = 3;
/// The greatest number of connections for pushes. A homeserver needs only a few.
const MAX_PUSHES: u64 = 256;
/// The share of the API in the remaining descriptors, in eighths. The page gets what is left over.
const API_EIGHTHS: u64 = 2;
/// The share of open files in the remaining descriptors, in eighths.
const FILES_EIGHTHS: u64 = 1;
/// The greatest number of API connections. More would cost memory without a benefit.
const MAX_API: u64 = 4_096;
/// The greatest number of open files.
const MAX_FILES: u64 = 4_096;
/// The greatest number of page connections. More would cost memory without a benefit.
const MAX_PAGE: u64 = 25_000;
/// The least number of descriptors in each eighth.
const MIN_PER_EIGHTH: u64 = 32;
/// The limit with which some hundred people can have a page open at the same time.
const RECOMMENDED_LIMIT: u64 = 4_096;

/// The numbers of descriptors that each part of the service may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The limit of the whole process.
    pub limit: u64,
    /// The greatest number of connections of the homeserver.
    pub pushes: usize,
    /// The greatest number of connections of shops.
    pub api: usize,
    /// The greatest number of connections of people.
    pub page: usize,
    /// The greatest number of files that are open to be read or written for them.
    pub files: usize,
}

/// The limit of open files is too low for the service to work.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "this process may have only {limit} files and connections open, and it needs at least \
     {needed}. Raise the limit (`ulimit -Hn`, or LimitNOFILE= in a systemd unit)"
)]
pub struct LimitTooLow {
    limit: u64,
    needed: u64,
}

impl Budget {
    /// Distributes `limit` descriptors, of which the connections to the database take their part.
    ///
    /// # Errors
    /// If the limit is too low.
    pub fn of(limit: u64, database_connections: u64) -> Result<Self, LimitTooLow> {
        let fixed = RESERVED + database_connections * PER_DATABASE_CONNECTION;
        let needed = fixed + MIN_PER_EIGHTH * 8;
        let rest = limit.checked_sub(fixed).filter(|rest| *rest >= MIN_PER_EIGHTH * 8);
        let rest = rest.ok_or(LimitTooLow { limit, needed })?;
        // With a low limit, pushes do not get more than the page.
        let pushes = MAX_PUSHES.min(rest / 8);
        let rest = rest - pushes;
        let (api, files) = (rest / 8 * API_EIGHTHS, rest / 8 * FILES_EIGHTHS);
        let page = rest - api - files;
        let at_most = |share: u64, max: u64| usize::try_from(share.min(max)).unwrap_or(usize::MAX);
        Ok(Self {
            limit,
            pushes: at_most(pushes, MAX_PUSHES),
            api: at_most(api, MAX_API),
            files: at_most(files, MAX_FILES),
            page: at_most(page, MAX_PAGE),
        })
    }

    /// Whether the limit is so low that only few people can have a page open at the same time.
    pub fn is_low(&self) -> bool {
        self.limit < RECOMMENDED_LIMIT
    }
}

/// Raises the limit of open files of this process to the highest value that the system allows.
/// Returns the new limit.
pub fn raise_open_files_limit() -> u64 {
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
    fn the_sum_of_the_shares_never_exceeds_the_limit() {
        for limit in [400, 1_024, 4_096, 20_000, 65_536, 1_048_576, u64::MAX] {
            for connections in [1, 8, 100] {
                let Ok(budget) = Budget::of(limit, connections) else {
                    assert!(limit == 400 && connections == 100);
                    continue;
                };
                let shares = [budget.pushes, budget.api, budget.page, budget.files];
                assert!(
                    shares.iter().all(|share| *share >= MIN_PER_EIGHTH as usize / 2),
                    "{budget:?}"
                );
                let sum: usize = shares.iter().sum();
                assert!(sum as u64 + RESERVED + connections * 3 <= limit, "{budget:?}");
            }
        }
    }

    #[test]
    fn pushes_get_their_maximum_with_the_recommended_limit() {
        let budget = Budget::of(RECOMMENDED_LIMIT, 8).unwrap();
        assert_eq!(budget.pushes as u64, MAX_PUSHES);
        assert!(!budget.is_low() && Budget::of(1_024, 8).unwrap().is_low());
        assert_eq!(Budget::of(1_048_576, 8).unwrap().page, 25_000);
    }

    #[test]
    fn the_error_names_the_needed_limit() {
        let error = Budget::of(100, 8).unwrap_err();
        assert!(Budget::of(error.needed, 8).is_ok() && Budget::of(error.needed - 1, 8).is_err());
        assert!(error.to_string().contains("LimitNOFILE"), "{error}");
    }
}
