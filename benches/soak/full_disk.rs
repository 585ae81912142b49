//! The disk of the database becomes full twice while people write and the shop submits transactions.
//! When there is space again, the service must go on without help, and nothing may be lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::world::Deal;
use crate::support::{Database, World, eventually, sample};

/// The number of transactions in whose rooms people write.
const DEALS: usize = 4;
/// The pause of each person between two messages.
const MESSAGE_PAUSE: Duration = Duration::from_millis(150);
/// How long the disk has space, and then how long it is full.
const PHASE: Duration = Duration::from_secs(20);
/// How many times the disk is full.
const TIMES_FULL: usize = 2;
/// The limit until everything is recorded again. Synapse may wait some minutes between pushes.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(600);

/// Returns whether nothing was lost. `disk` is a small file system that is mounted for this run.
pub async fn run(database: Database, disk: &Path) -> bool {
    let mut world = World::with().config("log", json!({ "level": "info" })).prepare(database).await;
    move_to(&world, database, disk);
    world.start_synapse().await;
    world.start_tallyroom().await;
    let mut deals = Vec::new();
    for number in 0..DEALS {
        deals.push(deal(&world, number).await);
    }
    let process = world.tallyroom().id();
    let stop = Arc::new(AtomicBool::new(false));
    let talks: Vec<_> = deals
        .iter()
        .enumerate()
        .map(|(number, deal)| {
            let (person, room) = (deal.buyer.clone(), deal.room.clone());
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut said = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    said.push(person.say(&room, &format!("{number} {}", said.len())).await);
                    tokio::time::sleep(MESSAGE_PAUSE).await;
                }
                said
            })
        })
        .collect();
    let mut refused = 0;
    let mut unready = 0;
    let mut slowest = Duration::ZERO;
    for time in 0..TIMES_FULL {
        tokio::time::sleep(PHASE).await;
        let filler = fill(disk);
        let full = Instant::now();
        let mut number = 0;
        let mut open = Vec::new();
        while full.elapsed() < PHASE {
            let order =
                sample(&format!("{time} {number}"), &deals[0].buyer.id, &deals[0].seller.id);
            let (status, _) = world.shop.post(&order).await;
            if status != 201 {
                refused += 1;
                open.push(order);
            }
            let health = world.shop.request(reqwest::Method::GET, "/health/ready").send().await;
            unready += usize::from(health.unwrap().status() == 503);
            number += 1;
            // Space that became free is filled again.
            top_up(&filler);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        std::fs::remove_file(&filler).unwrap();
        let freed = Instant::now();
        for order in &open {
            eventually("the shop's order taken", RECOVERY_TIMEOUT, || async {
                let (status, _) = world.shop.post(order).await;
                [200, 201].contains(&status).then_some(())
            })
            .await;
        }
        eventually("the service ready again", RECOVERY_TIMEOUT, || async {
            let health = world.shop.request(reqwest::Method::GET, "/health/ready").send().await;
            (health.unwrap().status() == 200).then_some(())
        })
        .await;
        slowest = slowest.max(freed.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let ended = Instant::now();
    let (mut all, mut lost, mut doubled) = (0, 0, 0);
    for (talk, deal) in talks.into_iter().zip(&deals) {
        let said = talk.await.unwrap();
        all += said.len();
        let recorded = loop {
            let mut recorded: BTreeMap<String, usize> = BTreeMap::new();
            for entry in world.shop.entries(&deal.id).await {
                *recorded.entry(entry["event_id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            if said.iter().all(|event| recorded.contains_key(event))
                || ended.elapsed() > RECOVERY_TIMEOUT
            {
                break recorded;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        lost += said.iter().filter(|event| !recorded.contains_key(*event)).count();
        doubled += recorded.values().filter(|count| **count > 1).count();
    }
    let caught_up = ended.elapsed();
    let is_same = world.tallyroom().id() == process;
    let verifies = world.run(&["verify"]).0.success();
    println!(
        "{database:?}: the disk was full {TIMES_FULL} times for {} s; {all} messages, lost {lost}, doubled \
         {doubled}; {refused} calls refused and taken later, not ready {unready} times; ready {:.1} s after \
         there was space, all recorded {:.1} s after the last word; restarts {}; verify {}",
        PHASE.as_secs(),
        slowest.as_secs_f64(),
        caught_up.as_secs_f64(),
        usize::from(!is_same),
        if verifies { "passes" } else { "fails" },
    );
    let was_full = refused > 0 && unready > 0;
    lost + doubled == 0 && is_same && verifies && was_full
}

async fn deal(world: &World, number: usize) -> Deal {
    let buyer = world.person(&format!("buyer{number}")).await;
    let seller = world.person(&format!("seller{number}")).await;
    let id = world.shop.create(&sample(&format!("deal {number}"), &buyer.id, &seller.id)).await;
    let room = world.shop.room(&id).await;
    buyer.join(&room).await;
    seller.join(&room).await;
    Deal { id, room, buyer, seller }
}

/// Configures the database on the small disk. The cluster of PostgreSQL is already there.
fn move_to(world: &World, database: Database, disk: &Path) {
    if database == Database::Postgres {
        return;
    }
    let file = world.config_file();
    let mut config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    config["database"]["url"] = json!(format!("sqlite:{}/tallyroom.db", disk.display()));
    std::fs::write(&file, config.to_string()).unwrap();
}

/// Fills the disk with one file, and returns its path.
fn fill(disk: &Path) -> PathBuf {
    let filler = disk.join("filler");
    File::create(&filler).unwrap();
    top_up(&filler);
    filler
}

fn top_up(filler: &Path) {
    let mut file = File::options().append(true).open(filler).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        let piece = vec![0_u8; size];
        while file.write_all(&piece).is_ok() {}
    }
}
