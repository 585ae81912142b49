//! Makes all calls to the homeserver, as the bot or as another user of our namespace.
//!
//! matrix-sdk sends the requests (connection pool, TLS, timeouts, supported versions), and ruma
//! defines their types. What to do is decided in `room`, and not here.

mod account_status;
mod acting_as;
mod bot;
mod calls;
mod device;
mod failure;
mod foreign;
mod guests;
mod media;
mod misfit;
mod pings;
mod rooms;
mod seen_accounts;
mod token;

pub use account_status::tells_account_status;
use acting_as::ActingAs;
pub use bot::room_version;
pub use device::Device;
pub use failure::{CallFailure, Refusal};
pub use media::Download;
pub(crate) use media::causes_of;
pub use misfit::Misfit;
pub use pings::{PingCount, Pings};
pub use rooms::{FoundRoom, HistoryPage};

use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::{SessionMeta, SessionTokens};
use ruma::{OwnedDeviceId, OwnedUserId};

use self::calls::Call;
use self::seen_accounts::SeenAccounts;
use self::token::TokenState;
use crate::config::{Config, Registration, Secret};
use crate::names::BOT_DEVICE;

/// The timeout of an ordinary call. After that, its outcome counts as unknown and is checked. Under
/// load, Synapse took up to 45 s for a createRoom.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to one homeserver, with the appservice's token.
#[derive(Clone, Debug)]
pub struct Homeserver {
    client: matrix_sdk::Client,
    appservice_id: String,
    bot: OwnedUserId,
    device: OwnedDeviceId,
    hs_token: Secret,
    token: Arc<TokenState>,
    seen_accounts: Arc<SeenAccounts>,
}

impl Homeserver {
    /// Prepares the connection. It does not make any request.
    ///
    /// # Errors
    /// Returns an error if the TLS backend or the token cannot be set up.
    pub async fn connect(config: &Config, registration: &Registration) -> anyhow::Result<Self> {
        let client = matrix_sdk::Client::builder()
            .homeserver_url(config.homeserver.url.as_str())
            .request_config(without_retries(CALL_TIMEOUT))
            .build()
            .await?;
        let bot = config.bot_user_id();
        let device = OwnedDeviceId::from(BOT_DEVICE);
        let session = MatrixSession {
            meta: SessionMeta { user_id: bot.clone(), device_id: device.clone() },
            tokens: SessionTokens {
                access_token: registration.as_token.expose().to_owned(),
                refresh_token: None,
            },
        };
        client.restore_session(session).await?;
        let appservice_id = registration.id.clone();
        let hs_token = registration.hs_token.clone();
        Ok(Self {
            client,
            appservice_id,
            bot,
            device,
            hs_token,
            token: Arc::default(),
            seen_accounts: Arc::default(),
        })
    }

    /// Returns the bot's Matrix user ID.
    pub fn bot_user_id(&self) -> &ruma::UserId {
        &self.bot
    }

    /// Whether the homeserver refused our token the last time. If so, every call fails, which is
    /// logged once and not for each call.
    pub fn refuses_token(&self) -> bool {
        self.token.is_refused()
    }

    /// Sends `request` as the bot. The request names the bot's device, so that the homeserver
    /// remembers send ids for a day. Without a device, Synapse keeps them only in memory.
    async fn as_bot<R: Call>(&self, request: R) -> Result<R::IncomingResponse, CallFailure> {
        self.as_bot_within(request, CALL_TIMEOUT).await
    }

    /// Sends `request` as a guest, or as another user without a device.
    async fn as_guest<R: Call>(
        &self,
        guest: &ruma::UserId,
        request: R,
    ) -> Result<R::IncomingResponse, CallFailure> {
        self.send(ActingAs::user(request, guest.to_owned()), CALL_TIMEOUT).await
    }

    /// Sends `request` like [`Self::as_bot`], with another timeout.
    async fn as_bot_within<R: Call>(
        &self,
        request: R,
        timeout: Duration,
    ) -> Result<R::IncomingResponse, CallFailure> {
        let request = ActingAs::device(request, self.bot.clone(), self.device.clone());
        self.send(request, timeout).await
    }

    async fn send<R: Call>(
        &self,
        request: ActingAs<R>,
        timeout: Duration,
    ) -> Result<R::IncomingResponse, CallFailure> {
        let answer = self.client.send(request).with_request_config(without_retries(timeout)).await;
        let answer = answer.map_err(|error| CallFailure::of(&error, R::REFUSALS));
        self.token.learn(&answer.as_ref().map(drop));
        answer.map(|answer| answer.0)
    }
}

/// Returns the config of a request without retries. What to do after a failure is decided by the
/// caller, who stores the decision.
fn without_retries(timeout: Duration) -> RequestConfig {
    RequestConfig::new().disable_retry().timeout(timeout)
}
