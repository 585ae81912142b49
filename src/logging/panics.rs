//! A panic tells where it was. What it says beside that can hold anything that was being worked at:
//! a text that was cut in the middle of a letter stands in it as a whole.

use std::panic::PanicHookInfo;

use tokio::task::JoinError;

/// From now on panics are told without what they say, unless that was written before anything ran.
pub fn hide_payloads() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = words(panic);
        // Whoever listens to the log hears it there; before that, standard error is all there is.
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(
                place,
                words,
                "a panic: this is an error in Tallyroom, please report it"
            );
        } else {
            #[expect(clippy::print_stderr, reason = "there is no log yet")]
            {
                eprintln!("tallyroom: a panic at {place}: {words}. Please report it.");
            }
        }
    }));
}

fn words(panic: &PanicHookInfo<'_>) -> &'static str {
    // Only a text without arguments is of this type.
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(what it says is left out)")
}

/// Why a task ended that should not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbnormalEnd {
    /// The log has its place.
    #[error("it panicked")]
    Panicked,
    /// Somebody ended it.
    #[error("it was cancelled")]
    Cancelled,
}

/// Why a task ended, without what its panic says.
pub fn abnormal_end(error: &JoinError) -> AbnormalEnd {
    if error.is_panic() { AbnormalEnd::Panicked } else { AbnormalEnd::Cancelled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_panic_says_is_not_repeated() {
        let task = tokio::spawn(async { panic!("{}", "the words of a buyer") });
        let end = abnormal_end(&task.await.unwrap_err());
        assert_eq!(end.to_string(), "it panicked");
    }
}
