//! `tallyroom run`: everything that the service does.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{open_store, registration};
use crate::api::{self, ApiState, Health};
use crate::config::{Config, secret_files};
use crate::door::{self, Budget, Seats, WrongKeys};
use crate::export::Exporter;
use crate::files::{Vault, keep_files_forever};
use crate::homeserver::{Homeserver, Pings};
use crate::intake::{self, PushState};
use crate::logging::{Failures, abnormal_end};
use crate::moment::Moment;
use crate::page::limits::Limits;
use crate::page::openid::OpenId;
use crate::page::token::TokenKey;
use crate::page::{self, PageState};
use crate::reconciler::{Installation, introduce, invite_far_forever, reconcile_forever};
use crate::seal::{SigningKey, Trust, sign_forever, witness_forever};
use crate::store::{Deriving, Store};

/// How long work in flight may take after SIGTERM. What is not done by then is done after the
/// next start: every step is safe to repeat.
const LAST_WORDS: Duration = Duration::from_secs(8);

/// Connections to the database that only pushes have, beside those in the config. A homeserver
/// makes one push after the other.
const PUSH_CONNECTIONS: u32 = 2;

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When something that only an operator can fix keeps the service from starting.
pub async fn run(config: Config, file: &Path) -> anyhow::Result<()> {
    let registration = registration::load(&config).await?;
    let budget = budget(&config)?;
    for verdict in [
        secret_files::config_file(&config, file),
        secret_files::registration(&config),
        secret_files::signing_key(&config),
    ] {
        if let Err(problem) = verdict {
            tracing::warn!(problem, "a file with secrets is not kept from others");
        }
    }
    let key = SigningKey::load_or_make(&config.record.signing_key, config.bot_user_id())?;
    let key = Arc::new(key);
    let store = open_store(&config).await?;
    let vault = Vault::open(&config.files)?;
    let homeserver = Homeserver::connect(&config, &registration).await?;
    let push_listener = listen(config.appservice.listen, "appservice.listen").await?;
    let api_listener = listen(config.api.listen, "api.listen").await?;
    let page_listener = match config.page.url {
        Some(_) => Some(listen(config.page.listen, "page.listen").await?),
        None => None,
    };
    let time_zone = TimeZone::get(&config.page.time_zone).ok();
    let (moment, pings) = (Moment::default(), Pings::default());

    let stop = CancellationToken::new();
    let introduced = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();

    let wrong_keys = WrongKeys::new(config.proxies.networks());
    tasks.spawn(done(wrong_keys.clone().sum_up_forever(stop.clone())));

    let deriving = Deriving::of(&config);
    // Pushes are taken from the first moment: the homeserver may have some waiting.
    let pushes = intake::router(PushState {
        store: store.apart(&config.database, PUSH_CONNECTIONS)?,
        moment: moment.clone(),
        pings: pings.clone(),
        hs_token: Arc::new(registration.hs_token.clone()),
        wrong_keys: wrong_keys.clone(),
        bot: config.bot_user_id(),
        without_sync: (!config.record.sync).then(|| deriving.clone()),
    });
    let seats = Seats::new(budget.pushes);
    tasks.spawn(serve_apart(push_listener, pushes, seats, stop.clone()));
    let calls = api::router(ApiState {
        store: store.clone(),
        vault: vault.clone(),
        exporter: Exporter::new(store.clone(), vault.clone(), Arc::clone(&key))
            .with_exports_per_shop(config.api.exports_at_once),
        config: Arc::new(config.clone()),
        token_key: TokenKey::from(&*key),
        wrong_keys: wrong_keys.clone(),
        downloads: api::downloads(&budget),
        health: Health::new(store.clone(), homeserver.clone(), Arc::clone(&introduced), pings),
    });
    let seats = Seats::new(budget.api);
    tasks.spawn(done(door::serve(api_listener, calls, seats, stop.clone())));
    if let (Some(listener), Some(time_zone)) = (page_listener, time_zone) {
        let pages = page::router(PageState {
            store: store.clone(),
            vault: vault.clone(),
            moment,
            homeserver: homeserver.clone(),
            readings: Arc::default(),
            wrong_keys,
            limits: Arc::new(Limits::of(&config, &budget)),
            views: Arc::default(),
            config: Arc::new(config.clone()),
            key: TokenKey::from(&*key),
            openid: OpenId::new(&config)?,
            time_zone,
            stop: stop.clone(),
        });
        let seats = Seats::new(budget.page);
        tasks.spawn(done(door::serve(listener, pages, seats, stop.clone())));
    }
    tasks.spawn(done(intake::derive_forever(store.clone(), deriving, stop.clone())));
    let witnesses = config.record.witnesses.clone();
    let trust = Trust::Keys(vec![key.public_key().to_owned()]);
    tasks.spawn(done(sign_forever(store.clone(), key, witnesses.clone(), stop.clone())));
    tasks.spawn(done(witness_forever(store.clone(), homeserver.clone(), witnesses, stop.clone())));
    tasks.spawn(done(work_with_homeserver(
        config.clone(),
        homeserver,
        store.clone(),
        vault,
        trust,
        introduced,
        stop.clone(),
    )));
    tracing::info!(
        pushes = %config.appservice.listen, api = %config.api.listen, database = %config.database.url,
        "Tallyroom is running"
    );

    let outcome = tokio::select! {
        signal = ended_by_signal() => signal,
        // A task that ends before it was told to is a failure that must not go unseen.
        ended = tasks.join_next() => Err(unexpected_end(ended)),
    };
    tracing::info!("stopping; finishing what is in flight");
    stop.cancel();
    let rest = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, rest).await.is_err() {
        tracing::warn!("some work was left for the next start");
    }
    store.close().await;
    outcome
}

/// Once the homeserver knows the bot: rooms, the second intake, gaps, and files.
async fn work_with_homeserver(
    config: Config,
    homeserver: Homeserver,
    store: Store,
    vault: Vault,
    trust: Trust,
    introduced: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    let Some(installation) = introduced_bot(&config, &homeserver, &store, &vault, &stop).await
    else {
        return;
    };
    introduced.store(true, Ordering::Relaxed);
    tracing::info!(bot = %homeserver.bot_user_id(), room_version = %installation.room_version,
        "the homeserver knows the bot");
    let installation = Arc::new(installation);
    let rooms = reconcile_forever(store.clone(), Arc::clone(&installation), trust, stop.clone());
    let far = invite_far_forever(store.clone(), installation, stop.clone());
    let gaps = intake::fill_gaps_forever(store.clone(), homeserver.clone(), stop.clone());
    let files =
        keep_files_forever(store.clone(), homeserver.clone(), vault, &config.files, stop.clone());
    let sync = async {
        if config.record.sync {
            let deriving = Deriving::of(&config);
            intake::sync_forever(store.clone(), homeserver.clone(), deriving, stop.clone()).await;
        } else {
            tracing::warn!("record.sync is off: what the homeserver fails to push is lost");
        }
    };
    let witnesses = config.record.witness_rooms();
    let foreign = intake::leave_foreign_rooms_forever(
        store.clone(),
        homeserver.clone(),
        witnesses,
        stop.clone(),
    );
    tokio::join!(rooms, far, gaps, files, sync, foreign);
}

/// Tries until the homeserver answers as it should, or we stop.
async fn introduced_bot(
    config: &Config,
    homeserver: &Homeserver,
    store: &Store,
    vault: &Vault,
    stop: &CancellationToken,
) -> Option<Installation> {
    let (mut failures, mut told) = (0, Failures::default());
    loop {
        match introduce(config.clone(), homeserver.clone(), store, vault.clone()).await {
            Ok(installation) => return Some(installation),
            Err(problem) if told.is_news(problem.to_string()) => tracing::error!(
                %problem,
                "the homeserver cannot be worked with yet; trying again. `tallyroom check` tells more"
            ),
            Err(_) => {}
        }
        let pause = intake::back_off(failures);
        failures += 1;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return None,
        }
    }
}

async fn listen(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address} ({key}): is another program, or another Tallyroom, there?"
        )
    })
}

/// How many files and connections there may be, and for whom.
fn budget(config: &Config) -> anyhow::Result<Budget> {
    let limit = door::raise_limit();
    // One more is SQLite's for writing.
    let connections = config.database.max_connections + PUSH_CONNECTIONS + 1;
    let budget = Budget::of(limit, connections.into())?;
    tracing::info!(
        limit,
        pushes = budget.pushes,
        api = budget.api,
        page = budget.page,
        files = budget.files,
        "files and connections that may be open"
    );
    if budget.is_tight() {
        tracing::warn!(
            limit,
            "few people can have a page open at the same time: raise the limit of open files \
             (`ulimit -Hn`, or LimitNOFILE= in a systemd unit)"
        );
    }
    Ok(budget)
}

/// Serves on a thread of its own, so that whoever comes here is answered at once, however much
/// there is to do for others.
async fn serve_apart(
    listener: TcpListener,
    router: Router,
    seats: Arc<Seats>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = listener.into_std()?;
    let serving = move || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            door::serve(TcpListener::from_std(listener)?, router, seats, stop).await;
            anyhow::Ok(())
        })
    };
    let (ended, end) = oneshot::channel();
    let thread = std::thread::Builder::new().name("pushes".to_owned());
    thread.spawn(move || ended.send(serving()))?;
    end.await?
}

async fn done(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

async fn ended_by_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("received SIGTERM"),
        _ = interrupt.recv() => tracing::info!("received SIGINT"),
    }
    Ok(())
}

fn unexpected_end(
    ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>,
) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error.context("a part of the service failed"),
        Some(Err(error)) => {
            anyhow::anyhow!("a part of the service failed: {}", abnormal_end(&error))
        }
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part of the service ended by itself"),
    }
}
