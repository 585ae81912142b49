//! Creates the bot's device. The homeserver remembers send ids by device.

use ruma::api::client::device::{get_device, update_device};
use ruma::api::client::session::login;
use ruma::api::client::uiaa::{MatrixUserIdentifier, UserIdentifier};

use super::calls::Call;
use super::{ActingAs, CALL_TIMEOUT, CallFailure, Homeserver};

const DISPLAY_NAME: &str = "Tallyroom";

/// How the device was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The device existed before.
    Found,
    /// The device was created without a login (MSC4190).
    Made,
    /// The device was created by a login, since the homeserver creates it in no other way.
    LoggedIn,
}

impl Homeserver {
    /// Makes sure that the bot's device exists. A homeserver without MSC4190, or one whose
    /// registration does not enable it, answers that the device does not exist. Then a login
    /// creates the device.
    ///
    /// # Errors
    /// Returns an error if the homeserver creates it in neither way, or gives no usable answer.
    pub async fn make_device(&self) -> Result<Device, CallFailure> {
        match self.without_device(get_device::v3::Request::new(self.device.clone())).await {
            Ok(_) => return Ok(Device::Found),
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
        let mut request = update_device::v3::Request::new(self.device.clone());
        request.display_name = Some(DISPLAY_NAME.to_owned());
        match self.without_device(request).await {
            Ok(_) => Ok(Device::Made),
            Err(failure) if needs_login(&failure) => self.log_in().await,
            Err(failure) => Err(failure),
        }
    }

    /// Creates the device by a login. The access token in the answer is not used, since the bot's
    /// calls use the token of the registration.
    async fn log_in(&self) -> Result<Device, CallFailure> {
        let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(self.bot.to_string()));
        let how = login::v3::ApplicationService::new(user);
        let mut request = login::v3::Request::new(login::v3::LoginInfo::ApplicationService(how));
        request.device_id = Some(self.device.clone());
        request.initial_device_display_name = Some(DISPLAY_NAME.to_owned());
        self.without_device(request).await?;
        Ok(Device::LoggedIn)
    }

    /// Sends `request` as the bot without naming its device, which may not exist yet.
    async fn without_device<R: Call>(
        &self,
        request: R,
    ) -> Result<R::IncomingResponse, CallFailure> {
        self.send(ActingAs::user(request, self.bot.clone()), CALL_TIMEOUT).await
    }
}

/// Whether the failure says that only a login creates the device. A homeserver that does not know
/// the call counts as well. If that answer came from a proxy, the login does no harm.
fn needs_login(failure: &CallFailure) -> bool {
    matches!(failure, CallFailure::Refused(_)) || failure.mentions("M_UNRECOGNIZED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_homeserver_that_creates_no_devices_needs_a_login() {
        let answered = |status, errcode| {
            let refusals = update_device::v3::Request::REFUSALS;
            needs_login(&CallFailure::answered(status, errcode, "", refusals))
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
