//! Loads the registration. If it does not fit the config, the homeserver tells which of them is
//! wrong.

use crate::config::{Config, Registration};
use crate::homeserver::{Homeserver, Misfit};

/// Loads the registration that the config names.
///
/// # Errors
/// If the file cannot be read or does not fit the config. If the domain of the config is not that
/// of the homeserver, the error begins with that.
pub(super) async fn load(config: &Config) -> anyhow::Result<Registration> {
    match Registration::load(&config.appservice.registration, config) {
        Ok(registration) => Ok(registration),
        Err(errors) => match find_wrong_domain(config).await {
            Some(misfit) => Err(anyhow::anyhow!("{misfit}.\n\n{errors}")),
            None => Err(errors.into()),
        },
    }
}

/// Asks the homeserver whether the domain of the config is wrong. Returns `None` if it is not, or
/// if the homeserver cannot be asked with the tokens of the registration.
async fn find_wrong_domain(config: &Config) -> Option<Misfit> {
    let registration = Registration::read(&config.appservice.registration).ok()?;
    let homeserver = Homeserver::connect(config, &registration).await.ok()?;
    let misfit = homeserver.misfit(config).await.ok()??;
    matches!(misfit, Misfit::Domain { .. }).then_some(misfit)
}
