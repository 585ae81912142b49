//! The common parts of tests and benchmarks: a world with a homeserver, a database, the service, and
//! people in it.

#![allow(dead_code, reason = "tests and benchmarks each use a part of it")]

pub mod balancer;
pub mod browser;
pub mod bucket;
pub mod contract;
pub mod database;
pub mod entering;
pub mod lies;
pub mod mailbox;
pub mod person;
pub mod postfix;
pub mod process;
pub mod proxy;
pub mod receiver;
pub mod shop;
pub mod synapse;
pub mod world;

pub use browser::{Browser, Visitor};
pub use database::Database;
pub use entering::Entered;
pub use lies::{LIES, Lie};
pub use person::Person;
pub use proxy::{Fault, When};
pub use shop::{Shop, sample};
pub use world::World;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Between two questions of [`eventually`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Asks again and again until there is an answer; fails with `what` after `within`. Often at first, then
/// less: whoever is asked works for each question, and tests that wait would take the processor from
/// those that do something.
pub async fn eventually<T, F>(what: &str, within: Duration, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 5 / 4).min(LONGEST_PAUSE);
    }
}

/// A port on loopback that nobody listens on, given out once. Not one that the system gives out by
/// itself: some connection could take it before it is listened on.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = rand::random_range(10_000..32_000);
        let is_new = GIVEN.lock().unwrap().insert(port);
        if is_new && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Where the scripts put what they install.
pub fn tools() -> PathBuf {
    let tools = std::env::var_os("TALLYROOM_TOOLS").map(PathBuf::from);
    tools.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"))
}

/// Makes of one test two: on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($database: $crate::support::Database) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                story($crate::support::Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                story($crate::support::Database::Postgres).await;
            }
        }
    )*};
}
