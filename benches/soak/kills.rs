//! Processes of the service are killed many times while two people write and a shop works. Either there
//! is one process, and a proxy between it and the homeserver falsifies answers; or there are several
//! behind a load balancer. After the faults end, nothing may be lost or done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Database, Person, Shop, World, eventually, sample};

/// What is special about a run.
pub struct Run {
    database: Database,
    /// The number of processes. One of them is killed at a time.
    processes: usize,
    /// How many of a thousand calls to the homeserver the proxy falsifies.
    lies_per_thousand: u32,
    /// The time from one kill to the next one, in milliseconds.
    pause_ms: std::ops::Range<u64>,
    end: End,
}

/// When the kills end.
enum End {
    Kills(usize),
    After(Duration),
}

/// The number of rooms before the first kill.
const FIRST_ROOMS: usize = 10;
/// The number of kills for each further transaction.
const KILLS_PER_ROOM: usize = 10;
/// The pause between two messages.
const MESSAGE_PAUSE: Duration = Duration::from_millis(150);
/// How long the service may take to catch up after the faults end.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(900);
/// A line of the sample invoice. A message with this text that is not an edit is a summary.
const LINE_OF_SUMMARY: &str = "Oak plank";

/// The people, the rooms, and what was sent in them.
struct Load {
    buyer: Person,
    seller: Person,
    /// The rooms that the seller has left.
    left: BTreeSet<String>,
    /// The ids of transactions with their rooms, which both parties have joined.
    rooms: BTreeMap<String, String>,
    /// The room and the event id of every message.
    said: Vec<(String, String)>,
}

/// The counts of the faults that must not happen.
#[derive(Default)]
pub struct Broken {
    lost: usize,
    doubled: usize,
    second_rooms: usize,
    second_summaries: usize,
    without_room: usize,
    uninvited: usize,
    invited_again: usize,
    absent: usize,
    does_not_verify: bool,
}

impl Run {
    /// One process is killed so many times: some times during its start, and some times later.
    pub fn of_one_process(database: Database, kills: usize) -> Self {
        Self {
            database,
            processes: 1,
            lies_per_thousand: 100,
            pause_ms: 150..2_500,
            end: End::Kills(kills),
        }
    }

    /// One of three processes is killed every few seconds, for so many minutes.
    pub fn of_three_processes(minutes: usize) -> Self {
        let minutes = u64::try_from(minutes).unwrap();
        Self {
            database: Database::Postgres,
            processes: 3,
            lies_per_thousand: 0,
            pause_ms: 1_000..5_000,
            end: End::After(Duration::from_secs(minutes * 60)),
        }
    }
}

/// Returns whether no fault was found.
pub async fn run(plan: Run) -> bool {
    let Run { database, processes, lies_per_thousand, pause_ms, end } = plan;
    let started = Instant::now();
    let plan = World::with().proxy().processes(processes);
    let mut world = plan.config("log", json!({ "level": "warn" })).start(database).await;
    let most_rooms = match end {
        End::Kills(kills) => kills / KILLS_PER_ROOM,
        End::After(_) => usize::MAX,
    };
    let work = Work::begin(&world, most_rooms).await;
    world.proxy().lie(lies_per_thousand);
    let mut kills = 0;
    while match end {
        End::Kills(most) => kills < most,
        End::After(time) => started.elapsed() < time,
    } {
        tokio::time::sleep(Duration::from_millis(rand::random_range(pause_ms.clone()))).await;
        let victim = rand::random_range(0..processes);
        world.kill_process(victim);
        world.launch_process(victim);
        kills += 1;
        if kills % 50 == 0 {
            println!("{kills} kills after {} s", started.elapsed().as_secs());
        }
    }
    work.is_over();
    world.proxy().heal();
    world.wait_for_tallyroom().await;
    let done = work.end().await;
    let broken = done.broken(&world).await;
    println!(
        "{database:?}, {processes} process(es): {kills} kills, {done} in {}, \
         {lies_per_thousand} ‰ lies: {broken}",
        minutes_since(started),
    );
    !broken.is_anything()
}

/// What people and a shop do meanwhile.
pub struct Work {
    ids: Vec<String>,
    shop: JoinHandle<Vec<String>>,
    talk: JoinHandle<Load>,
    is_over: Arc<AtomicBool>,
}

/// What they have done.
pub struct Done {
    load: Load,
    /// The ids of all transactions.
    ids: Vec<String>,
}

impl Work {
    /// Makes the first rooms, and begins to write in them. The shop makes at most `most_rooms` further ones.
    pub async fn begin(world: &World, most_rooms: usize) -> Self {
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let mut ids = Vec::new();
        for number in 0..FIRST_ROOMS {
            ids.push(world.shop.create(&sample(&number.to_string(), &buyer.id, &seller.id)).await);
        }
        let mut load =
            Load { buyer, seller, left: BTreeSet::new(), rooms: BTreeMap::new(), said: Vec::new() };
        for id in &ids {
            let room = world.shop.room(id).await;
            load.buyer.join(&room).await;
            load.seller.join(&room).await;
            load.rooms.insert(id.clone(), room);
        }
        // A person who has left must not be invited again because of a falsified answer.
        let left = load.rooms.values().next().unwrap().clone();
        load.seller.leave(&left).await;
        load.left.insert(left);
        let is_over = Arc::new(AtomicBool::new(false));
        let shop = tokio::spawn(sell(
            world.shop.clone(),
            load.buyer.id.clone(),
            load.seller.id.clone(),
            ids.clone(),
            most_rooms,
            Arc::clone(&is_over),
        ));
        let talk = tokio::spawn(talk(load, Arc::clone(&is_over)));
        Self { ids, shop, talk, is_over }
    }

    /// Nothing new is begun from now on.
    pub fn is_over(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Waits until everybody has ended.
    pub async fn end(self) -> Done {
        self.is_over();
        let load = self.talk.await.unwrap();
        let mut ids = self.ids;
        ids.extend(self.shop.await.unwrap());
        Done { load, ids }
    }
}

impl Done {
    /// Counts what is wrong in the end.
    pub async fn broken(&self, world: &World) -> Broken {
        count(world, &self.load, &self.ids).await
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rooms, {} messages", self.ids.len(), self.load.said.len())
    }
}

pub fn minutes_since(started: Instant) -> String {
    let took = started.elapsed().as_secs();
    format!("{} min {} s", took / 60, took % 60)
}

/// Two people write in all rooms in turn.
async fn talk(mut load: Load, is_over: Arc<AtomicBool>) -> Load {
    let rooms: Vec<String> = load.rooms.values().cloned().collect();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let room = &rooms[number % rooms.len()];
        let seller_speaks = number % 3 == 0 && !load.left.contains(room);
        let person = if seller_speaks { &load.seller } else { &load.buyer };
        let event = person.say(room, &format!("message {number}")).await;
        load.said.push((room.clone(), event));
        tokio::time::sleep(MESSAGE_PAUSE).await;
    }
    load
}

/// The shop submits new transactions and changes old ones, and repeats each call until it succeeds.
/// Returns the ids of the new transactions.
async fn sell(
    shop: Shop,
    buyer: String,
    seller: String,
    old: Vec<String>,
    most: usize,
    is_over: Arc<AtomicBool>,
) -> Vec<String> {
    let mut new = Vec::new();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        if number % 5 == 0 && new.len() < most {
            let body = sample(&format!("new {number}"), &buyer, &seller);
            let request = || shop.request(Method::POST, "/api/v1/transactions").json(&body);
            let answer = until_accepted(request).await;
            new.push(answer["id"].as_str().unwrap().to_owned());
        } else {
            let path = format!("/api/v1/transactions/{}", old[number % old.len()]);
            let body = json!({ "status": format!("status {number}") });
            until_accepted(|| shop.request(Method::PATCH, &path).json(&body)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    new
}

async fn until_accepted(request: impl Fn() -> reqwest::RequestBuilder) -> Value {
    loop {
        if let Ok(answer) = request().timeout(Duration::from_secs(20)).send().await
            && answer.status().is_success()
            && let Ok(body) = answer.json::<Value>().await
        {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until the service has caught up, or [`CATCH_UP_TIMEOUT`] is over, and counts the faults.
async fn count(world: &World, load: &Load, ids: &[String]) -> Broken {
    let deadline = Instant::now() + CATCH_UP_TIMEOUT;
    loop {
        let broken = look(world, load, ids).await;
        // Missing invitations and entries may still come. What was done twice does not change.
        let may_come = broken.lost + broken.without_room + broken.uninvited + broken.absent;
        if may_come == 0 || Instant::now() > deadline {
            // The pause leaves time for anything that is wrongly done a second time.
            tokio::time::sleep(Duration::from_secs(20)).await;
            return look(world, load, ids).await;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

async fn look(world: &World, load: &Load, ids: &[String]) -> Broken {
    let mut broken = Broken::default();
    let mut rooms = BTreeSet::new();
    let said = |room: &str| {
        load.said
            .iter()
            .filter(|(said_in, _)| said_in == room)
            .map(|(_, event)| event.clone())
            .collect::<BTreeSet<_>>()
    };
    for id in ids {
        let transaction = world.shop.transaction(id).await;
        let Some(room) = transaction["room"]["id"].as_str().map(str::to_owned) else {
            broken.without_room += 1;
            continue;
        };
        if transaction["room"]["state"] != "ready" {
            broken.without_room += 1;
        }
        rooms.insert(room.clone());
        // If the buyer cannot join, there was no invitation.
        if load.buyer.call(Method::POST, &format!("/join/{room}"), Some(json!({}))).await.0 != 200 {
            broken.uninvited += 1;
            continue;
        }
        let history = load.buyer.history(&room).await;
        let entries = world.shop.entries(id).await;
        compare(&mut broken, world, &history, &entries, &said(&room));
        let seller = load.buyer.state(&room, "m.room.member", &load.seller.id).await;
        let membership = seller.and_then(|it| it["membership"].as_str().map(str::to_owned));
        match membership.as_deref() {
            Some("invite" | "join") if load.left.contains(&room) => broken.invited_again += 1,
            Some("invite" | "join") => {}
            _ if load.left.contains(&room) => {}
            _ => broken.uninvited += 1,
        }
    }
    for person in [&load.buyer, &load.seller] {
        let elsewhere = person.invitations().await.into_iter().filter(|it| !rooms.contains(it));
        let (_, joined) = person.call(Method::GET, "/joined_rooms", None).await;
        let joined = joined["joined_rooms"].as_array().cloned().unwrap_or_default();
        let strange = joined.iter().filter(|it| !rooms.contains(it.as_str().unwrap()));
        broken.second_rooms += elsewhere.count() + strange.count();
    }
    broken.does_not_verify = !world.run(&["verify"]).0.success();
    broken
}

/// Compares the record of one room with the history of the room.
fn compare(
    broken: &mut Broken,
    world: &World,
    history: &[Value],
    entries: &[Value],
    said: &BTreeSet<String>,
) {
    let mut recorded: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *recorded.entry(entry["event_id"].as_str().unwrap()).or_default() += 1;
        broken.absent += usize::from(!entry["absent_since"].is_null());
    }
    let in_room: BTreeSet<&str> = history.iter().filter_map(|it| it["event_id"].as_str()).collect();
    broken.lost += in_room.iter().filter(|event| !recorded.contains_key(*event)).count();
    broken.lost += said.iter().filter(|event| !in_room.contains(event.as_str())).count();
    broken.doubled += recorded.values().filter(|times| **times > 1).count();
    // Our events contain their send id. If an id occurs twice, the message was sent twice.
    let ours: Vec<&Value> =
        history.iter().filter(|it| it["sender"] == json!(world.bot())).collect();
    let mut sends = BTreeSet::new();
    for event in &ours {
        if let Some(send) = event["content"]["org.tallyroom.effect"].as_str() {
            broken.doubled += usize::from(!sends.insert(send));
        }
    }
    let is_summary = |event: &&&Value| {
        event["type"] == "m.room.message"
            && event["content"]["m.relates_to"].is_null()
            && event["content"]["body"].as_str().is_some_and(|it| it.contains(LINE_OF_SUMMARY))
    };
    broken.second_summaries += ours.iter().filter(is_summary).count().saturating_sub(1);
}

impl Broken {
    pub fn is_anything(&self) -> bool {
        let counts = self.lost + self.doubled + self.second_rooms + self.second_summaries;
        let people = self.without_room + self.uninvited + self.invited_again + self.absent;
        counts + people > 0 || self.does_not_verify
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lost {}, doubled {}, second rooms {}, second summaries {}, without a finished room {}, \
             uninvited {}, invited again after leaving {}, marked absent {}, verify {}",
            self.lost,
            self.doubled,
            self.second_rooms,
            self.second_summaries,
            self.without_room,
            self.uninvited,
            self.invited_again,
            self.absent,
            if self.does_not_verify { "fails" } else { "passes" },
        )
    }
}
