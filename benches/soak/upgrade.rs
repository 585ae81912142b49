//! Three processes of an older version are replaced by this one, one after the other, while people write
//! in Matrix clients and on the page. The versions stand side by side for a time after each of them.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::kills::{Work, minutes_since};
use crate::support::world::PROGRAM;
use crate::support::{Browser, Database, Visitor, World, sample};

const PROCESSES: usize = 3;

/// The messages that two people say to each other on the page.
struct Page {
    buyer: Visitor,
    seller: Visitor,
    said: Vec<String>,
}

/// Replaces the program `old`. Each time, both versions work for `pause`. Returns whether no fault was found.
pub async fn run(old: &Path, pause: Duration) -> bool {
    let started = Instant::now();
    let plan = World::with().page().processes(PROCESSES).program(old);
    let mut world = plan.config("log", json!({ "level": "warn" })).start(Database::Postgres).await;
    world.shop = world.shop.without_contract();
    let browser = Browser::start().await;
    let id = world
        .shop
        .create(&sample("page", "@nobody:tally.localhost", "@no-one:tally.localhost"))
        .await;
    world.shop.room(&id).await;
    let mut page = Page {
        buyer: visitor(&browser, &world, &id, "buyer").await,
        seller: visitor(&browser, &world, &id, "seller").await,
        said: Vec::new(),
    };
    let work = Work::begin(&world, usize::MAX).await;
    page.talk(pause).await;
    world.program = PROGRAM.into();
    for number in 0..PROCESSES {
        let (status, _) = world.terminate_process(number).await;
        assert!(status.success(), "the process of the older version ended with {status}");
        // As docs/upgrading.md says. It brings the schema up to date.
        let (_, _, problems) = world.run(&["check"]);
        world.launch_process(number);
        world.wait_for_process(number).await;
        println!("process {number} is new after {}; check: {problems}", minutes_since(started));
        page.talk(pause).await;
    }
    let done = work.end().await;
    let broken = done.broken(&world).await;
    let (noticed, on_page) = page.broken(&world, &id).await;
    println!(
        "{PROCESSES} processes, upgraded one after the other, {done} and {} on the page in {}: {broken}, \
         lost or doubled on the page {on_page}, notices about the connection {noticed}",
        page.said.len(),
        minutes_since(started),
    );
    !broken.is_anything() && noticed + on_page == 0
}

async fn visitor(browser: &Browser, world: &World, id: &str, party: &str) -> Visitor {
    let visitor = browser.visitor().await;
    visitor.open(&world.shop.link(id, party, None).await).await;
    visitor.watches_the_connection().await;
    visitor
}

impl Page {
    /// Both say something each few seconds, and see what the other one says.
    async fn talk(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            for (from, to) in [(&self.buyer, &self.seller), (&self.seller, &self.buyer)] {
                let words = format!("line {} of the page", self.said.len());
                from.says(&words).await;
                to.sees(&words).await;
                self.said.push(words);
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// Counts what the pages said about their connection, and the messages that are not there exactly once on
    /// each page and in the record.
    async fn broken(&self, world: &World, id: &str) -> (usize, usize) {
        let entries = world.shop.entries(id).await;
        let (mut noticed, mut wrong) = (0, 0);
        for words in &self.said {
            wrong += usize::from(entries.iter().filter(|it| it["text"] == **words).count() != 1);
        }
        for visitor in [&self.buyer, &self.seller] {
            noticed += visitor.noticed_of_the_connection().await.len();
            let lines = visitor.js("document.getElementById('lines').innerText").await;
            let lines = lines.as_str().unwrap();
            wrong += self.said.iter().filter(|it| lines.matches(it.as_str()).count() != 1).count();
        }
        (noticed, wrong)
    }
}
