//! Filters which lines may be in the log, whatever `log.level` requests.
//!
//! Our own lines contain no messages of people, no bank details and no secrets at any level. Other
//! crates log bodies, headers and arguments, and their lines can change with each version. So only
//! their warnings and errors are logged.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};

const OUR_CRATE: &str = "tallyroom";
/// Crates whose lines are never logged, since even their warnings contain data that could not be
/// parsed and URLs of failed requests. Our own lines tell what follows from these failures.
const SILENCED_CRATES: [&str; 3] = ["matrix_sdk", "ruma", "axum"];
/// The most detailed level of the lines of all other crates.
const MAX_LEVEL_OF_OTHERS: Level = Level::WARN;

/// Returns a filter that accepts only lines without personal data or secrets.
pub(super) fn harmless_lines() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    filter_fn(|line: &Metadata<'_>| is_harmless(line.target(), *line.level()))
}

fn is_harmless(target: &str, level: Level) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    if name == OUR_CRATE {
        return true;
    }
    // The names of related crates have the same beginning: matrix_sdk_base, ruma_events.
    let is_in_family = |family| {
        name.strip_prefix(family).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('_'))
    };
    !SILENCED_CRATES.into_iter().any(is_in_family) && level <= MAX_LEVEL_OF_OTHERS
}

/// Whether these directives request lines of other crates that are never logged. A directive for
/// all crates, such as `debug`, does so as well.
pub(super) fn requests_excluded_lines(directives: &str) -> bool {
    directives.split(',').map(str::trim).any(|directive| {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        let name = target.split(['[', ':']).next().unwrap_or_default();
        // A directive without a level requests all lines.
        let is_detailed = level.parse::<LevelFilter>().map_or(true, |it| it >= LevelFilter::DEBUG);
        name != OUR_CRATE && is_detailed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_crates_may_log_warnings_and_some_nothing() {
        for (target, level, is_shown) in [
            ("tallyroom", Level::TRACE, true),
            ("tallyroom::page::live", Level::TRACE, true),
            ("tallyroom_else", Level::DEBUG, false),
            ("sqlx::query", Level::WARN, true),
            ("sqlx::query", Level::INFO, false),
            ("hyper_util::client::legacy", Level::TRACE, false),
            ("log", Level::DEBUG, false),
            ("rustls", Level::ERROR, true),
            ("rumania", Level::ERROR, true),
            ("ruma_events::room", Level::ERROR, false),
            ("matrix_sdk::http_client", Level::ERROR, false),
            ("axum::rejection", Level::TRACE, false),
        ] {
            assert_eq!(is_harmless(target, level), is_shown, "{target} {level}");
        }
    }

    #[test]
    fn directives_that_request_excluded_lines_are_recognised() {
        for directives in
            ["debug", "trace", "info,hyper=debug", "sqlx=trace,tallyroom=info", "[call]"]
        {
            assert!(requests_excluded_lines(directives), "{directives}");
        }
        for directives in [
            "info",
            "info,tallyroom=trace",
            "tallyroom::page[call]=debug",
            "warn,sqlx=error",
            "off",
        ] {
            assert!(!requests_excluded_lines(directives), "{directives}");
        }
    }
}
