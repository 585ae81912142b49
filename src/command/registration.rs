//! Reading the registration; if it does not fit the config, the homeserver tells which is right.

use crate::config::{Config, Registration};
use crate::homeserver::{Homeserver, Misfit};

/// The registration that the config names.
///
/// # Errors
/// When it cannot be read, or does not fit the config; if the homeserver agrees with neither the
/// config nor us, that is said, too.
pub(super) async fn load(config: &Config) -> anyhow::Result<Registration> {
    match Registration::load(&config.appservice.registration, config) {
        Ok(registration) => Ok(registration),
        Err(errors) => match wrong_domain(config).await {
            Some(misfit) => Err(anyhow::anyhow!("{misfit}.\n\n{errors}")),
            None => Err(errors.into()),
        },
    }
}

/// What the homeserver says to the config's domain, if the tokens can be read and are good.
async fn wrong_domain(config: &Config) -> Option<Misfit> {
    let registration = Registration::read(&config.appservice.registration).ok()?;
    let homeserver = Homeserver::connect(config, &registration).await.ok()?;
    let misfit = homeserver.misfit(config).await.ok()??;
    matches!(misfit, Misfit::Domain { .. }).then_some(misfit)
}
