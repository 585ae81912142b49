//! The texts of `tallyroom check`: a finding, or a problem and how to fix it.

use crate::config::{Config, Registration};
use crate::homeserver::{CallFailure, Device};

pub(super) fn flags(registration: &Registration) -> Result<String, String> {
    if registration.rate_limited != Some(false) {
        let problem = "`rate_limited` is not false, so the homeserver limits the requests of the \
                       bot. Set `rate_limited: false` and restart the homeserver.";
        return Err(problem.to_owned());
    }
    Ok("the homeserver does not limit the bot's requests".to_owned())
}

/// Tells how the bot got its device.
pub(super) fn device(made: Result<Device, CallFailure>) -> Result<String, String> {
    match made {
        Ok(Device::Found) => Ok("it exists".to_owned()),
        Ok(Device::Made) => Ok("created".to_owned()),
        Ok(Device::LoggedIn) => Ok("created by a login, which is sufficient".to_owned()),
        Err(failure) => Err(format!(
            "{failure}. Set `io.element.msc4190: true` in the registration, also in the \
             homeserver's copy of it, and restart the homeserver."
        )),
    }
}

pub(super) fn encryption(encrypts: Result<bool, CallFailure>) -> Result<String, String> {
    match encrypts {
        Ok(false) => Ok("new rooms are not encrypted, so they can be recorded".to_owned()),
        Ok(true) => {
            Err("the homeserver encrypts new rooms by default, and an encrypted room cannot \
                         be recorded. Set \
                         `encryption_enabled_by_default_for_room_type: off` in Synapse's \
                         homeserver.yaml (it is `all` or `invite` now) and restart it. Existing \
                         rooms do not change."
                .to_owned())
        }
        Err(failure) => Err(format!(
            "{failure}. The check could not create a room, or leave it again, to see whether new \
             rooms are encrypted."
        )),
    }
}

/// Tells which deactivated accounts are recognised. The service works without this, so it is no
/// problem if some are not.
pub(super) fn account_status(tells: Result<bool, CallFailure>) -> Result<String, String> {
    match tells {
        Ok(true) => {
            Ok("every contact whose account is deactivated is reported as unreached".to_owned())
        }
        Ok(false) => {
            Ok("only contacts whose deactivated account is erased as well are reported as \
                         unreached. To have all of them reported, set \
                         `experimental_features: {msc3720_enabled: true}` in Synapse's \
                         homeserver.yaml."
                .to_owned())
        }
        Err(failure) => Err(failure.to_string()),
    }
}

pub(super) fn token(config: &Config, failure: &CallFailure) -> String {
    let url = &config.homeserver.url;
    match failure {
        failure if failure.mentions("M_EXCLUSIVE") || failure.mentions("M_INVALID_USERNAME") => {
            format!(
                "{failure}. The namespace in the homeserver's copy of the registration does not \
                 contain {}. Check that homeserver.domain ({}) is its server_name.",
                config.bot_user_id(),
                config.homeserver.domain
            )
        }
        CallFailure::Unknown { .. } => {
            format!(
                "{failure}. Check that the homeserver runs and that homeserver.url ({url}) is \
                 right."
            )
        }
        _ => failure.to_string(),
    }
}

pub(super) fn ping(config: &Config, registration: &Registration, failure: &CallFailure) -> String {
    let url = registration.url.as_deref().unwrap_or("(none)");
    if failure.mentions("M_BAD_STATUS") {
        return format!(
            "{failure}. The homeserver reached Tallyroom but has another hs_token. Give both the \
             same registration file and restart the homeserver."
        );
    }
    if failure.mentions("M_CONNECTION_FAILED") || failure.mentions("M_CONNECTION_TIMEOUT") {
        return format!(
            "{failure}. The homeserver cannot reach {url} (the registration's `url`), and \
             Tallyroom listens on {} (appservice.listen). Correct one of \
             them, or the firewall in between.",
            config.appservice.listen
        );
    }
    if failure.mentions("M_URL_NOT_SET") {
        return "the registration has no `url`; set it to the URL at which the homeserver reaches \
                Tallyroom"
            .to_owned();
    }
    failure.to_string()
}
