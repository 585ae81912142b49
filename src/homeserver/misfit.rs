//! Finds out what in our config and registration does not fit the homeserver. Ordinary calls only
//! show that something does not fit. The calls here show what it is.

use std::path::PathBuf;

use reqwest::StatusCode;
use ruma::OwnedServerName;
use ruma::api::client::account::whoami;

use super::calls::Call;
use super::{CALL_TIMEOUT, CallFailure, Homeserver, without_retries};
use crate::config::{Config, Secret};

const WHO_AM_I: [&str; 5] = ["_matrix", "client", "v3", "account", "whoami"];

/// What does not fit, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The homeserver has another name.
    #[error(
        "homeserver.domain is {ours}, but the homeserver's server_name is {theirs}. Correct \
         homeserver.domain. If the registration is for {ours} as well, move it away, run \
         `tallyroom generate-registration`, give the new file to the homeserver and restart the \
         homeserver"
    )]
    Domain {
        /// The name in the config.
        ours: OwnedServerName,
        /// The name that the homeserver has.
        theirs: OwnedServerName,
    },
    /// The homeserver accepts our `hs_token` as the `as_token`.
    #[error(
        "the tokens are exchanged: the homeserver accepts our hs_token as the as_token. Give \
         Tallyroom and the homeserver the same registration file ({}) and restart the homeserver",
        file.display()
    )]
    TokensExchanged {
        /// Our registration file.
        file: PathBuf,
    },
    /// The homeserver knows neither of our tokens.
    #[error(
        "the homeserver does not know this as_token: it has not loaded {}, or it has another copy \
         of that file. Add this file to the homeserver's list of appservice files (Synapse: \
         app_service_config_files) and restart the homeserver", file.display()
    )]
    NotLoaded {
        /// Our registration file.
        file: PathBuf,
    },
}

impl Homeserver {
    /// Returns what does not fit the homeserver, or `None` if everything that can be checked fits.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn misfit(&self, config: &Config) -> Result<Option<Misfit>, CallFailure> {
        // This call asserts no identity, so the answer names the registration's own user. That user
        // has the homeserver's real domain, whatever our config says.
        let request = without_retries(CALL_TIMEOUT).force_auth();
        let answer =
            self.client.send(whoami::v3::Request::new()).with_request_config(request).await;
        let answer = answer.map_err(|error| CallFailure::of(&error, whoami::v3::Request::REFUSALS));
        self.token.learn(&answer.as_ref().map(drop));
        let file = config.appservice.registration.clone();
        match answer {
            Ok(us) => Ok(other_domain(config, us.user_id.server_name().to_owned())),
            Err(failure) if !failure.mentions("M_UNKNOWN_TOKEN") => Err(failure),
            Err(_) if self.accepts(&self.hs_token).await => {
                Ok(Some(Misfit::TokensExchanged { file }))
            }
            Err(_) => Ok(Some(Misfit::NotLoaded { file })),
        }
    }

    /// Whether the homeserver accepts the token as an access token.
    async fn accepts(&self, token: &Secret) -> bool {
        let mut url = self.client.homeserver();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(WHO_AM_I);
        }
        let request = self.client.http_client().get(url).bearer_auth(token.expose());
        let answer = request.timeout(CALL_TIMEOUT).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }
}

fn other_domain(config: &Config, theirs: OwnedServerName) -> Option<Misfit> {
    let ours = config.homeserver.domain.clone();
    (ours != theirs).then_some(Misfit::Domain { ours, theirs })
}
