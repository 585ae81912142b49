//! Processes on one PostgreSQL database tell each other what there is to do.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tallyroom::access::Origin;
use tallyroom::clock::now;
use tallyroom::notices::{Notice, Work};
use tallyroom::store::ErasureRequest;
use ulid::Ulid;

use super::bench::USERS;
use super::process::{Process, on_postgres};

/// More notices than an outbox takes.
const TOO_MANY: usize = 10_000;

#[test]
fn a_hint_of_one_process_wakes_the_others() {
    on_postgres(async |url| {
        let (mut one, mut other) = (Process::start(url).await, Process::start(url).await);
        for work in Work::ALL {
            one.hint(work).notify_one();
            other.hint(work).notified().await;
            // Its own workers are woken as before.
            one.hint(work).notified().await;
            other.until(&Notice::Work(work)).await;
        }
        let id = Ulid::new();
        let mut page = other.page(id);
        one.store.hints().changed(id);
        page.changed().await.unwrap();
        // A notice is neither told on by those who heard it nor answered by the one that gave it.
        assert_eq!(other.store.outbox().take(), []);
        other.store.outbox().give(Notice::Pinged);
        one.until(&Notice::Pinged).await;
        assert!(one.hint(Work::Rooms).notified().now_or_never().is_none());
        assert_eq!(one.heard_so_far(), []);
    });
}

#[test]
fn what_one_process_commits_is_known_to_the_pages_of_the_others() {
    on_postgres(async |url| {
        let (one, mut other) = (Process::start(url).await, Process::start(url).await);
        let (id, room) = one.bench.transaction().await;
        other.until(&Notice::Work(Work::Rooms)).await;
        let mut page = other.page(id);
        one.bench.arrive(id, &room, &[message("$1:x", &room)]).await;
        page.changed().await.unwrap();
    });
}

#[test]
fn after_a_lost_connection_everybody_looks_once_and_hears_again() {
    on_postgres(async |url| {
        let (one, mut other) = (Process::start(url).await, Process::start(url).await);
        let id = Ulid::new();
        let mut page = other.page(id);
        other.lose_connections("LISTEN%").await;
        // Nobody gave a hint.
        for work in Work::ALL {
            other.hint(work).notified().await;
        }
        page.changed().await.unwrap();
        other.until_it_hears().await;
        one.hint(Work::Files).notify_one();
        other.until(&Notice::Work(Work::Files)).await;
        other.hint(Work::Files).notified().await;
    });
}

#[test]
fn notices_that_could_not_be_sent_make_everybody_look_once() {
    on_postgres(async |url| {
        let (one, mut other) = (Process::start(url).await, Process::start(url).await);
        one.hint(Work::Files).notify_one();
        other.until(&Notice::Work(Work::Files)).await;
        let mut page = other.page(Ulid::new());
        other.lose_connections("%pg_notify%").await;
        one.store.hints().changed(Ulid::new());
        page.changed().await.unwrap();
        other.until(&Notice::Lost).await;
    });
}

#[test]
fn an_outbox_that_overflows_makes_everybody_look_once() {
    on_postgres(async |url| {
        let (mut other, command) = (Process::start(url).await, Process::without_tasks(url).await);
        let mut page = other.page(Ulid::new());
        for _ in 0..TOO_MANY {
            command.store.hints().changed(Ulid::new());
        }
        command.store.close().await;
        page.changed().await.unwrap();
        other.until(&Notice::Lost).await;
        assert_eq!(other.heard_so_far(), []);
    });
}

#[test]
fn a_command_tells_everything_before_it_ends() {
    on_postgres(async |url| {
        let (mut other, command) = (Process::start(url).await, Process::without_tasks(url).await);
        let (id, _) = command.bench.transaction().await;
        command.store.hints().changed(id);
        command.store.close().await;
        other.until(&Notice::Changed(id)).await;
        other.hint(Work::Rooms).notified().await;
    });
}

#[test]
fn what_commands_change_is_told_to_workers_and_pages() {
    on_postgres(async |url| {
        let command = Process::without_tasks(url).await;
        let (id, room) = command.bench.transaction().await;
        command.bench.arrive(id, &room, &[message("$1:x", &room)]).await;
        let outbox = command.store.outbox();
        outbox.take();
        let origin = Origin::Command { user: "root".to_owned() };
        let asked = ErasureRequest::new("operator", None);
        let bot = ruma::user_id!("@_tallyroom_bot:x");
        let mut told = BTreeSet::new();
        let forgotten =
            command.store.forget(USERS[0], bot, &asked, &origin, &mut told).await.unwrap();
        assert_eq!((forgotten.entries, forgotten.notes), (1, 0));
        let told = outbox.take();
        assert_eq!(told.len(), 4);
        let work = [Work::Files, Work::Index, Work::Events].map(Notice::Work);
        assert!(work.into_iter().chain([Notice::Changed(id)]).all(|it| told.contains(&it)));
        command.store.take_up(None).await.unwrap();
        let told = outbox.take();
        assert_eq!(told.len(), 3);
        for work in [Work::Rooms, Work::Far, Work::Files] {
            assert!(told.contains(&Notice::Work(work)), "{work:?}");
        }
    });
}

#[test]
fn what_another_version_says_does_no_harm() {
    on_postgres(async |url| {
        let (one, mut other) = (Process::start(url).await, Process::start(url).await);
        let newer = json!({ "version": 2, "from": Ulid::new().to_string(), "notices": ["beat"] });
        for words in ["", "hello", "{}", &newer.to_string()] {
            other.sql(&format!("SELECT pg_notify('tallyroom', '{words}')")).await;
        }
        one.store.outbox().give(Notice::Pinged);
        other.until(&Notice::Pinged).await;
    });
}

fn message(event: &str, room: &str) -> Value {
    json!({
        "type": "m.room.message", "room_id": room, "sender": USERS[0], "event_id": event,
        "origin_server_ts": now(), "content": { "msgtype": "m.text", "body": "Hello" },
    })
}
