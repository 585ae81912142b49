//! Reports panics with their location, but without their message.
//!
//! The message can contain any data that was being processed. For example, the message about a
//! string that was cut inside a character contains the whole string.

use std::panic::PanicHookInfo;

use tokio::task::JoinError;

/// Installs a panic hook that logs the location, and the message only if it is a constant of the
/// code.
pub fn hide_payloads() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = constant_message(panic);
        // Before the log is started, only standard error is available.
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(
                place = location,
                words = message,
                "Tallyroom panicked; this is a bug, please report it"
            );
        } else {
            #[expect(clippy::print_stderr, reason = "the log is not started yet")]
            {
                eprintln!(
                    "tallyroom panicked at {location}: {message}. This is a bug, please report it."
                );
            }
        }
    }));
}

fn constant_message(panic: &PanicHookInfo<'_>) -> &'static str {
    // Only a message without arguments has this type.
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(the message is left out)")
}

/// The reason why a task ended unexpectedly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbnormalEnd {
    /// It panicked. The log has the location.
    #[error("it panicked")]
    Panicked,
    /// It was cancelled.
    #[error("it was cancelled")]
    Cancelled,
}

/// Returns the reason why a task ended, without the message of a panic.
pub fn abnormal_end(error: &JoinError) -> AbnormalEnd {
    if error.is_panic() { AbnormalEnd::Panicked } else { AbnormalEnd::Cancelled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_message_of_a_panic_is_not_shown() {
        let task = tokio::spawn(async { panic!("{}", "the message of a buyer") });
        let end = abnormal_end(&task.await.unwrap_err());
        assert_eq!(end.to_string(), "it panicked");
    }
}
