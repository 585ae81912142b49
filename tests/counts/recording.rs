//! What it takes to write a push and to record it.

use serde_json::{Value, json};
use tallyroom::clock::now;
use tallyroom::intake::derive_all;
use tallyroom::record::Entry;
use tallyroom::store::{AfterFailure, Arrival, FailedTry, ReadUpTo, Unindexed};
use ulid::Ulid;

use crate::bench::{BOT, Bench, USERS, deriving};
use crate::counting::Counted;
use crate::databases::{Database, on_each_database};

/// The greatest number of statements for a push of 100 events, recorded. One of them writes all events of the feed.
const STATEMENTS_OF_A_LARGE_PUSH: usize = 17;
/// The greatest number of statements for a push of one message, recorded. One of them writes the event of the feed.
const STATEMENTS_OF_ONE_MESSAGE: usize = 13;
/// The greatest number of statements that redactions of any number of messages with files add to those of a large push.
const STATEMENTS_OF_REDACTIONS: usize = 20;
/// The greatest number of statements to index 100 entries.
const STATEMENTS_OF_INDEXING: usize = 6;
/// The number of the first message of a room that is used.
const FIRST: usize = 9_999;
/// One commit for the push, and one for the record.
const COMMITS: u64 = 2;

#[test]
fn a_push_of_a_hundred_events_in_twenty_rooms_takes_few_statements() {
    on_each_database(async |database| {
        let rooms = used_rooms(database, 20).await;
        let events: Vec<_> = (0..100).map(|n| message(&rooms[n % 20].1, n)).collect();
        let counted = push(database, &events, &[]).await;
        counted.assert_statements_at_most(STATEMENTS_OF_A_LARGE_PUSH);
        counted.assert_commits_at_most(COMMITS);
        for (id, _) in &rooms {
            assert_eq!(entries(&database.bench, *id).await.len(), 6);
        }
    });
}

#[test]
fn a_push_of_a_hundred_events_in_one_room_takes_few_statements() {
    on_each_database(async |database| {
        let rooms = used_rooms(database, 1).await;
        let (id, room) = &rooms[0];
        let events: Vec<_> = (0..100).map(|n| message(room, n)).collect();
        let counted = push(database, &events, &[]).await;
        counted.assert_statements_at_most(STATEMENTS_OF_A_LARGE_PUSH);
        counted.assert_commits_at_most(COMMITS);
        let texts: Vec<_> =
            entries(&database.bench, *id).await.into_iter().filter_map(|it| it.text).collect();
        let said: Vec<_> =
            std::iter::once(FIRST).chain(0..100).map(|n| format!("line {n}")).collect();
        assert_eq!(texts, said);
    });
}

#[test]
fn redactions_of_many_messages_take_few_statements() {
    on_each_database(async |database| {
        let rooms = rooms(&database.bench, 10).await;
        let room = |n: usize| rooms[n % 10].1.as_str();
        let said: Vec<_> = (0..100)
            .map(|n| if n < 30 { picture(room(n), n) } else { message(room(n), n) })
            .collect();
        push(database, &said, &[]).await;
        // By the authors, by somebody else, and of events that never come.
        let removals: Vec<_> = (0..100)
            .map(|n| match n {
                0..60 => removal(room(n), n, USERS[n % 2]),
                60..80 => removal(room(n), n, USERS[2]),
                _ => removal(room(n), n + 100, USERS[n % 2]),
            })
            .collect();
        let counted = push(database, &removals, &[]).await;
        counted.assert_statements_at_most(STATEMENTS_OF_A_LARGE_PUSH + STATEMENTS_OF_REDACTIONS);
        counted.assert_commits_at_most(COMMITS);
        for (place, (id, _)) in rooms.iter().enumerate() {
            let entries = entries(&database.bench, *id).await;
            let erased: Vec<_> = entries
                .iter()
                .filter(|it| it.erased.is_some())
                .map(|it| it.fixed.event_id.clone())
                .collect();
            let expected: Vec<_> =
                (0..6).map(|n| format!("${}:{}", 10 * n + place, room(place))).collect();
            assert_eq!(erased, expected);
            let mut snapshot = database.bench.store.snapshot().await.unwrap();
            let acts = snapshot.acts(*id, 0).await.unwrap();
            let acts: Vec<_> = acts
                .iter()
                .filter(|it| it.act.reason == "redacted")
                .map(|it| &*it.act.subject)
                .collect();
            assert_eq!(acts, ["1", "2", "3", "4", "5", "6"]);
            let files = snapshot.files(*id).await.unwrap();
            assert!(files.is_empty(), "{files:?}");
        }
    });
}

#[test]
fn a_hundred_failed_tries_to_fetch_files_share_a_commit() {
    on_each_database(async |database| {
        let (id, room) = database.bench.transaction().await;
        let said: Vec<_> = (0..100).map(|n| picture(&room, n)).collect();
        push(database, &said, &[]).await;
        let tries: Vec<_> = (0..100)
            .map(|n| FailedTry {
                mxc: address(&room, n),
                problem: format!("problem {n}"),
                next: match n {
                    0..10 => AfterFailure::GivenUp("missing"),
                    _ => AfterFailure::Retry { at: i64::MAX, is_refusal: n < 50 },
                },
            })
            .collect();
        let store = database.bench.store.clone();
        let ((), counted) =
            database.count(async { store.files_failed(&tries).await.unwrap() }).await;
        counted.assert_statements_at_most(3);
        counted.assert_commits_at_most(1);
        let files = store.files_of_entries(id, 1, 100).await.unwrap();
        let of = |n: usize| files.iter().find(|it| it.mxc == address(&room, n)).unwrap();
        assert!((0..100).all(|n| of(n).problem == Some(format!("problem {n}"))));
        assert_eq!((of(9).state.as_str(), of(10).state.as_str()), ("missing", "wanted"));
        assert_eq!((of(9).failures, of(10).failures), (0, 1));
        assert!(store.due_files("x", 128).await.unwrap().is_empty());
    });
}

#[test]
fn a_hundred_entries_of_twenty_records_are_indexed_with_few_statements_and_one_commit() {
    on_each_database(async |database| {
        let rooms = rooms(&database.bench, 20).await;
        let events: Vec<_> = (0..100).map(|n| message(&rooms[n % 20].1, n)).collect();
        let recorded = push(database, &events, &[]).await;
        let is_of_index = |sql: &String| sql.contains("search");
        assert!(!recorded.statements.iter().any(is_of_index), "{recorded}");
        let store = database.bench.store.clone();
        let (indexed, counted) = database
            .count(async {
                let records = store.unindexed(&Unindexed::default(), 50).await.unwrap();
                store.index(&records, 512).await.unwrap()
            })
            .await;
        assert_eq!(indexed.entries, 100);
        counted.assert_statements_at_most(STATEMENTS_OF_INDEXING);
        counted.assert_commits_at_most(1);
        assert_eq!(store.unindexed(&Unindexed::default(), 50).await.unwrap(), []);
    });
}

#[test]
fn a_push_of_one_message_takes_few_statements() {
    on_each_database(async |database| {
        let rooms = used_rooms(database, 1).await;
        let counted = push(database, &[message(&rooms[0].1, 0)], &[]).await;
        counted.assert_statements_at_most(STATEMENTS_OF_ONE_MESSAGE);
        counted.assert_commits_at_most(COMMITS);
    });
}

#[test]
fn a_push_is_answered_after_one_statement() {
    on_each_database(async |database| {
        let rooms = used_rooms(database, 20).await;
        for events in [1, 10, 100] {
            let events: Vec<_> =
                (0..events).map(|n| message(&rooms[n % 20].1, events * 100 + n)).collect();
            let (store, arrivals) = (database.bench.store.clone(), arrivals(&events));
            let bot = ruma::UserId::parse(BOT).unwrap();
            let pushed = store.journal_push(&arrivals, &[], "test", &bot);
            let (kept, counted) = database.count(pushed).await;
            assert_eq!(kept.unwrap().new, events.len());
            counted.assert_statements_at_most(1);
            counted.assert_commits_at_most(1);
        }
    });
}

#[test]
fn a_push_that_brings_nothing_new_writes_nothing() {
    on_each_database(async |database| {
        let rooms = rooms(&database.bench, 20).await;
        let events: Vec<_> = (0..100).map(|n| message(&rooms[n % 20].1, n)).collect();
        push(database, &events, &[]).await;
        let counted = push(database, &events, &[]).await;
        assert!(counted.statements.iter().all(|sql| !sql.contains("INTO entries")), "{counted}");
        // The statement that finds events that are known, the rooms and the events of the push, and what is to be recorded.
        counted.assert_statements_at_most(4);
        for (id, _) in &rooms {
            assert_eq!(entries(&database.bench, *id).await.len(), 5);
        }
    });
}

#[test]
fn read_receipts_share_the_commit_of_their_push() {
    on_each_database(async |database| {
        let rooms = rooms(&database.bench, 5).await;
        let first: Vec<_> = rooms.iter().map(|(_, room)| message(room, 0)).collect();
        push(database, &first, &[]).await;
        let receipts: Vec<_> =
            rooms.iter().map(|(_, room)| read(room, USERS[1], &format!("$0:{room}"))).collect();
        let counted = push(database, &[message(&rooms[0].1, 1)], &receipts).await;
        counted.assert_commits_at_most(COMMITS);
        // The transactions of the rooms, two lists of receipts, the end of their savepoint, and their events of the feed.
        counted.assert_statements_at_most(STATEMENTS_OF_ONE_MESSAGE + 5);
        for (id, room) in &rooms {
            let receipts = database.bench.store.last_reads(*id).await.unwrap();
            assert_eq!(receipts[0].line.as_deref(), Some(&*format!("$0:{room}")));
        }
    });
}

#[test]
fn of_several_receipts_of_one_person_in_a_push_the_one_that_is_furthest_counts() {
    on_each_database(async |database| {
        let rooms = rooms(&database.bench, 1).await;
        let (id, room) = &rooms[0];
        let events: Vec<_> = (0..3).map(|n| message(room, n)).collect();
        push(database, &events, &[]).await;
        let event = |number: usize| format!("${number}:{room}");
        let odd = [
            ReadUpTo { user_id: "@\0:x".to_owned(), ..read(room, USERS[1], &event(0)) },
            ReadUpTo { at: i64::MIN, ..read(room, USERS[1], &event(0)) },
            read("!foreign:x", USERS[1], &event(0)),
        ];
        let ordinary = [0, 2, 1].map(|number| read(room, USERS[1], &event(number)));
        push(database, &[], &[odd.as_slice(), ordinary.as_slice()].concat()).await;
        let receipts = database.bench.store.last_reads(*id).await.unwrap();
        assert_eq!(receipts.len(), 1);
        assert_eq!(receipts[0].line, Some(event(2)));
    });
}

/// Writes a push and records it.
async fn push(database: &mut Database, events: &[Value], receipts: &[ReadUpTo]) -> Counted {
    let arrivals = arrivals(events);
    let store = database.bench.store.clone();
    let bot = ruma::UserId::parse(BOT).unwrap();
    let ((), counted) = database
        .count(async {
            store.journal_push(&arrivals, receipts, "test", &bot).await.unwrap();
            derive_all(&store, &deriving()).await.unwrap();
        })
        .await;
    counted
}

/// Makes transactions with rooms in which something was said.
async fn used_rooms(database: &mut Database, count: usize) -> Vec<(Ulid, String)> {
    let rooms = rooms(&database.bench, count).await;
    let first: Vec<_> = rooms.iter().map(|(_, room)| message(room, FIRST)).collect();
    push(database, &first, &[]).await;
    rooms
}

fn arrivals(events: &[Value]) -> Vec<Arrival> {
    let arrival = |event: &Value| Arrival {
        room_id: event["room_id"].as_str().unwrap().to_owned(),
        event_id: event["event_id"].as_str().unwrap().to_owned(),
        raw: event.to_string(),
    };
    events.iter().map(arrival).collect()
}

/// Makes transactions with rooms.
async fn rooms(bench: &Bench, count: usize) -> Vec<(Ulid, String)> {
    let mut rooms = Vec::new();
    for _ in 0..count {
        rooms.push(bench.transaction().await);
    }
    rooms
}

async fn entries(bench: &Bench, id: Ulid) -> Vec<Entry> {
    bench.store.entries(id, 0, 1_000).await.unwrap()
}

fn message(room: &str, number: usize) -> Value {
    json!({
        "type": "m.room.message", "room_id": room, "sender": USERS[number % 2],
        "event_id": format!("${number}:{room}"), "origin_server_ts": now() - 1_000 + i64::try_from(number).unwrap(),
        "content": { "msgtype": "m.text", "body": format!("line {number}") },
    })
}

fn picture(room: &str, number: usize) -> Value {
    let mut event = message(room, number);
    event["content"] =
        json!({ "msgtype": "m.image", "body": "photo.jpg", "url": address(room, number) });
    event
}

fn address(room: &str, number: usize) -> String {
    format!("mxc://x/{}{number}", &room[1..room.len() - 2])
}

fn removal(room: &str, number: usize, user: &str) -> Value {
    let event = format!("${number}:{room}");
    json!({
        "type": "m.room.redaction", "room_id": room, "sender": user,
        "event_id": format!("$removal-{number}:{room}"), "origin_server_ts": now(),
        "redacts": event, "content": { "redacts": event },
    })
}

fn read(room: &str, user: &str, event: &str) -> ReadUpTo {
    ReadUpTo {
        room_id: room.to_owned(),
        user_id: user.to_owned(),
        event_id: event.to_owned(),
        at: now(),
    }
}
