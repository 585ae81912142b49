//! Measures how long pushes take while there are ten thousand half-open connections and a thousand
//! open pages of one link.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::world::Deal;
use crate::support::{Database, Entered, World};

/// The number of half-open connections, distributed over the three listeners.
const HALF_OPEN: usize = 10_000;
/// The number of open pages of one link.
const STREAMS: usize = 1_000;
/// The number of timed pushes, which are sent one after the other.
const PUSHES: usize = 300;
/// The pause of a page that was refused. The page's script waits as long after some tries.
const PAGE_RETRY_PAUSE: Duration = Duration::from_secs(15);
/// The pause before a half-open connection that the service closed is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_secs(10);
/// The difference that is ignored as noise on a busy machine.
const NOISE: Duration = Duration::from_millis(2);

/// Returns whether pushes take at most twice as long as usual, at the 99th percentile. `open_pages` is
/// the number of pages that are served at a time; `None` means the default of the config.
pub async fn run(database: Database, open_pages: Option<usize>) -> bool {
    let mut plan = World::with().page().config("log", json!({ "level": "warn" }));
    if let Some(most) = open_pages {
        plan = plan.config("page", json!({ "open_pages": most }));
    }
    let world = plan.start(database).await;
    let deal = world.deal().await;
    let link = world.shop.link(&deal.id, "buyer", None).await;
    // The first pushes are not timed, because some work is done only once.
    pushes(&world, &deal, "warm", PUSHES / 10).await;
    let mut without = pushes(&world, &deal, "before", PUSHES).await;

    let half_open = async || {
        let mut crowd = JoinSet::new();
        for (number, address) in world.listeners().into_iter().cycle().take(HALF_OPEN).enumerate() {
            crowd.spawn(keep_half_open(address, number));
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
        crowd
    };
    let mut crowd = half_open().await;
    let beside_half_open = p99(pushes(&world, &deal, "half-open", PUSHES).await);
    crowd.shutdown().await;

    // With the default config, most of them are refused and try again.
    let reader = Entered::by(&link).await;
    let mut streams = JoinSet::new();
    for number in 0..STREAMS {
        streams.spawn(keep_open(reader.clone(), number));
    }
    tokio::time::sleep(RECONNECT_PAUSE).await;
    let beside_pages = p99(pushes(&world, &deal, "pages", PUSHES).await);
    let mut crowd = half_open().await;
    let beside_both = p99(pushes(&world, &deal, "both", PUSHES).await);
    // Other clients are served too.
    let (status, _) = world.shop.again().get("/health/live").await;
    let page = Entered::by(&link).await.request(Method::GET, "").send().await.unwrap().status();
    streams.shutdown().await;
    crowd.shutdown().await;
    tokio::time::sleep(RECONNECT_PAUSE).await;
    // The comparison is measured again, because the load of the machine changes meanwhile.
    without.extend(pushes(&world, &deal, "after", PUSHES).await);
    let without = p99(without);
    println!(
        "{database:?}: 99 of 100 pushes took at most {}; beside {HALF_OPEN} half-open connections {}; \
         beside {STREAMS} pages of one link ({} of them open) {}; beside both {}; API {status}, page {page}",
        milliseconds(without),
        milliseconds(beside_half_open),
        open_pages.map_or_else(|| "20".to_owned(), |most| most.to_string()),
        milliseconds(beside_pages),
        milliseconds(beside_both),
    );
    let worst = beside_half_open.max(beside_pages).max(beside_both);
    worst <= without * 2 + NOISE && status == 200 && page == 200
}

/// Keeps a page open, or tries to, as the page's script does.
async fn keep_open(reader: Entered, number: usize) {
    loop {
        if let Ok(mut live) = reader.request(Method::GET, "/live").send().await
            && live.status() == 200
        {
            while let Ok(Some(_)) = live.chunk().await {}
        }
        tokio::time::sleep(PAGE_RETRY_PAUSE + spread(number)).await;
    }
}

fn spread(number: usize) -> Duration {
    Duration::from_millis((number % 5_000) as u64)
}

/// Opens a connection, sends half of a header, and repeats this whenever the service closes it.
async fn keep_half_open(address: String, number: usize) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await {
            stream.write_all(b"GET / HTTP/1.1\r\nx-").await.ok();
            // Waits until the service closes the connection.
            let mut byte = [0];
            tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await.ok();
        }
        tokio::time::sleep(RECONNECT_PAUSE + spread(number)).await;
    }
}

/// Pushes one event after the other from a thread of its own. Returns how long each push took.
async fn pushes(world: &World, deal: &Deal, name: &str, number: usize) -> Vec<Duration> {
    let [address, ..] = world.listeners();
    let (token, name) = (world.token("hs_token"), name.to_owned());
    let (room, sender) = (deal.room.clone(), deal.buyer.id.clone());
    let pushing = async move {
        let (http, mut took) = (reqwest::Client::new(), Vec::new());
        for push in 0..number {
            let body = json!({ "events": [{
                "type": "m.room.message", "room_id": room, "sender": sender,
                "event_id": format!("${name}-{push}"), "origin_server_ts": 1,
                "content": { "msgtype": "m.text", "body": "x" },
            }] });
            let url = format!("http://{address}/_matrix/app/v1/transactions/{name}-{push}");
            let request = http.put(url).bearer_auth(&token).json(&body);
            let started = Instant::now();
            let answer = request.send().await.unwrap();
            let status = answer.status();
            answer.bytes().await.unwrap();
            took.push(started.elapsed());
            assert_eq!(status, 200);
        }
        took
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::spawn_blocking(move || {
        let took = runtime.block_on(pushing);
        runtime.shutdown_background();
        took
    })
    .await
    .unwrap()
}

/// The 99th percentile.
fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() * 99 / 100]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
