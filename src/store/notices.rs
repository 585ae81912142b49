//! Carries notices between the processes that serve one PostgreSQL database, by LISTEN and NOTIFY.
//!
//! A notice is sent after the commit that it is about, by a connection that does nothing else. In the
//! tx itself, it would make all commits of the database wait for each other.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{Store, StoreError, own_connection};
use crate::config::{DatabaseKind, DatabaseUrl};
use crate::logging::Failures;
use crate::notices::{Letter, Notice, Outbox, letters};

/// The channel on which all processes of a database send and listen.
const CHANNEL: &str = "tallyroom";
/// The name of the connections.
const APPLICATION_NAME: &str = "tallyroom notices";
/// The number of connections for notices: one that sends and one that listens.
pub const NOTICE_CONNECTIONS: u32 = 2;
/// The shortest time between two times of sending. What is said meanwhile is sent together.
const GATHERING: Duration = Duration::from_millis(40);
/// How long sending may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to send the last notices when the process ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The greatest number of letters in one statement. A letter has less than 8,000 bytes.
const LETTERS_PER_STATEMENT: usize = 64;
/// How often a process says that it is there.
const BEAT_INTERVAL: Duration = Duration::from_secs(10);
/// How long it may be quiet. Each process hears its own beats, so then the connection is dead.
const MAX_SILENCE: Duration = Duration::from_secs(35);
/// The pause after a failure.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Sends letters without waiting until they are on disk, since nothing depends on them.
const NOTIFY: &str = "WITH quick AS (SELECT set_config('synchronous_commit', 'off', true)) \
     SELECT pg_notify($1, letter) FROM quick, unnest($2::text[]) AS letter";

/// The post of one process.
#[derive(Debug)]
pub(super) struct Post {
    /// The sender of its letters.
    id: Ulid,
    url: DatabaseUrl,
    outbox: Outbox,
    /// The connection that sends. It is opened when there is something to send.
    sending: Mutex<Option<PgConnection>>,
}

impl Post {
    /// Returns the post for a database, or one that takes nothing if only this process can serve it.
    pub(super) fn of(url: &DatabaseUrl) -> Self {
        let outbox = match url.kind() {
            DatabaseKind::Sqlite => Outbox::default(),
            DatabaseKind::Postgres => Outbox::shared(),
        };
        Self { id: Ulid::new(), url: url.clone(), outbox, sending: Mutex::default() }
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Sends all notices that wait. If it fails, those who hear the next notice learn that some were
    /// lost.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub(super) async fn send(&self) -> Result<(), StoreError> {
        // Whoever waits for the connection knows afterwards that nothing is on its way.
        let mut sending = self.sending.lock().await;
        let notices = self.outbox.take();
        if notices.is_empty() {
            return Ok(());
        }
        let sent = tokio::time::timeout(SEND_TIMEOUT, async {
            // A connection that fails is not used again.
            let mut connection = match sending.take() {
                Some(connection) => connection,
                None => self.options()?.connect().await?,
            };
            for letters in letters(self.id, &notices).chunks(LETTERS_PER_STATEMENT) {
                let notify = sqlx::query(NOTIFY).bind(CHANNEL).bind(letters);
                notify.execute(&mut connection).await?;
            }
            Ok(connection)
        });
        match sent.await.unwrap_or(Err(StoreError::PoolTimedOut)) {
            Ok(connection) => {
                *sending = Some(connection);
                Ok(())
            }
            Err(error) => {
                self.outbox.give(Notice::Lost);
                Err(error)
            }
        }
    }

    /// Sends the notices that wait, and closes the connection. It does not matter if it fails.
    pub(super) async fn close(&self) {
        let closing = async {
            self.send().await?;
            match self.sending.lock().await.take() {
                Some(connection) => connection.close().await,
                None => Ok(()),
            }
        };
        let closed = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
        if let Err(error) = closed.unwrap_or(Err(StoreError::PoolTimedOut)) {
            tracing::debug!(%error, "the last notices to other processes were not sent");
        }
    }

    /// Connects to the database and listens.
    async fn listener(&self) -> Result<PgListener, StoreError> {
        let mut listener = own_connection::listener(self.options()?).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    fn options(&self) -> Result<PgConnectOptions, StoreError> {
        own_connection::options(&self.url, APPLICATION_NAME)
    }
}

impl Store {
    /// Returns where notices for the other processes are left. On SQLite there are no others.
    pub fn outbox(&self) -> &Outbox {
        self.post.outbox()
    }

    /// Sends notices to the other processes, until `stop`. What is left then is sent by
    /// [`Store::close`].
    pub async fn send_notices_forever(self, stop: CancellationToken) {
        let mut failures = Failures::default();
        loop {
            tokio::select! {
                () = self.outbox().filled() => {}
                () = stop.cancelled() => return,
            }
            let pause = match self.post.send().await {
                Ok(()) => {
                    failures.reset();
                    GATHERING
                }
                Err(error) => {
                    if failures.should_log(error.to_string()) {
                        tracing::warn!(%error, "cannot send notices to other processes; retrying");
                    }
                    RETRY_PAUSE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Hears what other processes say, until `stop`. It wakes workers and pages, and passes each
    /// notice to `hear`, with the id of the process that sent it. Whenever notices may have been
    /// missed, everybody looks once.
    pub async fn hear_notices_forever(self, hear: impl Fn(Ulid, Notice), stop: CancellationToken) {
        let mut failures = Failures::default();
        if !self.outbox().is_shared() {
            return stop.cancelled().await;
        }
        loop {
            let mut has_heard = false;
            let end = tokio::select! {
                end = self.hear_until_lost(&hear, &mut has_heard) => end,
                () = stop.cancelled() => return,
            };
            self.hints.set_hearing(false);
            if has_heard {
                failures.reset();
            }
            if failures.should_log(end.to_string()) {
                tracing::warn!(error = %end, "does not hear other processes; connecting again");
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_PAUSE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Hears notices until the connection is lost. Returns how it was lost.
    async fn hear_until_lost(
        &self,
        hear: &impl Fn(Ulid, Notice),
        has_heard: &mut bool,
    ) -> StoreError {
        let listener = tokio::time::timeout(CONNECT_TIMEOUT, self.post.listener()).await;
        let mut listener = match listener.unwrap_or(Err(StoreError::PoolTimedOut)) {
            Ok(listener) => listener,
            Err(error) => return error,
        };
        // What was said before is not heard any more.
        self.hints.wake_all();
        let mut beats = tokio::time::interval(BEAT_INTERVAL);
        let mut heard_at = Instant::now();
        loop {
            let received = tokio::select! {
                received = listener.try_recv() => received,
                _ = beats.tick() => {
                    self.outbox().give(Notice::Beat);
                    continue;
                }
                () = tokio::time::sleep_until(heard_at + MAX_SILENCE) => {
                    let words = "the connection that listens is silent; if there is a pool between \
                                 Tallyroom and the database, it must not share sessions";
                    return StoreError::Protocol(words.to_owned());
                }
            };
            match received {
                Ok(Some(received)) => {
                    (heard_at, *has_heard) = (Instant::now(), true);
                    self.hints.set_hearing(true);
                    self.hear(received.payload(), hear);
                }
                Ok(None) => return StoreError::Protocol("the connection was closed".to_owned()),
                Err(error) => return error,
            }
        }
    }

    fn hear(&self, letter: &str, hear: &impl Fn(Ulid, Notice)) {
        let Some(Letter { from, notices }) = Letter::read(letter) else { return };
        if from == self.post.id {
            return;
        }
        for notice in notices {
            self.hints.hear(&notice);
            hear(from, notice);
        }
    }
}
