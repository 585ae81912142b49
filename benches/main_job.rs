//! Measures the main work of the service: `cargo bench --bench main_job`.
//!
//! All times are measured in one run on one machine, together with the times of the homeserver alone,
//! because only ratios can be compared between machines. `scripts/synapse install` must have run.

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

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};

use support::{Database, Person, World, eventually, sample};

/// The number of timed messages. As many are sent before them as a warm-up.
const MESSAGES: usize = 200;
/// The number of rooms that are made.
const ROOMS: usize = 60;
/// The number of parallel calls, both of the service (`rooms.parallel`) and of the bare client.
const PARALLEL: usize = 8;

#[tokio::main]
async fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` must not start a benchmark.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let world = World::with()
        .proxy()
        .config("log", json!({ "level": "warn" }))
        .start(Database::Sqlite)
        .await;
    println!("memory, idle after the start: {}", resident(&world));
    requests_per_room(&world).await;
    latency(&world).await;
    provisioning(&world).await;
    println!("memory, idle after {} rooms: {}", ROOMS + 2, resident(&world));
}

async fn requests_per_room(world: &World) {
    world.proxy().forget_calls();
    let id =
        world.shop.create(&sample("counted", "@b:tally.localhost", "@s:tally.localhost")).await;
    world.shop.room(&id).await;
    println!("requests for a new room with two contacts: {}", world.proxy().calls().len());
}

/// Measures the time from a buyer's send to the committed entry, and until the seller's own client
/// receives the same message.
async fn latency(world: &World) {
    let deal = world.deal().await;
    let since = next_batch(&deal.seller, None, 0).await.0;
    let mut token = since;
    let (mut sent, mut synced, mut recorded) = (Vec::new(), Vec::new(), Vec::new());
    let mut after = world.shop.entries(&deal.id).await.len();
    for number in 0..2 * MESSAGES {
        let started = Instant::now();
        let send = async {
            deal.buyer.say(&deal.room, &format!("message {number}")).await;
            started.elapsed()
        };
        let receive = async {
            let (next, _) = next_batch(&deal.seller, Some(&token), 30_000).await;
            (next, started.elapsed())
        };
        let record = async {
            let path = format!("/api/v1/transactions/{}/entries?after={after}", deal.id);
            loop {
                let (_, page) = world.shop.get(&path).await;
                if !page["entries"].as_array().unwrap().is_empty() {
                    return started.elapsed();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let (send, (next, sync), record) = tokio::join!(send, receive, record);
        token = next;
        after += 1;
        if number >= MESSAGES {
            sent.push(send);
            synced.push(sync);
            recorded.push(record);
        }
        // Other events that follow a message (receipts, typing) must not count as the next message.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let line = |what: &str, times: &mut Vec<Duration>| {
        times.sort();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1_000.0;
        println!("{what}: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
        at(50)
    };
    println!("{MESSAGES} messages, one after another:");
    line("  send accepted by the homeserver", &mut sent);
    let theirs = line("  send to the seller's own client by /sync", &mut synced);
    let ours = line("  send to the committed entry, read back by the API", &mut recorded);
    println!("  committed entry / seller's client: {:.2}", ours / theirs);
}

async fn next_batch(person: &Person, since: Option<&str>, timeout: u32) -> (String, Value) {
    let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
    let filter = r#"{"presence":{"types":[]},"room":{"ephemeral":{"types":[]}}}"#;
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let path = format!("/sync?timeout={timeout}&filter={filter}{since}");
    let (_, answer) = person.call(Method::GET, &path, None).await;
    (answer["next_batch"].as_str().unwrap().to_owned(), answer)
}

/// Measures complete rooms, bare createRoom calls, and the same five requests by a client that stores
/// nothing and checks nothing.
async fn provisioning(world: &World) {
    let person = &world.person("bare").await;
    let bare = async || {
        many(async |_| {
            let (status, answer) = person.call(Method::POST, "/createRoom", Some(json!({}))).await;
            assert_eq!(status, 200, "{answer}");
        })
        .await
    };
    let before = bare().await;
    let same = many(async |number| same_five_requests(person, number).await).await;
    let started = Instant::now();
    let ids: Vec<_> = stream::iter(0..ROOMS)
        .map(|number| async move {
            let body =
                sample(&format!("many-{number}"), "@b:tally.localhost", "@s:tally.localhost");
            world.shop.create(&body).await
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let accepted = started.elapsed();
    for id in &ids {
        eventually("a room", Duration::from_secs(120), || async {
            (world.shop.transaction(id).await["room"]["state"] == "ready").then_some(())
        })
        .await;
    }
    let ours = ROOMS as f64 / started.elapsed().as_secs_f64();
    let after = bare().await;
    let bare = f64::midpoint(before, after);
    println!("{ROOMS} rooms, {PARALLEL} in flight:");
    println!("  bare createRoom: {before:.1}/s before, {after:.1}/s after");
    println!("  transactions with finished rooms: {ours:.1}/s (taken in within {accepted:.1?})");
    println!("  finished rooms / bare createRoom: {:.2}", ours / bare);
    println!("  the same five requests by a bare client: {same:.1}/s");
    println!("  finished rooms / the same five requests: {:.2}", ours / same);
}

/// Makes rooms with [`PARALLEL`] calls at a time, and returns the number of rooms per second.
async fn many(make: impl AsyncFn(usize)) -> f64 {
    let started = Instant::now();
    stream::iter(0..ROOMS).for_each_concurrent(PARALLEL, |number| make(number)).await;
    ROOMS as f64 / started.elapsed().as_secs_f64()
}

async fn same_five_requests(person: &Person, number: usize) {
    let state = |event_type: &str, content: Value| json!({ "type": event_type, "state_key": "", "content": content });
    let body = json!({
        "room_alias_name": format!("bare-{number}"), "preset": "private_chat",
        "name": "Invoice", "topic": "EUR 634.50",
        "power_level_content_override": { "state_default": 100, "invite": 100 },
        "initial_state": [
            state("m.room.avatar", json!({ "url": "mxc://x/y" })),
            state("m.room.join_rules", json!({ "join_rule": "invite" })),
            state("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            state("m.room.guest_access", json!({ "guest_access": "forbidden" })),
            state("org.tallyroom.invoice", sample("x", "@b:x", "@s:x")["invoice"].clone()),
        ],
    });
    let (_, answer) = person.call(Method::POST, "/createRoom", Some(body)).await;
    let room = answer["room_id"].as_str().unwrap();
    let summary = person.say(room, &"a summary ".repeat(200)).await;
    let pins = json!({ "pinned": [summary] });
    assert_eq!(person.set_state(room, "m.room.pinned_events", pins).await, 200);
    for user in ["@b:tally.localhost", "@s:tally.localhost"] {
        let path = format!("/rooms/{}/invite", room.replace('!', "%21").replace(':', "%3A"));
        let (status, answer) =
            person.call(Method::POST, &path, Some(json!({ "user_id": user }))).await;
        assert_eq!(status, 200, "{answer}");
    }
}

fn resident(world: &World) -> String {
    let file = format!("/proc/{}/status", world.tallyroom().id());
    let status = std::fs::read_to_string(file).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    format!("{:.1} MB", kilobytes / 1_024.0)
}
