//! What it takes to tell open pages what is new.

use std::time::Duration;

use serde_json::json;
use tallyroom::clock::now;
use tallyroom::transaction::PartyRole;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::bench::USERS;
use crate::conversation::Conversation;
use crate::databases::{Database, on_each_database};
use crate::service::{News, Service};

/// The languages in which the pages are read.
const LANGUAGES: [&str; 2] = ["en", "de"];
/// How often the cost of a message is measured. The least counts, because the records of all open
/// pages are looked at every few seconds.
const ROUNDS: usize = 3;
/// The number of messages from another process.
const MESSAGES: usize = 20;
/// Longer than the time between two looks at all records.
const AFTER_A_LOOK: Duration = Duration::from_secs(6);

#[test]
fn a_new_message_is_read_once_for_all_pages_of_a_record() {
    on_each_database(async |database| {
        let (id, room) = database.bench.transaction().await;
        talk(database, id, &room, 3).await;
        let service = Service::start(&database.bench.store).await;
        let mut pages = Vec::new();
        let alone = cost_of_a_message(database, id, &room, &mut pages).await;
        open(&service, id, 2, &mut pages).await;
        let few = cost_of_a_message(database, id, &room, &mut pages).await;
        open(&service, id, 50, &mut pages).await;
        let many = cost_of_a_message(database, id, &room, &mut pages).await;
        assert_eq!(many, few, "statements for {} pages and for 4", pages.len());
        assert!(few - alone <= 7, "{few} statements with open pages and {alone} without");
    });
}

#[test]
fn idle_pages_ask_nothing() {
    on_each_database(async |database| {
        let service = Service::start(&database.bench.store).await;
        let mut pages = Vec::new();
        for _ in 0..10 {
            let (id, room) = database.bench.transaction().await;
            talk(database, id, &room, 1).await;
            open(&service, id, 2, &mut pages).await;
        }
        // What was just opened is looked at once more.
        tokio::time::sleep(AFTER_A_LOOK).await;
        let ((), counted) = database.count(tokio::time::sleep(AFTER_A_LOOK)).await;
        counted.assert_statements_at_most(2);
        assert!(counted.statements.iter().all(|sql| is_a_look(sql)), "{counted}");
    });
}

#[test]
fn what_another_process_wrote_is_told_without_a_hint() {
    on_each_database(async |database| {
        let (id, room) = database.bench.transaction().await;
        talk(database, id, &room, 1).await;
        let service = Service::start(&database.bench.store).await;
        let mut pages = Vec::new();
        open(&service, id, 1, &mut pages).await;
        let other = database.opened_elsewhere().await;
        other.arrive(id, &room, &[message("from elsewhere", &room)]).await;
        for page in &mut pages {
            page.until("from elsewhere").await;
        }
        other.store.close().await;
    });
}

/// Each message that is found by looking takes a look of its own.
#[test]
fn what_another_process_wrote_is_told_by_a_notice() {
    on_each_database(async |database| {
        if database.bench.url.starts_with("sqlite") {
            return;
        }
        let (id, room) = database.bench.transaction().await;
        talk(database, id, &room, 1).await;
        let (store, stop) = (&database.bench.store, CancellationToken::new());
        let other = database.opened_elsewhere().await;
        tokio::spawn(store.clone().hear_notices_forever(|_, _| (), stop.clone()));
        tokio::spawn(other.store.clone().send_notices_forever(stop.clone()));
        // Whoever begins to listen looks for everything.
        store.hints().far.notified().await;
        let service = Service::start(store).await;
        let mut pages = Vec::new();
        open(&service, id, 1, &mut pages).await;
        let told = async {
            for number in 0..MESSAGES {
                let word = format!("number {number} from elsewhere");
                other.arrive(id, &room, &[message(&word, &room)]).await;
                for page in &mut pages {
                    page.until(&word).await;
                }
            }
        };
        let ((), counted) = database.count(told).await;
        let looks = counted.statements.iter().filter(|sql| is_a_look(sql)).count();
        assert!(looks < MESSAGES, "{MESSAGES} messages and {looks} looks");
        stop.cancel();
        other.store.close().await;
    });
}

#[test]
fn a_page_with_a_wrong_position_keeps_nothing_from_the_other_pages() {
    on_each_database(async |database| {
        let service = Service::start(&database.bench.store).await;
        for wrong in [i64::MAX, -1, 1_000] {
            let (id, room) = database.bench.transaction().await;
            talk(database, id, &room, 1).await;
            let visitor = service.visitor(id, PartyRole::Buyer).await;
            let mut first = service.news_after(&visitor, "en", wrong).await;
            first.until("event: people").await;
            let mut second = service.news(&visitor, "en").await;
            second.until("event: people").await;
            database.bench.arrive(id, &room, &[message("for everybody", &room)]).await;
            first.until("for everybody").await;
            second.until("for everybody").await;
        }
    });
}

#[test]
fn a_page_that_missed_much_catches_up_in_pieces() {
    on_each_database(async |database| {
        let (id, room) = database.bench.transaction().await;
        let begun = now() - 10_000;
        let missed = |number: i64| {
            let mut message = message(&format!("number-{number:04}"), &room);
            message["origin_server_ts"] = json!(begun + number);
            message
        };
        let messages: Vec<_> = (0..450).map(missed).collect();
        database.bench.arrive(id, &room, &messages).await;
        let service = Service::start(&database.bench.store).await;
        let visitor = service.visitor(id, PartyRole::Buyer).await;
        let mut page = service.news_after(&visitor, "en", 0).await;
        for number in 0..450 {
            page.until(&format!("number-{number:04}")).await;
        }
        database.bench.arrive(id, &room, &[message("one more", &room)]).await;
        let between = page.until("one more").await;
        assert!(!between.contains("number-0448"), "{between}");
    });
}

/// Everybody joins a room, and then messages follow.
async fn talk(database: &Database, id: Ulid, room: &str, messages: usize) {
    let mut conversation = Conversation::of_everybody(room);
    for number in 0..messages {
        conversation.text(USERS[number % 2], "Hello");
    }
    database.bench.arrive(id, room, &conversation.events).await;
}

/// Opens a page in each language for this number of grants, and waits until all show something.
async fn open(service: &Service, id: Ulid, grants: usize, pages: &mut Vec<News>) {
    for number in 0..grants {
        let role = PartyRole::BOTH[number % 2];
        let visitor = service.visitor(id, role).await;
        for language in LANGUAGES {
            let mut page = service.news(&visitor, language).await;
            page.until("event: people").await;
            pages.push(page);
        }
    }
}

/// Writes messages, and waits until all pages show them. Returns the least number of statements
/// that one took.
async fn cost_of_a_message(
    database: &mut Database,
    id: Ulid,
    room: &str,
    pages: &mut [News],
) -> usize {
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let word = Ulid::new().to_string();
        let bench = database.bench.clone();
        let told = async {
            bench.arrive(id, room, &[message(&word, room)]).await;
            for page in &mut *pages {
                page.until(&word).await;
            }
        };
        costs.push(database.count(told).await.1.statements.len());
    }
    costs.into_iter().min().unwrap()
}

/// Whether this statement looks at all records that pages show.
fn is_a_look(statement: &str) -> bool {
    statement.starts_with("SELECT t.id, t.last_seq, t.revision")
}

fn message(text: &str, room: &str) -> serde_json::Value {
    json!({
        "type": "m.room.message", "room_id": room, "sender": USERS[0],
        "event_id": format!("${}:x", Ulid::new()), "origin_server_ts": now(),
        "content": { "msgtype": "m.text", "body": text },
    })
}
