//! `tallyroom check`: can the service do its work, and if not, what fixes it?

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
use crate::door::{self, Seats, WrongKeys};
use crate::files::Vault;
use crate::homeserver::{
    CallFailure, Homeserver, Misfit, Pings, room_version, tells_account_status,
};
use crate::intake::{self, PushState};
use crate::moment::Moment;
use crate::seal::SigningKey;
use crate::store::{Deriving, Store};

/// Connections that the homeserver may have while we stand in for the service.
const CONNECTIONS: usize = 64;
/// How often the homeserver may try to reach us.
const PING_TRIES: usize = 3;
/// Pause between two of these tries.
const PING_PAUSE: Duration = Duration::from_secs(1);

/// Checks everything that can be checked and prints one line for each.
///
/// # Errors
/// When something needs fixing.
pub async fn run(config: &Config, file: &Path) -> anyhow::Result<()> {
    let mut report = Report::default();
    report.add("config", Ok("read, every key is known and in range".to_owned()));
    report.add("config file", secret_files::config_file(config, file));
    let registration = match registration::load(config).await {
        Ok(registration) => {
            let file = config.appservice.registration.display();
            report.add("registration", Ok(format!("{file} fits the config")));
            Some(registration)
        }
        Err(error) => {
            report.add(
                "registration",
                Err(format!("{error}\n  If there is none yet: tallyroom generate-registration")),
            );
            None
        }
    };
    if let Some(registration) = &registration {
        report.add("registration file", secret_files::registration(config));
        report.add("registration flags", advice::flags(registration));
    }
    let store = match Store::open(&config.database).await {
        Ok(store) => {
            report.add("database", Ok(format!("{} is open and up to date", config.database.url)));
            Some(store)
        }
        Err(error) => {
            let fix = "Check database.url, the rights on the file or server, and that it runs.";
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
            "{place}: {error:#}. Check files.store, the rights on the folder or bucket, and \
             files.s3 if it is one."
        )),
    }
}

fn signing_key(config: &Config) -> Result<String, String> {
    let file = &config.record.signing_key;
    let shown = file.display();
    let key = SigningKey::load(file, config.bot_user_id());
    match key.map_err(|error| format!("{error:#}"))? {
        None => Ok(format!("{shown} is made at the first start")),
        Some(key) => secret_files::signing_key(config)
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
    let usable = account.is_ok();
    report.add(
        "as_token",
        match account {
            Ok(()) => Ok(format!("accepted; the bot is {}", homeserver.bot_user_id())),
            Err(failure) => Err(advice::token(config, &failure)),
        },
    );
    if !usable {
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
    let ping = with_listener(config, registration, store, reached_by(&homeserver)).await;
    report.add(
        "hs_token and our address",
        match ping {
            Ok(took) => Ok(format!("the homeserver reached us in {} ms", took.as_millis())),
            Err(failure) => Err(advice::ping(config, registration, &failure)),
        },
    );
    Ok(())
}

/// Has the homeserver reach us. One that is busy may fail once, for a reason of its own.
async fn reached_by(homeserver: &Homeserver) -> Result<Duration, CallFailure> {
    for _ in 1..PING_TRIES {
        match homeserver.ping().await {
            Err(failure) if failure.mentions("M_CONNECTION_FAILED") => {}
            outcome => return outcome,
        }
        tokio::time::sleep(PING_PAUSE).await;
    }
    homeserver.ping().await
}

/// Does `work` while our address answers: by the running service, or by us for this moment.
async fn with_listener<T>(
    config: &Config,
    registration: &Registration,
    store: &Store,
    work: impl Future<Output = T>,
) -> T {
    let Ok(listener) = TcpListener::bind(config.appservice.listen).await else {
        // Taken, most likely by the running service: then that is what the homeserver reaches.
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
    let serving =
        tokio::spawn(door::serve(listener, router, Seats::new(CONNECTIONS), stop.clone()));
    let result = work.await;
    stop.cancel();
    serving.await.ok();
    result
}

#[derive(Default)]
struct Report {
    failed: usize,
}

impl Report {
    fn add(&mut self, subject: &'static str, outcome: Result<String, String>) {
        match outcome {
            Ok(words) => println!("ok    {subject}: {words}"),
            Err(words) => {
                self.failed += 1;
                println!("FAIL  {subject}: {words}");
            }
        }
    }

    fn verdict(&self) -> anyhow::Result<()> {
        match self.failed {
            0 => Ok(()),
            1 => bail!("one thing needs fixing"),
            failed => bail!("{failed} things need fixing"),
        }
    }
}
