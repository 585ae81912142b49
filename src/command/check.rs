//! `tallyroom check`: can the service do its work, and if not, what mends it?

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Registration};
use crate::door::{self, Seats, WrongKeys};
use crate::files::Vault;
use crate::homeserver::{CallFailure, Homeserver, room_version, tells_account_status};
use crate::intake::{self, PushState};
use crate::moment::Moment;
use crate::seal::SigningKey;
use crate::store::Store;

/// Connections that the homeserver may have while we stand in for the service.
const CONNECTIONS: usize = 64;

/// Checks everything that can be checked and prints one line for each.
///
/// # Errors
/// When something needs mending.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let mut report = Report::default();
    report.add("config", Ok("read, every key is known and in range".to_owned()));
    let registration = match Registration::load(&config.appservice.registration, config) {
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
        report.add("registration file", permissions(config));
        report.add("registration flags", flags(registration));
    }
    let store = match Store::open(&config.database).await {
        Ok(store) => {
            report.add("database", Ok(format!("{} is open and up to date", config.database.url)));
            Some(store)
        }
        Err(error) => {
            let mend = "Check database.url, the rights on the file or server, and that it runs.";
            report.add("database", Err(format!("{}: {error:#}. {mend}", config.database.url)));
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
        Some(_) if mode(file)? & 0o077 != 0 => {
            Err(format!("others on this machine may read the key in {shown}; chmod 600 {shown}"))
        }
        Some(key) => Ok(format!("{shown} signs records as {}", key.public_key())),
    }
}

async fn check_homeserver(
    config: &Config,
    registration: &Registration,
    store: &Store,
    report: &mut Report,
) -> anyhow::Result<()> {
    let homeserver = Homeserver::connect(config, registration).await?;
    let account = homeserver.register_bot().await;
    let usable = account.is_ok();
    report.add(
        "as_token",
        match account {
            Ok(()) => Ok(format!("accepted; the bot is {}", homeserver.bot_user_id())),
            Err(failure) => Err(token_advice(config, &failure)),
        },
    );
    if !usable {
        return Ok(());
    }
    report.add("bot's device", match homeserver.make_device().await {
        Ok(()) => Ok("made".to_owned()),
        Err(failure) => Err(format!(
            "{failure}. The registration needs `io.element.msc4190: true`, and the homeserver a \
             restart after that."
        )),
    });
    let offers = homeserver.offers().await;
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
        report.add("encryption", encryption_advice(encrypts));
    }
    report.add("deactivated accounts", account_status(offers.map(|it| tells_account_status(&it))));
    let ping = with_listener(config, registration, store, homeserver.ping()).await;
    report.add(
        "hs_token and our address",
        match ping {
            Ok(took) => Ok(format!("the homeserver reached us in {} ms", took.as_millis())),
            Err(failure) => Err(ping_advice(config, registration, &failure)),
        },
    );
    Ok(())
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
        store: store.clone(),
        hs_token: Arc::new(registration.hs_token.clone()),
        wrong_keys: WrongKeys::new(Vec::new()),
        bot: config.bot_user_id(),
    });
    let stop = CancellationToken::new();
    let serving =
        tokio::spawn(door::serve(listener, router, Seats::new(CONNECTIONS), stop.clone()));
    let result = work.await;
    stop.cancel();
    serving.await.ok();
    result
}

fn mode(file: &Path) -> Result<u32, String> {
    let metadata = std::fs::metadata(file);
    metadata.map(|it| it.permissions().mode()).map_err(|error| error.to_string())
}

fn permissions(config: &Config) -> Result<String, String> {
    let file = &config.appservice.registration;
    let mode = mode(file)?;
    if mode & 0o007 != 0 {
        return Err(format!(
            "everybody on this machine can read its tokens (mode {:03o}); chmod 640 {} and give \
             it to a group that the homeserver is in",
            mode & 0o777,
            file.display()
        ));
    }
    Ok(format!("mode {:03o}: its tokens are not for everybody", mode & 0o777))
}

fn flags(registration: &Registration) -> Result<String, String> {
    if registration.rate_limited != Some(false) {
        return Err("`rate_limited` is not false: the homeserver will slow the bot down. Set \
                    `rate_limited: false` and restart the homeserver."
            .to_owned());
    }
    if !registration.msc4190 {
        return Err("`io.element.msc4190` is not true: the bot can have no device. Set it and \
                    restart the homeserver."
            .to_owned());
    }
    Ok("no rate limit, devices allowed".to_owned())
}

fn encryption_advice(encrypts: Result<bool, CallFailure>) -> Result<String, String> {
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
fn account_status(tells: Result<bool, CallFailure>) -> Result<String, String> {
    match tells {
        Ok(true) => Ok("a contact whose account is deactivated is told as unreached".to_owned()),
        Ok(false) => Ok("only those that are erased as well are told as unreached. With \
                         `experimental_features: {msc3720_enabled: true}` in Synapse's \
                         homeserver.yaml all of them are."
            .to_owned()),
        Err(failure) => Err(failure.to_string()),
    }
}

fn token_advice(config: &Config, failure: &CallFailure) -> String {
    let url = &config.homeserver.url;
    match failure {
        failure if failure.mentions("M_UNKNOWN_TOKEN") => format!(
            "{failure}. The homeserver does not know this as_token: list {} among its appservice \
             files (Synapse: app_service_config_files) and restart it.",
            config.appservice.registration.display()
        ),
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

fn ping_advice(config: &Config, registration: &Registration, failure: &CallFailure) -> String {
    let url = registration.url.as_deref().unwrap_or("(none)");
    if failure.mentions("M_BAD_STATUS") {
        return format!(
            "{failure}. The homeserver reached us but holds another hs_token: give both the same \
             registration file and restart the homeserver."
        );
    }
    if failure.mentions("M_CONNECTION_FAILED") || failure.mentions("M_CONNECTION_TIMEOUT") {
        return format!(
            "{failure}. The homeserver can not reach {url} (the registration's `url`); we listen \
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
            1 => bail!("one thing needs mending"),
            failed => bail!("{failed} things need mending"),
        }
    }
}
