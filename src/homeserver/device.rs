//! The bot's one device. The homeserver remembers send ids by it.

use ruma::api::client::device::{get_device, update_device};
use ruma::api::client::session::login;
use ruma::api::client::uiaa::{MatrixUserIdentifier, UserIdentifier};

use super::calls::Call;
use super::{ActingAs, CALL_TIMEOUT, CallFailure, Homeserver};

const NAME: &str = "Tallyroom";

/// How the device came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// It was there.
    Found,
    /// It was made without a login (MSC4190).
    Made,
    /// It was made by a login, since the homeserver does not make it otherwise.
    LoggedIn,
}

impl Homeserver {
    /// Makes sure that the bot's device exists. A homeserver without MSC4190, or whose registration
    /// does not ask for it, says that there is no such device to change: then one login makes it.
    ///
    /// # Errors
    /// When the homeserver makes it in neither way, or gives no usable answer.
    pub async fn make_device(&self) -> Result<Device, CallFailure> {
        match self.without_device(get_device::v3::Request::new(self.device.clone())).await {
            Ok(_) => return Ok(Device::Found),
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
        let mut request = update_device::v3::Request::new(self.device.clone());
        request.display_name = Some(NAME.to_owned());
        match self.without_device(request).await {
            Ok(_) => Ok(Device::Made),
            Err(failure) if calls_for_a_login(&failure) => self.log_in().await,
            Err(failure) => Err(failure),
        }
    }

    /// The access token in the answer is of no use: the bot's calls take the registration's.
    async fn log_in(&self) -> Result<Device, CallFailure> {
        let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(self.bot.to_string()));
        let how = login::v3::ApplicationService::new(user);
        let mut request = login::v3::Request::new(login::v3::LoginInfo::ApplicationService(how));
        request.device_id = Some(self.device.clone());
        request.initial_device_display_name = Some(NAME.to_owned());
        self.without_device(request).await?;
        Ok(Device::LoggedIn)
    }

    /// As the bot, without a device in the query: it may not exist yet.
    async fn without_device<R: Call>(
        &self,
        request: R,
    ) -> Result<R::IncomingResponse, CallFailure> {
        self.send(ActingAs::user(request, self.bot.clone()), CALL_TIMEOUT).await
    }
}

/// Whether the homeserver does not make devices by changing them. One that does not know the call
/// at all counts, too: should it be a proxy's answer, the login does no harm.
fn calls_for_a_login(failure: &CallFailure) -> bool {
    matches!(failure, CallFailure::Refused(_)) || failure.mentions("M_UNRECOGNIZED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_homeserver_that_makes_no_devices_is_logged_in_to() {
        let answered = |status, errcode| {
            let refusals = update_device::v3::Request::REFUSALS;
            calls_for_a_login(&CallFailure::answered(status, errcode, "", refusals))
        };
        assert!(answered(404, "M_NOT_FOUND"));
        assert!(answered(403, "M_FORBIDDEN"));
        assert!(answered(404, "M_UNRECOGNIZED"));
        assert!(answered(405, "M_UNRECOGNIZED"));
        assert!(!answered(404, ""));
        assert!(!answered(502, "M_NOT_FOUND"));
        assert!(!answered(401, "M_UNKNOWN_TOKEN"));
        assert!(!answered(429, "M_LIMIT_EXCEEDED"));
    }
}
