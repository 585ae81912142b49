//! Structured logs on standard error.

mod failures;
mod filter;
mod panics;

pub use failures::Failures;
pub use panics::{AbnormalEnd, abnormal_end, hide_payloads};

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// Starts logging with this configuration.
///
/// # Errors
/// If the filter directives are invalid.
pub fn start(config: &LogConfig) -> anyhow::Result<()> {
    let requested = EnvFilter::try_new(&config.level)?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match config.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Both filters are layers of their own and not per-layer filters. If a crate only asks whether
    // a line would be logged, as sqlx does after each query, the decision of a per-layer filter
    // would wrongly apply to the next line.
    tracing_subscriber::registry()
        .with(requested)
        .with(filter::harmless_lines())
        .with(lines)
        .init();
    if filter::requests_excluded_lines(&config.level) {
        tracing::warn!(
            level = config.level,
            "log.level requests lines that are never logged: the debug and trace lines of other \
             crates contain messages of people and secrets, so they are left out"
        );
    }
    Ok(())
}
