//! Measures how long the slowest of fifty transactions between people of our own homeserver waits for
//! its room, while ten contacts are on a server that accepts connections and never answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Database, Person, World, sample};

/// The number of transactions between local people.
const LOCAL: usize = 50;
/// The number of contacts on the silent server.
const FAR: usize = 10;
/// How long the homeserver tries to reach the silent server before the local transactions begin.
const HEAD_START: Duration = Duration::from_secs(3);
/// The limit until all local rooms are finished.
const ROOMS_TIMEOUT: Duration = Duration::from_secs(900);

/// Returns whether the local rooms took at most twice as long as without the far server, plus one
/// second.
pub async fn run(database: Database) -> bool {
    let server = silent_server().await;
    let plan = World::with().federates_with(&server).config("log", json!({ "level": "warn" }));
    let world = plan.start(database).await;
    let people = [world.person("buyer").await, world.person("seller").await];
    let without = slowest(&world, "alone", &people).await;
    for number in 0..FAR {
        let far = format!("@contact{number}:{server}");
        world.shop.create(&sample(&format!("far {number}"), &far, &people[1].id)).await;
    }
    tokio::time::sleep(HEAD_START).await;
    let with = slowest(&world, "beside", &people).await;
    println!(
        "{database:?}: the slowest of {LOCAL} local rooms was finished after {:.1} s; beside {FAR} \
         contacts on a server that says nothing, after {:.1} s",
        without.as_secs_f64(),
        with.as_secs_f64(),
    );
    with <= without * 2 + Duration::from_secs(1)
}

/// Starts a server that accepts and keeps every connection and never answers. Returns its name.
async fn silent_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    server
}

/// Submits local transactions. Returns how long the slowest of them took until its room was finished.
async fn slowest(world: &World, name: &str, [buyer, seller]: &[Person; 2]) -> Duration {
    let mut waiting = BTreeMap::new();
    for number in 0..LOCAL {
        let order = sample(&format!("{name} {number}"), &buyer.id, &seller.id);
        waiting.insert(world.shop.create(&order).await, Instant::now());
    }
    let mut slowest = Duration::ZERO;
    let started = Instant::now();
    while !waiting.is_empty() {
        if started.elapsed() > ROOMS_TIMEOUT {
            println!("{} of {LOCAL} local rooms are not finished", waiting.len());
            return started.elapsed();
        }
        let (status, page) = world.shop.get("/api/v1/transactions?limit=100").await;
        assert_eq!(status, 200, "{page}");
        for transaction in page["transactions"].as_array().unwrap() {
            if transaction["room"]["state"] == "ready"
                && let Some(submitted) = waiting.remove(transaction["id"].as_str().unwrap())
            {
                slowest = slowest.max(submitted.elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    slowest
}
