//! `tallyroom run`: starts all parts of the service.

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
use ulid::Ulid;

use super::{open_store_with, registration};
use crate::api::{self, ApiState, Health};
use crate::caller::Caller;
use crate::config::{Config, DatabaseKind, WebhooksConfig, secret_files};
use crate::door::{self, Budget, ConnectionSlots, WrongKeys};
use crate::export::Exporter;
use crate::feed::News;
use crate::files::{Vault, keep_files_forever};
use crate::first_page::Drawer;
use crate::fonts::Fonts;
use crate::homeserver::{Homeserver, Pings};
use crate::intake::{self, PushState};
use crate::link::token::TokenKey;
use crate::logging::{Failures, abnormal_end};
use crate::mailing::{Arrivals, mail_forever, serve_lmtp};
use crate::moment::Moment;
use crate::notices::Notice;
use crate::page::limits::Limits;
use crate::page::openid::OpenId;
use crate::page::{self, PageState, WebPush};
use crate::paper::Papers;
use crate::reconciler::{
    Installation, follow_config, invite_far_forever, reconcile_forever, set_up_bot,
    talk_with_admins_forever,
};
use crate::seal::{SIGNING, SigningKey, share_key, sign_forever, witness_forever};
use crate::store::{
    Deriving, LEASE_CONNECTIONS, Lease, NOTICE_CONNECTIONS, Retention, ServiceLock, Store,
};
use crate::web_push::{self, ServiceKey, Told};
use crate::webhook;

/// The time that work in progress may take after SIGTERM. The rest is done after the next start,
/// since every step can be repeated safely.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a process waits while another one introduces the bot.
const TURN_PAUSE: Duration = Duration::from_millis(200);

/// The number of database connections that are reserved for pushes, in addition to those in the
/// config. A homeserver sends one push at a time.
const PUSH_CONNECTIONS: u32 = 2;

/// Runs the service until SIGTERM or SIGINT.
///
/// # Errors
/// If the service cannot start because of something that only an operator can fix, or if a part of
/// it fails.
pub async fn run(config: Config, file: &Path) -> anyhow::Result<()> {
    let registration = registration::load(&config).await?;
    let budget = open_files_budget(&config)?;
    for verdict in [
        secret_files::check_config_file(&config, file),
        secret_files::check_registration(&config),
        secret_files::check_signing_key(&config),
    ] {
        if let Err(problem) = verdict {
            tracing::warn!(
                problem,
                "other users can read a file with secrets, or its permissions cannot be read"
            );
        }
    }
    let key = SigningKey::load_or_make(&config.record.signing_key, config.bot_user_id())?;
    let key = Arc::new(key);
    let _lock = ServiceLock::take(&config.database.url)?;
    let store = open_store_with(&config, config.database.connections_for_work()).await?;
    let signing = share_key(&store, &key).await?;
    // Reading that serves people never takes the connections of the work.
    let people = store.for_people(&config.database, config.database.connections_for_people())?;
    let vault = Vault::open(&config.files)?;
    let homeserver = Homeserver::connect(&config, &registration).await?;
    let push_listener = listen(config.appservice.listen, "appservice.listen").await?;
    let api_listener = listen(config.api.listen, "api.listen").await?;
    let page_listener = match config.page.url {
        Some(_) => Some(listen(config.page.listen, "page.listen").await?),
        None => None,
    };
    let mail_listener = match config.mail.listen {
        Some(address) => Some(listen(address, "mail.listen").await?),
        None => None,
    };
    let time_zone = TimeZone::get(&config.page.time_zone).ok();
    let moment = Moment::told_by(store.outbox().clone());
    let pings = Pings::told_by(store.outbox().clone());

    let stop = CancellationToken::new();
    let introduced = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();

    let wrong_keys = WrongKeys::new(config.proxies.networks());
    tasks.spawn(infallible(wrong_keys.clone().log_summaries_forever(stop.clone())));

    tasks.spawn(infallible(store.clone().shorten_log_forever(stop.clone())));

    // Others are told of the last work, too. Whatever is left then is sent when the store is closed.
    let sending = tokio::spawn(store.clone().send_notices_forever(CancellationToken::new()));
    let hear = hearing(moment.clone(), pings.clone());
    tasks.spawn(infallible(store.clone().hear_notices_forever(hear, stop.clone())));
    tasks.spawn(infallible(moment.clone().tell_again_forever(stop.clone())));

    let deriving = Deriving::of(&config);
    // Pushes are accepted at once, since the homeserver may have some to send.
    let pushes = intake::router(PushState {
        store: store.for_pushes(&config.database, PUSH_CONNECTIONS)?,
        moment: moment.clone(),
        pings: pings.clone(),
        hs_token: Arc::new(registration.hs_token.clone()),
        wrong_keys: wrong_keys.clone(),
        bot: config.bot_user_id(),
        without_sync: (!config.record.sync).then(|| deriving.clone()),
    });
    let slots = ConnectionSlots::new(budget.pushes);
    tasks.spawn(serve_on_own_thread(push_listener, pushes, slots, stop.clone()));
    let fonts = Fonts::installed(config.page.fonts.clone());
    let papers = Papers::new(people.clone(), vault.clone(), fonts, &key);
    let traces = api::Traces::default();
    tasks.spawn(infallible(traces.clone().write_forever(store.clone(), stop.clone())));
    let retention = Retention {
        audit_days: config.api.keep_audit_days,
        event_days: config.api.keep_events_days,
        delivery_days: config.webhooks.keep_days,
        waiting_ms: webhook::TRIED_FOR_MS,
    };
    let old_rows = store.clone().delete_old_rows_forever(retention, stop.clone());
    tasks.spawn(infallible(old_rows));
    let news = News::default();
    tasks.spawn(infallible(news.clone().tell_forever(store.clone(), stop.clone())));
    store.set_webhooks_of_config(&config.webhooks.endpoints).await?;
    let webhooks = webhook::Client::new(Caller::new(webhook::bounds(&config.webhooks))?);
    tasks.spawn(infallible(send_webhooks(
        store.clone(),
        webhooks.clone(),
        config.webhooks.clone(),
        stop.clone(),
    )));
    tasks.spawn(infallible(mail_forever(
        store.clone(),
        Arc::new(config.clone()),
        TokenKey::from(&*key),
        stop.clone(),
    )));
    let exporter = Exporter::new(people.clone(), vault.clone(), Arc::clone(&key))
        .with_status(config.status.clone())
        .with_exports_per_shop(config.api.exports_at_once);
    let calls = api::router(ApiState {
        store: people.clone(),
        vault: vault.clone(),
        papers: papers.clone(),
        exporter: exporter.clone(),
        config: Arc::new(config.clone()),
        token_key: TokenKey::from(&*key),
        wrong_keys: wrong_keys.clone(),
        known_keys: api::KnownKeys::default(),
        call_rate: api::CallRate::new(config.api.requests_per_minute),
        traces: traces.clone(),
        bodies: api::bodies(&config),
        downloads: api::downloads(&budget),
        uploads: api::uploads(&budget),
        news,
        waiting: api::WaitingPlaces::new(&budget),
        stop: stop.clone(),
        webhooks,
        webhook_tests: api::webhook_tests(),
        health: Health::new(people.clone(), homeserver.clone(), Arc::clone(&introduced), pings),
    });
    let slots = ConnectionSlots::new(budget.api);
    tasks.spawn(infallible(door::serve(api_listener, calls, slots, stop.clone())));
    if let (Some(listener), Some(time_zone)) = (page_listener, time_zone) {
        let push = match &config.page.url {
            Some(url) if config.page.web_push => {
                let networks = config.page.networks_of_push_services();
                let caller = Caller::new(web_push::bounds(networks))?;
                Some(WebPush { caller, key: ServiceKey::of(&key, url)? })
            }
            _ => None,
        };
        if let Some(WebPush { caller, key }) = push.clone() {
            let told = Told { store: store.clone(), caller, key };
            tasks.spawn(infallible(tell_browsers(told, stop.clone())));
        }
        let pages = page::router(PageState {
            store: people.clone(),
            vault: vault.clone(),
            moment,
            homeserver: homeserver.clone(),
            papers,
            exporter,
            readings: Arc::default(),
            wrong_keys,
            limits: Arc::new(Limits::of(&config, &budget)),
            views: Arc::default(),
            web_push: push,
            config: Arc::new(config.clone()),
            key: TokenKey::from(&*key),
            openid: OpenId::new(&config)?,
            time_zone,
            stop: stop.clone(),
        });
        let slots = ConnectionSlots::new(budget.page);
        tasks.spawn(infallible(door::serve(listener, pages, slots, stop.clone())));
    }
    if let (Some(listener), Some(replies)) = (mail_listener, config.mail.replies.clone()) {
        let arrivals = Arrivals {
            store: people.clone(),
            vault: vault.clone(),
            config: Arc::new(config.clone()),
            key: TokenKey::from(&*key),
            replies,
        };
        tasks.spawn(infallible(serve_lmtp(listener, arrivals, stop.clone())));
    }
    tasks.spawn(infallible(intake::derive_forever(store.clone(), deriving, stop.clone())));
    tasks.spawn(infallible(intake::index_forever(store.clone(), stop.clone())));
    let standings = follow_config(store.clone(), config.status.clone(), stop.clone());
    tasks.spawn(infallible(standings));
    tasks.spawn(infallible(seal_forever(
        config.record.witnesses.clone(),
        homeserver.clone(),
        store.clone(),
        (Arc::clone(&key), signing),
        stop.clone(),
    )));
    tasks.spawn(infallible(work_with_homeserver(
        config.clone(),
        homeserver,
        store.clone(),
        vault,
        key,
        introduced,
        stop.clone(),
    )));
    tracing::info!(
        pushes = %config.appservice.listen, api = %config.api.listen, database = %config.database.url,
        "Tallyroom is running"
    );

    let outcome = tokio::select! {
        signal = stop_signal() => signal,
        // No task may end before `stop` is cancelled, so this is a failure.
        ended = tasks.join_next() => Err(unexpected_end(ended)),
    };
    tracing::info!("stopping; finishing the work in progress");
    stop.cancel();
    let rest = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, rest).await.is_err() {
        tracing::warn!("some work was left unfinished; it is done after the next start");
    }
    // The calls that were answered meanwhile have left their traces, too.
    traces.write_last(&store).await;
    sending.abort();
    people.close().await;
    store.close().await;
    outcome
}

/// Returns what is done with a notice of another process, beside waking workers and pages.
fn hearing(moment: Moment, pings: Pings) -> impl Fn(Ulid, Notice) {
    move |process, notice| match notice {
        Notice::Typing { room, users } => moment.hear_typing(&room, users),
        Notice::Looking { transaction, guest, is_open } => {
            moment.hear_looking(process, transaction, guest, is_open);
        }
        Notice::Pinged => pings.arrived_elsewhere(),
        Notice::Work(_) | Notice::Changed(_) | Notice::Lost | Notice::Beat => {}
    }
}

/// Introduces the bot to the homeserver, and then runs all tasks that need the homeserver: rooms,
/// `/sync`, gaps and files. If several processes serve one database, they share the rooms, and one of
/// them does all the rest.
async fn work_with_homeserver(
    config: Config,
    homeserver: Homeserver,
    store: Store,
    vault: Vault,
    key: Arc<SigningKey>,
    introduced: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    let Some(installation) = introduce_bot(&config, &homeserver, &store, &vault, &stop).await
    else {
        return;
    };
    introduced.store(true, Ordering::Relaxed);
    tracing::info!(bot = %homeserver.bot_user_id(), room_version = %installation.room_version,
        "the homeserver knows the bot");
    let installation = Arc::new(installation);
    let rooms =
        reconcile_forever(store.clone(), Arc::clone(&installation), Arc::clone(&key), stop.clone());
    let others = store.alone("work with the homeserver", &stop, || {
        work_of_one_process(&installation, &key, &store, &stop)
    });
    tokio::join!(rooms, others);
}

/// The work with the homeserver that one process does at a time. It ends at `stop`, or if the
/// homeserver cannot be reached from here: then another process does it.
async fn work_of_one_process(
    installation: &Arc<Installation>,
    key: &Arc<SigningKey>,
    store: &Store,
    stop: &CancellationToken,
) {
    let Installation { config, homeserver, vault, .. } = &**installation;
    let far = invite_far_forever(store.clone(), Arc::clone(installation), stop.clone());
    let gaps = intake::fill_gaps_forever(store.clone(), homeserver.clone(), stop.clone());
    let files = keep_files_forever(
        store.clone(),
        homeserver.clone(),
        vault.clone(),
        Drawer::running(),
        &config.files,
        stop.clone(),
    );
    let foreign = intake::leave_foreign_rooms_forever(
        store.clone(),
        homeserver.clone(),
        config.record.witness_rooms(),
        stop.clone(),
    );
    let sync = async {
        if config.record.sync {
            let deriving = Deriving::of(config);
            intake::sync_for_a_turn(store.clone(), homeserver.clone(), deriving, stop.clone())
                .await;
        } else {
            tracing::warn!("record.sync is off: events that the homeserver fails to push are lost");
            stop.cancelled().await;
        }
    };
    let admins = talk_with_admins_forever(
        store.clone(),
        Arc::clone(installation),
        Arc::clone(key),
        stop.clone(),
    );
    // Each has its memory for itself: together they would fill the stack of a thread.
    let others = async {
        tokio::join!(
            Box::pin(far),
            Box::pin(gaps),
            Box::pin(files),
            Box::pin(foreign),
            Box::pin(admins),
        )
    };
    tokio::pin!(others);
    tokio::select! {
        _ = &mut others => return,
        () = sync => {}
    }
    if stop.is_cancelled() {
        others.await;
    }
}

/// Sends the events of shops to their webhooks. All processes send, and one of them hands out the events.
async fn send_webhooks(
    store: Store,
    client: webhook::Client,
    config: WebhooksConfig,
    stop: CancellationToken,
) {
    let sending = webhook::send_forever(store.clone(), client, config.parallel, stop.clone());
    let handing_out = store.alone("hand out events to webhooks", &stop, || {
        webhook::hand_out_forever(store.clone(), stop.clone())
    });
    tokio::join!(sending, handing_out);
}

/// Tells browsers of answers. One process does so at a time.
async fn tell_browsers(told: Told, stop: CancellationToken) {
    let telling = || web_push::tell_forever(told.clone(), stop.clone());
    told.store.alone("tell browsers", &stop, telling).await;
}

/// Signs heads and sends them to the witnesses. If this process was the first one, it has the lease for
/// signing already.
async fn seal_forever(
    witnesses: Vec<String>,
    homeserver: Homeserver,
    store: Store,
    (key, first_turn): (Arc<SigningKey>, Option<Lease>),
    stop: CancellationToken,
) {
    let sign = || sign_forever(store.clone(), Arc::clone(&key), witnesses.clone(), stop.clone());
    let signing = async {
        if let Some(lease) = first_turn {
            lease.hold(sign()).await;
        }
        store.alone(SIGNING, &stop, sign).await;
    };
    let witnessing = store.alone("send heads to witnesses", &stop, || {
        witness_forever(store.clone(), homeserver.clone(), witnesses.clone(), stop.clone())
    });
    tokio::join!(signing, witnessing);
}

/// Retries until the bot is introduced. Returns `None` if `stop` is cancelled before that.
async fn introduce_bot(
    config: &Config,
    homeserver: &Homeserver,
    store: &Store,
    vault: &Vault,
    stop: &CancellationToken,
) -> Option<Installation> {
    let (mut attempt, mut failures) = (0, Failures::default());
    loop {
        let introducing = async {
            // Two processes at once would upload each picture twice. The lease is for one try, so that
            // a process that does not reach the homeserver does not keep it.
            let Some(lease) = store.lease_of("introduce the bot").await? else { return Ok(None) };
            let setting_up = set_up_bot(config.clone(), homeserver.clone(), store, vault.clone());
            lease.hold(setting_up).await.transpose()
        };
        let mut pause = TURN_PAUSE;
        match introducing.await {
            Ok(Some(installation)) => return Some(installation),
            Ok(None) => {}
            Err(problem) => {
                if failures.should_log(problem.to_string()) {
                    tracing::error!(
                        %problem,
                        "the homeserver is not ready for Tallyroom; retrying. `tallyroom check` \
                         tells more"
                    );
                }
                pause = intake::backoff(attempt);
                attempt += 1;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return None,
        }
    }
}

async fn listen(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address} ({key}); check whether another program, or another \
             Tallyroom, listens there"
        )
    })
}

/// Raises the limit of open files and distributes it among the parts of the service.
fn open_files_budget(config: &Config) -> anyhow::Result<Budget> {
    let limit = door::raise_open_files_limit();
    let database = &config.database;
    let more = match database.url.kind() {
        // One for writing.
        DatabaseKind::Sqlite => 1,
        DatabaseKind::Postgres => NOTICE_CONNECTIONS + LEASE_CONNECTIONS,
    };
    let connections = database.connections_for_work()
        + database.connections_for_people()
        + PUSH_CONNECTIONS
        + more;
    let budget = Budget::of(limit, connections.into())?;
    tracing::info!(
        limit,
        pushes = budget.pushes,
        api = budget.api,
        page = budget.page,
        files = budget.files,
        "files and connections that may be open"
    );
    if budget.is_low() {
        tracing::warn!(
            limit,
            "only few people can have a page open at the same time; raise the limit of open files \
             (`ulimit -Hn`, or LimitNOFILE= in a systemd unit)"
        );
    }
    Ok(budget)
}

/// Serves a listener on its own thread, so that its requests do not wait for the work of other
/// listeners.
async fn serve_on_own_thread(
    listener: TcpListener,
    router: Router,
    slots: Arc<ConnectionSlots>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = listener.into_std()?;
    let serving = move || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            door::serve(TcpListener::from_std(listener)?, router, slots, stop).await;
            anyhow::Ok(())
        })
    };
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("pushes".to_owned());
    thread.spawn(move || sender.send(serving()))?;
    receiver.await?
}

/// Gives a task that cannot fail the type of one that can.
async fn infallible(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("received SIGTERM"),
        _ = interrupt.recv() => tracing::info!("received SIGINT"),
    }
    Ok(())
}

/// Returns the error for a task that ended before the service was stopped.
fn unexpected_end(
    ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>,
) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error.context("a part of the service failed"),
        Some(Err(error)) => {
            anyhow::anyhow!("a part of the service failed: {}", abnormal_end(&error))
        }
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part of the service ended unexpectedly"),
    }
}
