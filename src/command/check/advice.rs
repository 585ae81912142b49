//! What `tallyroom check` says: a finding, or what is wrong and what fixes it.

use crate::config::{Config, Registration};
use crate::homeserver::{CallFailure, Device};

pub(super) fn flags(registration: &Registration) -> Result<String, String> {
    if registration.rate_limited != Some(false) {
        return Err("`rate_limited` is not false: the homeserver will slow the bot down. Set \
                    `rate_limited: false` and restart the homeserver."
            .to_owned());
    }
    Ok("no rate limit".to_owned())
}

/// How the bot came to its device.
pub(super) fn device(made: Result<Device, CallFailure>) -> Result<String, String> {
    match made {
        Ok(Device::Found) => Ok("there".to_owned()),
        Ok(Device::Made) => Ok("made".to_owned()),
        Ok(Device::LoggedIn) => Ok("made by a login, which does as well".to_owned()),
        Err(failure) => Err(format!(
            "{failure}. The registration needs `io.element.msc4190: true`, also in the homeserver's \
             copy of it, and the homeserver a restart after that."
        )),
    }
}

pub(super) fn encryption(encrypts: Result<bool, CallFailure>) -> Result<String, String> {
    match encrypts {
        Ok(false) => Ok("a new room is not encrypted, so it can be recorded".to_owned()),
        Ok(true) => Err("the homeserver encrypts new rooms by itself, and what is said in an \
                         encrypted room cannot be recorded. Set \
                         `encryption_enabled_by_default_for_room_type: off` in Synapse's \
                         homeserver.yaml (it is `all` or `invite` now) and restart it. Rooms that \
                         exist stay as they are."
            .to_owned()),
        Err(failure) => Err(format!(
            "{failure}. A room could not be made and left again to see whether new rooms are \
             encrypted."
        )),
    }
}

/// Not needed for the service to work, so it never fails for this alone.
pub(super) fn account_status(tells: Result<bool, CallFailure>) -> Result<String, String> {
    match tells {
        Ok(true) => Ok("a contact whose account is deactivated is told as unreached".to_owned()),
        Ok(false) => Ok("only those that are erased as well are told as unreached. With \
                         `experimental_features: {msc3720_enabled: true}` in Synapse's \
                         homeserver.yaml all of them are."
            .to_owned()),
        Err(failure) => Err(failure.to_string()),
    }
}

pub(super) fn token(config: &Config, failure: &CallFailure) -> String {
    let url = &config.homeserver.url;
    match failure {
        failure if failure.mentions("M_EXCLUSIVE") || failure.mentions("M_INVALID_USERNAME") => {
            format!(
                "{failure}. The namespace in the homeserver's copy of the registration does not hold \
             {}: is homeserver.domain ({}) its server_name?",
                config.bot_user_id(),
                config.homeserver.domain
            )
        }
        CallFailure::Unknown { .. } => {
            format!("{failure}. Is the homeserver running, and is homeserver.url ({url}) right?")
        }
        _ => failure.to_string(),
    }
}

pub(super) fn ping(config: &Config, registration: &Registration, failure: &CallFailure) -> String {
    let url = registration.url.as_deref().unwrap_or("(none)");
    if failure.mentions("M_BAD_STATUS") {
        return format!(
            "{failure}. The homeserver reached us but holds another hs_token: give both the same \
             registration file and restart the homeserver."
        );
    }
    if failure.mentions("M_CONNECTION_FAILED") || failure.mentions("M_CONNECTION_TIMEOUT") {
        return format!(
            "{failure}. The homeserver cannot reach {url} (the registration's `url`); we listen \
             on {} (appservice.listen). Mend one of them, and any firewall in between.",
            config.appservice.listen
        );
    }
    if failure.mentions("M_URL_NOT_SET") {
        return "the registration has no `url`: set it to where the homeserver reaches us"
            .to_owned();
    }
    failure.to_string()
}
