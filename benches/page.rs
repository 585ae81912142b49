//! Measures the invoice page: `cargo bench --bench page`, or with fewer entries `ENTRIES=100000 cargo
//! bench --bench page`. PostgreSQL is measured too, if TALLYROOM_TEST_POSTGRES names a server.
//!
//! Plain HTTP clients take the place of browsers, so that only the service is measured. Each time is
//! printed with the time of a simpler task of the same homeserver or service in the same run.

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

use std::fmt::Write;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::world::Deal;
use support::{Database, World};

/// The number of timed page views. As many come before them as a warm-up.
const VIEWS: usize = 500;
/// The number of timed messages. Some come before them as a warm-up.
const MESSAGES: usize = 100;
/// The number of pages that are open at the same time.
const OPEN_PAGES: usize = 5_000;
/// The number of rows in one INSERT statement.
const ROWS_PER_INSERT: usize = 500;

#[tokio::main]
async fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` must not start a benchmark.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let entries = std::env::var("ENTRIES").map_or(1_000_000, |it| it.parse().unwrap());
    measure("SQLite", Database::Sqlite, entries).await;
    if std::env::var_os("TALLYROOM_TEST_POSTGRES").is_some() {
        measure("PostgreSQL", Database::Postgres, entries).await;
    } else {
        println!("PostgreSQL left out: TALLYROOM_TEST_POSTGRES is not set");
    }
}

async fn measure(name: &str, database: Database, entries: usize) {
    println!("\n{name}");
    let world = World::with()
        .page()
        .config("page", serde_json::json!({ "open_pages": 8000, "messages_per_minute": 6000 }))
        .config("log", json!({ "level": "warn" }))
        .start(database)
        .await;
    let deal = world.deal().await;
    for number in 0..120 {
        deal.seller.say(&deal.room, &format!("line {number} of an ordinary conversation")).await;
    }
    let buyer = Page::open(&world, &deal, "buyer").await;
    let seller = Page::open(&world, &deal, "seller").await;
    first_view(&world, &buyer, "few entries").await;
    fill(&world, &deal, entries).await;
    first_view(&world, &buyer, &format!("{entries} entries, half of them in this record")).await;
    sizes(&world, &buyer).await;
    latency(&world, &deal, &buyer, &seller).await;
    open_pages(&world, &deal, &buyer).await;
}

/// The browser of a person who has opened a link.
struct Page {
    http: Client,
    url: String,
    /// The parameter that names the grant.
    name: String,
    origin: String,
    cookie: String,
}

impl Page {
    async fn open(world: &World, deal: &Deal, party: &str) -> Self {
        let contact = if party == "buyer" { &deal.buyer.id } else { &deal.seller.id };
        let link = world.shop.link(&deal.id, party, Some(contact)).await;
        let http = Client::builder().redirect(Policy::none()).no_gzip().build().unwrap();
        let support::Entered { cookie, page, .. } = support::Entered::by(&link).await;
        let (base, name) = page.split_once('?').unwrap();
        let (url, name) = (world.page(base), name.to_owned());
        Self { http, url, name, origin: world.page(""), cookie }
    }

    async fn get(&self, path: &str) -> Response {
        let request =
            self.http.get(format!("{}{path}?{}", self.url, self.name)).header(COOKIE, &self.cookie);
        let answer = request.header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer
    }

    async fn say(&self, words: &str) {
        let form = reqwest::multipart::Form::new().text("text", words.to_owned());
        let request =
            self.http.post(format!("{}/messages?{}", self.url, self.name)).multipart(form);
        let request = request.header(COOKIE, &self.cookie).header(ORIGIN, &self.origin);
        let answer = request.header(ACCEPT, "application/json").send().await.unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    }
}

/// Measures the time until the first byte of the page, and that of the smallest answer of the service.
async fn first_view(world: &World, page: &Page, what: &str) {
    let (mut views, mut bare) = (Vec::new(), Vec::new());
    for number in 0..2 * VIEWS {
        let started = Instant::now();
        let mut answer = page.get("").await;
        answer.chunk().await.unwrap();
        let view = started.elapsed();
        while answer.chunk().await.unwrap().is_some() {}
        let started = Instant::now();
        page.http.get(world.page("/robots.txt")).send().await.unwrap().bytes().await.unwrap();
        if number >= VIEWS {
            views.push(view);
            bare.push(started.elapsed());
        }
    }
    let bare = quantile(&mut bare, 0.5);
    let (p50, p99) = (quantile(&mut views, 0.5), quantile(&mut views, 0.99));
    println!("  first byte, {what}: p50 {} p99 {}", milliseconds(p50), milliseconds(p99));
    println!("    a file of 26 bytes: p50 {}", milliseconds(bare));
}

/// Prints the number of bytes that the first view transfers.
async fn sizes(world: &World, page: &Page) {
    let html = page.get("").await;
    assert_eq!(html.headers()["content-encoding"], "gzip");
    let bytes = html.bytes().await.unwrap();
    let plain = page.http.get(&page.url).header(COOKIE, &page.cookie).send().await.unwrap();
    let plain = plain.text().await.unwrap();
    let mut total = bytes.len();
    for asset in plain.split('"').filter(|it| it.contains("/assets/")) {
        let request = page.http.get(world.page(asset)).header(ACCEPT_ENCODING, "gzip");
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        println!("  {asset}: {:.1} kB", bytes.len() as f64 / 1_000.0);
        total += bytes.len();
    }
    println!(
        "  page: {:.1} kB of {:.1} kB",
        bytes.len() as f64 / 1_000.0,
        plain.len() as f64 / 1_000.0
    );
    println!("  first view in all: {:.1} kB", total as f64 / 1_000.0);
}

/// Measures the time of a message from one page to the other, and from one Matrix client to another.
async fn latency(world: &World, deal: &Deal, buyer: &Page, seller: &Page) {
    let mut live = seller.get(&format!("/live?after={}&revision=1", seq(world, deal).await)).await;
    let mut shown = Vec::new();
    let mut text = String::new();
    for number in 0..MESSAGES + 20 {
        let words = format!("from page to page {number}.");
        let started = Instant::now();
        buyer.say(&words).await;
        while !text.contains(&words) {
            let chunk = live.chunk().await.unwrap().expect("the stream ended");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text.clear();
        if number >= 20 {
            shown.push(started.elapsed());
        }
    }
    let mut synced = Vec::new();
    let mut token = next_batch(&deal.seller, None).await;
    for number in 0..MESSAGES + 20 {
        let started = Instant::now();
        let words = format!("from client to client {number}");
        let send = deal.buyer.say(&deal.room, &words);
        let (_, next) = tokio::join!(send, next_batch(&deal.seller, Some(&token)));
        token = next;
        if number >= 20 {
            synced.push(started.elapsed());
        }
    }
    let (ours, theirs) = (quantile(&mut shown, 0.5), quantile(&mut synced, 0.5));
    println!(
        "  from page to page: p50 {} p99 {}; from client to client: p50 {} ({:.2} times)",
        milliseconds(ours),
        milliseconds(quantile(&mut shown, 0.99)),
        milliseconds(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64(),
    );
}

async fn next_batch(person: &support::Person, since: Option<&str>) -> String {
    let since = since.map_or_else(String::new, |since| format!("&since={since}&timeout=30000"));
    let (_, answer) = person
        .call(reqwest::Method::GET, &format!("/sync?{}", &since.trim_start_matches('&')), None)
        .await;
    answer["next_batch"].as_str().unwrap().to_owned()
}

/// Measures the memory of idle open pages.
async fn open_pages(world: &World, deal: &Deal, page: &Page) {
    let before = resident(world);
    let address = page.origin.trim_start_matches("http://").to_owned();
    let path = page.url.trim_start_matches(page.origin.as_str()).to_owned();
    let request = format!(
        "GET {path}/live?{}&after={}&revision=1 HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\n\r\n",
        page.name,
        seq(world, deal).await,
        page.cookie
    );
    let started = Instant::now();
    let open = stream::iter(0..OPEN_PAGES).map(|_| async {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut first = [0; 4096];
        let read = stream.read(&mut first).await.unwrap();
        assert!(first[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first));
        stream
    });
    let streams: Vec<_> = open.buffer_unordered(64).collect().await;
    let opened = started.elapsed();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = resident(world);
    println!(
        "  {OPEN_PAGES} open pages (opened in {:.1} s): {:.1} MB more, {:.1} kB each; {:.1} MB in all",
        opened.as_secs_f64(),
        (after - before) / 1_000.0,
        (after - before) / OPEN_PAGES as f64,
        after / 1_000.0,
    );
    drop(streams);
}

/// The seq of the newest entry.
async fn seq(world: &World, deal: &Deal) -> i64 {
    world.shop.transaction(&deal.id).await["record"]["entries"].as_i64().unwrap()
}

/// Writes rows directly into the tables: half of them into the record that is measured, the rest into
/// records of a hundred entries each.
async fn fill(world: &World, deal: &Deal, entries: usize) {
    let started = Instant::now();
    let at = 1_735_689_600_000_i64;
    let (mut journal, mut rows, mut transactions) = (String::new(), String::new(), String::new());
    for number in 0..entries {
        let is_own = number % 2 == 0;
        let other = number / 200;
        let (id, room) = match is_own {
            true => (deal.id.clone(), deal.room.clone()),
            false => (format!("{other:026}"), format!("!r{other}:x")),
        };
        // Negative numbers, because the room's own entries begin at 1.
        let seq = -1 - i64::try_from(number).unwrap();
        if number % 200 == 1 {
            write!(transactions, "('{id}','other','order-{other}',1,{at},{at}),").unwrap();
        }
        let time = at + i64::try_from(number).unwrap();
        write!(journal, "('{room}',{seq},'$e{number}','push','c',{time},'{{}}','s'),").unwrap();
        write!(
            rows,
            "('{id}',{seq},'h','c','{room}',{seq},'$e{number}','m.room.message','text',\
             '@somebody:x','buyer',{time},{time},{time},'push','line {number}','[]',1),"
        )
        .unwrap();
        if (number + 1) % ROWS_PER_INSERT != 0 && number + 1 != entries {
            continue;
        }
        for (table, values) in [
            (
                "transactions (id, shop, external_id, revision, created_at, updated_at)",
                &mut transactions,
            ),
            (
                "journal (room_id, position, event_id, source, correlation, received_at, raw, salt)",
                &mut journal,
            ),
            (
                "entries (transaction_id, seq, hash, content, room_id, position, event_id, \
                 event_type, kind, sender, party, sent_at, received_at, sort_at, source, text, \
                 attachments, derivation)",
                &mut rows,
            ),
        ] {
            if !values.is_empty() {
                let values = std::mem::take(values);
                world
                    .sql(&format!("INSERT INTO {table} VALUES {}", values.trim_end_matches(',')))
                    .await;
            }
        }
    }
    println!("  wrote {entries} entries in {:.0} s", started.elapsed().as_secs_f64());
}

fn quantile(times: &mut [Duration], at: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * at).round() as usize]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

/// The resident memory of the service, in kB.
fn resident(world: &World) -> f64 {
    let file = format!("/proc/{}/status", world.tallyroom().id());
    let status = std::fs::read_to_string(file).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
