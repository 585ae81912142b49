//! Leases: who does what, if several processes serve one PostgreSQL.
//!
//! A lease is an advisory lock of PostgreSQL, and all leases of a process belong to one connection
//! (PostgreSQL, "Explicit Locking"). When the process is killed, PostgreSQL notices the end of the
//! connection and releases them at once. If the process hangs or loses its network, PostgreSQL ends
//! the connection after [`SILENCE_TIMEOUT`]. The process itself stops the work before that, because
//! it notices sooner that nothing answers.
//!
//! On SQLite, only one process serves the database, so the leases are in its memory.

use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Write as _};
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Store, StoreError, own_connection};
use crate::config::{DatabaseConfig, DatabaseKind};
use crate::logging::Failures;

/// The interval at which the connection shows that the process is alive.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);
/// How long an answer may take. After that, all leases count as lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The silence after which PostgreSQL ends the connection, so that others get its leases. It is
/// longer than [`HEARTBEAT_INTERVAL`] and [`ANSWER_TIMEOUT`] together.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(12);
/// The pause before the next try to get a lease that somebody else has.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The pause before a process does work again of which it had a turn, so that others get it first.
const PAUSE_AFTER_TURN: Duration = Duration::from_secs(3);

/// The number of connections for leases.
pub const LEASE_CONNECTIONS: u32 = 1;
/// The name of the connection.
const APPLICATION_NAME: &str = "tallyroom leases";
/// PostgreSQL has had this setting since version 14. Without it, the leases of a process that hangs
/// are free only when its connection breaks.
const SET_SILENCE_TIMEOUT: &str = "SELECT set_config(name, $1, false) FROM pg_settings \
     WHERE name = 'idle_session_timeout'";
/// The rows of `unnest` come in their order, and only until there are enough.
const TAKE: &str = "SELECT key FROM unnest($1) AS key WHERE pg_try_advisory_lock(key) LIMIT $2";
const RELEASE: &str = "SELECT pg_advisory_unlock($1)";

/// The leases of this process. All clones are the same.
#[derive(Clone, Debug)]
pub(super) enum Leases {
    /// The keys that are held.
    InMemory(Arc<Mutex<HashSet<i64>>>),
    InPostgres(Arc<Keeper>),
}

/// A lease. It is given back when it is dropped.
#[derive(Debug)]
pub struct Lease {
    key: i64,
    /// Cancelled when the lease is lost.
    lost: CancellationToken,
    from: Giver,
}

/// Who takes a lease back.
#[derive(Clone, Debug)]
enum Giver {
    Memory(Arc<Mutex<HashSet<i64>>>),
    Session { number: u64, requests: mpsc::UnboundedSender<Request> },
}

impl Lease {
    /// Does the work that the lease is for. Returns `None` if the lease was lost before the work was
    /// done. Then the work was stopped where it was waiting for something.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.lost.cancelled() => None,
            done = work => Some(done),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match &self.from {
            Giver::Memory(held) => {
                held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
            }
            Giver::Session { number, requests } => {
                // This fails only when the runtime ends, and the connection with it.
                let _ = requests.send(Request::Release { session: *number, key: self.key });
            }
        }
    }
}

impl Leases {
    pub(super) fn of(config: &DatabaseConfig) -> Result<Self, StoreError> {
        Ok(match config.url.kind() {
            DatabaseKind::Sqlite => Self::InMemory(Arc::default()),
            DatabaseKind::Postgres => {
                let options = own_connection::options(&config.url, APPLICATION_NAME)?;
                Self::InPostgres(Arc::new(Keeper { options, requests: OnceLock::new() }))
            }
        })
    }

    /// Returns leases for the first of the keys for which nobody has one, at most `at_most`.
    async fn take(&self, keys: Vec<i64>, at_most: usize) -> Result<Vec<Lease>, StoreError> {
        match self {
            Self::InMemory(held) => {
                let from = Giver::Memory(Arc::clone(held));
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                let new = keys.into_iter().filter(|key| held.insert(*key));
                let lost = CancellationToken::new();
                let lease = |key| Lease { key, lost: lost.clone(), from: from.clone() };
                Ok(new.take(at_most).map(lease).collect())
            }
            Self::InPostgres(keeper) => {
                let (answer, answered) = oneshot::channel();
                let asked = keeper.requests().send(Request::Take { keys, at_most, answer });
                let lost = || std::io::Error::other("the connection for leases was lost");
                asked.map_err(|_| lost())?;
                Ok(answered.await.map_err(|_| lost())?)
            }
        }
    }
}

/// Has the connection of the leases.
#[derive(Debug)]
pub(super) struct Keeper {
    options: PgConnectOptions,
    requests: OnceLock<mpsc::UnboundedSender<Request>>,
}

/// What is asked of the connection. The queue needs no bound: whoever sent a request waits for it, or
/// has dropped a lease.
#[derive(Debug)]
enum Request {
    Take { keys: Vec<i64>, at_most: usize, answer: oneshot::Sender<Vec<Lease>> },
    Release { session: u64, key: i64 },
}

impl Keeper {
    fn requests(&self) -> &mpsc::UnboundedSender<Request> {
        self.requests.get_or_init(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            // The task must not keep its own queue open.
            let connection = Connection {
                options: self.options.clone(),
                requests: sender.downgrade(),
                session: None,
                sessions: 0,
                failures: Failures::default(),
            };
            tokio::spawn(connection.serve(receiver));
            sender
        })
    }
}

/// The task that has the connection.
struct Connection {
    options: PgConnectOptions,
    requests: mpsc::WeakUnboundedSender<Request>,
    session: Option<Session>,
    /// The number of sessions so far.
    sessions: u64,
    failures: Failures,
}

/// One session of PostgreSQL. When it is dropped, its leases are lost.
struct Session {
    number: u64,
    /// It does not connect again by itself: a new connection would have none of the leases.
    connection: PgListener,
    held: HashSet<i64>,
    lost: CancellationToken,
    _lost_when_dropped: DropGuard,
}

impl Connection {
    /// Answers requests until nobody can send one any more.
    async fn serve(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        loop {
            let request = tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => Some(request),
                    None => return,
                },
                () = tokio::time::sleep(HEARTBEAT_INTERVAL), if self.session.is_some() => None,
                () = end_of(&mut self.session) => {
                    self.lose("PostgreSQL ended the connection");
                    continue;
                }
            };
            match tokio::time::timeout(ANSWER_TIMEOUT, self.answer(request)).await {
                Ok(Ok(())) => self.failures.reset(),
                Ok(Err(error)) => self.lose(&error.to_string()),
                Err(_) => self.lose("PostgreSQL does not answer"),
            }
        }
    }

    /// Gives up the session, whose leases are lost.
    fn lose(&mut self, problem: &str) {
        self.session = None;
        if self.failures.should_log(problem.to_owned()) {
            tracing::warn!(
                problem,
                "there is no database connection that says which work this process does; the work \
                 goes on when the database answers"
            );
        }
    }

    /// Answers a request. Without one, it shows PostgreSQL that the process is alive. After an error,
    /// the session must not be used any more.
    async fn answer(&mut self, request: Option<Request>) -> Result<(), StoreError> {
        match request {
            Some(Request::Take { keys, at_most, answer }) => {
                // If nobody waits for them any more, the leases are given back.
                drop(answer.send(self.take(&keys, at_most).await?));
                Ok(())
            }
            Some(Request::Release { session, key }) => self.release(session, key).await,
            None => self.show_life().await,
        }
    }

    async fn take(&mut self, keys: &[i64], at_most: usize) -> Result<Vec<Lease>, StoreError> {
        let session = match &mut self.session {
            Some(session) => session,
            none => {
                self.sessions += 1;
                none.insert(Session::open(&self.options, self.sessions).await?)
            }
        };
        // The session itself would get a lock a second time.
        let free: Vec<i64> =
            keys.iter().filter(|key| !session.held.contains(key)).copied().collect();
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let take = sqlx::query_scalar(TAKE).bind(free).bind(at_most);
        let taken: Vec<i64> = take.fetch_all(&mut session.connection).await?;
        session.held.extend(&taken);
        // Without a sender, nobody waits for the answer.
        let Some(requests) = self.requests.upgrade() else { return Ok(Vec::new()) };
        let from = Giver::Session { number: session.number, requests };
        let lease = |key| Lease { key, lost: session.lost.clone(), from: from.clone() };
        Ok(taken.into_iter().map(lease).collect())
    }

    async fn release(&mut self, number: u64, key: i64) -> Result<(), StoreError> {
        // A lease of an earlier session is lost already. Meanwhile, somebody may have taken it anew.
        let Some(session) = self.session.as_mut().filter(|it| it.number == number) else {
            return Ok(());
        };
        session.held.remove(&key);
        sqlx::query(RELEASE).bind(key).execute(&mut session.connection).await?;
        Ok(())
    }

    async fn show_life(&mut self) -> Result<(), StoreError> {
        if let Some(session) = &mut self.session {
            sqlx::query("SELECT 1").execute(&mut session.connection).await?;
        }
        Ok(())
    }
}

/// Waits until PostgreSQL ends the session.
async fn end_of(session: &mut Option<Session>) {
    match session {
        // Nobody sends notifications to this connection.
        Some(session) => while let Ok(Some(_)) = session.connection.try_recv().await {},
        None => std::future::pending().await,
    }
}

impl Session {
    async fn open(options: &PgConnectOptions, number: u64) -> Result<Self, StoreError> {
        let mut connection = own_connection::listener(options.clone()).await?;
        let timeout = SILENCE_TIMEOUT.as_millis().to_string();
        sqlx::query(SET_SILENCE_TIMEOUT).bind(timeout).execute(&mut connection).await?;
        let lost = CancellationToken::new();
        Ok(Self {
            number,
            connection,
            held: HashSet::new(),
            lost: lost.clone(),
            _lost_when_dropped: lost.drop_guard(),
        })
    }
}

/// Returns the key of the advisory lock for a piece of work.
fn key(work: &str, of: &dyn Display) -> i64 {
    let mut name = format!("tallyroom\n{work}\n");
    // Writing to a String cannot fail.
    let _ = write!(name, "{of}");
    let digest = Sha256::digest(name);
    digest.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

impl Store {
    /// Returns a lease for work that one process does at a time. Returns `None` if another one does it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lease_of(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        Ok(self.lease("alone", vec![name], 1).await?.pop().map(|(_, lease)| lease))
    }

    /// Returns leases for the first of these candidates for which nobody has one, at most `at_most`.
    /// Leases of different kinds of `work` have nothing to do with each other.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lease<T: Display>(
        &self,
        work: &str,
        candidates: Vec<T>,
        at_most: usize,
    ) -> Result<Vec<(T, Lease)>, StoreError> {
        if candidates.is_empty() || at_most == 0 {
            return Ok(Vec::new());
        }
        let candidates: Vec<(i64, T)> =
            candidates.into_iter().map(|it| (key(work, &it), it)).collect();
        let keys = candidates.iter().map(|(key, _)| *key).collect();
        let leases = self.leases.take(keys, at_most).await?;
        let mut leases: HashMap<i64, Lease> = leases.into_iter().map(|it| (it.key, it)).collect();
        let leased = |(key, candidate)| Some((candidate, leases.remove(&key)?));
        Ok(candidates.into_iter().filter_map(leased).collect())
    }

    /// Does `work` while no other process does work of this name, again and again until `stop`. It
    /// waits for its turn. When `work` ends or loses its lease, others may have their turn first.
    pub async fn alone<W: Future<Output = ()>>(
        &self,
        name: &str,
        stop: &CancellationToken,
        mut work: impl FnMut() -> W,
    ) {
        let mut failures = Failures::default();
        while !stop.is_cancelled() {
            let mut pause = RETRY_INTERVAL;
            match self.lease_of(name).await {
                Ok(Some(lease)) if !stop.is_cancelled() => {
                    failures.reset();
                    tracing::debug!(name, "this process does this work now");
                    lease.hold(work()).await;
                    pause = PAUSE_AFTER_TURN;
                }
                Ok(_) => failures.reset(),
                Err(error) if failures.should_log(error.to_string()) => {
                    tracing::error!(%error, name, "cannot begin this work; retrying");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_different_work_differ_and_stay_as_they_are() {
        // Processes of different versions serve one database side by side.
        assert_eq!(key("room", &"01J"), -4_117_579_842_113_112_258);
        assert_ne!(key("room", &"01J"), key("file", &"01J"));
    }
}
