//! Which lines may be in the log, whatever `log.level` asks for. Ours hold no words of people, no
//! bank details and no secrets, at no level; other crates write bodies, headers and arguments into
//! theirs, and what they write can change with each version. So only their warnings are let through.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};

const OURS: &str = "tallyroom";
/// They repeat what could not be read, and what failed with its address; we say what follows from it.
const SILENT: [&str; 3] = ["matrix_sdk", "ruma", "axum"];
/// What everybody else may say at most.
const OTHERS: Level = Level::WARN;

/// Lets through only lines that hold nobody's words.
pub(super) fn harmless() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    filter_fn(|it: &Metadata<'_>| is_harmless(it.target(), *it.level()))
}

fn is_harmless(target: &str, level: Level) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    if name == OURS {
        return true;
    }
    // Crates of one family are named alike: matrix_sdk_base, ruma_events.
    let is_of = |family| {
        name.strip_prefix(family).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('_'))
    };
    !SILENT.into_iter().any(is_of) && level <= OTHERS
}

/// Whether these directives ask for lines of other crates that are never shown. What is asked of all
/// crates, as `debug` does, counts too.
pub(super) fn asks_for_too_much(directives: &str) -> bool {
    directives.split(',').map(str::trim).any(|directive| {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        let name = target.split(['[', ':']).next().unwrap_or_default();
        // Without a level, a directive means all lines.
        let is_detailed = level.parse::<LevelFilter>().map_or(true, |it| it >= LevelFilter::DEBUG);
        name != OURS && is_detailed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_crates_are_heard_when_they_warn_and_some_not_at_all() {
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
    fn who_asks_for_more_than_is_shown_is_told_so() {
        for directives in
            ["debug", "trace", "info,hyper=debug", "sqlx=trace,tallyroom=info", "[call]"]
        {
            assert!(asks_for_too_much(directives), "{directives}");
        }
        for directives in [
            "info",
            "info,tallyroom=trace",
            "tallyroom::page[call]=debug",
            "warn,sqlx=error",
            "off",
        ] {
            assert!(!asks_for_too_much(directives), "{directives}");
        }
    }
}
