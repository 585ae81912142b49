//! Long runs with real faults, started by `scripts/soak`. Each run prints one line, and fails if the
//! service did not behave as promised.
//!
//! kills DATABASE [KILLS]       The service is killed many times while people write. A proxy before
//!                              the homeserver falsifies some answers.
//! replicas postgres [MINUTES]  Three processes behind a load balancer serve one PostgreSQL. One of them
//!                              is killed every few seconds while people write.
//! upgrade postgres OLD [SECONDS]  Three processes of the program OLD are replaced by this version, one after the
//!                              other, with SECONDS in which both versions work.
//! full-disk DATABASE FOLDER    The disk of the database, mounted at FOLDER, becomes full twice while
//!                              people write.
//! silent-server DATABASE       Ten contacts are on a server that accepts connections and never
//!                              answers, while local transactions are made.
//! crowd DATABASE [OPEN]        There are 10,000 half-open connections and 1,000 pages of one link, of
//!                              which OPEN are served at a time, while pushes arrive.
//! mails DATABASE [MAILS]       MAILS contacts are told of a message by e-mail, while Postfix and the service are killed in turn.
//! webhooks DATABASE [EVENTS]   A shop makes EVENTS events. Its receiver fails half of the time, and is killed 20
//!                              times, and so is the service.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a run that cannot go on should stop")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "shared with the tests"
)]

mod crowd;
mod full_disk;
mod kills;
mod mails;
mod silent_server;
#[path = "../../tests/black_box/support/mod.rs"]
mod support;
mod upgrade;
mod webhooks;

use std::process::ExitCode;
use std::time::Duration;

use kills::Run;
use support::Database;

/// The default number of kills.
const DEFAULT_KILLS: usize = 1_000;
/// The default number of events for webhooks.
const DEFAULT_EVENTS: usize = 10_000;
/// The default number of mails.
const DEFAULT_MAILS: usize = 1_000;
/// The default time in which two versions work side by side.
const DEFAULT_SIDE_BY_SIDE: Duration = Duration::from_secs(60);
/// The default number of minutes in which one of several processes is killed again and again.
const DEFAULT_MINUTES: usize = 15;

#[tokio::main]
async fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; `cargo test --benches` must not start a long run.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let kept = match words.as_slice() {
        ["kills", on, "--bench"] => {
            kills::run(Run::of_one_process(database(on), DEFAULT_KILLS)).await
        }
        ["kills", on, kills, "--bench"] => {
            kills::run(Run::of_one_process(database(on), number(kills))).await
        }
        ["replicas", "postgres", "--bench"] => {
            kills::run(Run::of_three_processes(DEFAULT_MINUTES)).await
        }
        ["replicas", "postgres", minutes, "--bench"] => {
            kills::run(Run::of_three_processes(number(minutes))).await
        }
        ["upgrade", "postgres", old, "--bench"] => {
            upgrade::run(old.as_ref(), DEFAULT_SIDE_BY_SIDE).await
        }
        ["upgrade", "postgres", old, seconds, "--bench"] => {
            let seconds = u64::try_from(number(seconds)).unwrap();
            upgrade::run(old.as_ref(), Duration::from_secs(seconds)).await
        }
        ["full-disk", on, disk, "--bench"] => full_disk::run(database(on), disk.as_ref()).await,
        ["silent-server", on, "--bench"] => silent_server::run(database(on)).await,
        ["crowd", on, "--bench"] => crowd::run(database(on), None).await,
        ["crowd", on, open, "--bench"] => crowd::run(database(on), Some(number(open))).await,
        ["mails", on, "--bench"] => mails::run(database(on), DEFAULT_MAILS).await,
        ["mails", on, mails, "--bench"] => mails::run(database(on), number(mails)).await,
        ["webhooks", on, "--bench"] => webhooks::run(database(on), DEFAULT_EVENTS).await,
        ["webhooks", on, events, "--bench"] => webhooks::run(database(on), number(events)).await,
        _ => true,
    };
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn database(name: &str) -> Database {
    match name {
        "sqlite" => Database::Sqlite,
        "postgres" => Database::Postgres,
        _ => panic!("{name} is not a database: give sqlite or postgres"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}
