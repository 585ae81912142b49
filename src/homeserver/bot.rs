//! The calls that are about the bot itself: its account, profile and pictures, and its `/sync`.

use std::time::Duration;

use ruma::api::client::account::whoami;
use ruma::api::client::appservice::request_ping;
use ruma::api::client::discovery::get_capabilities::{self, v3::Capabilities};
use ruma::api::client::filter::FilterDefinition;
use ruma::api::client::media::create_content;
use ruma::api::client::profile::set_profile_field;
use ruma::api::client::sync::sync_events;
use ruma::presence::PresenceState;
use ruma::profile::ProfileFieldValue;
use ruma::{MxcUri, OwnedMxcUri, RoomVersionId, UInt};

use super::calls::Call;
use super::failure::CallFailure;
use super::{CALL_TIMEOUT, Homeserver, without_retries};
use crate::config::Config;

/// How long the homeserver waits for events before it answers a `/sync`.
const SYNC_POLL_TIMEOUT: Duration = Duration::from_secs(25);
/// The greatest number of events per room in one sync. A longer gap is filled from the room's
/// history.
const SYNC_TIMELINE_LIMIT: u32 = 100;

impl Homeserver {
    /// Makes sure that the bot has an account. An existing account is a success.
    ///
    /// # Errors
    /// Returns a refusal if the token is wrong or the namespace is not ours.
    pub async fn register_bot(&self) -> Result<(), CallFailure> {
        self.register(&self.bot).await
    }

    /// Sets the bot's profile.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer.
    pub async fn set_profile(&self, name: &str, avatar: &MxcUri) -> Result<(), CallFailure> {
        for field in [
            ProfileFieldValue::DisplayName(name.to_owned()),
            ProfileFieldValue::AvatarUrl(avatar.to_owned()),
        ] {
            self.as_bot(set_profile_field::v3::Request::new(self.bot.clone(), field)).await?;
        }
        Ok(())
    }

    /// Uploads a PNG.
    ///
    /// # Errors
    /// Returns an error if the homeserver refuses or gives no usable answer. A repeat uploads a
    /// second copy.
    pub async fn upload_png(&self, name: &str, png: &[u8]) -> Result<OwnedMxcUri, CallFailure> {
        let mut request = create_content::v3::Request::new(png.to_vec());
        request.filename = Some(name.to_owned());
        request.content_type = Some("image/png".to_owned());
        Ok(self.as_bot(request).await?.content_uri)
    }

    /// Returns the capabilities of the homeserver.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer.
    pub async fn capabilities(&self) -> Result<Capabilities, CallFailure> {
        Ok(self.as_bot(get_capabilities::v3::Request::new()).await?.capabilities)
    }

    /// Checks that this is our homeserver and that it knows the bot. Its other answers are trusted
    /// in important decisions only if that is so.
    ///
    /// # Errors
    /// Returns an error if the homeserver gives no usable answer or names another user.
    pub async fn check_identity(&self) -> Result<(), CallFailure> {
        let us = self.as_bot(whoami::v3::Request::new()).await?.user_id;
        if us != self.bot {
            return Err(CallFailure::unknown(format!(
                "the homeserver says that the bot's user ID is {us} instead of {}",
                self.bot
            )));
        }
        Ok(())
    }

    /// Asks the homeserver to call our `/_matrix/app/v1/ping`, and returns how long that call took.
    ///
    /// # Errors
    /// Returns `M_FORBIDDEN` for a wrong as_token, `M_BAD_STATUS` for a wrong hs_token, and
    /// `M_CONNECTION_FAILED` or `M_CONNECTION_TIMEOUT` if the homeserver cannot reach us.
    pub async fn ping(&self) -> Result<Duration, CallFailure> {
        let request = request_ping::v1::Request::new(self.appservice_id.clone());
        // This call has the appservice's token, and asserts no identity.
        let config = without_retries(CALL_TIMEOUT).force_auth();
        match self.client.send(request).with_request_config(config).await {
            Ok(answer) => Ok(answer.duration),
            Err(error) => Err(CallFailure::of(&error, request_ping::v1::Request::REFUSALS)),
        }
    }

    /// Returns what happened in the bot's rooms since the token `since`. If nothing happened, it
    /// waits for up to 25 s.
    ///
    /// # Errors
    /// Returns a refusal if the homeserver no longer knows the token. A call of unknown outcome
    /// changes nothing.
    pub async fn sync(
        &self,
        since: Option<&str>,
    ) -> Result<sync_events::v3::Response, CallFailure> {
        let mut filter = FilterDefinition::ignore_all();
        filter.room = Default::default();
        filter.room.include_leave = true;
        filter.room.account_data = ruma::api::client::filter::RoomEventFilter::ignore_all();
        filter.room.ephemeral = ruma::api::client::filter::RoomEventFilter::ignore_all();
        filter.room.timeline.limit = Some(UInt::from(SYNC_TIMELINE_LIMIT));
        filter.room.state.lazy_load_options = ruma::api::client::filter::LazyLoadOptions::Enabled {
            include_redundant_members: false,
        };
        let mut request = sync_events::v3::Request::new();
        request.filter = Some(sync_events::v3::Filter::FilterDefinition(filter));
        request.since = since.map(str::to_owned);
        request.set_presence = PresenceState::Offline;
        // The first sync is answered at once, since it is only needed for its token.
        request.timeout = since.map(|_| SYNC_POLL_TIMEOUT);
        self.as_bot_within(request, SYNC_POLL_TIMEOUT + CALL_TIMEOUT).await
    }
}

/// Returns the version of new rooms: the configured one, or else the homeserver's default.
///
/// # Errors
/// Returns an error if the homeserver does not offer the configured version.
pub fn room_version(offers: &Capabilities, config: &Config) -> Result<RoomVersionId, CallFailure> {
    let offered = &offers.room_versions;
    match &config.rooms.version {
        None => Ok(offered.default.clone()),
        Some(version) if offered.available.contains_key(version) => Ok(version.clone()),
        Some(version) => Err(CallFailure::unknown(format!(
            "rooms.version is {version}, which this homeserver does not offer. Choose one of {}",
            offered.available.keys().map(|v| v.as_str()).collect::<Vec<_>>().join(", ")
        ))),
    }
}
