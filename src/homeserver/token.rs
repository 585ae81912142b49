//! Whether the homeserver takes our token. A token that it refuses says nothing about a room or a
//! person, so every call just waits. An administrator has to know it, but once, not with each call.

use std::sync::atomic::{AtomicBool, Ordering};

use super::CallFailure;

/// What the last answer that tells it said about our token.
#[derive(Debug, Default)]
pub(super) struct TokenState {
    is_refused: AtomicBool,
}

impl TokenState {
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Looks at the outcome of a call; logs when the homeserver begins or ceases to refuse the
    /// token.
    pub(super) fn learn(&self, outcome: &Result<(), &CallFailure>) {
        match self.change(outcome) {
            Some(true) => tracing::error!(
                "the homeserver does not know our as_token: nothing can be done there until it \
                 does. Give both the same registration file (appservice.registration; Synapse: \
                 app_service_config_files) and restart the homeserver. `tallyroom check` tells more"
            ),
            Some(false) => tracing::info!("the homeserver knows our as_token again"),
            None => {}
        }
    }

    /// Whether the token is refused from now on; none if nothing has changed.
    fn change(&self, outcome: &Result<(), &CallFailure>) -> Option<bool> {
        let is_refused = match outcome {
            Ok(()) | Err(CallFailure::Refused(_)) => false,
            Err(failure) => {
                // Other trouble says nothing about the token.
                failure.is_about_token().then_some(true)?
            }
        };
        let before = self.is_refused.swap(is_refused, Ordering::Relaxed);
        (before != is_refused).then_some(is_refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_token_is_told_once_until_it_is_taken_again() {
        let state = TokenState::default();
        let unknown = CallFailure::answered(401, "M_UNKNOWN_TOKEN", "", &["M_FORBIDDEN"]);
        let away = CallFailure::answered(502, "", "", &["M_FORBIDDEN"]);
        let no = CallFailure::answered(403, "M_FORBIDDEN", "", &["M_FORBIDDEN"]);
        assert_eq!(state.change(&Ok(())), None);
        assert_eq!(state.change(&Err(&unknown)), Some(true));
        assert_eq!(state.change(&Err(&unknown)), None);
        assert_eq!(state.change(&Err(&away)), None);
        assert_eq!(state.change(&Err(&unknown)), None);
        assert_eq!(state.change(&Err(&no)), Some(false));
        assert_eq!(state.change(&Err(&unknown)), Some(true));
        assert_eq!(state.change(&Ok(())), Some(false));
    }
}
