//! The page is there soon, on a slow line too: little comes before the first paint, and nothing of it waits for its turn.
//!
//! What is counted fails when it grows. The times are printed only, because they depend on the machine:
//! `cargo test --locked --test black_box -- first_paint --nocapture`.

use super::Scene;
use crate::support::{Database, Visitor};

/// A slow line: the milliseconds that each answer is late, and the bytes that pass in a second, up and down.
const LATENCY_MS: u32 = 400;
const BYTES_PER_SECOND: u32 = 51_200;

/// Messages of a conversation: a usual one, and a long one.
const USUAL: usize = 20;
const LONG: usize = 300;

/// The most bytes on the wire before the first paint: of the page with what blocks it, and with what a link leads through.
const MOST_BYTES: f64 = 32_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_paint_waits_for_little() {
    let scene = Scene::set(Database::Sqlite).await;
    let words =
        |number| format!("Pallet {number} has left the yard, with the lorry of ten o'clock.");
    let mut said = 0;
    for many in [USUAL, LONG] {
        while said < many {
            said += 1;
            scene.sam.say(&scene.room, &words(said)).await;
        }
        scene.entry(&words(many)).await;
        let bea = scene.browser.visitor().await;
        bea.size(390, 844).await;
        bea.has_a_slow_line(LATENCY_MS, BYTES_PER_SECOND).await;
        // Somebody taps a link, for the first time on this device.
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let tapped = first_paint(&bea, &link).await;
        println!("{many} messages, by a link: {tapped:?}");
        assert_eq!(tapped.before, ["GET /l", "GET /assets", "POST /t", "GET /t"], "{tapped:?}");
        // Or comes back later, and the browser has kept none of our files.
        bea.forgets_files().await;
        bea.open("about:blank").await;
        let again = first_paint(&bea, &scene.page()).await;
        println!("{many} messages, with a cookie: {again:?}");
        assert_eq!(again.before, ["GET /t", "GET /assets"], "{again:?}");
        for paint in [tapped, again] {
            assert!(paint.bytes < MOST_BYTES, "{many} messages: {paint:?}");
        }
    }
}

/// What there was until the invoice was painted first.
#[derive(Debug)]
struct FirstPaint {
    #[expect(dead_code, reason = "printed")]
    milliseconds: f64,
    bytes: f64,
    /// The requests for which it waited, by the first part of their path.
    before: Vec<String>,
}

/// Opens the page, at its address or by a link.
async fn first_paint(visitor: &Visitor, url: &str) -> FirstPaint {
    visitor.forget_requests();
    let started = visitor.js("Date.now()").await.as_f64().unwrap();
    visitor.open(url).await;
    visitor.sees("INV-2026-0042").await;
    visitor.until("performance.getEntriesByName('first-contentful-paint').length === 1").await;
    let painted = "performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime";
    let painted = visitor.js(painted).await.as_f64().unwrap();
    // What is in the cache already takes no bytes, and no time.
    let files = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')\
                 .filter(it => it.renderBlockingStatus === 'blocking' && it.transferSize > 0)]\
                 .map(it => [it.name, it.transferSize])";
    let files: Vec<(String, f64)> = serde_json::from_value(visitor.js(files).await).unwrap();
    let part = |method: &str, url: &str| {
        let path = reqwest::Url::parse(url).unwrap().path().to_owned();
        format!("{method} /{}", path.split('/').nth(1).unwrap_or_default())
    };
    let requests = visitor.requests();
    let on_the_way = requests.iter().take_while(|it| part(&it.method, &it.url) != "GET /t");
    let on_the_way = on_the_way.map(|it| (part(&it.method, &it.url), it.bytes));
    let files = files.iter().map(|(url, bytes)| (part("GET", url), *bytes));
    let (before, bytes): (Vec<_>, Vec<f64>) = on_the_way.chain(files).unzip();
    FirstPaint { milliseconds: painted - started, bytes: bytes.iter().sum(), before }
}
