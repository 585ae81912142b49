//! Watches whether the homeserver accepts our token. A refused token says nothing about a room or a
//! person, so every call is retried later. It is logged once, and not for each call.

use std::sync::atomic::{AtomicBool, Ordering};

use super::CallFailure;

/// Whether the homeserver refused our token in the last answer that shows it.
#[derive(Debug, Default)]
pub(super) struct TokenState {
    is_refused: AtomicBool,
}

impl TokenState {
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Learns from the outcome of a call. It logs when the homeserver begins or stops refusing the
    /// token.
    pub(super) fn learn(&self, outcome: &Result<(), &CallFailure>) {
        match self.change(outcome) {
            Some(true) => tracing::error!(
                "the homeserver does not know our as_token, so no call to it succeeds. Give \
                 Tallyroom and the homeserver the same registration file (appservice.registration; \
                 Synapse: app_service_config_files) and restart the homeserver. Run \
                 `tallyroom check` for details"
            ),
            Some(false) => tracing::info!("the homeserver knows our as_token again"),
            None => {}
        }
    }

    /// Returns whether the token is refused from now on, or `None` if nothing has changed.
    fn change(&self, outcome: &Result<(), &CallFailure>) -> Option<bool> {
        let is_refused = match outcome {
            Ok(()) | Err(CallFailure::Refused(_)) => false,
            Err(failure) => {
                // Other failures say nothing about the token.
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
    fn a_refused_token_is_logged_once_until_it_is_accepted_again() {
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
