//! A shop makes many events while its receiver fails half of the time and is killed again and again, and so are we.
//! Afterwards the receiver must have everything, in the order of the feed, and what came twice must have had the same id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::receiver::{Receiver, Reply};
use crate::support::{Database, Shop, World, eventually, sample};

/// How often each of the two is killed.
const KILLS: usize = 20;
/// The number of events for each transaction.
const EVENTS_PER_TRANSACTION: usize = 50;
/// The number of calls of the shop at the same time.
const PARALLEL_CALLS: usize = 8;
/// How long everything may take to arrive after the last kill.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Returns whether nothing was lost, out of order, or doubled with another id.
pub async fn run(database: Database, events: usize) -> bool {
    let started = Instant::now();
    let mut world = World::with()
        .page()
        .config("log", json!({ "level": "warn" }))
        .config("rooms", json!({ "create": "on_first_message" }))
        .config("webhooks", json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"] }))
        .start(database)
        .await;
    let mut receiver = Receiver::start().await;
    receiver.behave(|_| Reply::status(if rand::random() { 200 } else { 500 }));
    let body = json!({ "url": receiver.url() });
    let made = Shop::answer(world.shop.request(Method::POST, "/api/v1/webhooks").json(&body)).await;
    let webhook = made.1["id"].as_str().unwrap().to_owned();

    let mut ids = Vec::new();
    for number in 0..(events / EVENTS_PER_TRANSACTION).max(1) {
        let order = sample(&format!("order-{number}"), "@a:nowhere.test", "@b:nowhere.test");
        ids.push(world.shop.create(&order).await);
    }
    // A change of the status is two events: the transaction was updated, and its status was changed.
    let changes = events.saturating_sub(ids.len()).div_ceil(2);
    let writers: Vec<_> = (0..PARALLEL_CALLS)
        .map(|writer| {
            let (shop, ids) = (world.shop.again(), ids.clone());
            tokio::spawn(async move {
                // Each transaction has one writer.
                for number in 0..changes {
                    let place = number % ids.len();
                    if place % PARALLEL_CALLS == writer {
                        set_status(&shop, &ids[place], &format!("status-{number}")).await;
                    }
                }
            })
        })
        .collect();

    let random = || Duration::from_millis(rand::random_range(100..2_000));
    for number in 0..2 * KILLS {
        tokio::time::sleep(random()).await;
        match number % 2 {
            0 => {
                receiver.kill().await;
                tokio::time::sleep(random()).await;
                receiver.start_again().await;
            }
            _ => {
                world.kill_tallyroom();
                world.start_tallyroom().await;
            }
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let killed = started.elapsed();
    eventually("that everything is delivered", CATCH_UP_TIMEOUT, || async {
        let path = format!("/api/v1/webhooks/{webhook}/deliveries?state=waiting&limit=1");
        let (status, page) = world.shop.get(&path).await;
        let none_waits = page["deliveries"].as_array().is_some_and(Vec::is_empty);
        (status == 200 && none_waits).then_some(())
    })
    .await;

    let feed: Vec<String> =
        world.events("shop").await.into_iter().map(|it| it.1.to_string()).collect();
    let calls = receiver.calls();
    let taken: Vec<&Value> = calls.iter().filter(|it| it.is_taken).map(|it| &it.event).collect();
    let has: BTreeSet<&str> = taken.iter().map(|it| id(it)).collect();
    let lost = feed.iter().filter(|it| !has.contains(it.as_str())).count();
    let out_of_order = out_of_order(&taken, &feed);
    // What an event says tells which one it is.
    let mut ids_of = HashMap::<String, BTreeSet<&str>>::new();
    for event in &taken {
        let said =
            json!([event["transaction"]["id"], event["type"], event["timestamp"], event["data"]]);
        ids_of.entry(said.to_string()).or_default().insert(id(event));
    }
    let other_ids: usize = ids_of.values().map(|it| it.len() - 1).sum();
    let unknown = has.len() - has.intersection(&feed.iter().map(String::as_str).collect()).count();
    println!(
        "webhooks: {} events of {} transactions, {} calls ({} refused), each side killed {KILLS} times: \
         lost {lost}, out of order {out_of_order}, not in the feed {unknown}, duplicates with the same id {}, \
         with another id {other_ids}; {:.0} s with kills, {:.0} s in all",
        feed.len(),
        ids.len(),
        calls.len(),
        calls.len() - taken.len(),
        taken.len() - has.len(),
        killed.as_secs_f32(),
        started.elapsed().as_secs_f32(),
    );
    lost + out_of_order + unknown + other_ids == 0 && feed.len() >= events
}

/// The number of events that came, for the first time, after a later event of the same transaction.
fn out_of_order(taken: &[&Value], feed: &[String]) -> usize {
    let place: HashMap<&str, usize> =
        feed.iter().enumerate().map(|(at, it)| (it.as_str(), at)).collect();
    let (mut seen, mut latest) = (BTreeSet::new(), BTreeMap::<&str, usize>::new());
    let mut count = 0;
    for event in taken {
        if !seen.insert(id(event)) {
            continue;
        }
        let place = place.get(id(event)).copied().unwrap_or_default();
        let latest = latest.entry(event["transaction"]["id"].as_str().unwrap()).or_default();
        if place < *latest {
            count += 1;
        }
        *latest = place.max(*latest);
    }
    count
}

fn id(event: &Value) -> &str {
    event["id"].as_str().unwrap()
}

/// Changes a status, again and again until there is an answer.
async fn set_status(shop: &Shop, id: &str, status: &str) {
    let path = format!("/api/v1/transactions/{id}");
    loop {
        let request = shop.request(Method::PATCH, &path).json(&json!({ "status": status }));
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
