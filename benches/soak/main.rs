//! Long runs against real faults: `scripts/soak`. Each prints one line, and fails if a promise was
//! broken.
//!
//! kills DATABASE [KILLS]       the service is killed again and again while people write, behind a
//!                              proxy that lies
//! full-disk DATABASE FOLDER    the database's disk, mounted at FOLDER, is full twice while people write
//! silent-server DATABASE       ten contacts on a server that accepts connections and says nothing,
//!                              beside local transactions
//! crowd DATABASE [OPEN]        10,000 half-open connections and 1,000 pages of one link, of which so
//!                              many find a place, beside pushes

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
mod silent_server;
#[path = "../../tests/black_box/support/mod.rs"]
mod support;

use std::process::ExitCode;

use support::Database;

/// Kills, unless another number is given.
const KILLS: usize = 1_000;

#[tokio::main]
async fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; `cargo test --benches` must not start a long run.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let kept = match words.as_slice() {
        ["kills", on, "--bench"] => kills::run(database(on), KILLS).await,
        ["kills", on, kills, "--bench"] => kills::run(database(on), number(kills)).await,
        ["full-disk", on, disk, "--bench"] => full_disk::run(database(on), disk.as_ref()).await,
        ["silent-server", on, "--bench"] => silent_server::run(database(on)).await,
        ["crowd", on, "--bench"] => crowd::run(database(on), None).await,
        ["crowd", on, open, "--bench"] => crowd::run(database(on), Some(number(open))).await,
        _ => true,
    };
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn database(name: &str) -> Database {
    match name {
        "sqlite" => Database::Sqlite,
        "postgres" => Database::Postgres,
        _ => panic!("{name} is no database: sqlite or postgres"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}
