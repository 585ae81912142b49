//! What it takes to show people and shops what is recorded.

use serde_json::{Value, json};
use tallyroom::transaction::PartyRole;
use ulid::Ulid;

use crate::bench::{BOT, Bench, USERS};
use crate::databases::on_each_database;
use crate::service::Service;

#[test]
fn counting_sees_each_statement_and_each_commit_that_wrote() {
    on_each_database(async |database| {
        let store = database.bench.store.clone();
        let ((), counted) = database
            .count(async {
                store.set_fact("one", "1").await.unwrap();
                store.set_fact("two", "2").await.unwrap();
                assert_eq!(store.fact("two").await.unwrap().as_deref(), Some("2"));
                // A tx that writes nothing does not wait for the disk.
                store.begin().await.unwrap().commit().await.unwrap();
            })
            .await;
        assert_eq!((counted.statements.len(), counted.commits), (3, 2), "{counted}");
        assert!(counted.statements[2].starts_with("SELECT value FROM facts"), "{counted}");
    });
}

#[test]
fn a_list_of_transactions_takes_few_statements() {
    on_each_database(async |database| {
        for number in 0..50 {
            let (id, room) = database.bench.transaction().await;
            talk(&database.bench, id, &room, number % 3).await;
        }
        let service = Service::start(&database.bench.store).await;
        let (list, counted) = database.count(service.get("transactions?limit=50")).await;
        assert_eq!(list["transactions"].as_array().unwrap().len(), 50);
        counted.assert_statements_at_most(401);
        counted.assert_commits_at_most(0);
    });
}

#[test]
fn an_invoice_page_that_was_shown_before_takes_few_statements() {
    on_each_database(async |database| {
        let (id, room) = database.bench.transaction().await;
        talk(&database.bench, id, &room, 100).await;
        let service = Service::start(&database.bench.store).await;
        let visitor = service.visitor(id, PartyRole::Buyer).await;
        // What the page shows of a revision is read once, and then kept.
        service.open(&visitor, "").await;
        let (page, counted) = database.count(service.open(&visitor, "")).await;
        assert!(page.contains("Line 59"), "{page}");
        counted.assert_statements_at_most(10);
        counted.assert_commits_at_most(0);
    });
}

/// Writes a conversation into the record: everybody joins, and then messages follow.
async fn talk(bench: &Bench, id: Ulid, room: &str, messages: usize) {
    let event = |number: usize, sender: &str, kind: &str, more: Value| {
        let mut event = json!({
            "type": kind, "room_id": room, "sender": sender, "event_id": format!("$e{number}:x"),
            "origin_server_ts": 1_780_000_000_000_i64 + i64::try_from(number).unwrap(),
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let join = json!({ "state_key": "", "content": { "membership": "join" } });
    let mut events = Vec::new();
    for (number, user) in [BOT, USERS[0], USERS[1]].into_iter().enumerate() {
        let mut join = join.clone();
        join["state_key"] = json!(user);
        events.push(event(number, user, "m.room.member", join));
    }
    for number in 0..messages {
        let text = json!({ "content": { "msgtype": "m.text", "body": format!("Line {number}") } });
        events.push(event(events.len(), USERS[number % 2], "m.room.message", text));
    }
    bench.arrive(id, room, &events).await;
}
