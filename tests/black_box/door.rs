//! Connections that are held open without a request take no connection slot from others.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::on_both_databases;
use crate::support::{Database, Entered, World, entering, sample};

/// What the service may have open here: some hundred connections.
const DESCRIPTORS: u32 = 600;
/// More than it may have of any one kind.
const CROWD: usize = 700;

/// Open pages whose memory is measured, and what one may take, in bytes. It takes less than half of it;
/// a connection with hyper's buffers takes twice as much.
const OPEN_PAGES: u64 = 500;
const BYTES_PER_OPEN_PAGE: u64 = 16 * 1024;

/// How far somebody gets with a request, and no further.
const SILENT: (&str, &str) = ("silent", "");
const HALF_A_HEADER: (&str, &str) = ("half a header", "GET / HTTP/1.1\r\nhost: x\r\nx-");
const HALF_A_BODY: (&str, &str) =
    ("half a body", "PUT /transactions/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{");
const HALF_A_FORM: (&str, &str) = (
    "half a form",
    "POST /t/01ARZ3NDEKTSV4RRFFQ69G5FAV/sign-in/link HTTP/1.1\r\nhost: x\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 99\r\n\r\ntoken=",
);

on_both_databases! {
    async fn half_open_connections_beyond_every_cap_stop_nobody(database) {
        let plan = World::with().page().descriptors(DESCRIPTORS);
        let world = plan.start(database).await;
        let deal = world.deal().await;
        let link = world.shop.link(&deal.id, "buyer", None).await;
        let reader = Entered::by(&link).await;
        let live = reader.request(Method::GET, "/live").send().await.unwrap();
        assert_eq!(live.status(), 200);
        let mut pushed = 0;
        for (name, said) in [SILENT, HALF_A_HEADER, HALF_A_BODY, HALF_A_FORM] {
            let mut crowd = Vec::new();
            for address in world.listeners() {
                crowd.extend(crowd_at(&address, said).await);
            }
            // New connections, as whoever comes now has them.
            for _ in 0..20 {
                pushed += 1;
                let (status, answer) = world.push(&pushed.to_string(), r#"{"events":[]}"#).await;
                assert_eq!(status, 200, "{answer}");
            }
            let shop = world.shop.again();
            let created = shop.create(&sample(name, &deal.buyer.id, &deal.seller.id)).await;
            assert_eq!(shop.get(&format!("/api/v1/transactions/{created}")).await.0, 200);
            assert_eq!(shop.get("/health/live").await.0, 200);
            let page = Entered::by(&link).await;
            assert_eq!(page.request(Method::GET, "").send().await.unwrap().status(), 200);
            let form = reqwest::multipart::Form::new().text("text", "here").text("client_id", name);
            let wrote = page.request(Method::POST, "/messages").multipart(form).send().await;
            assert!(wrote.unwrap().status().as_u16() < 400);
            let live = page.request(Method::GET, "/live").send().await.unwrap();
            assert_eq!(live.status(), 200);
            // What the homeserver says meanwhile arrives, too.
            let event = deal.buyer.say(&deal.room, &format!("beside {name}")).await;
            world.shop.entry(&deal.id, &event).await;
            let ended = ended(crowd).await;
            assert!(ended > 3 * CROWD - DESCRIPTORS as usize, "only {ended} had to go");
        }
        // Nobody who was being answered had to go.
        drop(live);
        assert!(!world.log().contains("the system accepts no connection"), "it never ran out");
    }

    async fn a_low_limit_of_descriptors_is_told_at_the_start(database) {
        let world = World::with().descriptors(DESCRIPTORS).start(database).await;
        let log = world.log();
        assert!(log.contains("files and connections that may be open") && log.contains("LimitNOFILE"), "{log}");
        assert!(log.contains(&format!("\"limit\":{DESCRIPTORS}")), "{log}");
    }
}

/// On one database: who tried which keys is kept in memory only.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_slow_down_the_one_who_tries_and_are_counted() {
    let plan = World::with().page().config("proxies", json!({ "trusted": ["127.0.0.1"] }));
    let world = plan.start(Database::Sqlite).await;
    let [pushes, api, page] = world.listeners().map(|it| format!("http://{it}"));
    let id =
        world.shop.create(&sample("order-1", "@a:tally.localhost", "@b:tally.localhost")).await;
    let link = world.shop.link(&id, "buyer", None).await;
    let reader = Entered::by(&link).await;
    let http = entering::http();
    let wrong_cookie = format!("{}x", reader.cookie);
    // Each way to try comes from a source of its own.
    let tries = [
        (http.put(format!("{pushes}/transactions/1")).bearer_auth("wrong-key"), "192.0.2.1", 403),
        (http.get(format!("{api}/api/v1/transactions")).bearer_auth("wrong-key"), "192.0.2.2", 401),
        (http.get(format!("{page}/l/wrong-key")), "192.0.2.3", 404),
        (http.get(format!("{page}/t/{id}")).bearer_auth("wrong-key"), "192.0.2.4", 401),
        (http.get(format!("{page}/t/{id}")).header("cookie", &wrong_cookie), "192.0.2.5", 401),
        (http.get(format!("{page}/t/{id}/sign-in/shop?token=wrong-key")), "192.0.2.6", 404),
    ];
    let mut refused = 0;
    for (request, source, status) in &tries {
        let again = async || {
            let request = request.try_clone().unwrap().header("x-forwarded-for", *source);
            request.send().await.unwrap()
        };
        let mut tried = 0;
        let slowed = loop {
            let answer = again().await;
            tried += 1;
            if answer.status() == 429 {
                break answer;
            }
            assert_eq!(answer.status(), *status, "{source}");
            assert!(tried < 100, "{source} is never slowed down");
        };
        refused += tried;
        assert!(tried > 20, "{source}: nobody is slowed down for a slip: {tried}");
        let seconds: u64 = slowed.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{source}: {seconds}");
        // From elsewhere, a slip is a slip; what somebody writes before the proxy does not count.
        let elsewhere = request.try_clone().unwrap();
        let elsewhere = elsewhere.header("x-forwarded-for", format!("{source}, 198.51.100.9"));
        assert_eq!(elsewhere.send().await.unwrap().status(), *status, "{source}");
        refused += 1;
    }
    // The right ones work for whoever has them, wherever they come from.
    for (_, source, _) in &tries {
        let right = [
            world.shop.request(Method::GET, "/api/v1/transactions"),
            http.get(&link),
            reader.request(Method::GET, ""),
            http.put(format!("{pushes}/transactions/{source}"))
                .body(r#"{"events":[]}"#)
                .bearer_auth(world.token("hs_token")),
        ];
        for request in right {
            let answer = request.header("x-forwarded-for", *source).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{source}");
        }
    }
    assert_eq!(world.shop.get("/health/live").await.1["wrong_keys"], refused);
    // Each source is told once, and no key ever.
    let log = world.log();
    for (_, source, _) in &tries {
        assert_eq!(log.matches(&format!("\"source\":\"{source}\"")).count(), 1, "{source}");
    }
    assert!(!log.contains("wrong-key"));
}

/// On one database: this is about connections that never get as far as one.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_no_silent_connection() {
    let mut world = World::with().page().start(Database::Sqlite).await;
    let mut crowd = Vec::new();
    for address in world.listeners() {
        for (_, said) in [SILENT, HALF_A_HEADER, HALF_A_FORM] {
            crowd.push(connect(&address, said).await);
        }
    }
    let deal = json!({ "status": "ok" });
    assert_eq!(world.shop.get("/health/live").await.1["status"], deal["status"]);
    let (status, _) = world.terminate_tallyroom().await;
    assert!(status.success());
    assert!(!world.log().contains("some work was left"), "everybody was gone in time");
    drop(crowd);
}

async fn crowd_at(address: &str, said: &str) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(connect(address, said).await);
    }
    crowd
}

async fn connect(address: &str, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may have had to go already.
    stream.write_all(said.as_bytes()).await.ok();
    stream
}

/// How many of these the service has ended.
async fn ended(crowd: Vec<TcpStream>) -> usize {
    let mut ended = 0;
    for mut stream in crowd {
        let mut buffer = Vec::new();
        let reading = stream.read_to_end(&mut buffer);
        let patience = std::time::Duration::from_millis(1);
        ended += usize::from(tokio::time::timeout(patience, reading).await.is_ok());
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_takes_little_memory() {
    let plan = World::with().page().config("page", json!({ "open_pages": 2 * OPEN_PAGES }));
    let world = plan.start(Database::Sqlite).await;
    let deal = world.deal().await;
    let reader = Entered::by(&world.shop.link(&deal.id, "buyer", None).await).await;
    let open = async |pages: u64| {
        let mut opened = Vec::new();
        for _ in 0..pages {
            let mut live = reader.request(Method::GET, "/live").send().await.unwrap();
            assert_eq!(live.status(), 200);
            let mut told = String::new();
            while !told.contains("event: people") {
                told.push_str(&String::from_utf8_lossy(&live.chunk().await.unwrap().unwrap()));
            }
            opened.push(live);
        }
        opened
    };
    // What the process needs for any page at all does not count.
    let first = open(50).await;
    let before = resident_bytes(world.tallyroom().id());
    let pages = open(OPEN_PAGES).await;
    let taken = resident_bytes(world.tallyroom().id()).saturating_sub(before);
    let each = taken / OPEN_PAGES;
    assert!(each < BYTES_PER_OPEN_PAGE, "{each} bytes for each open page");
    drop((first, pages));
}

/// The memory of a process, without what is swapped out.
fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
