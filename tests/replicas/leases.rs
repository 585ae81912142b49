//! A piece of work is done by one process at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tallyroom::store::{Lease, Store};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::bench::{self, Bench};
use super::frozen::Network;

/// How long a test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the names of the leases that this process gets.
async fn lease(store: &Store, names: &[&'static str]) -> Vec<(&'static str, Lease)> {
    store.lease("work", names.to_vec(), usize::MAX).await.unwrap()
}

fn names(leases: &[(&'static str, Lease)]) -> Vec<&'static str> {
    leases.iter().map(|(name, _)| *name).collect()
}

/// Waits until this process gets a lease.
async fn lease_when_free(store: &Store, name: &'static str) -> Lease {
    let waiting = async {
        loop {
            if let Some((_, lease)) = lease(store, &[name]).await.pop() {
                return lease;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the lease is never free")
}

/// Ends the connections of all processes that hold leases, as a restart of PostgreSQL does.
async fn end_sessions(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'tallyroom leases'";
    let ended: Vec<bool> =
        sqlx::query_scalar(AssertSqlSafe(end)).fetch_all(&mut connection).await.unwrap();
    assert!(!ended.is_empty());
}

#[test]
fn two_processes_never_have_the_same_lease() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await.store, Bench::open(&url).await.store);
        let first = lease(&one, &["a", "b"]).await;
        assert_eq!(names(&first), ["a", "b"]);
        assert_eq!(names(&lease(&one, &["a", "b"]).await), [""; 0], "nor does one twice");
        let second = lease(&two, &["a", "b", "c"]).await;
        assert_eq!(names(&second), ["c"]);
        let other = two.lease("other work", vec!["a"], 1).await.unwrap();
        assert_eq!(names(&other), ["a"]);
        drop(first);
        lease_when_free(&two, "a").await;
        let most = two.lease("work", vec!["c", "d", "e", "f"], 2).await.unwrap();
        assert_eq!(names(&most), ["d", "e"], "those that nobody has, and no more than asked for");
    });
}

#[test]
fn on_sqlite_one_task_has_a_lease_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    Runtime::new().unwrap().block_on(async {
        let store = Bench::open(&bench::sqlite(folder.path())).await.store;
        let first = lease(&store, &["a", "b"]).await;
        assert_eq!(names(&lease(&store, &["b", "c"]).await), ["c"]);
        drop(first);
        assert_eq!(names(&lease(&store, &["b", "c"]).await), ["b", "c"]);
    });
}

#[test]
fn when_the_connection_ends_the_work_stops_and_others_do_it() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await.store, Bench::open(&url).await.store);
        let lost = lease(&one, &["a"]).await.pop().unwrap().1;
        end_sessions(&url).await;
        let held = tokio::time::timeout(PATIENCE, lost.hold(std::future::pending::<()>())).await;
        assert_eq!(held.expect("the process does not notice that it lost its lease"), None);
        let taken = lease_when_free(&two, "a").await;
        assert_eq!(names(&lease(&one, &["a", "b"]).await), ["b"]);
        drop(taken);
        // A lease of an earlier connection that is given back takes nothing from the new one.
        let _again = lease_when_free(&one, "a").await;
        drop(lost);
        assert_eq!(names(&lease(&one, &["b"]).await), ["b"], "this is answered after that");
        assert_eq!(names(&lease(&two, &["a"]).await), [""; 0]);
    });
}

#[test]
fn a_process_without_network_stops_before_others_do_its_work() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let server = url::Url::parse(&url).unwrap();
        let host = server.host_str().unwrap();
        let network = Network::to(format!("{host}:{}", server.port().unwrap())).await;
        let mut through = server.clone();
        through.set_ip_host(network.address.ip()).unwrap();
        through.set_port(Some(network.address.port())).unwrap();
        let (one, two) = (Bench::open(through.as_str()).await.store, Bench::open(&url).await.store);
        let held = lease(&one, &["a"]).await.pop().unwrap().1;
        network.freeze();
        let working = async {
            held.hold(std::future::pending::<()>()).await;
            std::time::Instant::now()
        };
        let waiting = async {
            let _taken = lease_when_free(&two, "a").await;
            std::time::Instant::now()
        };
        let (stopped, taken) = tokio::join!(working, waiting);
        assert!(stopped < taken);
    });
}

#[test]
fn work_that_only_one_process_may_do_moves_to_another_when_it_ends() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (stop, end) = (CancellationToken::new(), Arc::new(Notify::new()));
        let working = Arc::new(AtomicUsize::new(0));
        let (sender, mut begun) = mpsc::unbounded_channel();
        let mut processes = Vec::new();
        for number in 0..3 {
            let store = Bench::open(&url).await.store;
            let (stop, end) = (stop.clone(), Arc::clone(&end));
            let (working, sender) = (Arc::clone(&working), sender.clone());
            processes.push(tokio::spawn(async move {
                let work = || async {
                    assert_eq!(working.fetch_add(1, Ordering::SeqCst), 0, "two work at once");
                    sender.send(number).unwrap();
                    tokio::select! {
                        () = end.notified() => {}
                        () = stop.cancelled() => {}
                    }
                    working.fetch_sub(1, Ordering::SeqCst);
                };
                store.alone("the work", &stop, work).await;
            }));
        }
        let mut next = async || {
            let begun = tokio::time::timeout(PATIENCE, begun.recv()).await;
            begun.expect("nobody goes on").unwrap()
        };
        let first = next().await;
        end.notify_one();
        let second = next().await;
        assert_ne!(first, second, "whoever ends lets others go first");
        // Work that loses its lease does not end, but is dropped.
        working.store(0, Ordering::SeqCst);
        end_sessions(&url).await;
        next().await;
        stop.cancel();
        for process in processes {
            process.await.unwrap();
        }
    });
}

#[test]
fn the_locks_of_a_process_that_hangs_in_a_tx_do_not_last() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await, Bench::open(&url).await);
        one.transaction().await;
        let lock = "SELECT 1 FROM transactions FOR UPDATE";
        let mut hanging = one.store.begin().await.unwrap();
        sqlx::query(lock).fetch_one(&mut *hanging).await.unwrap();
        let mut waiting = two.store.begin().await.unwrap();
        let locking = sqlx::query(lock).fetch_one(&mut *waiting);
        let locked = tokio::time::timeout(PATIENCE, locking).await;
        locked.expect("the lock is never released").unwrap();
        assert!(hanging.commit().await.is_err());
    });
}
