//! The one connection that writes to SQLite, and the queue for it.
//!
//! SQLite itself lets writers poll for its lock, and whoever polls at the right moment gets it. So a
//! push could wait for a long time although each of the others writes only for a moment. Here the
//! writers of this process stand in a queue, and pushes go first.
//!
//! Whoever has the turn has the connection, too. A pool of connections would have one more queue behind this one, and a
//! connection would come back to it only when the thread that wrote with it has nothing else to do.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};

use super::{ACQUIRE_TIMEOUT, SETTINGS_OF_SQLITE, StoreError};

/// The greatest number of writers that wait for their turn. Further ones are refused at once.
const MAX_WAITING: usize = 4_096;
/// The size of the page cache of the connection, in KiB. It is the only one whose cache outlives a commit, and by
/// default it would be 2 MiB, less than the pages of its indexes.
const CACHE_KIB: u32 = 16 * 1024;

/// The length of the write-ahead log, in pages, at which a commit copies it, and everybody waits: 256 MiB. It is only reached if
/// nobody calls [`Store::shorten_log_forever`](super::Store::shorten_log_forever), as in a long command. A second of fast writing
/// makes a log of some ten thousand pages.
const LONGEST_LOG_PAGES: i64 = 65_536;

/// Who gets the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// The homeserver waits for the answer, and sends nothing else meanwhile.
    Push,
    /// Everybody else.
    Other,
}

/// The connection and its queue. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Writers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: AnyConnectOptions,
    /// What makes the things that belong to the connection.
    prepare: &'static str,
    queue: Mutex<Queue>,
    /// None: it has to be opened. Only whoever has the turn locks it.
    connection: Arc<AsyncMutex<Option<AnyConnection>>>,
}

#[derive(Debug, Default)]
struct Queue {
    is_taken: bool,
    pushes: VecDeque<oneshot::Sender<Place>>,
    others: VecDeque<oneshot::Sender<Place>>,
    /// The number of turns so far.
    turns: u64,
    connection: Condition,
}

/// The condition of the connection, for the next one who has the turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Condition {
    #[default]
    Ready,
    /// A tx has begun, and was not committed.
    InTx,
    /// It has to be opened again.
    Broken,
    /// Nobody gets it any more.
    Closed,
}

/// The turn to write, with the connection. It ends when it is dropped. A tx that is open then is rolled back.
#[derive(Debug)]
pub(super) struct Turn {
    // The order of the fields matters: the connection is free before somebody else has the turn.
    connection: OwnedMappedMutexGuard<Option<AnyConnection>, AnyConnection>,
    place: Place,
}

/// The first place in the queue, until it is dropped.
#[derive(Debug)]
struct Place(Option<Writers>);

impl Writers {
    /// Returns the queue for a connection that is opened when it is needed, and executes `prepare` then.
    pub(super) fn new(options: AnyConnectOptions, prepare: &'static str) -> Self {
        let (queue, connection) = (Mutex::default(), Arc::default());
        Self(Arc::new(Shared { options, prepare, queue, connection }))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// If too many writers wait, if the turn does not come within `timeout`, or if the database cannot be opened.
    pub(super) async fn turn(&self, rank: Rank, timeout: Duration) -> Result<Turn, StoreError> {
        let place = self.place(rank, timeout).await?;
        let mut connection = Arc::clone(&self.0.connection).lock_owned().await;
        let is_usable = match (self.condition(), &mut *connection) {
            (Condition::Closed, _) => return Err(StoreError::PoolClosed),
            (Condition::Broken, _) | (_, None) => false,
            (Condition::Ready, Some(_)) => true,
            // This is an error if SQLite has rolled back by itself, as it does on a full disk.
            (Condition::InTx, Some(open)) => open.execute("ROLLBACK").await.is_ok(),
        };
        if !is_usable {
            *connection = None;
            *connection = Some(self.open().await?);
        }
        self.set_condition(Condition::Ready);
        let connection = OwnedMutexGuard::try_map(connection, Option::as_mut);
        let connection = connection.map_err(|_| StoreError::PoolClosed)?;
        Ok(Turn { connection, place })
    }

    /// Opens a connection with the settings of one that writes, and nothing that belongs to it.
    pub(super) async fn open_bare(&self) -> Result<AnyConnection, StoreError> {
        let mut connection = AnyConnection::connect_with(&self.0.options).await?;
        connection.execute(SETTINGS_OF_SQLITE).await?;
        let settings = format!(
            "PRAGMA wal_autocheckpoint = {LONGEST_LOG_PAGES}; PRAGMA cache_size = -{CACHE_KIB}; \
             PRAGMA temp_store = MEMORY"
        );
        connection.execute(AssertSqlSafe(settings)).await?;
        Ok(connection)
    }

    async fn open(&self) -> Result<AnyConnection, StoreError> {
        let mut connection = self.open_bare().await?;
        connection.execute(self.0.prepare).await?;
        Ok(connection)
    }

    /// Waits for whoever writes, and closes the connection. Nobody gets a turn any more.
    pub(super) async fn close(&self) {
        let Ok(_place) = self.place(Rank::Push, ACQUIRE_TIMEOUT).await else { return };
        let connection = self.0.connection.lock().await.take();
        self.set_condition(Condition::Closed);
        if let Some(connection) = connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "cannot close the database");
        }
    }

    /// Returns the number of turns so far.
    pub(super) fn turns(&self) -> u64 {
        self.queue().turns
    }

    async fn place(&self, rank: Rank, timeout: Duration) -> Result<Place, StoreError> {
        let waiting = {
            let mut queue = self.queue();
            if !queue.is_taken {
                queue.take();
                return Ok(Place(Some(self.clone())));
            }
            if queue.waiting() >= MAX_WAITING {
                queue.forget_those_who_left();
                if queue.waiting() >= MAX_WAITING {
                    return Err(StoreError::PoolTimedOut);
                }
            }
            let (sender, receiver) = oneshot::channel();
            match rank {
                Rank::Push => queue.pushes.push_back(sender),
                Rank::Other => queue.others.push_back(sender),
            }
            receiver
        };
        match tokio::time::timeout(timeout, waiting).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(StoreError::PoolTimedOut),
        }
    }

    /// Gives the turn to the next writer who still waits for it.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut queue = self.queue();
                queue.is_taken = false;
                let next = queue.pushes.pop_front().or_else(|| queue.others.pop_front());
                let Some(next) = next else { break };
                queue.take();
                next
            };
            match next.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                // This writer no longer waits. Its place must not pass itself on while it is dropped
                // here, or a long queue of such writers would overflow the stack.
                Err(mut unwanted) => unwanted.0 = None,
            }
        }
        // Nobody waits who would roll back an open tx, and other programs cannot write meanwhile.
        if self.condition() == Condition::InTx
            && let Ok(runtime) = Handle::try_current()
        {
            let writers = self.clone();
            runtime.spawn(async move { drop(writers.turn(Rank::Push, ACQUIRE_TIMEOUT).await) });
        }
    }

    fn condition(&self) -> Condition {
        self.queue().connection
    }

    fn set_condition(&self, condition: Condition) {
        self.queue().connection = condition;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Begins a tx. The write lock is taken at once, because a read lock cannot always be upgraded later.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.set_condition(Condition::InTx);
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut **self).await;
        self.note(&begun);
        begun.map(drop)
    }

    /// Commits the tx.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        sqlx::query("COMMIT").execute(&mut **self).await?;
        self.set_condition(Condition::Ready);
        Ok(())
    }

    /// Notes that the connection has to be opened again if this is an error of the connection and not of a statement.
    pub(super) fn note<T>(&self, result: &Result<T, StoreError>) {
        if matches!(result, Err(error) if !matches!(error, StoreError::Database(_))) {
            self.set_condition(Condition::Broken);
        }
    }

    fn set_condition(&self, condition: Condition) {
        if let Some(writers) = &self.place.0 {
            writers.set_condition(condition);
        }
    }
}

impl Deref for Turn {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.pushes.len() + self.others.len()
    }

    fn forget_those_who_left(&mut self) {
        for waiting in [&mut self.pushes, &mut self.others] {
            waiting.retain(|writer| !writer.is_closed());
        }
    }

    fn take(&mut self) {
        self.is_taken = true;
        self.turns += 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(writers) = self.0.take() {
            writers.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Returns a queue for a new database in memory.
    fn writers() -> Writers {
        sqlx::any::install_default_drivers();
        Writers::new("sqlite::memory:".parse().unwrap(), "")
    }

    #[tokio::test]
    async fn pushes_go_first_and_the_others_in_their_order() {
        let writers = writers();
        let first = writers.turn(Rank::Other, LONG).await.unwrap();
        let mut waiting: Vec<_> = [Rank::Other, Rank::Other, Rank::Push, Rank::Push]
            .map(|rank| Box::pin(writers.turn(rank, LONG)))
            .into();
        for writer in &mut waiting {
            assert!(writer.as_mut().now_or_never().is_none());
        }
        drop(first);
        for next in [2, 3, 0, 1] {
            let mut has_turn = Vec::new();
            for (number, writer) in waiting.iter_mut().enumerate() {
                // A future that has returned must not be polled again.
                if number == next {
                    has_turn.push(writer.as_mut().now_or_never().unwrap().unwrap());
                }
            }
            assert_eq!(has_turn.len(), 1);
        }
        assert_eq!(writers.turns(), 5);
    }

    #[tokio::test]
    async fn whoever_has_given_up_is_passed_over() {
        let writers = writers();
        let first = writers.turn(Rank::Push, LONG).await.unwrap();
        for _ in 0..MAX_WAITING {
            let mut gives_up = Box::pin(writers.turn(Rank::Other, LONG));
            assert!(gives_up.as_mut().now_or_never().is_none());
        }
        let mut patient = Box::pin(writers.turn(Rank::Other, LONG));
        assert!(patient.as_mut().now_or_never().is_none());
        drop(first);
        patient.await.unwrap();
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_an_error() {
        let writers = writers();
        let first = writers.turn(Rank::Push, LONG).await.unwrap();
        let error = writers.turn(Rank::Other, Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::PoolTimedOut));
        drop(first);
        writers.turn(Rank::Other, LONG).await.unwrap();
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let writers = writers();
        let _first = writers.turn(Rank::Push, LONG).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            let mut writer = Box::pin(writers.turn(Rank::Other, LONG));
            assert!(writer.as_mut().now_or_never().is_none());
            waiting.push(writer);
        }
        assert!(writers.turn(Rank::Push, LONG).await.is_err());
    }

    /// Returns a queue for a new database with a table, and a way to look into it from outside.
    async fn with_table(folder: &std::path::Path) -> (Writers, AnyConnection) {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}?mode=rwc", folder.join("test.db").display());
        let writers = Writers::new(url.parse().unwrap(), "CREATE TEMP VIEW one AS SELECT 1");
        let mut outside = writers.open_bare().await.unwrap();
        outside.execute("CREATE TABLE numbers (number INTEGER)").await.unwrap();
        (writers, outside)
    }

    async fn insert(turn: &mut Turn, number: i64) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO numbers VALUES ($1)").bind(number);
        insert.execute(&mut **turn).await.map(drop)
    }

    async fn numbers(outside: &mut AnyConnection) -> Vec<i64> {
        let numbers = "SELECT number FROM numbers ORDER BY rowid";
        sqlx::query_scalar(numbers).fetch_all(outside).await.unwrap()
    }

    #[tokio::test]
    async fn a_tx_that_is_left_is_rolled_back_although_nobody_else_writes() {
        let folder = tempfile::tempdir().unwrap();
        let (writers, mut outside) = with_table(folder.path()).await;
        let mut left = writers.turn(Rank::Other, LONG).await.unwrap();
        left.begin().await.unwrap();
        insert(&mut left, 1).await.unwrap();
        drop(left);
        // Another program waits for the lock (`busy_timeout`).
        outside.execute("INSERT INTO numbers VALUES (2)").await.unwrap();
        let mut next = writers.turn(Rank::Other, LONG).await.unwrap();
        insert(&mut next, 3).await.unwrap();
        assert_eq!(numbers(&mut outside).await, [2, 3]);
    }

    #[tokio::test]
    async fn a_tx_that_nobody_waits_for_any_more_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (writers, mut outside) = with_table(folder.path()).await;
        let mut outcomes = [0, 0];
        for polls in 0..40 {
            let before = numbers(&mut outside).await.len();
            {
                let mut left = std::pin::pin!(async {
                    let mut turn = writers.turn(Rank::Other, LONG).await.unwrap();
                    turn.begin().await.unwrap();
                    insert(&mut turn, polls).await.unwrap();
                    insert(&mut turn, polls).await.unwrap();
                    turn.commit().await.unwrap();
                });
                for _ in 0..polls {
                    if left.as_mut().now_or_never().is_some() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            let mut next = writers.turn(Rank::Other, LONG).await.unwrap();
            next.begin().await.unwrap();
            insert(&mut next, -1).await.unwrap();
            next.commit().await.unwrap();
            let written = numbers(&mut outside).await.len() - before - 1;
            assert!([0, 2].contains(&written), "{written}");
            outcomes[written / 2] += 1;
        }
        assert!(outcomes.iter().all(|times| *times > 0), "{outcomes:?}");
    }

    #[tokio::test]
    async fn a_broken_connection_is_opened_again_and_a_closed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (writers, mut outside) = with_table(folder.path()).await;
        let mut turn = writers.turn(Rank::Other, LONG).await.unwrap();
        turn.begin().await.unwrap();
        insert(&mut turn, 1).await.unwrap();
        turn.note::<()>(&Err(StoreError::WorkerCrashed));
        drop(turn);
        let mut turn = writers.turn(Rank::Other, LONG).await.unwrap();
        turn.begin().await.unwrap();
        insert(&mut turn, 2).await.unwrap();
        turn.commit().await.unwrap();
        turn.note::<()>(&Err(StoreError::RowNotFound));
        drop(turn);
        writers.close().await;
        assert!(matches!(writers.turn(Rank::Push, LONG).await, Err(StoreError::PoolClosed)));
        assert_eq!(numbers(&mut outside).await, [2]);
    }
}
