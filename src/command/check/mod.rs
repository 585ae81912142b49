//! `tallyroom check`: checks whether the service can work, and prints how to fix each problem.

mod advice;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::registration;
use crate::config::{Config, Registration, secret_files};
use crate::door::{self, ConnectionSlots, WrongKeys};
use crate::files::Vault;
use crate::homeserver::{
    CallFailure, Homeserver, Misfit, Pings, room_version, tells_account_status,
};
use crate::intake::{self, PushState};
use crate::moment::Moment;
use crate::seal::SigningKey;
use crate::store::{Deriving, Store};

/// The greatest number of connections of the homeserver while the check listens instead of the
/// service.
const MAX_CONNECTIONS: usize = 64;
/// The number of attempts of the homeserver to reach us.
const PING_ATTEMPTS: usize = 3;
/// The pause between two of these attempts.
const PING_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Checks each part and prints a line for it.
///
/// # Errors
/// If a part has a problem.
pub async fn run(config: &Config, file: &Path) -> anyhow::Result<()> {
    let mut report = Report::default();
    report.add("config", Ok("it is readable, and every key is known and in range".to_owned()));
    report.add("config file", secret_files::check_config_file(config, file));
    let registration = match registration::load(config).await {
        Ok(registration) => {
            let file = config.appservice.registration.display();
            report.add("registration", Ok(format!("{file} fits the config")));
            Some(registration)
        }
        Err(error) => {
            report.add(
                "registration",
                Err(format!(
                    "{error}\n  If there is none so far, run `tallyroom generate-registration`."
                )),
            );
            None
        }
    };
    if let Some(registration) = &registration {
        report.add("registration file", secret_files::check_registration(config));
        report.add("registration flags", advice::flags(registration));
    }
    let store = match Store::open(&config.database).await {
        Ok(store) => {
            report.add("database", Ok(format!("{} is open and up to date", config.database.url)));
            Some(store)
        }
        Err(error) => {
            let fix = "Check database.url, the permissions of the file or on the server, and that \
                       the server runs.";
            report.add("database", Err(format!("{}: {error:#}. {fix}", config.database.url)));
            None
        }
    };
    report.add("files", files(config).await);
    report.add("signing key", signing_key(config));
    if let (Some(registration), Some(store)) = (registration, store) {
        check_homeserver(config, &registration, &store, &mut report).await?;
        store.close().await;
    }
    report.verdict()
}

async fn files(config: &Config) -> Result<String, String> {
    let place = &config.files.store;
    let probe = async { Vault::open(&config.files)?.probe().await };
    match probe.await {
        Ok(()) => Ok(format!("{place} can be written, read and deleted")),
        Err(error) => Err(format!(
            "{place}: {error:#}. Check files.store, the permissions of the folder or bucket, and \
             files.s3 if it is a bucket."
        )),
    }
}

fn signing_key(config: &Config) -> Result<String, String> {
    let file = &config.record.signing_key;
    let shown = file.display();
    let key = SigningKey::load(file, config.bot_user_id());
    match key.map_err(|error| format!("{error:#}"))? {
        None => Ok(format!("{shown} is created at the first start")),
        Some(key) => secret_files::check_signing_key(config)
            .map(|_| format!("{shown} signs records as {}", key.public_key())),
    }
}

async fn check_homeserver(
    config: &Config,
    registration: &Registration,
    store: &Store,
    report: &mut Report,
) -> anyhow::Result<()> {
    let homeserver = Homeserver::connect(config, registration).await?;
    if let Some(misfit) = homeserver.misfit(config).await.ok().flatten() {
        let subject = match misfit {
            Misfit::Domain { .. } => "homeserver.domain",
            Misfit::TokensExchanged { .. } | Misfit::NotLoaded { .. } => "as_token",
        };
        report.add(subject, Err(misfit.to_string()));
        return Ok(());
    }
    let account = homeserver.register_bot().await;
    let is_accepted = account.is_ok();
    report.add(
        "as_token",
        match account {
            Ok(()) => Ok(format!("accepted; the bot is {}", homeserver.bot_user_id())),
            Err(failure) => Err(advice::token(config, &failure)),
        },
    );
    if !is_accepted {
        return Ok(());
    }
    report.add("bot's device", advice::device(homeserver.make_device().await));
    let offers = homeserver.capabilities().await;
    let version = offers.clone().and_then(|offers| room_version(&offers, config));
    report.add(
        "room version",
        match &version {
            Ok(version) => Ok(format!("new rooms get version {version}")),
            Err(failure) => Err(failure.to_string()),
        },
    );
    if let Ok(version) = version {
        let encrypts = homeserver.encrypts_new_rooms(version, config.rooms.federate).await;
        report.add("encryption", advice::encryption(encrypts));
    }
    report.add(
        "deactivated accounts",
        advice::account_status(offers.map(|it| tells_account_status(&it))),
    );
    let ping = with_listener(config, registration, store, ping_with_retries(&homeserver)).await;
    report.add(
        "hs_token and our address",
        match ping {
            Ok(took) => Ok(format!("the homeserver reached Tallyroom in {} ms", took.as_millis())),
            Err(failure) => Err(advice::ping(config, registration, &failure)),
        },
    );
    Ok(())
}

/// Makes the homeserver ping us. Failed connections are retried, since a busy homeserver may fail
/// once.
async fn ping_with_retries(homeserver: &Homeserver) -> Result<Duration, CallFailure> {
    for _ in 1..PING_ATTEMPTS {
        match homeserver.ping().await {
            Err(failure) if failure.mentions("M_CONNECTION_FAILED") => {}
            outcome => return outcome,
        }
        tokio::time::sleep(PING_RETRY_INTERVAL).await;
    }
    homeserver.ping().await
}

/// Runs `work` while `appservice.listen` answers pushes. If the service does not run, this function
/// listens there itself.
async fn with_listener<T>(
    config: &Config,
    registration: &Registration,
    store: &Store,
    work: impl Future<Output = T>,
) -> T {
    let Ok(listener) = TcpListener::bind(config.appservice.listen).await else {
        // The address is in use, most likely by the running service, which then answers the
        // homeserver.
        return work.await;
    };
    let router = intake::router(PushState {
        moment: Moment::default(),
        pings: Pings::default(),
        store: store.clone(),
        hs_token: Arc::new(registration.hs_token.clone()),
        wrong_keys: WrongKeys::new(Vec::new()),
        bot: config.bot_user_id(),
        without_sync: (!config.record.sync).then(|| Deriving::of(config)),
    });
    let stop = CancellationToken::new();
    let serving = tokio::spawn(door::serve(
        listener,
        router,
        ConnectionSlots::new(MAX_CONNECTIONS),
        stop.clone(),
    ));
    let result = work.await;
    stop.cancel();
    serving.await.ok();
    result
}

/// Prints the findings and counts the problems.
#[derive(Default)]
struct Report {
    failed: usize,
}

impl Report {
    fn add(&mut self, subject: &'static str, outcome: Result<String, String>) {
        match outcome {
            Ok(finding) => println!("ok    {subject}: {finding}"),
            Err(problem) => {
                self.failed += 1;
                println!("FAIL  {subject}: {problem}");
            }
        }
    }

    fn verdict(&self) -> anyhow::Result<()> {
        match self.failed {
            0 => Ok(()),
            1 => bail!("the check found one problem"),
            failed => bail!("the check found {failed} problems"),
        }
    }
}
