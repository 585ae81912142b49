//! Ten thousand half-open connections and a thousand open pages from one link: how long do pushes
//! take beside them?

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::world::Deal;
use crate::support::{Database, Entered, World};

/// Half-open connections, shared out among the three listeners.
const HALF_OPEN: usize = 10_000;
/// Open pages of one link.
const STREAMS: usize = 1_000;
/// Pushes that are timed, one after the other.
const PUSHES: usize = 300;
/// How long a page that found no place waits: as its script does after some tries.
const COME_AGAIN: Duration = Duration::from_secs(15);
/// How often each half-open connection is opened anew when it was ended: a crowd that stays.
const PAUSE: Duration = Duration::from_secs(10);
/// What is noise on a busy machine.
const NOISE: Duration = Duration::from_millis(2);

/// Whether pushes take at most twice as long, at the 99th percentile.
pub async fn run(database: Database) -> bool {
    let world =
        World::with().page().config("log", json!({ "level": "warn" })).start(database).await;
    let deal = world.deal().await;
    let link = world.shop.link(&deal.id, "buyer", None).await;
    // Once, so that what is made only once is there.
    pushes(&world, &deal, "warm", PUSHES / 10).await;
    let without = pushes(&world, &deal, "alone", PUSHES).await;

    // As the config has it by default, most of them are told to come again, which they do.
    let reader = Entered::by(&link).await;
    let mut streams = JoinSet::new();
    for number in 0..STREAMS {
        streams.spawn(keep_open(reader.clone(), number));
    }
    tokio::time::sleep(PAUSE).await;
    let pages = pushes(&world, &deal, "pages", PUSHES).await;
    let mut crowd = JoinSet::new();
    for (number, address) in world.listeners().into_iter().cycle().take(HALF_OPEN).enumerate() {
        crowd.spawn(stand_there(address, number));
    }
    tokio::time::sleep(PAUSE).await;
    let with = pushes(&world, &deal, "beside", PUSHES).await;
    // The others are served, too.
    let (status, _) = world.shop.again().get("/health/live").await;
    let page = Entered::by(&link).await.request(Method::GET, "").send().await.unwrap().status();
    println!(
        "{database:?}: {PUSHES} pushes took at most {} for 99 of 100; beside {STREAMS} open pages of \
         one link {}; beside {HALF_OPEN} half-open connections as well {}; API {status}, page {page}",
        milliseconds(without),
        milliseconds(pages),
        milliseconds(with),
    );
    streams.shutdown().await;
    crowd.shutdown().await;
    with <= without * 2 + NOISE && status == 200 && page == 200
}

/// Keeps a page open, or tries to, as its script does.
async fn keep_open(reader: Entered, number: usize) {
    loop {
        if let Ok(mut live) = reader.request(Method::GET, "/live").send().await
            && live.status() == 200
        {
            while let Ok(Some(_)) = live.chunk().await {}
        }
        tokio::time::sleep(COME_AGAIN + spread(number)).await;
    }
}

fn spread(number: usize) -> Duration {
    Duration::from_millis((number % 5_000) as u64)
}

/// Opens a connection, says half of a header, and does so again whenever it is ended.
async fn stand_there(address: String, number: usize) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await {
            stream.write_all(b"GET / HTTP/1.1\r\nx-").await.ok();
            // Until the service ends it.
            let mut byte = [0];
            tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await.ok();
        }
        tokio::time::sleep(PAUSE + spread(number)).await;
    }
}

/// Pushes one event after the other; the 99th percentile.
async fn pushes(world: &World, deal: &Deal, name: &str, number: usize) -> Duration {
    let mut took = Vec::new();
    for push in 0..number {
        let event = json!({ "events": [{
            "type": "m.room.message", "room_id": deal.room, "sender": deal.buyer.id, "event_id": format!("${name}-{push}"),
            "origin_server_ts": 1, "content": { "msgtype": "m.text", "body": "x" },
        }] });
        let started = Instant::now();
        let (status, answer) = world.push(&format!("{name}-{push}"), event.to_string()).await;
        took.push(started.elapsed());
        assert_eq!(status, 200, "{answer}");
    }
    took.sort();
    took[took.len() * 99 / 100]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
