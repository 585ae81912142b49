//! Measures the record: `cargo bench --bench record`. There is an export of 10,000 entries with 200
//! files, and the reading of events that the bot did not see: 2,000 events, or the number in the
//! variable `EVENTS` (a homeserver needs a quarter of an hour to accept 50,000). `scripts/synapse
//! install` must have run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should stop"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "shared with the tests"
)]

#[path = "../tests/black_box/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use support::world::Deal;
use support::{Database, World, eventually};

/// The number of entries in the exported record.
const ENTRIES: usize = 10_000;
/// The number of files in it.
const FILES: usize = 200;
/// The size of each file, in bytes.
const FILE_BYTES: usize = 500_000;
/// The number of parallel calls that send the messages that the bot does not see.
const PARALLEL: usize = 8;

#[tokio::main]
async fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` must not start a benchmark.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for database in [Database::Sqlite, Database::Postgres] {
        if database == Database::Postgres && std::env::var("TALLYROOM_TEST_POSTGRES").is_err() {
            println!("PostgreSQL left out: TALLYROOM_TEST_POSTGRES is not set");
            continue;
        }
        println!("{database:?}");
        export(database).await;
    }
    unseen().await;
}

async fn quiet(database: Database) -> World {
    World::with().config("log", json!({ "level": "warn" })).start(database).await
}

async fn export(database: Database) {
    let world = quiet(database).await;
    let deal = world.deal().await;
    let files: Vec<Value> = stream::iter(0..FILES)
        .map(|number| {
            let deal = &deal;
            async move {
                // Random bytes cannot be compressed, and each file is different.
                let bytes: Vec<u8> = {
                    use rand::rngs::SmallRng;
                    use rand::{Rng, SeedableRng};
                    let mut bytes = vec![0; FILE_BYTES];
                    SmallRng::seed_from_u64(number as u64).fill_bytes(&mut bytes);
                    bytes
                };
                let mxc = deal.buyer.upload("a.bin", "application/octet-stream", bytes).await;
                json!({ "msgtype": "m.file", "body": format!("file {number}.bin"), "url": mxc })
            }
        })
        .buffered(4)
        .collect()
        .await;
    let started = Instant::now();
    let every = ENTRIES / FILES;
    for first in (0..ENTRIES).step_by(100) {
        let event = |number: usize| {
            let content = match number % every {
                0 => files[number / every].clone(),
                _ => {
                    json!({ "msgtype": "m.text", "body": format!("line {number}: {}", "word ".repeat(20)) })
                }
            };
            json!({ "type": "m.room.message", "room_id": deal.room, "sender": deal.buyer.id,
                "event_id": format!("$bench{number}"), "content": content,
                "origin_server_ts": 1_764_000_000_000_i64 + number as i64 })
        };
        let events: Vec<Value> = (first..first + 100).map(event).collect();
        let push = json!({ "events": events }).to_string();
        assert_eq!(world.push(&format!("bench{first}"), push).await.0, 200);
    }
    world
        .shop
        .entry_within(&deal.id, &format!("$bench{}", ENTRIES - 1), Duration::from_secs(300))
        .await;
    println!("  {ENTRIES} entries recorded in {:.1} s", started.elapsed().as_secs_f64());
    eventually("all files", Duration::from_secs(300), || async {
        let stored =
            world.sql_text("SELECT CAST(COUNT(*) AS TEXT) FROM files WHERE state = 'stored'").await;
        (stored == Some(FILES.to_string())).then_some(())
    })
    .await;

    let started = Instant::now();
    let read = world.shop.entries(&deal.id).await.len();
    let by_page = started.elapsed().as_secs_f64();
    println!("  reading {read} entries over the API, by pages of 500: {by_page:.2} s");
    let before = memory(&world, "VmRSS");
    std::fs::write(format!("/proc/{}/clear_refs", world.tallyroom().id()), "5").unwrap();
    let started = Instant::now();
    let path = format!("/api/v1/transactions/{}/export", deal.id);
    let mut answer = world.shop.request(Method::GET, &path).send().await.unwrap();
    let mut bytes = 0;
    while let Some(piece) = answer.chunk().await.unwrap() {
        bytes += piece.len();
    }
    let took = started.elapsed().as_secs_f64();
    let peak = memory(&world, "VmHWM");
    println!(
        "  export with {FILES} files: {took:.2} s ({:.2} times the reading by pages), {:.0} MB",
        took / by_page,
        bytes as f64 / 1e6
    );
    println!("  memory: {before:.0} MB before, {peak:.0} MB at the peak");
}

/// Measures the reading of events that were sent while the bot did not run and the homeserver did not
/// push.
async fn unseen() {
    let events: usize = std::env::var("EVENTS").map_or(2_000, |it| it.parse().unwrap());
    let mut world = quiet(Database::Sqlite).await;
    let deal = world.deal().await;
    delete_alias(&world, &deal).await;
    world.terminate_tallyroom().await;
    let started = Instant::now();
    let people = [&deal.buyer, &deal.seller];
    stream::iter(0..events)
        .for_each_concurrent(PARALLEL, |number| {
            let person = people[number % 2];
            let room = &deal.room;
            async move {
                person.say(room, &format!("unseen {number}")).await;
            }
        })
        .await;
    let told = started.elapsed().as_secs_f64();
    let last = deal.buyer.say(&deal.room, "the last one").await;
    let started = Instant::now();
    world.start_tallyroom().await;
    world.shop.entry_within(&deal.id, &last, Duration::from_secs(60)).await;
    println!(
        "the newest of {events} unseen events: after {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let all = events + 1;
    eventually("all of them", Duration::from_secs(1_800), || async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let sql = "SELECT CAST(COUNT(*) AS TEXT) FROM entries WHERE party IN ('buyer', 'seller') \
                   AND kind = 'text'";
        (world.sql_text(sql).await == Some(all.to_string())).then_some(())
    })
    .await;
    let took = started.elapsed().as_secs_f64();
    println!(
        "all of them: after {took:.1} s, {:.0}/s; the homeserver took {told:.0} s to be told \
         ({:.1} times as long)",
        events as f64 / took,
        told / took
    );
    println!("memory at the peak: {:.0} MB", memory(&world, "VmHWM"));
    let (status, said, error) = world.run(&["verify"]);
    assert!(status.success(), "{said}{error}");
}

/// Deletes the alias of the room. Without it, the homeserver does not push the events of others.
async fn delete_alias(world: &World, deal: &Deal) {
    let transaction = world.shop.transaction(&deal.id).await;
    let alias = transaction["room"]["alias"].as_str().unwrap();
    let alias: String = form_urlencoded::byte_serialize(alias.as_bytes()).collect();
    let config: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    let base = config["homeserver"]["url"].as_str().unwrap();
    let url = format!("{base}/_matrix/client/v3/directory/room/{alias}?user_id={}", world.bot());
    let request = reqwest::Client::new().delete(url).bearer_auth(world.token("as_token"));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// A value of the service's memory from `/proc`, in MB.
fn memory(world: &World, name: &str) -> f64 {
    let file = format!("/proc/{}/status", world.tallyroom().id());
    let status = std::fs::read_to_string(file).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1_024.0
}
