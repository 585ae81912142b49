//! Structured logs on standard error: from whom, what, and how often.

mod failures;
mod filter;
mod panics;

pub use failures::Failures;
pub use panics::{AbnormalEnd, abnormal_end, hide_payloads};

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// Starts logging as configured.
///
/// # Errors
/// When the filter directives cannot be read.
pub fn start(config: &LogConfig) -> anyhow::Result<()> {
    let wanted = EnvFilter::try_new(&config.level)?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match config.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // As layers and not as filters of one: the verdict of a filter on a line that is only asked about,
    // as sqlx does after each query, would hold for the next line that is written.
    tracing_subscriber::registry().with(wanted).with(filter::harmless()).with(lines).init();
    if filter::asks_for_too_much(&config.level) {
        tracing::warn!(
            level = config.level,
            "log.level asks for more than is logged: the lines of other crates hold people's words \
             and secrets, so their debug and trace lines are left out whatever it says"
        );
    }
    Ok(())
}
