//! What of our config and registration does not fit the homeserver. Its answers to ordinary calls
//! only tell that something does not; these calls tell what.

use std::path::PathBuf;

use reqwest::StatusCode;
use ruma::OwnedServerName;
use ruma::api::client::account::whoami;

use super::calls::Call;
use super::{CALL_TIMEOUT, CallFailure, Homeserver, once};
use crate::config::{Config, Secret};

const WHO_AM_I: [&str; 5] = ["_matrix", "client", "v3", "account", "whoami"];

/// What does not fit, with what fixes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The homeserver has another name.
    #[error(
        "homeserver.domain is {ours}, but the homeserver's server_name is {theirs}. Correct \
         homeserver.domain. If the registration is for {ours} as well: move it away, run \
         `tallyroom generate-registration`, give the new one to the homeserver and restart it"
    )]
    Domain {
        /// What the config says.
        ours: OwnedServerName,
        /// What the homeserver says.
        theirs: OwnedServerName,
    },
    /// It has our tokens the wrong way round.
    #[error(
        "the tokens are exchanged: the homeserver takes our hs_token for the as_token. Give both \
         the same registration file ({}) and restart the homeserver", file.display()
    )]
    TokensExchanged {
        /// Our registration file.
        file: PathBuf,
    },
    /// It knows neither of our tokens.
    #[error(
        "the homeserver does not know this as_token: it has not loaded {}, or has another copy of \
         it. List this file among its appservice files (Synapse: app_service_config_files) and \
         restart it", file.display()
    )]
    NotLoaded {
        /// Our registration file.
        file: PathBuf,
    },
}

impl Homeserver {
    /// What does not fit the homeserver; none if what can be asked for fits.
    ///
    /// # Errors
    /// When the homeserver gives no usable answer.
    pub async fn misfit(&self, config: &Config) -> Result<Option<Misfit>, CallFailure> {
        // The appservice speaks for itself here: the registration's own user is of the
        // homeserver's domain, whatever we take that for.
        let request = once(CALL_TIMEOUT).force_auth();
        let answer =
            self.client.send(whoami::v3::Request::new()).with_request_config(request).await;
        let answer = answer.map_err(|error| CallFailure::of(&error, whoami::v3::Request::REFUSALS));
        self.token.learn(&answer.as_ref().map(drop));
        let file = config.appservice.registration.clone();
        match answer {
            Ok(us) => Ok(other_domain(config, us.user_id.server_name().to_owned())),
            Err(failure) if !failure.mentions("M_UNKNOWN_TOKEN") => Err(failure),
            Err(_) if self.takes(&self.hs_token).await => {
                Ok(Some(Misfit::TokensExchanged { file }))
            }
            Err(_) => Ok(Some(Misfit::NotLoaded { file })),
        }
    }

    /// Whether the homeserver takes this for somebody's access token.
    async fn takes(&self, token: &Secret) -> bool {
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
